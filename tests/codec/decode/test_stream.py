"""Streams: the same message as the whole reply, whatever the vendor's habits of streaming."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.outputs import ChatGenerationChunk

from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi._codec.langchain.chunks import partial_message
from langchain_aimlapi.errors import (
    RateLimitError,
    ResponseFormatError,
    ServerError,
    StreamInterruptedError,
)

from ..shapes import (
    COUNTED,
    SHAPES,
    USAGE,
    called,
    chunks_of,
    context,
    event,
    merged,
    read,
    reply,
    streamed,
    valid,
)

each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def unnumbered(blocks):
    """Blocks without the numbers that only chunks need."""
    return [{key: value for key, value in block.items() if key != "index"} for block in blocks]


def assert_same(message, whole):
    """A sum of chunks says what the whole reply says, field by field."""
    assert message.content == whole.content
    assert message.additional_kwargs == whole.additional_kwargs
    assert message.response_metadata == whole.response_metadata
    assert message.usage_metadata == whole.usage_metadata
    assert message.tool_calls == whole.tool_calls
    assert message.invalid_tool_calls == whole.invalid_tool_calls
    assert unnumbered(message.content_blocks) == whole.content_blocks


@each_shape
def test_a_stream_is_its_whole_reply(shape):
    """Every shape of reply, streamed and added up, is the message that invoke gives."""
    assert_same(merged(chunks_of(streamed(shape.reply))), read(shape.reply))


@each_shape
def test_adding_all_at_once_is_the_same(shape):
    """LangChain itself adds chunks up in one go."""
    first, *rest = [
        ChatGenerationChunk(message=chunk) for chunk in chunks_of(streamed(shape.reply))
    ]

    assert_same((first + rest).message, read(shape.reply))


@each_shape
def test_the_end_of_the_body_ends_a_stream(shape):
    """A finish reason is enough; not every vendor says `[DONE]`."""
    assert_same(merged(chunks_of(streamed(shape.reply), done=False)), read(shape.reply))


@each_shape
def test_a_whole_reply_as_one_event(shape):
    """A server that did not stream after all may send the reply as the only event."""
    assert_same(merged(chunks_of([shape.reply])), read(shape.reply))


@st.composite
def cuts(draw):
    """A way to cut texts: at the given places, empty pieces among them."""
    places = draw(st.lists(st.integers(0, 60), max_size=12))

    def cut(text):
        marks = sorted({0, len(text), *(place for place in places if place < len(text))})
        pieces = [text[a:b] for a, b in pairwise(marks)]
        return [*pieces, ""] if len(places) % 2 else pieces or [""]

    return cut


@pytest.mark.parametrize(
    "name",
    [
        "OpenRouter",
        "MiniMax",
        "an unclosed tag",
        "a tag beside reasoning_content",
        "two calls",
        "a custom tool",
        "cut arguments",
        "cut after a value",
        "line breaks in arguments",
        "refusal",
        "whitespace",
    ],
)
@given(cut=cuts())
def test_cutting_does_not_matter(name, cut):
    """Wherever the pieces begin and end, the message is the same."""
    shape = SHAPES[name]

    assert_same(merged(chunks_of(streamed(shape.reply, cut))), read(shape.reply))


@given(
    text=st.text(st.sampled_from("<think>/ \na"), max_size=40),
    places=st.lists(st.integers(0, 40), max_size=8),
)
def test_any_text_with_tags_reads_the_same(text, places):
    """Text that is a tag, nearly one, or none, reads the same in a stream as whole."""
    marks = sorted({0, len(text), *(place for place in places if place < len(text))})
    pieces = [text[a:b] for a, b in pairwise(marks)]
    events = [event({"content": piece}) for piece in pieces]
    events += [event({}, choice={"finish_reason": "stop"}), event(usage=USAGE, choice={})]

    assert_same(merged(chunks_of(events)), read(reply({"content": text})))


# --- habits of vendors ------------------------------------------------------------------------------

STOP = {"finish_reason": "stop"}


def habit(*events):
    """The message of these events."""
    return merged(chunks_of(list(events)))


def same_as(**message):
    """The message of a whole reply with usage."""
    return read(reply(message))


def bare(**fields):
    """An event without the usual head."""
    return {"object": "chat.completion.chunk", **fields}


def claude(delta, **more):
    """An event as Claude's streams have them: ids empty after the first, a role on every one."""
    choice = {"index": 0, "delta": {"role": "assistant", "refusal": None, **delta}}
    return (
        bare(
            id="", created=5, model="acme/m", usage=None, choices=[choice | more.pop("choice", {})]
        )
        | more
    )


def test_claude():
    """Empty ids, a role on each chunk, usage in the first of two finish chunks, one without delta."""
    message = habit(
        claude({"content": ""}, id="r1"),
        claude({"content": ""}),
        claude({"content": "Pa"}),
        claude({"content": "ris."}),
        claude({"content": ""}, choice=STOP, usage=USAGE),
        claude({}) | {"choices": [{"index": 0, "finish_reason": "stop"}]},
    )

    assert_same(message, same_as())


def test_qwen():
    """Text is null while it thinks, reasoning is null while it answers."""
    message = habit(
        event({"content": None, "role": "assistant", "refusal": None, "reasoning_content": ""}),
        event({"content": None, "refusal": None, "reasoning_content": "Capital of "}),
        event({"content": None, "refusal": None, "reasoning_content": "France."}),
        event({"content": "Paris.", "refusal": None, "reasoning_content": None}),
        event({"content": "", "refusal": None, "reasoning_content": None}, choice=STOP),
        event(usage=USAGE) | {"choices": []},
    )

    assert_same(message, same_as(reasoning_content="Capital of France."))


def test_openai():
    """Padding says nothing; usage comes unasked, in a last chunk without choices."""
    message = habit(
        event({"role": "assistant", "content": "", "refusal": None}, obfuscation="a"),
        event({"content": "Paris."}, obfuscation="bc", service_tier="default"),
        event({}, choice={**STOP, "logprobs": None}, usage=None, obfuscation="d"),
        event(usage=USAGE, obfuscation="e") | {"choices": []},
    )

    assert_same(message, read(reply({}, service_tier="default")))


def test_perplexity():
    """The whole message so far beside each delta is not added to it; usage is running."""
    message = habit(
        *(
            event(
                {"role": "assistant", "content": piece},
                choice={"message": {"role": "assistant", "content": so_far}, **more},
                citations=["https://p.test"],
                usage={**USAGE, "completion_tokens": count, "total_tokens": 10 + count},
            )
            for piece, so_far, count, more in [
                ("", "", 0, {}),
                ("Pa", "Pa", 2, {}),
                ("ris.", "Paris.", 4, {}),
                ("", "Paris.", 4, STOP),
            ]
        )
    )

    assert_same(message, read(reply({}, citations=["https://p.test"])))


def test_the_old_claude_envelope():
    """Until February 2026 Claude's chunks were wrapped, with the real counts in `state`."""

    def wrapped(delta, counts, **more):
        zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        inner = claude(delta, **more) | {"usage": zeros}
        return {"event": inner, "state": {"generationId": "", "tools": [], "usage": counts}}

    message = habit(
        wrapped({"content": ""}, {"input_tokens": 10, "output_tokens": 1}, id="r1"),
        wrapped({"content": "Paris."}, {"input_tokens": 0, "output_tokens": 0}),
        wrapped({"content": ""}, {"input_tokens": 0, "output_tokens": 4}),
        {"event": bare(id="", choices=[{"index": 0, "finish_reason": "stop"}]), "state": None},
    )

    assert message.content == "Paris."
    assert message.usage_metadata == COUNTED
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.response_metadata["id"] == "r1"


@pytest.mark.parametrize(
    "counts",
    [
        [(10, 0), (10, 2), (10, 4)],
        [(10, 4), (10, 4)],
        [(10, 4)],
        [(10, 1), None, (10, 4), None],
    ],
    ids=["running", "twice", "once", "between"],
)
def test_the_last_usage_wins(counts):
    """Running totals are not added up."""
    usages = [
        count
        and {
            "prompt_tokens": count[0],
            "completion_tokens": count[1],
            "total_tokens": sum(count),
        }
        for count in counts
    ]

    message = habit(
        event({"content": "Paris."}),
        *(event({}, usage=usage) for usage in usages),
        event({}, choice=STOP),
    )

    assert_same(message, same_as())


def test_one_chunk_alone_carries_usage():
    """LangChain adds usage up: it stands on the last chunk, and so does all metadata."""
    *chunks, last = chunks_of(
        [event({"content": "Pa"}, usage=USAGE), event({"content": "ris."}, usage=USAGE)]
    )

    assert last.usage_metadata == COUNTED
    assert (last.content, last.chunk_position) == ("", "last")
    assert all(chunk.usage_metadata is None for chunk in chunks)
    assert all(chunk.response_metadata == {"model_provider": "aimlapi"} for chunk in chunks)


@pytest.mark.parametrize(
    "tail",
    [
        bare(meta={"usage": {"credits_used": 2480, "usd_spent": 0.00124}}),
        bare(choices=[], meta={"usage": {"credits_used": 2480, "usd_spent": 0.00124}}),
        bare(choices=None, meta={"usage": {"credits_used": 2480, "usd_spent": 0.00124}}),
    ],
    ids=["no choices", "empty choices", "null choices"],
)
def test_cost_in_the_last_chunk(tail):
    """The cost of a stream comes once, in whatever chunk it comes."""
    message = habit(event({"content": "Paris."}, choice=STOP), tail)

    assert message.response_metadata["cost_details"] == {"credits_used": 2480, "usd_spent": 0.00124}


def test_null_log_probabilities_end_nothing():
    """An event without them, or with null, after those that had them leaves them whole."""
    tokens = [{"token": "Pa", "logprob": -0.5}]
    message = habit(
        event({"content": "Pa"}, choice={"logprobs": {"content": tokens, "refusal": None}}),
        event({"content": "ris."}, choice={"logprobs": None}),
        event({}, choice={"logprobs": {"content": None, "refusal": None}}),
        *END,
    )

    assert message.content == "Paris."
    assert message.response_metadata["logprobs"] == {"content": tokens, "refusal": None}


def test_calls_beside_the_whole_message_are_read_once():
    """A server that repeats the message beside each delta says its calls twice."""
    call = called("c1", "f", '{"a":1}')
    delta = {"tool_calls": [{**call, "index": 0}]}
    message = habit(
        event(delta, choice={"message": {"role": "assistant", "tool_calls": [call]}}),
        event({}, choice={"message": {"role": "assistant", "tool_calls": [call]}}),
        CALLED,
    )

    assert message.tool_calls == [valid("c1", "f", a=1)]
    assert message.invalid_tool_calls == []


def test_the_last_message_says_what_no_delta_did():
    """Neither a call nor the rest of the text is lost, and nothing is said twice."""
    call = called("c1", "f", '{"a":1}')
    whole = {"role": "assistant", "content": "Paris.", "tool_calls": [call]}
    ended = {"finish_reason": "tool_calls", "message": whole}

    for said in ("Pa", "Paris.", "Hm"):
        message = habit(event({"content": said}), event({}, choice=ended), event({}, choice=ended))

        assert message.content == ("Hm" if said == "Hm" else "Paris.")
        assert message.tool_calls == [valid("c1", "f", a=1)]


def test_a_finish_reason_said_twice_is_said_once():
    """LangChain would join them to "stopstop"."""
    message = habit(event({"content": "Paris."}, choice=STOP), event({}, choice=STOP))

    assert message.response_metadata["finish_reason"] == "stop"
    assert message.response_metadata["model_name"] == "acme/m"


def test_late_heads_count():
    """Ids and names may be null at first; the first that says something counts."""
    message = habit(
        event({"content": "Pa"}, id=None, model="", system_fingerprint=None),
        event({"content": "ris."}, id=None, model="", system_fingerprint=None),
        event({}, choice=STOP, id="r2", model="late", system_fingerprint="fp"),
        event({}, choice=STOP, id="r3", model="later", system_fingerprint="fp2"),
    )

    found = message.response_metadata
    assert (found["id"], found["model_name"], found["system_fingerprint"]) == ("r2", "late", "fp")


def test_equal_chunks_pass():
    """Two thousand equal chunks are two thousand words, not a broken model."""
    message = habit(*[event({"content": "ha"})] * 2000, event({}, choice=STOP))

    assert message.content == "ha" * 2000


def test_nothing_after_done_counts():
    """What a server still says after `[DONE]` is not read, not even if it is no JSON."""
    decoder = StreamDecoder(context())
    decoder.feed(orjson.dumps(event({"content": "Paris."}, choice=STOP)))

    assert decoder.feed(b"[DONE]") is None
    assert decoder.feed(orjson.dumps(event({"content": "More."}))) is None
    assert decoder.feed(b"<html>") is None
    assert decoder.texts == ["Paris."]


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": [None]},
        {"choices": ["x"]},
        {"choices": {"a": 1}},
        {"choices": [{}]},
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": [{"index": 0, "delta": "x"}]},
        {"choices": [{"index": 0, "delta": {"content": [None, {"type": "text"}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": "x"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [None]}}]},
        {"choices": [], "usage": [], "meta": 7},
        {},
    ],
    ids=str,
)
def test_odd_chunks_add_nothing(odd):
    """A chunk that says nothing readable does not end the stream."""
    assert_same(habit(odd, event({"content": "Paris."}), odd, *END), same_as())


END = (event({}, choice=STOP), event(usage=USAGE) | {"choices": []})


def test_other_answers_are_left_out():
    """Chunks of a second choice do not mix with those of the first."""
    other = event({"content": "Rome."}, choice={"index": 1})

    assert_same(habit(event({"content": "Paris."}), other, *END), same_as())


@pytest.mark.parametrize("repeated", [True, False])
def test_unknown_fields_of_deltas(repeated):
    """A field that is said again and again is kept once; one that comes in pieces is joined."""
    pieces = ["calm", "calm"] if repeated else ["ca", "lm"]
    events = [
        event({"content": text, "mood": m}) for text, m in zip(["Pa", "ris."], pieces, strict=True)
    ]

    assert habit(*events, *END).response_metadata["extra"] == {"message": {"mood": "calm"}}


def test_objects_in_pieces_are_put_together():
    """Gemini's signature may come beside other extra content."""
    message = habit(
        event({"content": "Paris.", "extra_content": {"google": {"a": 1}}}),
        event({"extra_content": {"other": {"b": 2}}}),
        *END,
    )

    assert message.additional_kwargs["extra_content"] == {"google": {"a": 1}, "other": {"b": 2}}


def test_repeated_lists_are_kept_once():
    """Annotations said again on each chunk are not multiplied; further ones are added."""
    one, two = {"type": "file", "file": 1}, {"type": "file", "file": 2}
    message = habit(
        event({"content": "Paris.", "annotations": [one]}),
        event({"annotations": [one]}),
        event({"annotations": [two]}),
        *END,
    )

    assert message.additional_kwargs["annotations"] == [one, two]


def test_details_are_merged_by_type_and_index():
    """Pieces of reasoning become one detail, and its signature, which comes late, is on it."""

    def piece(**detail):
        return event(
            {"content": "", "reasoning": detail.get("text"), "reasoning_details": [detail]}
        )

    message = habit(
        piece(type="reasoning.text", text="Capital ", format="f", index=0),
        piece(type="reasoning.text", text="of France.", format="f", index=0, signature=None),
        piece(type="reasoning.text", signature="sig", index=0),
        piece(type="reasoning.encrypted", data="Ej", index=1),
        piece(type="reasoning.encrypted", data="QK", index=1),
        event({"reasoning_details": ["odd"]}),
        event({"content": "Paris."}),
        *END,
    )

    assert message.additional_kwargs["reasoning_content"] == "Capital of France."
    assert message.additional_kwargs["reasoning_details"] == [
        {
            "type": "reasoning.text",
            "text": "Capital of France.",
            "format": "f",
            "index": 0,
            "signature": "sig",
        },
        {"type": "reasoning.encrypted", "data": "EjQK", "index": 1},
    ]
    assert [block["type"] for block in message.content_blocks] == ["reasoning", "text"]


def test_logprobs_are_put_together():
    """The probabilities of all tokens are those of the whole reply."""
    tokens = [{"token": "Pa", "logprob": -0.5}, {"token": "ris.", "logprob": -0.25}]
    events = [
        event(
            {"content": token["token"]}, choice={"logprobs": {"content": [token], "refusal": None}}
        )
        for token in tokens
    ]

    whole = read(reply({}, choice={"logprobs": {"content": tokens, "refusal": None}}))
    assert_same(habit(*events, *END), whole)


# --- pieces of calls --------------------------------------------------------------------------------

CALLED = event({}, choice={"finish_reason": "tool_calls"})


def pieces(*calls):
    """Events of one piece of a call each."""
    return [event({"tool_calls": [call]}) for call in calls]


def piece(args, **fields):
    """A piece of a call."""
    function = {"arguments": args} | ({"name": fields.pop("name")} if "name" in fields else {})
    return {"function": function, **fields}


CHUNKS = {
    "by index": [
        piece("", index=0, id="c1", name="f"),
        piece('{"a"', index=0),
        piece(":1}", index=0),
    ],
    "no index, empty id and name": [
        piece("", id="c1", name="f"),
        piece('{"a"', id="", name=""),
        piece(":1}", id="", name=""),
    ],
    "no index, null id and name": [
        piece("", id="c1", name="f"),
        piece('{"a"', id=None, name=None),
        piece(":1}", id=None, name=None),
    ],
    "id and name repeated": [
        piece("", index=0, id="c1", name="f"),
        piece('{"a"', index=0, id="c1", name="f"),
        piece(":1}", index=0, id="c1", name="f"),
    ],
    "name repeated without index or id": [
        piece('{"a"', name="f"),
        piece(":1}", name="f", id="c1"),
    ],
    "repeated without index": [
        piece('{"a"', id="c1", name="f"),
        piece(":1}", id="c1", name="f"),
    ],
    "null arguments first": [
        piece(None, index=0, id="c1", name="f"),
        piece('{"a":1}', index=0),
    ],
    "the word null first": [
        piece("null", index=0, id="c1", name="f"),
        piece('{"a":1}', index=0),
    ],
    "the id late": [
        piece('{"a"', index=0, name="f"),
        piece(":1}", index=0, id="c1"),
    ],
    "an object": [piece({"a": 1}, index=0, id="c1", name="f")],
    "all at once": [piece('{"a":1}', index=0, id="c1", name="f")],
    "an index that is no number": [piece('{"a":1}', index="0", id="c1", name="f")],
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS.keys())
def test_pieces_make_one_call(chunks):
    """However the pieces are labelled, they are one call with its whole arguments."""
    message = habit(*pieces(*chunks), CALLED)

    assert message.tool_calls == [valid("c1", "f", a=1)]
    assert message.invalid_tool_calls == []
    assert unnumbered(message.content_blocks) == [valid("c1", "f", a=1)]


def test_names_in_pieces_are_joined():
    """A name may come bit by bit before the arguments."""
    message = habit(
        *pieces(piece("", index=0, id="c1", name="get_"), piece("{}", index=0, name="weather")),
        CALLED,
    )

    assert message.tool_calls == [valid("c1", "get_weather")]


TWO = [valid("c1", "f", a=1), valid("c2", "g", b=2)]
SECOND = {
    "by index": [piece('{"b":2}', index=1, id="c2", name="g")],
    "index reused with a new id": [piece('{"b":2}', index=0, id="c2", name="g")],
    "no index": [piece('{"b":2}', id="c2", name="g")],
    "in pieces": [
        piece('{"b"', index=1, id="c2", name="g"),
        piece("", index=0),
        piece(":2}", index=1),
    ],
}


@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND.keys())
def test_pieces_make_two_calls(second):
    """A new index, id or name begins a second call."""
    first = piece('{"a":1}', index=0, id="c1", name="f")

    message = habit(*pieces(first, *second), CALLED)

    assert message.tool_calls == TWO
    assert unnumbered(message.content_blocks) == TWO


@pytest.mark.parametrize("index", [{}, {"index": 0}], ids=["no index", "index reused"])
def test_calls_without_ids(index):
    """A new name after whole arguments begins a call, and each call gets an id of its own."""
    message = habit(
        *pieces(piece('{"a":1}', name="f", **index), piece('{"b":2}', name="g", **index)), CALLED
    )

    assert message.tool_calls == [valid("call_run_0", "f", a=1), valid("call_run_1", "g", b=2)]


def test_the_same_tool_twice_without_ids():
    """A name said again after whole arguments is a second call of the same tool."""
    message = habit(*pieces(piece('{"a":1}', name="f"), piece('{"a":2}', name="f")), CALLED)

    assert [call["args"] for call in message.tool_calls] == [{"a": 1}, {"a": 2}]


def test_several_calls_in_one_delta():
    """A delta may hold many calls at once."""
    calls = [called("c1", "f", '{"a":1}', index=0), called("c2", "g", '{"b":2}', index=1)]

    assert habit(event({"tool_calls": calls}), CALLED).tool_calls == TWO


def test_signatures_of_streamed_calls_are_kept():
    """A thought signature on any piece goes with its call."""
    first = {**piece("", index=0, id="c1", name="f"), "extra_content": {"google": {"s": "A"}}}

    message = habit(*pieces(first, piece("{}", index=0)), CALLED)

    assert message.additional_kwargs == {
        "tool_call_extras": {"c1": {"extra_content": {"google": {"s": "A"}}}}
    }
    assert message.content_blocks[0]["extras"] == {"extra_content": {"google": {"s": "A"}}}


# --- streams that break -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ({"error": {"message": "overloaded", "code": 503}}, ServerError),
        (
            {**event({"content": "x"}), "error": {"message": "slow down", "code": 429}},
            RateLimitError,
        ),
        ({"statusCode": 502, "message": "Bad gateway", "requestId": "q"}, ServerError),
        (
            {
                **event({"content": "x"}),
                "base_resp": {"status_code": 1002, "status_msg": "rate limit"},
            },
            RateLimitError,
        ),
    ],
    ids=["alone", "beside choices", "the gateway's own", "MiniMax"],
)
def test_errors_in_the_middle_are_raised(broken, kind):
    """An error event is an error of the class of its status, wherever it comes."""
    decoder = StreamDecoder(context(headers={"x-inference-id": "inf_1"}))
    decoder.feed(orjson.dumps(event({"content": "Par"})))

    with pytest.raises(kind) as failure:
        decoder.feed(orjson.dumps(broken))

    assert failure.value.inference_id == "inf_1"
    assert partial_message(decoder).content == "Par"


def test_null_errors_are_none():
    """Some servers spell out that there is no error."""
    assert_same(habit(event({"content": "Paris."}, error=None), *END), same_as())


@pytest.mark.parametrize(
    ("data", "said"),
    [(b'{"choices": [', "not JSON"), (b"<html>", "<html>"), (b"[1]", "list"), (b'"x"', "str")],
)
def test_unreadable_events_are_named_errors(data, said):
    """One bad line is one typed error that shows it."""
    with pytest.raises(ResponseFormatError, match=said):
        StreamDecoder(context()).feed(data)


def cut_short(*events):
    """What is left of a stream that ended too early."""
    decoder = StreamDecoder(context(headers={"x-inference-id": "inf_1"}))
    for item in events:
        decoder.feed(orjson.dumps(item))
    with pytest.raises(StreamInterruptedError) as failure:
        decoder.end()
    return failure.value, partial_message(decoder)


def test_a_cut_stream_is_an_error():
    """Without finish reason and `[DONE]` the answer is not whole, and the error can be traced."""
    error, partial = cut_short(
        event({"reasoning": "Capital of France."}),
        event({"content": "Par"}, usage=USAGE, provider="p"),
    )

    assert (error.inference_id, error.request_id) == ("inf_1", "r1")
    assert error.is_retryable
    assert partial.content == "Par"
    assert partial.additional_kwargs == {
        "reasoning_content": "Capital of France.",
        "reasoning_key": "reasoning",
    }
    assert partial.usage_metadata == COUNTED
    assert partial.response_metadata["extra"] == {"reply": {"provider": "p"}}


def test_what_was_held_back_is_in_the_partial():
    """Text that might have become a tag had arrived all the same."""
    assert cut_short(event({"content": "<thi"}))[1].content == "<thi"
    assert cut_short(event({"content": "<think>a</thi"}))[1].additional_kwargs == {
        "reasoning_content": "a</thi",
        "reasoning_key": "<think>",
    }


def test_half_a_call_is_invalid_in_the_partial():
    """What a broken stream left of a call is never a call to carry out."""
    _, partial = cut_short(*pieces(piece('{"path": "/tm', index=0, id="c1", name="delete")))

    assert partial.tool_calls == []
    assert partial.invalid_tool_calls[0]["args"] == '{"path": "/tm'


def test_an_empty_stream_is_cut():
    """No event at all is no answer."""
    _, partial = cut_short()

    assert partial.content == ""
    assert partial.usage_metadata is None


def test_done_alone_is_an_end():
    """A stream that says it is done is done, though it names no reason."""
    message = habit(event({"content": "Paris."}))

    assert message.content == "Paris."
    assert "finish_reason" not in message.response_metadata


@pytest.mark.parametrize(
    "events",
    [
        [],
        [event(usage=USAGE) | {"choices": []}],
        [{"id": "r1", "choices": None}, {"id": "r1"}],
    ],
    ids=["nothing", "empty choices", "no choices"],
)
@pytest.mark.parametrize("split", [True, False])
def test_a_stream_that_says_only_that_it_is_done_is_an_error(events, split):
    """Nothing was said, as in a whole reply without choices; it is no empty answer."""
    decoder = StreamDecoder(context(split_think_tags=split))
    for data in [*map(orjson.dumps, events), b"[DONE]"]:
        decoder.feed(data)

    with pytest.raises(ResponseFormatError, match="no choices") as failure:
        decoder.end()
    assert failure.value.request_id == ("r1" if events else None)


# --- audio --------------------------------------------------------------------------------------------


def test_spoken_answers_are_put_together():
    """Audio is joined, its description said once, its format known from the call."""
    events = [
        event({"audio": {"id": "a1", "transcript": "Pa"}}),
        event({"audio": {"id": "a1", "data": "UklG"}}),
        event({"audio": {"data": "AAAA", "transcript": "ris."}}),
        event({"audio": {"expires_at": 99}}),
        event({"audio": {"expires_at": 99}}),
        *END,
    ]

    message = merged(chunks_of(events, audio_format="wav"))

    spoken = {"id": "a1", "data": "UklGAAAA", "transcript": "Paris.", "expires_at": 99}
    assert message.additional_kwargs == {"audio": {**spoken, "mime_type": "audio/wav"}}


# --- one answer of one stream ---------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 1, None, "0"])
def test_the_first_choice_is_the_answer_whatever_its_number(index):
    """Some servers count from 1, or write the number as a text."""
    events = [
        event({"content": "Pa"}, choice={"index": index}),
        event({"content": "No"}, choice={"index": 7}),
        event({"content": "ris"}, choice={"index": index}),
        event({"content": "!"}, choice={"index": 7, "finish_reason": "length"}),
        event({}, choice={"index": index, "finish_reason": "stop"}),
    ]

    message = merged(chunks_of(events))

    assert message.content == "Paris"
    assert message.response_metadata["finish_reason"] == "stop"


def test_a_number_that_is_said_once_holds():
    """What comes without one goes on with it."""
    events = [
        event({"content": "Pa"}, choice={"index": 1}),
        event({"content": "ris"}, choice={"index": None}),
        event({}, choice={"index": 1, "finish_reason": "stop"}),
    ]

    assert merged(chunks_of(events)).content == "Paris"


@pytest.mark.parametrize("done", [b"[DONE] ", b"  [DONE]", b'"[DONE]"', b"\t[DONE]\t"])
def test_the_end_may_have_blanks_or_quotes_about_it(done):
    """It is the end of a whole answer all the same."""
    decoder = StreamDecoder(context())
    decoder.feed(orjson.dumps(event({"content": "Paris"})))
    decoder.feed(done)

    assert decoder.done
    assert decoder.end()


@pytest.mark.parametrize("where", [{"choice": {"usage": USAGE}}, {"x_groq": {"usage": USAGE}}])
def test_usage_in_other_places(where):
    """Kimi's streams have it in the choice, Groq's beside it."""
    choice = {"finish_reason": "stop", **where.get("choice", {})}
    last = event({}, choice=choice, **{k: v for k, v in where.items() if k != "choice"})

    message = merged(chunks_of([event({"content": "Paris"}), last]))

    assert message.usage_metadata == COUNTED
    assert message.response_metadata["token_usage"] == USAGE


def test_an_error_within_the_choice_ends_the_stream():
    """What came before it is no answer."""
    decoder = StreamDecoder(context())
    decoder.feed(orjson.dumps(event({"content": "Par"})))
    failed = {"error": {"code": 429, "message": "slow down"}, "finish_reason": "error"}

    with pytest.raises(RateLimitError, match="slow down"):
        decoder.feed(orjson.dumps(event({"content": ""}, choice=failed)))

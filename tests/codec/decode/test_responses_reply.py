"""Responses, whole and streamed: what is read of each item, event and field."""

from __future__ import annotations

from itertools import zip_longest

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream

from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.langchain.chunks import partial_message
from langchain_aimlapi._codec.langchain.events import EventWriter
from langchain_aimlapi.errors import (
    AimlapiStatusError,
    RateLimitError,
    ResponseFormatError,
    ServerError,
    StreamInterruptedError,
)

from ..responses import (
    CONTEXT,
    TOKEN,
    USAGE,
    added_up,
    call,
    custom_call,
    fed,
    fields,
    message,
    read,
    reasoning_item,
    refusal,
    response,
    streamed,
    text,
)

CITED = {
    "type": "url_citation",
    "start_index": 0,
    "end_index": 2,
    "url": "https://a.test",
    "title": "A",
}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "q"}}
DRAWN = {"type": "image_generation_call", "id": "ig_1", "result": "AAAA", "output_format": "webp"}

SHAPES = {
    "text": response(message("Paris, of course.")),
    "nothing": response(),
    "an empty text": response(message("")),
    "two parts": response(message("Paris, ", "of course.")),
    "two messages": response(message("Wait."), message("Paris.", identity="msg_2")),
    "reasoning": response(reasoning_item("Easy."), message("Paris.")),
    "two summaries": response(reasoning_item("**One**", "**Two**"), message("Paris.")),
    "two reasoning items": response(
        reasoning_item("One."), call(), reasoning_item("Two.", identity="rs_2"), call(number=2)
    ),
    "silent reasoning": response(reasoning_item(encrypted_content="gAAA"), message("Paris.")),
    "open reasoning": response(
        reasoning_item(content=[{"type": "reasoning_text", "text": "Hm."}]), message("Paris.")
    ),
    "one call": response(call()),
    "two calls": response(call(), call("time", "{}", number=2)),
    "text and a call": response(message("I look."), call()),
    "no arguments": response(call(arguments="")),
    "cut arguments": response(
        call(arguments='{"city":"Pa'),
        status="incomplete",
        incomplete_details={"reason": "max_output_tokens"},
    ),
    "a custom tool": response(custom_call('print("x")\n')),
    "a refusal": response(message(refusal("I cannot."))),
    "citations": response(message(text("Hi", CITED), text("yo", CITED))),
    "another mark": response(message(text("Hi", {"type": "file_citation", "file_id": "f"}))),
    "logprobs": response(message(text("Hi", logprobs=[TOKEN]))),
    "a search": response(SEARCH, message("Paris.")),
    "a picture": response(DRAWN, message("There.")),
    "an unknown item": response({"type": "dream", "id": "d_1", "of": "sheep"}, message("Hi")),
    "an unknown part": response(message("Hi", {"type": "smell", "of": "rain"})),
    "unknown fields": response(message("Hi", phase="final_answer"), billing={"payer": "me"}),
    "a cost": response(message("Hi"), meta={"usage": {"credits_used": 9, "usd_spent": 0.1}}),
    "no usage": response(message("Hi"), usage=None),
}
shapes = pytest.mark.parametrize("whole", SHAPES.values(), ids=SHAPES)


# --- both ways ------------------------------------------------------------------------------------


@shapes
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_stream_adds_up_to_the_whole(whole, size):
    """Chunks added up are the message `invoke` gives, field by field."""
    assert fields(added_up(streamed(whole, size))) == fields(read(whole))


@shapes
def test_the_last_event_alone_will_do(whole):
    """A server that streams no pieces, or no events but the last, loses nothing."""
    events = streamed(whole)

    assert fields(added_up(events[-1:])) == fields(read(whole))


@shapes
@pytest.mark.parametrize("end", ["delta", "done", "added"])
def test_any_kind_of_event_may_be_missing(whole, end):
    """What pieces leave out the wholes bring, and the other way round."""
    events = [event for event in streamed(whole) if not event["type"].endswith(f".{end}")]

    assert fields(added_up(events)) == fields(read(whole))


@shapes
def test_items_may_be_missing_from_the_end(whole):
    """The end of a response need not repeat its items."""
    events = streamed(whole)
    events[-1] = {**events[-1], "response": {**whole, "output": []}}

    assert fields(added_up(events)) == fields(read(whole))


@shapes
def test_a_response_that_was_not_streamed(whole):
    """A server may answer a request for a stream with one JSON object."""
    assert fields(added_up([whole])) == fields(read(whole))


@shapes
def test_native_events_are_valid(whole):
    """LangChain's content-block events keep to the protocol for every shape."""
    decoder, items = fed(streamed(whole))
    writer = EventWriter()
    events = [writer.start("id", "acme/asked")]
    for item in [*items, decoder.end()]:
        events += writer.write(item)

    assert_valid_event_stream(events)
    finished = [event["content"] for event in events if event["event"] == "content-block-finish"]
    assert sorted(map(kind, finished)) == sorted(map(kind, read(whole).content_blocks))


def kind(block):
    """A block's type, seen through the wrapping of what older versions of LangChain do not know."""
    return block.get("value", block)["type"]


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=9).map(message), st.text(max_size=9).map(reasoning_item))),
    st.integers(1, 5),
)
def test_any_texts_in_any_pieces(items, size):
    """The equality holds for any texts, cut anywhere."""
    whole = response(*[{**item, "id": f"i_{at}"} for at, item in enumerate(items)])

    assert fields(added_up(streamed(whole, size))) == fields(read(whole))


def test_items_are_known_by_their_ids():
    """An end that leaves items out does not say the others twice."""
    whole = response(reasoning_item("Easy."), message("Paris."))
    events = streamed(whole)
    events[-1] = {**events[-1], "response": response(message("Paris."))}

    assert added_up(events).content == "Paris."


def test_thinking_and_speaking_may_alternate():
    """Events of different items may come in any order."""
    whole = response(message("Paris."), reasoning_item("Easy."))
    begun, end = streamed(whole, 2)[:2], streamed(whole, 2)[-1:]
    both = [[e for e in streamed(whole, 2) if e.get("output_index") == at] for at in (1, 0)]
    mixed = [event for pair in zip_longest(*both) for event in pair if event]

    assert fields(added_up([*begun, *mixed, *end])) == fields(read(whole))


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("text", "Paris, of course."),
        ("two parts", "Paris, of course."),
        ("two messages", "Wait.Paris."),
        ("one call", ""),
        ("a refusal", ""),
    ],
)
def test_texts(shape, words):
    """Texts are run together as they came."""
    assert read(SHAPES[shape]).content == words


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("reasoning", "Easy."),
        ("two summaries", "**One**\n\n**Two**"),
        ("two reasoning items", "One.\n\nTwo."),
        ("open reasoning", "Hm."),
        ("silent reasoning", None),
    ],
)
def test_reasoning_items(shape, words):
    """Summaries are paragraphs; encrypted reasoning has no text."""
    assert read(SHAPES[shape]).additional_kwargs.get("reasoning_content") == words


def test_metadata():
    """Every field has its place, and what the request said is not repeated."""
    body = response(message("Hi"), service_tier="default")

    assert read(body).response_metadata == {
        "model_provider": "aimlapi",
        "model_name": "acme/served",
        "finish_reason": "completed",
        "id": "resp_1",
        "created": 5,
        "service_tier": "default",
        "token_usage": USAGE,
        "inference_id": "i1",
    }


def test_usage():
    """Cached and reasoning tokens are told apart."""
    assert read(SHAPES["text"]).usage_metadata == {
        "input_tokens": 10,
        "output_tokens": 7,
        "total_tokens": 17,
        "input_token_details": {"cache_read": 4},
        "output_token_details": {"reasoning": 5},
    }
    assert read(SHAPES["no usage"]).usage_metadata is None


def test_cost():
    """The cost is where it always is."""
    assert read(SHAPES["a cost"]).response_metadata["cost_details"] == {
        "credits_used": 9,
        "usd_spent": 0.1,
    }


def test_a_cost_beside_an_event():
    """A cost may come with any event of a stream."""
    events = streamed(SHAPES["text"])
    events[3]["meta"] = {"usage": {"credits_used": 3}}

    assert added_up(events).response_metadata["cost"] == 3 / 2_000_000


def test_an_incomplete_response():
    """The status is kept as it came, with the reason; a call that was cut is no call."""
    answer = read(SHAPES["cut arguments"])

    assert answer.response_metadata["finish_reason"] == "incomplete"
    assert answer.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert answer.tool_calls == []
    assert answer.invalid_tool_calls[0]["args"] == '{"city":"Pa'


def test_calls():
    """Calls go by the id that their results have to name."""
    assert read(SHAPES["two calls"]).tool_calls == [
        {"type": "tool_call", "id": "call_1", "name": "weather", "args": {"city": "Paris"}},
        {"type": "tool_call", "id": "call_2", "name": "time", "args": {}},
    ]


def test_custom_calls():
    """Free text is the one argument of a custom tool."""
    answer = read(SHAPES["a custom tool"])

    assert answer.tool_calls[0]["args"] == {"__arg1": 'print("x")\n'}
    assert answer.additional_kwargs["tool_call_extras"] == {"call_1": {"type": "custom"}}


def test_a_refusal():
    """Refusals are kept apart from texts."""
    assert read(SHAPES["a refusal"]).additional_kwargs["refusal"] == "I cannot."


def test_citations():
    """Sources are citations of the text block, with places in the text as a whole."""
    (block,) = read(SHAPES["citations"]).content_blocks

    places = [(mark["start_index"], mark["end_index"]) for mark in block["annotations"]]
    assert places == [(0, 2), (2, 4)]
    assert block["annotations"][0]["url"] == "https://a.test"


def test_pictures():
    """A picture is an image block, and is not kept a second time."""
    answer = read(SHAPES["a picture"])

    (image,) = [block for block in answer.content_blocks if block["type"] == "image"]
    assert (image["base64"], image["mime_type"]) == ("AAAA", "image/webp")
    assert "result" not in answer.additional_kwargs["output_items"][0]


@pytest.mark.parametrize(
    ("shape", "output_items"),
    [
        ("a search", [SEARCH, {"type": "message", "id": "msg_1"}]),
        (
            "silent reasoning",
            [reasoning_item(encrypted_content="gAAA"), {"type": "message", "id": "msg_1"}],
        ),
        ("unknown fields", [{"type": "message", "id": "msg_1", "phase": "final_answer"}]),
        ("one call", [{"type": "function_call", "id": "fc_1", "call_id": "call_1"}]),
    ],
)
def test_the_output_items(shape, output_items):
    """Items are kept in order: ids of messages and calls, all of the rest."""
    kept = read(SHAPES[shape]).additional_kwargs["output_items"]

    drop = {"status", "characters"}
    short = [{key: value for key, value in item.items() if key not in drop} for item in kept]
    assert short == [{k: v for k, v in item.items() if k not in drop} for item in output_items]


def test_unknown_fields_are_kept():
    """What is unknown is found by the level it stood on."""
    assert read(SHAPES["unknown fields"]).response_metadata["extra"] == {
        "reply": {"billing": {"payer": "me"}}
    }
    assert read(SHAPES["an unknown part"]).response_metadata["extra"] == {
        "message": {"content": [{"type": "smell", "of": "rain"}]}
    }


def test_a_text_without_items():
    """The shorthand will do where there are no items."""
    assert read({"output_text": "Hi"}).content == "Hi"


def test_calls_without_ids_get_one():
    """A call needs an id to be answered."""
    bare = {"type": "function_call", "name": "time", "arguments": "{}"}

    assert read(response(bare)).tool_calls[0]["id"] == "call_c_0"
    assert added_up(streamed(response(bare))).tool_calls[0]["id"] == "call_c_0"


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"{}", b'{"choices":[]}'])
def test_what_is_no_response(body):
    """Bodies of other kinds are refused."""
    from langchain_aimlapi._codec.decode.responses_reply import decode_response

    with pytest.raises(ResponseFormatError):
        decode_response(body, CONTEXT)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow.", "param": None},
        {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "Slow."}},
        {"type": "error", "statusCode": 429, "message": "Slow."},
        {"statusCode": 429, "message": "Slow.", "requestId": "r"},
        {
            "type": "response.failed",
            "response": response(
                status="failed", error={"code": "rate_limit_exceeded", "message": "Slow."}
            ),
        },
    ],
)
def test_errors_in_a_stream(event):
    """An error is raised as what it is, in all its forms."""
    decoder, _ = fed(streamed(SHAPES["text"])[:5])

    with pytest.raises(RateLimitError, match="Slow"):
        decoder.feed(orjson.dumps(event))


@pytest.mark.parametrize("event", [{"type": "error"}, {"type": "response.failed"}])
def test_errors_without_words(event):
    """An error that says nothing is a server's error."""
    with pytest.raises(ServerError):
        ResponsesDecoder(CONTEXT).feed(orjson.dumps(event))


def test_a_whole_response_that_failed():
    """A failed response is an error, not an empty answer."""
    failed = response(status="failed", error={"code": "server_error", "message": "Oh."})

    with pytest.raises(AimlapiStatusError, match="Oh"):
        read(failed)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("queued", "resp_1 is queued and has no answer yet.*background=True"),
        ("in_progress", "resp_1 is in progress.*background=True"),
        ("cancelled", "resp_1 was cancelled"),
    ],
)
@pytest.mark.parametrize("output", [[], [message("Par")]], ids=["nothing", "a part"])
def test_a_response_that_is_not_finished(status, words, output):
    """It is no answer, and an empty one least of all; what there is of it is kept."""
    whole = response(*output, status=status, background=True)
    decoder = ResponsesDecoder(CONTEXT)
    decoder.feed(orjson.dumps(whole))

    for get in (lambda: read(whole), decoder.end):
        with pytest.raises(ResponseFormatError, match=words) as raised:
            get()
        assert raised.value.request_id == "resp_1"
        assert raised.value.body["status"] == status
        assert not raised.value.is_retryable
    assert partial_message(decoder).content == ("Par" if output else "")


def test_a_response_without_output_that_is_not_finished():
    """Some servers leave out what is not there."""
    with pytest.raises(ResponseFormatError, match="resp_2 is queued"):
        read({"id": "resp_2", "status": "queued"})


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_the_name_of_the_last_event_counts(status):
    """A server may repeat the state that the response had when it began."""
    answer = added_up(
        [{"type": "response.completed", "response": response(message("Paris."), status=status)}]
    )

    assert (answer.content, answer.response_metadata["finish_reason"]) == ("Paris.", "completed")


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_stream_that_ends_before_the_answer(status, background):
    """The error says how far the response is; one in the background goes on and is paid for."""
    begun = response(status=status, background=background)
    decoder, _ = fed([{"type": f"response.{status}", "response": begun}])

    with pytest.raises(StreamInterruptedError, match=f"resp_1 was '{status}'") as raised:
        decoder.end()
    assert raised.value.request_id == "resp_1"
    assert raised.value.is_retryable is not background


@pytest.mark.parametrize("status", [5, [], {}, True])
def test_a_status_of_another_type(status):
    """It says nothing, and breaks nothing."""
    assert read(response(message("Paris."), status=status)).content == "Paris."


@pytest.mark.parametrize("tail", [[], [b"[DONE]"]])
def test_a_cut_stream(tail):
    """Without the event that ends a response it was cut, `[DONE]` or not."""
    events = streamed(response(reasoning_item("Easy."), message("Paris."), call()))[:-1]
    decoder, _ = fed(events)
    for data in tail:
        decoder.feed(data)

    with pytest.raises(StreamInterruptedError):
        decoder.end()
    partial = partial_message(decoder)
    assert partial.content == "Paris."
    assert partial.additional_kwargs["reasoning_content"] == "Easy."
    assert partial.response_metadata["id"] == "resp_1"
    assert "finish_reason" not in partial.response_metadata


def test_nothing_is_read_after_the_end():
    """The event that ends a response is the last."""
    decoder, _ = fed(streamed(SHAPES["text"]))

    assert decoder.done
    assert decoder.feed(b"nonsense") is None
    assert decoder.late() is None


def test_data_that_is_no_json():
    """Broken data is refused."""
    with pytest.raises(ResponseFormatError):
        ResponsesDecoder(CONTEXT).feed(b"{")

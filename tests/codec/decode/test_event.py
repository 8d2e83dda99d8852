"""Characters that a service cut in two between events: joined, wherever they stand, or replaced."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._codec.decode.event import HalfCharacterError, HalfCharacters, parse_event
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi.errors import ResponseFormatError
from tests.codec.responses import CONTEXT, message, response
from tests.codec.said import Said
from tests.codec.shapes import context
from tests.ways import run_async

TEXT = "So 😀 it 👩‍🚀 is. é"


def units(text):
    """A text in pieces of one UTF-16 unit each, as a server that counts those cuts it."""
    data = text.encode("utf-16-le")
    return [data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(data), 2)]


def chat(**delta):
    """An event of a chat completion."""
    return {"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta}]}


def call(arguments, index=0, **head):
    """A tool call chunk."""
    return {"index": index, "function": {"arguments": arguments}, **head}


STOP = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
BEGUN = [
    call("", at, id=f"c{at}", type="function", function={"name": "f", "arguments": ""})
    for at in (0, 1)
]
ARGUMENTS = json.dumps({"said": TEXT}, ensure_ascii=False)


def said(events, *, done=True):
    """The text, the reasoning and the arguments of a stream."""
    decoder = StreamDecoder(context())
    for event in events:
        decoder.feed(event if isinstance(event, bytes) else json.dumps(event).encode())
    if done:
        decoder.feed(b"[DONE]")
    else:
        decoder.late()
    arguments = [chunk["args"] or "" for chunk in decoder.tool_calls.whole()]
    return "".join(decoder.texts), "".join(decoder.reasoning), arguments


class TestChat:
    @pytest.mark.parametrize("done", [True, False])
    def test_text_and_reasoning(self, done):
        """Both at the same time, each on its own, with events that add nothing in between."""
        events = [
            each
            for unit in units(TEXT)
            for each in (
                chat(reasoning_content=unit),
                chat(content=unit),
                chat(content="", reasoning_content=None),
                {"choices": [], "usage": None},
            )
        ]

        assert said([*events, STOP], done=done)[:2] == (TEXT, TEXT)

    def test_arguments_of_several_calls(self):
        """They are told apart by their index, whatever stands first in an event."""
        pieces = [chat(tool_calls=BEGUN)]
        for at, unit in enumerate(units(ARGUMENTS)):
            both = [call(unit, 0), call(unit, 1)]
            pieces += [chat(tool_calls=[each]) for each in both[:: 1 if at % 2 else -1]]

        assert said([*pieces, STOP])[2] == [ARGUMENTS, ARGUMENTS]

    def test_parts(self):
        """Content as a list of parts."""
        events = [chat(content=[{"type": "text", "text": unit}]) for unit in units(TEXT)]

        assert said([*events, STOP])[0] == TEXT

    def test_bytes(self):
        """Bytes that are no UTF-8 by themselves are joined as well."""
        before, behind = json.dumps(chat(content="*")).encode().split(b"*")
        events = [before + bytes([byte]) + behind for byte in TEXT.encode()]

        assert said([*events, STOP])[0] == TEXT

    @pytest.mark.parametrize(
        ("pieces", "text"),
        [
            (["a\ud83d", "b"], "a\ufffdb"),
            (["a\ud83d"], "a\ufffd"),
            (["\ud83d", "\ud83d\ude00"], "\ufffd😀"),
            (["a", "\ude00b"], "a\ufffdb"),
            (["\ude00\ud83d", "\ude00"], "\ufffd😀"),
        ],
    )
    def test_halves_that_stay_alone(self, pieces, text):
        """They are replaced, and nothing changes its place."""
        events = [*(chat(content=piece) for piece in pieces), STOP]

        assert said(events)[0] == text
        assert said(events[:-1], done=False)[0] == text

    def test_the_same_in_reasoning(self):
        """What waits in vain belongs to the reasoning."""
        assert said([chat(reasoning_content="a\ud83d"), STOP])[:2] == ("", "a\ufffd")

    def test_other_fields(self):
        """A half in a field that is no text of the answer waits for nothing."""
        event = {**chat(content="a"), "model": "m\ud83d", "odd\ud83d": 1}
        decoder = StreamDecoder(context())
        decoder.feed(json.dumps(event).encode())
        decoder.feed(json.dumps({**STOP, "id": "\ude00"}).encode())

        metadata = decoder.end().response_metadata
        assert metadata["model_name"] == "m\ufffd"
        assert metadata["extra"]["reply"] == {"odd\ufffd": 1}

    @given(st.text(max_size=30), st.data())
    def test_any_cut(self, text, data):
        """Wherever it is cut, in escapes or in bytes, the text is the same."""
        pieces = units(text)
        cuts = sorted(data.draw(st.sets(st.integers(0, len(pieces)))))
        joined = [
            "".join(pieces[a:b]) for a, b in zip([0, *cuts], [*cuts, len(pieces)], strict=True)
        ]

        assert said([*(chat(content=piece) for piece in joined), STOP])[0] == text

    @given(st.binary(max_size=12), st.integers(0, 12))
    def test_any_bytes(self, raw, cut):
        """Bytes are read as Python reads them all at once, but for where an error begins."""
        text = bytes(byte for byte in raw if byte >= 0x80)
        before, behind = json.dumps(chat(content="*")).encode().split(b"*")
        events = [before + part + behind for part in (text[:cut], text[cut:]) if part]

        got = said([*events, STOP])[0]
        assert got.replace("\ufffd", "") == text.decode("utf-8", "replace").replace("\ufffd", "")


class TestResponses:
    KINDS = (
        ("response.output_text", {"output_index": 1, "content_index": 0}),
        ("response.reasoning_summary_text", {"output_index": 0, "summary_index": 0}),
        ("response.function_call_arguments", {"output_index": 2}),
    )

    @pytest.mark.parametrize("whole", [True, False], ids=["said again", "deltas alone"])
    def test_every_kind(self, whole):
        """Texts are joined by their numbers, and what is said again as a whole adds nothing."""
        decoder = ResponsesDecoder(CONTEXT)
        for unit in units(TEXT):
            for kind, where in self.KINDS:
                event = {"type": f"{kind}.delta", **where, "delta": unit}
                decoder.feed(json.dumps(event).encode())
        done = {
            "response.output_text": {"text": TEXT},
            "response.reasoning_summary_text": {"text": TEXT},
            "response.function_call_arguments": {"arguments": TEXT},
        }
        for kind, where in self.KINDS if whole else ():
            event = {"type": f"{kind}.done", **where, **done[kind]}
            decoder.feed(json.dumps(event).encode())
        decoder.feed(b'{"type": "response.completed", "response": {"output": []}}')
        decoder.late()

        assert "".join(decoder.texts) == "".join(decoder.reasoning) == TEXT
        assert [chunk["args"] for chunk in decoder.tool_calls.whole()] == [TEXT]

    @pytest.mark.parametrize("whole", [True, False])
    def test_the_last_half_is_missing(self, whole):
        """The whole text has it, where there is one."""
        delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0}
        done = {"type": "response.output_text.done", "output_index": 0, "content_index": 0}
        decoder = ResponsesDecoder(CONTEXT)
        decoder.feed(json.dumps(delta | {"delta": "a\ud83d"}).encode())
        if whole:
            decoder.feed(json.dumps(done | {"text": "a😀"}).encode())
            decoder.feed(b'{"type": "response.completed", "response": {"output": []}}')
        late = decoder.late()

        assert "".join(decoder.texts) == ("a😀" if whole else "a\ufffd")
        assert (late is None) is whole


class TestEvents:
    """Events that hold no half are read as before, and what is no JSON is refused as before."""

    @pytest.mark.parametrize(
        "data",
        [b"", b"[1]", b'"a"', b"{", b"nothing", b'{"a": NaN}', b'{"a": ' * 200 + b"1" + b"}" * 200],
    )
    def test_refused(self, data):
        """By both readers, with the same words."""
        with pytest.raises(ResponseFormatError) as first:
            parse_event(data)
        with pytest.raises(ResponseFormatError) as second:
            HalfCharacters().parse(data)

        assert str(first.value) == str(second.value)

    @pytest.mark.parametrize(
        "event",
        [
            {"a": [1, 2.5, None, True, "é😀"]},
            {"delta": {"arguments": '{"n": 123456789012345678901234567890}'}},
            {"arguments": {"n": 2**70}},
        ],
    )
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
    def test_read(self, event, mark):
        """The same by both."""
        data = mark + json.dumps(event).encode()

        assert parse_event(data) == HalfCharacters().parse(data) == event

    @pytest.mark.parametrize(
        "data", [rb'{"a": "\ud83d"}', rb'{"a": "\ude00"}', b'{"a": "\xf0\x9f"}']
    )
    def test_noticed(self, data):
        """Half a pair, either one, and half of a character's bytes."""
        with pytest.raises(HalfCharacterError):
            parse_event(data)


def completed(text, reasoning, arguments):
    """A whole answer of each kind."""
    called = {"id": "c0", "type": "function", "function": {"name": "f", "arguments": arguments}}
    message = {"role": "assistant", "content": text, "reasoning_content": reasoning}
    choice = {"index": 0, "message": {**message, "tool_calls": [called]}, "finish_reason": "stop"}
    return {"id": "1", "model": "m", "choices": [choice]}


EVENTS = [
    *(chat(reasoning_content=unit) for unit in units(TEXT)),
    *(chat(content=unit) for unit in units(TEXT)),
    chat(tool_calls=BEGUN[:1]),
    *(chat(tool_calls=[call(unit)]) for unit in units(ARGUMENTS)),
    STOP,
]


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("coalesce", [True, False])
def test_a_call(ask, version, coalesce):
    """Whichever way the model is asked, each chunk is text that can be sent on."""
    with Said(completed(TEXT, TEXT, ARGUMENTS), EVENTS) as service:
        answer = ask(service.model(output_version=version, coalesce=coalesce), "Hi")

    assert answer.text == TEXT
    reasoning = [block for block in answer.content_blocks if block["type"] == "reasoning"]
    assert "".join(block["reasoning"] for block in reasoning) == TEXT
    assert answer.tool_calls[0]["args"] == {"said": TEXT}
    orjson.dumps(answer.content)


def test_every_chunk_can_be_written():
    """No half is in any of them."""
    with Said(completed(TEXT, TEXT, ARGUMENTS), EVENTS) as service:
        for chunk in service.model().stream("Hi"):
            orjson.dumps([chunk.content, chunk.additional_kwargs, chunk.tool_call_chunks])


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_content_block_events():
    """Sync and async."""

    async def streamed(llm):
        stream = await llm.astream_events("Hi", version="v3")
        return await stream.output

    with Said(completed(TEXT, TEXT, ARGUMENTS), EVENTS) as service:
        stream = service.model().stream_events("Hi", version="v3")
        assert "".join(stream.text) == TEXT
        assert stream.output.tool_calls[0]["args"] == {"said": TEXT}
        assert run_async(streamed(service.model())).text == TEXT


def test_a_call_on_the_other_route(ask):
    """`/responses` says each text again at its end, whole."""
    place = {"output_index": 0, "content_index": 0}
    whole = response(message(TEXT))
    deltas = [{"type": "response.output_text.delta", **place, "delta": one} for one in units(TEXT)]
    with Said(whole, [*deltas, {"type": "response.completed", "response": whole}]) as service:
        answer = ask(service.model(use_responses_api=True), "Hi")

    assert answer.text == TEXT

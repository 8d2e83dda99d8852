"""What the pure codec takes, without sockets: `make bench-codec`.

The marker and the fixture are those of pytest-benchmark and of pytest-codspeed, either will do.
Nothing here decides whether the project's tests pass.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import SecretStr

from benchmarks.replies import MODEL, WORD, chunk_json, whole
from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._chat.build import build_chat_request
from langchain_aimlapi._codec.decode.metadata import ReplyContext
from langchain_aimlapi._codec.decode.reply import decode_reply
from langchain_aimlapi._codec.decode.stream import Delta, StreamDecoder
from langchain_aimlapi._codec.encode.chat import Options, encode
from langchain_aimlapi._codec.langchain.chunks import as_chunk
from langchain_aimlapi._codec.langchain.events import EventWriter
from langchain_aimlapi._transport.sse import DONE, SSEDecoder

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk
    from pytest_benchmark.fixture import BenchmarkFixture

pytestmark = pytest.mark.benchmark

TOKENS = 500
USAGE = {"prompt_tokens": 9, "completion_tokens": TOKENS, "total_tokens": TOKENS + 9}
CONTEXT = ReplyContext(MODEL, call_id="call")

LOGPROBS = {"content": [{"token": WORD, "logprob": -0.1, "bytes": [116], "top_logprobs": []}]}
TEXT_EVENT = chunk_json({"content": WORD})
LOGPROBS_EVENT = TEXT_EVENT.replace(b'"logprobs":null', b'"logprobs":' + orjson.dumps(LOGPROBS))
REPLY = [
    *[TEXT_EVENT] * TOKENS,
    chunk_json({}, "stop"),
    chunk_json({}, usage=USAGE, choices=[]),
    DONE,
]
BURST = b"".join(b"data: " + event + b"\n\n" for event in REPLY)
WHOLE = whole().partition(b"\r\n\r\n")[2]

SHORT: list[BaseMessage] = [SystemMessage("Be brief."), HumanMessage("Hi")]
CALL = {"name": "weather", "args": {"city": "Oslo"}, "id": "call-1", "type": "tool_call"}
TURN: list[BaseMessage] = [
    HumanMessage("How is the weather in Oslo?"),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("Rain, 7 °C", tool_call_id="call-1"),
    AIMessage("It rains."),
]
LONG = [SystemMessage("Be brief."), *TURN * 25]


def test_splitting_a_burst(benchmark: BenchmarkFixture) -> None:
    """All events of a reply that came in one read."""
    assert benchmark(lambda: SSEDecoder().feed(BURST)) == REPLY


def test_feeding_text(benchmark: BenchmarkFixture) -> None:
    """One event that looks like the one before it."""
    decoder = StreamDecoder(CONTEXT)
    assert benchmark(decoder.feed, TEXT_EVENT) == Delta(text=WORD)


def test_feeding_text_in_events_unlike(benchmark: BenchmarkFixture) -> None:
    """One event that differs from the one before it in more than its text."""
    decoder = StreamDecoder(CONTEXT)
    events = itertools.cycle(chunk_json({"content": WORD}, created=n) for n in range(9))
    assert benchmark(lambda: decoder.feed(next(events))) == Delta(text=WORD)


def test_feeding_a_piece_of_a_tool_call(benchmark: BenchmarkFixture) -> None:
    """One event with a piece of the arguments of a call that has begun."""
    decoder = StreamDecoder(CONTEXT)
    decoder.feed(_call_event(id="call-1", function={"name": "weather", "arguments": ""}))
    delta = benchmark(decoder.feed, _call_event(function={"arguments": '{"ci'}))
    chunk = {"name": None, "args": '{"ci', "id": None, "index": 0, "type": "tool_call_chunk"}
    assert delta.tools == [chunk]


def _call_event(**piece: Any) -> bytes:
    return chunk_json({"tool_calls": [{"index": 0, **piece}]})


def test_feeding_logprobs(benchmark: BenchmarkFixture) -> None:
    """One event with text and its log probabilities."""
    decoder = StreamDecoder(CONTEXT)
    delta = benchmark(decoder.feed, LOGPROBS_EVENT)
    assert delta == Delta(text=WORD, logprobs=LOGPROBS)


def test_a_whole_stream_as_chunks(benchmark: BenchmarkFixture) -> None:
    """From the bytes of a reply of 500 words to the chunks that LangChain gets."""
    chunks = benchmark(_chunks)
    assert [chunk.text for chunk in chunks] == [WORD] * TOKENS + [""]
    assert chunks[-1].message.response_metadata["finish_reason"] == "stop"
    assert chunks[-1].message.usage_metadata["output_tokens"] == TOKENS


def _chunks() -> list[ChatGenerationChunk]:
    decoder = StreamDecoder(CONTEXT)
    deltas = (decoder.feed(event) for event in SSEDecoder().feed(BURST))
    chunks = [as_chunk(delta) for delta in deltas if delta is not None]
    return [*chunks, as_chunk(decoder.end())]


def test_writing_an_event(benchmark: BenchmarkFixture) -> None:
    """LangChain's event of one delta, in a block that is open."""
    writer = EventWriter()
    writer.write(Delta(text=WORD))
    events = benchmark(writer.write, Delta(text=WORD))
    delta = {"type": "text-delta", "text": WORD}
    assert events == [{"event": "content-block-delta", "index": 0, "delta": delta}]


def test_decoding_a_whole_reply(benchmark: BenchmarkFixture) -> None:
    """A reply that did not stream, to LangChain's result."""
    result = benchmark(decode_reply, WHOLE, CONTEXT)
    message = result.generations[0].message
    assert message.content == WORD * 20
    assert message.response_metadata["finish_reason"] == "stop"


def test_encoding_a_short_conversation(benchmark: BenchmarkFixture) -> None:
    """Two messages and a parameter."""
    body = benchmark(lambda: encode(MODEL, SHORT, {"temperature": 0}, Options()).body)
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert body == {"model": MODEL, "messages": turns, "temperature": 0}


def test_encoding_a_long_conversation(benchmark: BenchmarkFixture) -> None:
    """A hundred messages, a quarter of which call a tool and a quarter bring its results."""
    body = benchmark(lambda: encode(MODEL, LONG, {"temperature": 0}, Options()).body)
    roles = [turn["role"] for turn in body["messages"]]
    assert roles == ["system", *["user", "assistant", "tool", "assistant"] * 25]
    function = body["messages"][-3]["tool_calls"][0]["function"]
    assert orjson.loads(function["arguments"]) == CALL["args"]


def test_building_a_call(benchmark: BenchmarkFixture) -> None:
    """Settings, arguments and messages brought together into one request."""
    key = SecretStr("bench-key")
    llm = ChatAimlapi(model=MODEL, api_key=key, base_url="http://127.0.0.1:1/v1")
    call = benchmark(lambda: build_chat_request(llm, SHORT, {}, key=key, stream=False, run_id=None))
    assert call.request.url == "http://127.0.0.1:1/v1/chat/completions"
    assert orjson.loads(call.request.body)["messages"][-1] == {"role": "user", "content": "Hi"}

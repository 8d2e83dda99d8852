"""What is fuzzed: each target takes any bytes and raises only if a rule is broken.

The rules: bytes from the wire give an answer or an error of ours, never another exception; how a
stream is cut into reads makes no difference; what chunks and events say is what was received.
"""

from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import TYPE_CHECKING

from langchain_aimlapi import AimlapiError
from langchain_aimlapi._chat.build import ChatRequest
from langchain_aimlapi._chat.stream import _add_context, _decode, _Reader
from langchain_aimlapi._client.send import decode_reply
from langchain_aimlapi._codec.decode.arguments import ArgumentReader
from langchain_aimlapi._codec.decode.embeddings import decode_embeddings
from langchain_aimlapi._codec.decode.stream import Delta, Final
from langchain_aimlapi._codec.json_text import find_json, parse_arguments, to_json
from langchain_aimlapi._codec.langchain.chunks import as_chunk
from langchain_aimlapi._codec.langchain.events import EventWriter
from langchain_aimlapi._codec.langchain.partial import partial_value
from langchain_aimlapi._errors.secrets import redact_error
from langchain_aimlapi._transport.error_response import error_of
from langchain_aimlapi._transport.request import ClientOptions, Reply, Request
from langchain_aimlapi._transport.sse import SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_core.messages import AIMessageChunk

MOST_EVENT_BYTES = 256
"""A small bound, so that inputs can reach it."""
KEY = "canary-0123456789abcdef"

_HEADERS = {"x-inference-id": "i"}
_CHAT = ChatRequest(
    request=Request("http://127.0.0.1/v1", headers={"Authorization": f"Bearer {KEY}"}),
    model="m",
    id="c",
    route="chat",
    split_think_tags=True,
    coalesce=False,
    audio_format="wav",
    notes={},
)
_RESPONSES = _CHAT._replace(route="responses")


class BrokenRuleError(Exception):
    """A target's own complaint; whatever else leaves a target is one as well."""


def sse(data: bytes) -> None:
    """However a stream is cut, its events are the same, or the same bound is passed."""
    sizes, body = data[:4], data[4:]
    whole, sliced = _events([body]), _events(_sliced(body, sizes))
    if whole != sliced and sliced is not None:
        raise BrokenRuleError(f"whole {whole!r}, in slices {sliced!r}")


def _sliced(body: bytes, sizes: bytes) -> list[bytes]:
    """Cut a body into reads of the sizes that the first bytes of the input say."""
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        size = (sizes[len(pieces) % len(sizes)] if sizes else 0) % 9 + 1
        pieces.append(body[at : at + size])
        at += size
    return pieces


def _events(reads: Sequence[bytes]) -> list[bytes] | None:
    """The events of a stream; None if one is too large, which may show sooner in small reads."""
    decoder = SSEDecoder(MOST_EVENT_BYTES)
    try:
        found = [event for read in reads for event in decoder.feed(read)]
        return found + decoder.end()
    except AimlapiError:
        return None


def stream(data: bytes) -> None:
    """Chunks, events and the message of a stream that broke all say what the deltas said."""
    _read(data, _CHAT)


def responses_stream(data: bytes) -> None:
    """The same on the other route."""
    _read(data, _RESPONSES)


def _read(data: bytes, asked: ChatRequest) -> None:
    asked = asked._replace(coalesce=len(data) % 2 == 0)
    reader = _Reader(asked, 200, _HEADERS)
    items: list[Delta | Final] = []
    try:
        items += reader.read(SSEDecoder().feed(data + b"\n\n"))
        items += reader.finish()
    except AimlapiError as error:
        broken = _add_context(error, asked, ClientOptions(), reader)
        _same(broken.partial.text, items)
        pickle.dumps(broken)
    _written(items)


def _written(items: Sequence[Delta | Final]) -> None:
    if not items:
        return
    chunks = [as_chunk(item).message for item in items]
    message: AIMessageChunk = chunks[0]  # type: ignore[assignment]  # only chunks come
    for chunk in chunks[1:]:
        message = message + chunk  # type: ignore[assignment,operator]  # likewise
    _same(message.text, items)
    _ = message.content_blocks
    writer = EventWriter()
    events = [event for item in items for event in writer.write(item)]
    added = [event["delta"] for event in events if event["event"] == "content-block-delta"]
    _same("".join(delta.get("text") or "" for delta in added), items)


def _same(text: str, items: Sequence[Delta | Final]) -> None:
    said = "".join(item.text for item in items if isinstance(item, Delta))
    if text != said:
        raise BrokenRuleError(f"the deltas said {said!r}, not {text!r}")


def reply(data: bytes) -> None:
    """A whole reply is messages that LangChain can read, or an error."""
    _answered(data, _CHAT)


def response(data: bytes) -> None:
    """The same on the other route."""
    _answered(data, _RESPONSES)


def _answered(data: bytes, asked: ChatRequest) -> None:
    try:
        result = decode_reply(asked.request, Reply(200, _HEADERS, data), partial(_decode, asked))
    except AimlapiError as error:
        pickle.dumps(error)
        return
    for generation in result.generations:
        _ = generation.message.content_blocks
        _ = generation.message.text


def refused(data: bytes) -> None:
    """A reply of any status is passed on, or an error that has no key and can be sent around."""
    status = 100 + int.from_bytes(data[:2], "big") % 500
    body = data[2:].replace(b"KEY", KEY.encode())
    headers = {"retry-after": data[2:20].decode("latin-1"), "x-debug": KEY}
    error = error_of(Reply(status, headers, body), 0.0)
    if error is None:
        return
    if not isinstance(error, AimlapiError):
        raise BrokenRuleError(f"{error!r} is none of ours")
    redact_error(error, [KEY])
    if KEY in f"{error}{error!r}{vars(error)}" or KEY.encode() in pickle.dumps(error):
        raise BrokenRuleError("the key is in the error")


def embeddings(data: bytes) -> None:
    """A reply is as many embeddings as were asked for, or an error of ours."""
    count = data[0] % 4 if data else 0
    read = partial(_embeddings, count)
    try:
        found = decode_reply(_CHAT.request, Reply(200, _HEADERS, data[1:]), read)
    except AimlapiError as error:
        pickle.dumps(error)
        return
    if len(found) != count or not all(isinstance(n, float) for row in found for n in row):
        raise BrokenRuleError(f"{count} embeddings were asked for, {found!r} read")


def _embeddings(count: int, reply: Reply) -> list[list[float]]:
    return decode_embeddings(reply.body, count).embeddings


def arguments(data: bytes) -> None:
    """Arguments in any pieces are an object that can be copied and written, or a ValueError."""
    sizes, text = data[:4], data[4:].decode("utf-8", "surrogateescape")
    reader = ArgumentReader()
    pieces = [piece.decode("utf-8", "replace") for piece in _sliced(data[4:], sizes)]
    passed_on = [reader.add(piece) for piece in pieces if piece] + [reader.end()]
    if reader.text != "".join(passed_on):
        raise BrokenRuleError(f"{passed_on!r} was passed on, {reader.text!r} remembered")
    for read in (parse_arguments, find_json, partial_value):
        try:
            value = read(text)
        except ValueError:
            continue
        if read is not partial_value and find_json(to_json(copy.deepcopy(value))) != value:
            raise BrokenRuleError(f"{value!r} is not read as it is written")


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "sse": sse,
    "stream": stream,
    "responses_stream": responses_stream,
    "reply": reply,
    "response": response,
    "refused": refused,
    "embeddings": embeddings,
    "arguments": arguments,
}
"""By name; each has a folder of first inputs in `corpus`."""

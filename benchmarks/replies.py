"""The bytes that the loopback server sends, made before anybody is timed.

Every field that some client insists on is there (one refuses chunks with no `system_fingerprint`),
and each event is an HTTP chunk of its own, as the gateway flushes them.
"""

from __future__ import annotations

import functools
import json
from typing import Any

MODEL = "bench-model"
WORD = "token "
_HEAD = {"id": "chatcmpl-1", "created": 1790000000, "model": MODEL, "system_fingerprint": "fp_1"}
_USAGE = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\nx-request-id: r-1\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


def chunk_json(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
    """One chat completion chunk as JSON."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    body = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice], **more}
    return json.dumps(body, separators=(",", ":")).encode()


def _event(data: bytes) -> bytes:
    framed = b"data: " + data + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(framed), framed)


TOKEN_EVENT = _event(chunk_json({"content": WORD}))
_FIRST_EVENT = _event(chunk_json({"role": "assistant", "content": WORD}))

OPENING = _STREAM_HEAD + _FIRST_EVENT
"""The head of a streamed reply with its first token."""
CLOSING = (
    _event(chunk_json({}, "stop"))
    + _event(chunk_json({}, usage=_USAGE, choices=[]))
    + _event(b"[DONE]")
    + LAST_CHUNK
)
"""What follows the last token."""


@functools.cache
def burst(tokens: int) -> bytes:
    """A whole streamed reply of so many tokens."""
    return OPENING + TOKEN_EVENT * (tokens - 1) + CLOSING


_PIECE = 5
"""Characters of a piece of JSON: about a token."""
TOOL = "keep"
SCHEMA = {
    "title": TOOL,
    "description": "Keep some items.",
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["name", "count"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
"""What an answer of a form, or the arguments of a call, must be."""


def _json_pieces(count: int) -> list[str]:
    """An object of `SCHEMA` in about so many pieces."""
    items: list[dict[str, Any]] = []
    length = 0
    while length < count * _PIECE:
        items.append({"name": f"item {len(items)}", "count": len(items)})
        length += len(json.dumps(items[-1])) + 2
    text = json.dumps({"items": items})
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


@functools.cache
def answer(pieces: int) -> bytes:
    """A streamed reply that is an object as text."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _json_pieces(pieces)]
    events = [_event(chunk_json(delta)) for delta in deltas]
    return _STREAM_HEAD + b"".join(events) + CLOSING


@functools.cache
def call(pieces: int) -> bytes:
    """A streamed reply that calls a tool with such an object."""
    named = {"index": 0, "id": "call_1", "type": "function"}
    head = {**named, "function": {"name": TOOL, "arguments": ""}}
    deltas = [{"role": "assistant", "content": None, "tool_calls": [head]}]
    deltas += [
        {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        for piece in _json_pieces(pieces)
    ]
    return _STREAM_HEAD + b"".join(_event(chunk_json(delta)) for delta in deltas) + CLOSING


def whole() -> bytes:
    """A reply that does not stream."""
    message = {"role": "assistant", "content": WORD * 20, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    body = json.dumps(
        {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    ).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body

"""Effects of faults: change a reply while it is sent (cut, stalled, malformed).

A reply is a stream of frames: each is one SSE event or a slice of a JSON body. The head of the
reply is sent with the first frame, so an effect that ends before any frame closes the connection
without a reply.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson

from langchain_aimlapi.sandbox.replies import envelope

Frames = AsyncIterator[bytes]

_FINISH = re.compile(rb'"finish_reason":\s*"|"type":\s*"response\.(completed|incomplete)"')
_FRAMES_BEFORE = 3
_HEARTBEAT, _BYTE_DELAY = 0.2, 0.1
_EMPTY_DELTA = b'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}\n\n'
_BLOCK, _BLOCKS = b"x" * 65536, 512


class HangUpError(Exception):
    """The connection is to be closed here: with RST if `reset`, else with FIN within the reply."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset


@dataclass(frozen=True, slots=True)
class FaultContext:
    """What a fault knows of the request."""

    path: str
    sse: bool
    """Whether the reply is a stream of events."""
    retry_after: float
    """Seconds to request for, where a fault asks for a delay."""
    request_id: str = ""
    """As in the error envelope."""


Effect = Callable[[Frames, FaultContext], Frames]


async def _first_frames(frames: Frames) -> Frames:
    """Yield the first few frames, but not the one with the finish reason."""
    sent = 0
    async for frame in frames:
        if sent == _FRAMES_BEFORE or _FINISH.search(frame):
            return
        sent += 1
        yield frame


async def cut(frames: Frames, _: FaultContext) -> Frames:
    """End cleanly in the middle."""
    async for frame in _first_frames(frames):
        yield frame


def hang_up(*, reset: bool, at_once: bool = False) -> Effect:
    """Return an effect that closes the connection in the middle, or before any reply."""

    async def effect(frames: Frames, _: FaultContext) -> Frames:
        if not at_once:
            async for frame in _first_frames(frames):
                yield frame
        raise HangUpError(reset=reset)

    return effect


def go_silent(*, at_once: bool = False) -> Effect:
    """Return an effect that sends nothing more and keeps the connection until the client closes it."""

    async def effect(frames: Frames, _: FaultContext) -> Frames:
        if not at_once:
            async for frame in _first_frames(frames):
                yield frame
        await asyncio.Event().wait()

    return effect


async def heartbeats(frames: Frames, context: FaultContext) -> Frames:
    """Send heartbeats without content: comments in a stream, white space in JSON."""
    if context.sse:
        async for frame in _first_frames(frames):
            yield frame
    while True:
        yield b": keep-alive\n\n" if context.sse else b"\n"
        await asyncio.sleep(_HEARTBEAT)


async def pings(_frames: Frames, context: FaultContext) -> Frames:
    """Send nothing but pings, which are events without content; white space in JSON."""
    while True:
        yield b'event: ping\ndata: {"type":"ping"}\n\n' if context.sse else b"\n"
        await asyncio.sleep(_HEARTBEAT)


async def empty_deltas(frames: Frames, context: FaultContext) -> Frames:
    """Begin a stream, and go on with deltas that add nothing; white space in JSON."""
    if context.sse:
        async for frame in _first_frames(frames):
            yield frame
    while True:
        yield _EMPTY_DELTA if context.sse else b"\n"
        await asyncio.sleep(_HEARTBEAT)


async def close_after_role(frames: Frames, context: FaultContext) -> Frames:
    """Close the connection behind the first event, which has no content; JSON in the middle."""
    async for frame in frames if context.sse else _first_frames(frames):
        yield frame
        if context.sse:
            break
    raise HangUpError(reset=False)


async def send_slowly(frames: Frames, _: FaultContext) -> Frames:
    """Send byte by byte, a tenth of a second apart."""
    async for frame in frames:
        for at in range(len(frame)):
            yield frame[at : at + 1]
            await asyncio.sleep(_BYTE_DELAY)


async def stay_open(frames: Frames, context: FaultContext) -> Frames:
    """Send everything and keep the connection of a stream open until the client closes it."""
    async for frame in frames:
        yield frame
    if context.sse:
        await asyncio.Event().wait()


async def fail(frames: Frames, context: FaultContext) -> Frames:
    """Send an error in the middle of a stream and end; a JSON reply is replaced by the error."""
    error = orjson.dumps(envelope(502, "Something wrong with the server", context.path))
    if not context.sse:
        yield error
        return
    async for frame in _first_frames(frames):
        yield frame
    yield b"data: " + error + b"\n\n"


async def fail_beside_choices(frames: Frames, context: FaultContext) -> Frames:
    """Send an error of the OpenAI dialect beside `choices`, in a stream or in the JSON reply."""
    error = {"code": 502, "message": "Provider returned error"}
    chunk = {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}], "error": error}
    if not context.sse:
        message = {"role": "assistant", "content": ""}
        chunk["choices"] = [{"index": 0, "message": message, "finish_reason": "error"}]
        yield orjson.dumps(chunk)
        return
    async for frame in _first_frames(frames):
        yield frame
    yield b"data: " + orjson.dumps(chunk) + b"\n\n"


async def malform(frames: Frames, context: FaultContext) -> Frames:
    """Break the JSON of one event in the middle of a stream, or of the whole JSON reply."""
    sent = 0
    async for frame in frames:
        sent += 1
        if not context.sse:
            yield frame.replace(b":", b"", 1)
        elif sent == _FRAMES_BEFORE:
            yield b"data: " + frame[6 : len(frame) // 2] + b"\n\n"
        else:
            yield frame


async def oversize(_frames: Frames, context: FaultContext) -> Frames:
    """Send an event, or a JSON text, of 32 MB."""
    yield b'data: {"padding":"' if context.sse else b'{"padding":"'
    for _ in range(_BLOCKS):
        yield _BLOCK
    yield b'"}\n\n'


async def drop_end_marker(frames: Frames, context: FaultContext) -> Frames:
    """Leave out `data: [DONE]`."""
    async for frame in frames:
        if not (context.sse and frame == b"data: [DONE]\n\n"):
            yield frame


def each(change: Callable[[bytes], list[bytes]], first: bytes = b"", last: bytes = b"") -> Effect:
    """Return an effect that changes every event of a stream; a JSON reply is not changed."""

    async def effect(frames: Frames, context: FaultContext) -> Frames:
        if context.sse and first:
            yield first
        async for frame in frames:
            for part in change(frame) if context.sse else [frame]:
                yield part
        if context.sse and last:
            yield last

    return effect


def slices(size: int) -> Callable[[bytes], list[bytes]]:
    """Return a change that cuts an event into slices of so many bytes."""
    return lambda frame: [frame[at : at + size] for at in range(0, len(frame), size)]

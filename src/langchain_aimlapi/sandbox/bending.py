"""Bends a reply on its way out: cuts it, stalls it, mangles it.

A reply is a stream of frames, each of them one SSE event, or a slice of a JSON body. Its head
goes out with the first frame, so that a bend that ends before any frame ends the connection with
no reply at all.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson

from langchain_aimlapi.sandbox.envelope import envelope

Frames = AsyncIterator[bytes]

_FINISH = re.compile(rb'"finish_reason":\s*"|"type":\s*"response\.(completed|incomplete)"')
_FRAMES_BEFORE = 3
_HEARTBEAT, _DRIP = 0.2, 0.1
_BLOCK, _BLOCKS = b"x" * 65536, 512


class HangUpError(Exception):
    """The connection shall end here: with RST if `reset`, else with FIN amid the reply."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a fault may look at."""

    path: str
    sse: bool
    """Whether the reply would be a stream of events."""
    retry_after: float
    """Seconds to ask for, where a fault asks for a delay."""


Bend = Callable[[Frames, Trouble], Frames]


async def _beginning(frames: Frames) -> Frames:
    """Yield the first few frames, and never the one that finishes the answer."""
    sent = 0
    async for frame in frames:
        if sent == _FRAMES_BEFORE or _FINISH.search(frame):
            return
        sent += 1
        yield frame


async def cut(frames: Frames, _: Trouble) -> Frames:
    """End cleanly in the middle."""
    async for frame in _beginning(frames):
        yield frame


def hang_up(*, reset: bool, at_once: bool = False) -> Bend:
    """Make a bend that ends the connection in the middle, or before any reply."""

    async def bend(frames: Frames, _: Trouble) -> Frames:
        if not at_once:
            async for frame in _beginning(frames):
                yield frame
        raise HangUpError(reset=reset)

    return bend


def go_silent(*, at_once: bool = False) -> Bend:
    """Make a bend that sends nothing more, and keeps the connection, until the client leaves."""

    async def bend(frames: Frames, _: Trouble) -> Frames:
        if not at_once:
            async for frame in _beginning(frames):
                yield frame
        await asyncio.Event().wait()

    return bend


async def heartbeats(frames: Frames, trouble: Trouble) -> Frames:
    """Go on with signs of life and no content: comments in a stream, white space in JSON."""
    if trouble.sse:
        async for frame in _beginning(frames):
            yield frame
    while True:
        yield b": keep-alive\n\n" if trouble.sse else b"\n"
        await asyncio.sleep(_HEARTBEAT)


async def drip(frames: Frames, _: Trouble) -> Frames:
    """Send byte by byte, a tenth of a second apart."""
    async for frame in frames:
        for at in range(len(frame)):
            yield frame[at : at + 1]
            await asyncio.sleep(_DRIP)


async def stay_open(frames: Frames, trouble: Trouble) -> Frames:
    """Send everything and keep a stream's connection open, until the client leaves."""
    async for frame in frames:
        yield frame
    if trouble.sse:
        await asyncio.Event().wait()


async def fail(frames: Frames, trouble: Trouble) -> Frames:
    """Send an error in the middle of a stream and end there; a JSON reply is only the error."""
    error = orjson.dumps(envelope(502, "Something wrong with the server", trouble.path))
    if not trouble.sse:
        yield error
        return
    async for frame in _beginning(frames):
        yield frame
    yield b"data: " + error + b"\n\n"


async def fail_beside_choices(frames: Frames, trouble: Trouble) -> Frames:
    """Send an OpenAI-shaped error beside `choices`, in a stream or in the JSON reply."""
    error = {"code": 502, "message": "Provider returned error"}
    chunk = {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}], "error": error}
    if not trouble.sse:
        message = {"role": "assistant", "content": ""}
        chunk["choices"] = [{"index": 0, "message": message, "finish_reason": "error"}]
        yield orjson.dumps(chunk)
        return
    async for frame in _beginning(frames):
        yield frame
    yield b"data: " + orjson.dumps(chunk) + b"\n\n"


async def mangle(frames: Frames, trouble: Trouble) -> Frames:
    """Break the JSON of one event in the middle of a stream, or of the whole JSON reply."""
    sent = 0
    async for frame in frames:
        sent += 1
        if not trouble.sse:
            yield frame.replace(b":", b"", 1)
        elif sent == _FRAMES_BEFORE:
            yield b"data: " + frame[6 : len(frame) // 2] + b"\n\n"
        else:
            yield frame


async def oversize(_frames: Frames, trouble: Trouble) -> Frames:
    """Send an event, or a JSON text, of 32 MB."""
    yield b'data: {"padding":"' if trouble.sse else b'{"padding":"'
    for _ in range(_BLOCKS):
        yield _BLOCK
    yield b'"}\n\n'


async def drop_end_mark(frames: Frames, trouble: Trouble) -> Frames:
    """Leave out `data: [DONE]`."""
    async for frame in frames:
        if not (trouble.sse and frame == b"data: [DONE]\n\n"):
            yield frame


def each(change: Callable[[bytes], list[bytes]], first: bytes = b"", last: bytes = b"") -> Bend:
    """Make a bend that changes every event of a stream; a JSON reply is left as it is."""

    async def bend(frames: Frames, trouble: Trouble) -> Frames:
        if trouble.sse and first:
            yield first
        async for frame in frames:
            for piece in change(frame) if trouble.sse else [frame]:
                yield piece
        if trouble.sse and last:
            yield last

    return bend


def slices(size: int) -> Callable[[bytes], list[bytes]]:
    """Make a change that cuts an event into slices of so many bytes."""
    return lambda frame: [frame[at : at + size] for at in range(0, len(frame), size)]

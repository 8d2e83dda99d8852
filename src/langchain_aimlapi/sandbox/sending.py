"""Writes a reply to the connection, or closes the connection where a fault requires it."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from langchain_aimlapi.sandbox.faults.effects import HangUpError
from langchain_aimlapi.sandbox.replies import Reply, StreamReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.sandbox.faults.effects import FaultContext, Frames
    from langchain_aimlapi.sandbox.faults.table import Fault

_SLICES = 8
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def apply_fault(reply: Reply | StreamReply, fault: Fault, context: FaultContext) -> StreamReply:
    """Return the reply with a fault; a JSON body is sent in slices."""
    if isinstance(reply, Reply):
        frames = _sliced(reply.body)
        reply = StreamReply(frames, reply.status, reply.content_type, reply.headers)
    return replace(
        reply,
        frames=fault.effect(reply.frames, context) if fault.effect else reply.frames,
        content_type=fault.content_type or reply.content_type,
        before=fault.before,
        after=fault.after,
    )


async def _sliced(body: bytes) -> Frames:
    size = max(len(body) // _SLICES, 1)
    for at in range(0, len(body), size):
        yield body[at : at + size]


async def send(
    request: web.Request, reply: Reply | StreamReply, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer a request with a reply; `headers` are added to those of the reply."""
    merged = {"content-type": reply.content_type, **headers, **reply.headers}
    if isinstance(reply, Reply):
        return web.Response(body=reply.body or None, status=reply.status, headers=merged)
    response = web.StreamResponse(status=reply.status, headers=merged)
    response.headers["cache-control"] = "no-cache"
    try:
        _write_raw(request, reply.before)
        await _write(request, response, reply)
        _write_raw(request, reply.after)
    except HangUpError as end:
        _hang_up(request, reset=end.reset)
    except ConnectionError:
        pass  # the client closed the connection; aiohttp would log it as a server error
    finally:
        if reply.release:
            reply.release()
    return response


async def _write(request: web.Request, response: web.StreamResponse, reply: StreamReply) -> None:
    """Write the frames; the head is sent with the first one."""
    async with contextlib.aclosing(reply.frames) as opened:  # type: ignore[type-var]
        async for frame in opened:
            if not response.prepared:
                await response.prepare(request)
                reply.on_start()
            await response.write(frame)
    if not response.prepared:
        await response.prepare(request)
    await response.write_eof()


def _write_raw(request: web.Request, data: bytes) -> None:
    """Write what is no part of the reply."""
    if data and request.transport is not None:
        request.transport.write(data)


def _hang_up(request: web.Request, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if reset:
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    else:
        transport.close()

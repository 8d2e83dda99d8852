"""A server of prebuilt bytes: `python -m benchmarks.server` prints its port and serves until killed.

What a client gets is in the address it is given, so that one process serves every figure:
`/burst/500/…` a reply of 500 tokens in one write, `/paced/60/50/…` one of 60 tokens, the first at
once and then one every 50 milliseconds, `/answer/1000/…` an object as text in so many pieces,
`/call/1000/…` one as the arguments of a call, `/json/…` a reply that does not stream.
"""

from __future__ import annotations

import asyncio
import re
import resource
from typing import cast

from benchmarks import replies

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


class _Connection(asyncio.Protocol):
    """Reads requests off one connection and answers each by its path."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0:
            return
        head = bytes(self._received[:end])
        length = _LENGTH.search(head)
        whole = end + len(_HEAD_END) + int(length[1] if length else 0)
        if len(self._received) < whole:
            return
        del self._received[:whole]
        self._answer(head.split(b" ", 2)[1].decode().split("/"))

    def _answer(self, path: list[str]) -> None:
        if path[1] == "json":
            self._write(_JSON)
        elif path[1] == "burst":
            self._write(replies.burst(int(path[2])))
        elif path[1] == "answer":
            self._write(replies.answer(int(path[2])))
        elif path[1] == "call":
            self._write(replies.call(int(path[2])))
        else:
            self._write(replies.OPENING)
            self._pace(int(path[2]) - 1, int(path[3]) / 1000)

    def _pace(self, left: int, seconds: float) -> None:
        if not left:
            self._write(replies.CLOSING)
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._tick, left, seconds)

    def _tick(self, left: int, seconds: float) -> None:
        self._write(replies.TOKEN_EVENT)
        self._pace(left - 1, seconds)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


_JSON = replies.whole()


async def serve() -> None:
    """Serve on a free port of 127.0.0.1 and print it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())

"""A scripted service on a real socket: what it answers is said beforehand, byte by byte.

A script is a list of answers, one for each request in the order of their coming; the last one is
repeated. An answer is a list of steps: bytes to write, seconds to wait, or one of the markers below.
After the last step the connection is kept open for the next request, unless a step ended it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

RESET = "reset the connection"
CLOSE = "close the connection"
HANG = "never answer"

Step = bytes | float | str


@dataclass
class Hit:
    """One request as the service received it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Service:
    """The service, in a thread of its own.

    Attributes:
        hits: The requests received.
        connections: How many connections were made.
        open: How many of them are open now.
    """

    script: list[Sequence[Step]] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    hits: list[Hit] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    port: int = 0

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def will(self, *answers: Sequence[Step]) -> None:
        """Set the answers to come."""
        self.script = list(answers)
        self.hits.clear()

    @property
    def url(self) -> str:
        """Where to send requests."""
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/v1/chat/completions"

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        server = await asyncio.start_server(
            self._accepted, "127.0.0.1", 0, ssl=self.context, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        # What is being accepted right now comes to have a writer; once the server is closed, it
        # would be left to nobody.
        for listening in server.sockets:
            self._loop.remove_reader(listening)
        await _turns()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        abort_all(self._loop)  # a handshake that has only begun has no writer yet
        await _turns()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Noted at once: a task cancelled before its first step would not close the connection.
        self._writers.add(writer)
        task = asyncio.create_task(self._connected(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._converse(reader, writer, self.connections)
        finally:
            self.open -= 1
            self._writers.discard(writer)
            if self._stop.is_set():
                writer.transport.abort()  # a client that keeps its end open would be waited for
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        while not reader.at_eof():
            self.hits.append(await _request(reader, number))
            answer = self.script[min(len(self.hits), len(self.script)) - 1]
            gone = asyncio.ensure_future(_gone(reader))
            try:
                if not await _play(answer, writer, gone):
                    return
            finally:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)


def abort_all(loop: asyncio.AbstractEventLoop) -> None:
    """Abort what is open in a loop that is about to be closed; nothing public leads to all of it."""
    for transport in list(getattr(loop, "_transports", {}).values()):
        transport.abort()


async def _turns() -> None:
    """Let the loop do what it has begun: accepting takes four turns, aborting under TLS three."""
    for _ in range(8):
        await asyncio.sleep(0)


async def _request(reader: asyncio.StreamReader, number: int) -> Hit:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Hit(method, target, headers, body, number)


async def _gone(reader: asyncio.StreamReader) -> None:
    # Reading ahead would eat the next request; watching for the end of the stream does not.
    while not reader.at_eof():  # noqa: ASYNC110 - a reader has no event for its end
        await asyncio.sleep(0.005)


async def _play(
    answer: Sequence[Step], writer: asyncio.StreamWriter, gone: asyncio.Future[None]
) -> bool:
    """Write an answer; return whether the connection is to be kept."""
    for step in answer:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif step == RESET:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return False
        elif step == CLOSE:
            return False
        else:
            seconds = None if step == HANG else float(step)
            await asyncio.wait([gone], timeout=seconds)
            if gone.done():
                return False
    return True


def head(status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """The head of a reply; underscores in the names of headers stand for hyphens."""
    named = {"content-type": kind} | {k.replace("_", "-"): v for k, v in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes | str, status: int = 200, **headers: str) -> list[Step]:
    """A reply in one piece."""
    data = body.encode() if isinstance(body, str) else body
    return [head(status, content_length=str(len(data)), **headers) + data]


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunked transfer encoding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def event(data: str) -> bytes:
    """A server-sent event."""
    return f"data: {data}\n\n".encode()


def stream(*steps: Step, end: bool = True, **headers: str) -> list[Step]:
    """A streamed reply: pieces are chunked, and the last chunk is sent unless `end` is false."""
    pieces = [chunk(step) if isinstance(step, bytes) else step for step in steps]
    start = head(200, "text/event-stream", transfer_encoding="chunked", **headers)
    return [start, *pieces, *([LAST_CHUNK] if end else [])]


OK = '{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"}}]}'
GREETING = stream(event('{"n":1}'), event('{"n":2}'), event("[DONE]"))

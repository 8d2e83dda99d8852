"""Shows what goes over the wire, attempt by attempt, to whoever watches; off by default.

A watcher is set for a context: a thread, a task, and the tasks that are started in it. An attempt
looks it up, and what is read is shown by a wrapper around the read. So a call that nobody
watches pays for a few look-ups per attempt and for nothing per chunk.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from langchain_aimlapi._transport.bodies import AiohttpBody, HttpxBody
    from langchain_aimlapi._transport.request import Request
    from langchain_aimlapi.errors import AimlapiError

Read: TypeAlias = "Callable[[], Awaitable[bytes]]"


class Watcher(Protocol):
    """What is told of the attempts of a context."""

    def sending(self, request: Request, headers: Mapping[str, str], proxy: str | None) -> Watched:
        """An attempt begins."""


class Watched(Protocol):
    """What is told of one attempt."""

    def replied(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the reply is there."""

    def received(self, data: bytes) -> None:
        """Bytes of the body are there, unpacked; nothing at its end."""

    def failed(self, error: AimlapiError) -> None:
        """The attempt failed, other than by a reply that says so."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_attempt: ContextVar[Watched | None] = ContextVar("attempt", default=None)


@contextlib.contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Show a watcher the attempts of this context."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def attempt(request: Request, proxy: str | None, *, streaming: bool) -> None:
    """Show that an attempt begins, if anybody watches."""
    watcher = _watcher.get()
    if watcher is not None:
        headers = request.sent_headers(streaming=streaming)
        _attempt.set(watcher.sending(request, headers, proxy))


def failed(error: AimlapiError | None) -> AimlapiError | None:
    """Show why the attempt failed, if anybody watches, and return it."""
    watched = None if _watcher.get() is None or error is None else _attempt.get()
    if watched is not None and error is not None:
        watched.failed(error)
    return error


def chunks_of(status: int, headers: Mapping[str, str], chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Show the head of a reply, if anybody watches, and return what reads its body."""
    watched = None if _watcher.get() is None else _attempt.get()
    if watched is None:
        return chunks
    watched.replied(status, headers)
    return _watched_chunks(watched, chunks)


def shown(body: AiohttpBody | HttpxBody) -> AiohttpBody | HttpxBody:
    """Show the head of a reply, if anybody watches, and what is read of its body from then on."""
    watched = None if _watcher.get() is None else _attempt.get()
    if watched is not None:
        watched.replied(body.status, body.headers)
        body.read = _watched_read(watched, body.read)
        body.is_through = None  # so that the end is read, and shown
    return body


def _watched_chunks(watched: Watched, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for data in chunks:
        watched.received(data)
        yield data
    watched.received(b"")


def _watched_read(watched: Watched, read: Read) -> Read:
    async def read_watched() -> bytes:
        data = await read()
        watched.received(data)
        return data

    return read_watched

"""What went over the wire: the very request bodies and the events as received, without the key.

    from langchain_aimlapi.wire import WireData, watch_wire

    with watch_wire(print):
        llm.invoke("I love programming.")

A gateway may serve another model than the one that was asked for, drop a parameter or answer in
another dialect; what it was sent and what it sent back settles the question. Nothing is watched
unless it is asked for, and calls that are not watched cost nothing more.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from langchain_aimlapi._errors.secrets import HIDDEN, Redactor, secrets_in
from langchain_aimlapi._transport.watching import watching

if TYPE_CHECKING:
    from langchain_aimlapi._transport.request import Request
    from langchain_aimlapi.errors import AimlapiError

__all__ = ["WireData", "WireError", "WireEvent", "WireReply", "WireRequest", "watch_wire"]

_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
"""The blank line that ends an event of a stream."""
_LONGEST_END = 4
_HEAD = 64
_BLANK = b" \t\r\n\xef\xbb\xbf"
_NO_EVENT = frozenset({b"{", b"[", b"<", b'"', b""})
"""What a body begins with that is no stream of events, whatever its header says."""
_MOST_SHOWN = 2**20
"""Bytes of a reply that is no stream; a video has many more."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it is sent; retries and a second dialect are requests of their own.

    Attributes:
        attempt: Number of the request, from 1; its reply has the same.
        method: Of HTTP.
        url: Where it goes.
        headers: As sent, but for secrets.
        body: As sent, but for secrets; what is no text is told by its size.
    """

    attempt: int
    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class WireReply:
    """The head of a reply.

    Attributes:
        attempt: Number of the request.
        seconds: Since the request was begun.
        status: Of HTTP.
        headers: With lower-case names.
    """

    attempt: int
    seconds: float
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WireData:
    """One event of a streamed reply with its blank line, or the whole of any other reply.

    Attributes:
        attempt: Number of the request.
        seconds: Since the request was begun.
        text: As received, unpacked, but for secrets.
    """

    attempt: int
    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class WireError:
    """Why a request brought no reply, or one that broke off.

    Attributes:
        attempt: Number of the request.
        seconds: Since the request was begun.
        message: Without secrets.
    """

    attempt: int
    seconds: float
    message: str


WireEvent: TypeAlias = WireRequest | WireReply | WireData | WireError


@contextlib.contextmanager
def watch_wire(on_event: Callable[[WireEvent], None]) -> Iterator[None]:
    """Show what the calls made in this block send and receive, as it happens.

    It holds for the calls of this thread or task, and of the tasks and LangChain's threads that are
    started in it. Keys, and what else is secret in a request, are blanked, also where a reply
    repeats them.

    Args:
        on_event: Called with each request, head of a reply, event and failure, in the thread or
            task of the call; it should be quick, and what it raises ends the call.

    Yields:
        Nothing: what is seen goes to `on_event`.
    """
    watcher = _Watcher(on_event)
    with watching(watcher):
        yield
    watcher.end()


class _Watcher:
    def __init__(self, on_event: Callable[[WireEvent], None]) -> None:
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._is_over = False
        self.unfinished: list[_Attempt] = []
        """Attempts whose reply has begun and not ended."""

    def sending(self, request: Request, headers: Mapping[str, str], proxy: str | None) -> _Attempt:
        redactor = Redactor(request.secrets(proxy))
        number = next(self._numbers)
        url, body = redactor.text(request.url), redactor.text(_as_text(request.body or b""))
        shown = _shown_headers(headers, redactor)
        self.show(WireRequest(number, request.method, url, shown, body))
        return _Attempt(number, redactor, self)

    def show(self, event: WireEvent) -> None:
        """Show an event, unless the block is over that wanted it: a stream may be left open."""
        if not self._is_over:
            self._on_event(event)

    def end(self) -> None:
        """Show what has come of unfinished replies, and nothing from then on."""
        for attempt in tuple(self.unfinished):
            attempt.rest()
        self._is_over = True


class _Attempt:
    """Cuts what is read into events: a secret that came in two reads is blanked as well."""

    def __init__(self, number: int, redactor: Redactor, watcher: _Watcher) -> None:
        self._number = number
        self._redactor = redactor
        self._watcher = watcher
        self._start = time.monotonic()
        self._buffer = bytearray()
        self._searched = 0
        self._left_out = 0

    def replied(self, status: int, headers: Mapping[str, str]) -> None:
        self._watcher.unfinished.append(self)
        shown = {name: self._redactor.text(value) for name, value in headers.items()}
        if "set-cookie" in shown:
            shown["set-cookie"] = HIDDEN
        self._watcher.show(WireReply(self._number, self._seconds(), status, shown))

    def received(self, data: bytes) -> None:
        if not data:
            self.rest()
            return
        self._buffer += data
        if bytes(self._buffer[:_HEAD].lstrip(_BLANK)[:1]) not in _NO_EVENT:
            self._show_events()
        elif (beyond := len(self._buffer) - _MOST_SHOWN) > 0:
            del self._buffer[_MOST_SHOWN:]
            self._left_out += beyond

    def failed(self, error: AimlapiError) -> None:
        self.rest()
        message = self._redactor.text(f"{type(error).__name__}: {error.message}")
        self._watcher.show(WireError(self._number, self._seconds(), message))

    def rest(self) -> None:
        """Show what has come since the last whole event."""
        if self in self._watcher.unfinished:
            self._watcher.unfinished.remove(self)
        if self._buffer.strip():
            self._show(len(self._buffer))

    def _show_events(self) -> None:
        while found := _EVENT_END.search(self._buffer, self._searched):
            self._show(found.end())
        self._searched = max(len(self._buffer) - _LONGEST_END, 0)

    def _show(self, length: int) -> None:
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._searched = 0
        text = self._redactor.text(_as_text(data))
        if self._left_out:
            text += f"\n<{self._left_out:,} more bytes>"
        self._watcher.show(WireData(self._number, self._seconds(), text))

    def _seconds(self) -> float:
        return time.monotonic() - self._start


def _shown_headers(headers: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """Blank whole values of headers that are secret, and secrets within the others."""
    return {
        name: HIDDEN if any(secrets_in({name: value}, "", ())) else redactor.text(value)
        for name, value in headers.items()
    }


def _as_text(data: bytes) -> str:
    return f"<{len(data):,} bytes>" if b"\0" in data else data.decode("utf-8", "replace")

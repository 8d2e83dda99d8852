"""How to read the body of a reply, decided once from its head."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from langchain_aimlapi._transport.refusal import is_json, is_success
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi._transport.sse import SSEDecoder
from langchain_aimlapi.errors import StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HEAD = 262_144
"""How much of a stream is kept until it brings an event: it may be an error with a false label."""


class Reading(Enum):
    """What to do with a body."""

    WHOLE = "read all of it"
    BOUNDED = "read the first part of it, it is an error"
    EVENTS = "pass on event by event"


def reading(status: int, headers: Mapping[str, str], *, streaming: bool) -> Reading:
    """Choose how to read a body: an answer to a streaming request may still be plain JSON."""
    if not is_success(status):
        return Reading.BOUNDED
    return Reading.EVENTS if streaming and not is_json(headers) else Reading.WHOLE


@dataclass(frozen=True, slots=True)
class Opened:
    """A reply whose head is there."""

    status: int
    headers: dict[str, str]
    """With lower-case names."""
    chunks: Iterator[bytes]
    """The body, decompressed."""
    close: Callable[[], None]
    """Gives the connection back if the body has been read to its end, else closes it."""


class Intake:
    """The decoder of one stream, and its first bytes for as long as no event has come."""

    __slots__ = ("_decoder", "_head", "_headers", "_status")

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self._status = status
        self._headers = headers
        self._decoder = SSEDecoder()
        self._head: bytearray | None = bytearray()

    def feed(self, data: bytes | None) -> list[bytes]:
        """Take the next bytes, or None at the end; return the data of the events completed."""
        payloads = self._decoder.end() if data is None else self._decoder.feed(data)
        if self._head is not None:
            if payloads:
                self._head = None
            elif data and len(self._head) < _HEAD:
                self._head += data[:_HEAD]
        return payloads

    def hollow(self) -> Reply | StreamInterruptedError:
        """Return what a stream that ended without any event was: an unlabelled reply, or nothing."""
        head = bytes(self._head or b"")
        if head.lstrip()[:1] in {b"{", b"<"}:
            return Reply(self._status, self._headers, head)
        return StreamInterruptedError(
            "the stream ended before any content",
            status_code=self._status,
            request_id=self._headers.get("x-request-id"),
            inference_id=self._headers.get("x-inference-id"),
        )

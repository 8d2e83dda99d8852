"""How the body of a reply is read: from its head, from its first bytes, and up to which size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from langchain_aimlapi._transport.error_response import MAX_ERROR_BYTES, is_json, is_success
from langchain_aimlapi._transport.request import MAX_RESPONSE_BYTES, Reply
from langchain_aimlapi._transport.sse import DONE, SSEDecoder
from langchain_aimlapi.errors import ResponseFormatError, StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from langchain_aimlapi._transport.request import Request

_BLANK = b" \t\r\n\xef\xbb\xbf"
"""What may stand before the first byte that counts: blanks and a byte order mark."""
_MOST_IDLE = MAX_RESPONSE_BYTES
"""Most bytes of a stream between content and content: a service may say nothing, but not for ever."""
_NO_EVENT = frozenset(b'{[<"')
"""What a body begins with that is no stream of events, whatever it says it is: JSON or a page."""


BodyMode: TypeAlias = Literal["whole", "bounded", "events"]
"""What to do with a body: read all of it, read the first part of it since it is an error, or pass it
on event by event."""


def body_mode(status: int, *, streaming: bool) -> BodyMode:
    """Choose how to read a body."""
    if not is_success(status):
        return "bounded"
    return "events" if streaming else "whole"


@dataclass(frozen=True, slots=True)
class OpenResponse:
    """A reply whose head is there."""

    status: int
    headers: dict[str, str]
    """With lower-case names."""
    chunks: Iterator[bytes]
    """The body as received, compressed maybe."""
    close: Callable[[], None]
    """Gives the connection back if the body has been read to its end, else closes it."""


class EventReader(Protocol):
    """What makes content of the events of one stream.

    Only it knows which events bring some: a ping, an empty delta or a role do not. So silence is
    measured by what it returns.
    """

    @property
    def ended(self) -> bool:
        """Whether nothing can follow: the answer is complete, or an event was an error."""

    @property
    def complete(self) -> bool:
        """Whether only the end of the reply is still to come."""

    def read(self, events: list[bytes]) -> Sequence[Any]:
        """Return what the data of events bring; nothing if they bring no content."""

    def finish(self) -> Sequence[Any]:
        """Return what is known at the end.

        Raises:
            AimlapiError: The answer is an error, or incomplete.
        """


class RawEvents:
    """An `EventReader` that passes on the events as they are."""

    ended = False

    def __init__(self) -> None:
        self.complete = False

    def read(self, events: list[bytes]) -> list[bytes]:
        self.complete = events[-1] == DONE
        return events

    def finish(self) -> list[bytes]:
        return []


MakeReader: TypeAlias = "Callable[[int, Mapping[str, str]], EventReader]"
"""Makes the reader of one attempt, from the status and the headers of its reply."""


def raw_events(_status: int, _headers: Mapping[str, str]) -> RawEvents:
    """Make a reader that passes on events as they are."""
    return RawEvents()


class Bounded:
    """A body that is read as a whole, up to a size.

    Args:
        how: An error's body is cut at `MAX_ERROR_BYTES`, any other's size is checked.
        most: Bytes, unpacked.
    """

    __slots__ = ("_is_error", "_most", "data")

    def __init__(self, how: BodyMode, most: int) -> None:
        self._is_error = how == "bounded"
        self._most = MAX_ERROR_BYTES if self._is_error else most
        self.data = bytearray()

    def add(self, data: bytes) -> bool:
        """Take the next bytes; return whether more are wanted.

        Raises:
            ResponseFormatError: The body is too large.
        """
        self.data += data
        if len(self.data) <= self._most:
            return True
        if self._is_error:
            return False
        raise _too_large(self._most)

    def suffices(self) -> bool:
        """Tell whether to make do with what could be unpacked: the status of an error says enough."""
        return self._is_error


def _too_large(most: int) -> ResponseFormatError:
    error = ResponseFormatError(
        f"the reply is larger than {most:,} bytes",
        hint="Raise max_response_bytes if replies of this size are meant.",
    )
    error.is_retryable = False
    return error


class BodyReader:
    """The body of one stream: events, or a plain answer in JSON, as its first bytes tell.

    The label is not asked: some services say JSON and stream events, others the other way round.

    Args:
        status: Of the reply.
        headers: Of the reply, with lower-case names.
        reader: Makes content of the events.
        most: Most bytes of a plain answer.
    """

    __slots__ = ("_body", "_decoder", "_head", "_headers", "_idle", "_most", "_status", "reader")

    def __init__(
        self, status: int, headers: Mapping[str, str], reader: EventReader, most: int
    ) -> None:
        self.reader = reader
        self._status = status
        self._headers = headers
        self._most = most
        self._decoder = SSEDecoder()
        self._head: bytearray | None = bytearray()  # until there is an event
        self._body: bytearray | None = None
        self._idle = 0

    def feed(self, data: bytes | None) -> Sequence[Any]:
        """Take the next bytes, or None at the end; return the content that they complete.

        Raises:
            ResponseFormatError: The body or one of its events is too large.
        """
        seen = data
        if data and self._head is not None:
            seen = self._begun(data, self._head)
        payloads = self._decoder.end() if seen is None else self._decoder.feed(seen)
        if payloads:
            self._head = None
            if content := self.reader.read(payloads):
                self._idle = 0
                return content
        self._idle += len(data or b"")
        most = _MOST_IDLE if self._body is None else self._most
        if self._idle > most:
            raise _too_large(most)
        return ()

    def _begun(self, data: bytes, head: bytearray) -> bytes:
        """Return what may be events of the bytes before the first event, and keep them."""
        if self._body is None:
            if not head:
                data = data.lstrip(_BLANK)
            head += data[:MAX_ERROR_BYTES] if len(head) < MAX_ERROR_BYTES else b""
            if not head or head[0] not in _NO_EVENT:
                return data
            self._body = bytearray()
        self._body += data
        return b""

    def plain(self) -> Reply | None:
        """Return the reply if it ended without any event, but not without saying something."""
        if self._body is not None:
            return Reply(self._status, self._headers, bytes(self._body))
        if self._head is not None and is_json(self._headers):
            return Reply(self._status, self._headers, bytes(self._head))
        return None

    def last(self) -> Sequence[Any]:
        """Return what is known at the end of a stream that brought no content.

        Raises:
            AimlapiError: It is an error, or broke off.
        """
        if self._head is None:
            return self.reader.finish()
        raise StreamInterruptedError(
            "the stream ended before any content",
            status_code=self._status,
            request_id=self._headers.get("x-request-id"),
            inference_id=self._headers.get("x-inference-id"),
        )


class BytesBody:
    """The body of a file: passed on as received.

    Args:
        status: Of the reply.
        headers: Of the reply, with lower-case names.
        reader: Gets the bytes of each read.
        most: Most bytes of all.
    """

    __slots__ = ("_headers", "_left", "_most", "_status", "reader")

    def __init__(
        self, status: int, headers: Mapping[str, str], reader: EventReader, most: int
    ) -> None:
        self.reader = reader
        self._status = status
        self._headers = headers
        self._most = self._left = most

    def feed(self, data: bytes | None) -> Sequence[Any]:
        """Take the next bytes, or None at the end.

        Raises:
            ResponseFormatError: The file is too large.
        """
        if not data:
            return ()
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(self._most)
        return self.reader.read([data])

    def plain(self) -> Reply | None:
        """Return the reply if it ended without a byte."""
        return Reply(self._status, self._headers, b"") if self._left == self._most else None

    def last(self) -> Sequence[Any]:
        """Return what the reader knows at the end."""
        return self.reader.finish()


StreamBody: TypeAlias = BodyReader | BytesBody


def open_body(
    request: Request, status: int, headers: Mapping[str, str], reader: EventReader
) -> StreamBody:
    """Choose how to read the body of a stream: events, or the bytes of a file."""
    kind = BodyReader if request.rules.is_json else BytesBody
    return kind(status, headers, reader, request.max_bytes)

"""Bytes of a server-sent event stream -> the `data` of its events.

As the WHATWG says it, for bytes cut anywhere: lines end with LF, CR or CRLF; a byte order mark may
stand in front; lines of one event are joined with LF; comments and the fields `event`, `id` and
`retry` carry nothing we need (an `event: error` keeps its data). Two deliberate differences: events
with empty data are heartbeats and dropped, and an event that the end of the stream leaves without
its blank line counts if it is whole JSON or `[DONE]`, since some servers forget the blank line.

Cost: one scan for the last line end and one split per read, whatever the number of events; less for
a read that is one event. An unfinished line grows in place, so a huge event that drips in is not
copied again and again.
"""

from __future__ import annotations

import orjson

from langchain_aimlapi.errors import ResponseFormatError

DONE = b"[DONE]"
"""What streams of the OpenAI dialect end with."""

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""Generous, as an event may hold a whole image or minutes of audio."""

_LINE_OVERHEAD = 32
"""Bytes a kept line costs beside its own, so that a million short lines are bounded too."""

_PREFIX = b"data: "
_PLAIN = _PREFIX + b"{"

_BOM = b"\xef\xbb\xbf"


class SSEDecoder:
    """Turns the bytes of a stream into the data of its events.

    Args:
        max_event_bytes: An event that grows beyond this is an error, so memory stays bounded.
    """

    __slots__ = ("_data", "_held", "_limit", "_line", "_skip_lf", "_start")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._start = True
        self._skip_lf = False
        self._line = bytearray()  # of the line that has not ended yet
        self._data: list[bytes] = []  # lines of the event that has not ended yet
        self._held = 0  # bytes in them

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes, return the data of the events they complete.

        Raises:
            ResponseFormatError: An event is larger than allowed.
        """
        if (payload := self._sole(data)) is not None:
            return [payload]
        if self._skip_lf or b"\r" in data:
            data = self._unified(data)
        lines, newline, rest = data.rpartition(b"\n")
        payloads = self._complete(lines) if newline else []
        if rest:
            self._line += rest
            self._check()
        return payloads

    def _sole(self, data: bytes) -> bytes | None:
        """Return the data of one whole event on one line, which most reads of a slow stream are."""
        end = len(data) - 2
        if not (
            data.startswith(_PLAIN)
            and data.find(b"\n") == end
            and data.endswith(b"\n\n")
            and b"\r" not in data
            and end + _LINE_OVERHEAD <= self._limit
        ):
            return None
        if self._line or self._data:
            return None
        self._start = self._skip_lf = False
        return data[len(_PREFIX) : end]

    def end(self) -> list[bytes]:
        """Return what the end of the stream completes."""
        payloads = self.feed(b"\n")
        last = b"\n".join(self._data)
        self._data.clear()
        return [*payloads, last] if _is_whole(last) else payloads

    def _check(self) -> None:
        if self._held + len(self._line) > self._limit:
            self._line.clear()
            self._data.clear()
            raise ResponseFormatError(f"an event of the stream is larger than {self._limit} bytes")

    def _unified(self, data: bytes) -> bytes:
        """Make every line end an LF; the LF that follows a CR may be yet to come."""
        if self._skip_lf and data:
            data = data.removeprefix(b"\n")
            self._skip_lf = False
        if data.endswith(b"\r"):
            self._skip_lf = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _complete(self, lines: bytes) -> list[bytes]:
        """Take whole lines, the first of which may have begun in an earlier read."""
        if self._line:
            lines = bytes(self._line + lines)
            self._line.clear()
        if self._start:
            self._start = False
            lines = lines.removeprefix(_BOM)
        payloads: list[bytes] = []
        for line in lines.split(b"\n"):
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._held += len(line) + _LINE_OVERHEAD
            elif not line:
                self._dispatch(payloads)
            elif line == b"data":
                self._data.append(b"")
                self._held += _LINE_OVERHEAD
        self._check()
        return payloads

    def _dispatch(self, payloads: list[bytes]) -> None:
        event = self._data
        if event:
            self._check()
            payload = event[0] if len(event) == 1 else b"\n".join(event)
            if payload:
                payloads.append(payload)
            event.clear()
            self._held = 0


def _is_whole(payload: bytes) -> bool:
    if payload == DONE:
        return True
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True

"""The pieces of a chunked HTTP reply, joined to one per read.

A service that streams flushes every event as an HTTP chunk of its own. h11, which reads them below
httpx2, spends more on each than decoding and all of LangChain do, so what one read of the socket
brought is handed to it as one chunk. Nothing is held back but a chunk's header that is not whole
yet, nothing is judged: from the first oddity on, bytes pass as they are, and h11 says what is wrong.

Theory: a reply is a head, which passes untouched, then a body. Only a body whose head says
`Transfer-Encoding: chunked` is looked at, up to its chunk of size 0; that one passes with all that
follows. A new request begins a new reply.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")
_CHUNKED = re.compile(rb"\ntransfer-encoding:[ \t]*chunked[ \t]*\r?\n", re.IGNORECASE)
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_END_AND_SIZE = re.compile(rb"\r\n" + _SIZE.pattern)
_LONGEST_SIZE = 256
_LONGEST_HEAD = 2**17


class ChunkJoiner:
    """Joins the chunks of one reply after another.

    Usage: `begin` with each request; then what is read goes through `feed`.
    """

    __slots__ = ("_head", "_held", "_left", "_line", "_step")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Expect the head of a reply."""
        self._head = b""
        self._held = b""  # of a size line that is not whole yet
        self._left = 0  # bytes that are to come of the chunk under way
        self._line = _SIZE
        self._step: Callable[[bytes], bytes] = self._in_head

    def feed(self, data: bytes) -> bytes:
        """Take what was read, return what the HTTP library is to see of it; maybe nothing yet."""
        return self._step(data)

    def _in_head(self, data: bytes) -> bytes:
        known = len(self._head)
        if not known:
            data = data.lstrip(b"\r\n")  # some services end a body with a line end of their own
        head = self._head + data
        begin, end = 0, _HEAD_END.search(head, max(known - 2, 0))
        while end is not None and _INTERIM.match(head, begin):  # one read may bring thousands
            begin = end.end()
            end = _HEAD_END.search(head, begin)
        if end is None:
            self._head = head[begin:]
            self._step = self._in_head if len(self._head) < _LONGEST_HEAD else self._as_it_is
            return data
        rest = end.end() - known
        self._head = b""
        chunked = _CHUNKED.search(head, begin, end.end())
        self._step = self._in_chunks if chunked else self._as_it_is
        return data[:rest] + self._step(data[rest:]) if rest < len(data) else data

    def _as_it_is(self, data: bytes) -> bytes:
        return data

    def _in_chunks(self, data: bytes) -> bytes:
        begins = self._between_chunks()
        if self._held:
            data, self._held = self._held + data, b""
        pieces, tail = self._pieces(data)
        if len(pieces) == 1 and not tail and begins and self._between_chunks():
            return data
        if not pieces:
            return tail
        joined = b"".join(pieces)
        return b"%x\r\n%b\r\n%b" % (len(joined), joined, tail)

    def _between_chunks(self) -> bool:
        return not self._left and not self._held and self._line is _SIZE

    def _pieces(self, data: bytes) -> tuple[list[bytes], bytes]:
        """What the chunks hold, and what passes behind them as it is."""
        pieces: list[bytes] = []
        at, size = 0, len(data)
        while at < size:
            if not self._left:
                line = self._line.match(data, at)
                length = int(line[1], 16) if line else 0
                if line is None or not length:
                    return pieces, self._last(data[at:], ended=line is not None)
                at = line.end()
                self._left = length
                continue
            piece = data[at : at + self._left]
            pieces.append(piece)
            at += len(piece)
            self._left -= len(piece)
            if not self._left:
                followed = data.startswith(b"\r\n", at)
                at += 2 if followed else 0
                self._line = _SIZE if followed else _END_AND_SIZE
        return pieces, b""

    def _last(self, rest: bytes, *, ended: bool) -> bytes:
        """A size line that is not whole, and is kept; or the end, or an oddity, and is not."""
        begun = b"\n" not in rest.removeprefix(b"\r\n") and len(rest) <= _LONGEST_SIZE
        if not ended and begun:
            self._held = rest
            return b""
        self._step = self._as_it_is
        # The end of the chunk before stands behind the joined one already.
        return rest.removeprefix(b"\r\n") if ended and self._line is _END_AND_SIZE else rest

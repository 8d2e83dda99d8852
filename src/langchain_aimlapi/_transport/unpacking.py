"""Compressed bodies, unpacked piece by piece, so that no reply unpacks to more than was asked for.

The libraries unpack whatever one read brought: 64 KB of it may stand for 64 MB. Here a piece has a
size, the caller counts, and what is over is never made. gzip and deflate are what we ask for; a body
may be several gzip members behind one another (RFC 1952, 2.2), and deflate comes with the frame of
zlib or without. Anything else nobody asked for, and an error says so.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from langchain_aimlapi.errors import ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCEPTED = "gzip, deflate"
"""The packing we ask for."""

PIECE = 2**18
"""Most bytes that are unpacked at once."""

_GZIP, _ZLIB, _RAW = 31, 15, -15
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_MAGIC = b"\x1f\x8b"
_DEFLATE_METHOD = 8


def packing(headers: Mapping[str, str]) -> str:
    """Return how a body is packed, by the reply's headers; empty if it is not."""
    named = headers.get("content-encoding")
    if not named:
        return ""
    kinds = [kind.strip().lower() for kind in named.split(",")]
    return ", ".join(kind for kind in kinds if kind not in {"", "identity"})


class Unpacker:
    """Unpacks one body.

    Usage: `feed` what was read, then `take` until nothing comes.

    Args:
        kind: As `packing` says it.

    Raises:
        ResponseFormatError: It is packed in a way nobody asked for.
    """

    __slots__ = ("_ended", "_kind", "_rest", "_zlib")

    def __init__(self, kind: str) -> None:
        if kind not in _WINDOWS:
            raise _not_to_be_read(
                f"is packed as {kind[:80]!r}, where only {ACCEPTED} was asked for"
            )
        self._kind = kind
        self._zlib: zlib._Decompress | None = None
        self._rest = b""
        self._ended = False  # a member of it

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._rest += data

    def take(self) -> bytes:
        """Return the next piece, of at most `PIECE` bytes; nothing if more has to be read.

        Raises:
            ResponseFormatError: The bytes are not what they are said to be.
        """
        piece = b""
        while not piece and self._rest:
            member = self._zlib or self._begun()
            if member is None:
                break
            try:
                piece = member.decompress(self._rest, PIECE)
            except zlib.error as error:
                raise _not_to_be_read(f"cannot be decompressed ({error})") from None
            self._rest = member.unconsumed_tail
            if member.eof:
                self._rest, self._zlib, self._ended = member.unused_data, None, True
        return piece

    def _begun(self) -> zlib._Decompress | None:
        """Begin with a member, as soon as the two bytes are there that tell its frame."""
        if self._ended:
            # Padding may stand before the next; what is neither is dropped, as gzip does it.
            self._rest = self._rest.lstrip(b"\0")
            if self._kind == "deflate" or not _MAGIC.startswith(self._rest[:2]):
                self._rest = b""
        head = self._rest[:2]
        if len(head) < len(_MAGIC):
            return None
        bits = _WINDOWS[self._kind]
        framed = head[0] & 15 == _DEFLATE_METHOD and not int.from_bytes(head) % 31
        self._zlib = zlib.decompressobj(_RAW if bits == _ZLIB and not framed else bits)
        return self._zlib


def unpacked(chunks: Iterator[bytes], kind: str) -> Iterator[bytes]:
    """Unpack what an iterator brings.

    Args:
        chunks: The body as received.
        kind: As `packing` says it.
    """
    unpacker = Unpacker(kind)
    for data in chunks:
        unpacker.feed(data)
        while piece := unpacker.take():
            yield piece


def _not_to_be_read(why: str) -> ResponseFormatError:
    error = ResponseFormatError(f"the reply {why}")
    error.is_retryable = False
    return error

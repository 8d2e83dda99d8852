"""Pictures: PNG files of coloured squares that a hash of the prompt chooses.

The prompt also stands in the file, as its `Description`; so the sandbox can "read" the picture
when it comes back as a document.
"""

from __future__ import annotations

import colorsys
import hashlib
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SQUARES = 4
"""Squares in a row, and rows."""
_KEYWORD = b"Description\0\0\0\0\0"
"""The head of the `iTXt` chunk: not compressed, no language, no translation."""


def squares(seed: str) -> list[tuple[int, int, int]]:
    """Return the colours of the squares, row by row, as red, green and blue of 0 to 255."""
    digest = hashlib.blake2b(seed.encode(), digest_size=_SQUARES * _SQUARES).digest()
    return [_colour(value) for value in digest]


def _colour(value: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(value / 256, 0.8, 0.4 + 0.5 * (value % 7) / 6)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_png(prompt: str, seed: str, width: int, height: int) -> bytes:
    """Draw the squares.

    Args:
        prompt: Kept in the file.
        seed: What the colours are chosen by.
        width: Pixels.
        height: Pixels.
    """
    columns = bytes(x * _SQUARES // width for x in range(width))
    raw, last = bytearray(), -1
    for y in range(height):
        row = y * _SQUARES // height
        if row == last:
            raw += b"\2" + bytes(width)  # the same as the line above
        else:
            raw += b"\0" + bytes(row * _SQUARES + column for column in columns)
        last = row
    palette = b"".join(bytes(colour) for colour in squares(seed))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette),
        (b"iTXt", _KEYWORD + prompt.encode()),
        (b"IDAT", zlib.compress(bytes(raw), 1)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def prompt_of_png(data: bytes) -> str:
    """Return the prompt that stands in a PNG of the sandbox; empty if there is none."""
    if not data.startswith(SIGNATURE):
        return ""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + size]
        if name == b"iTXt" and content.startswith(_KEYWORD):
            return content[len(_KEYWORD) :].decode(errors="replace")
        at += 12 + size
    return ""

"""Videos: MP4 files that show the squares of a prompt, one picture a second.

ISO/IEC 14496-12 describes the boxes, 14496-15 how H.264 stands in them.
"""

from __future__ import annotations

import struct

from langchain_aimlapi.sandbox.files.h264 import first_picture, parameter_sets, same_picture
from langchain_aimlapi.sandbox.files.png import squares

_SQUARES = 4
_SIDE = _SQUARES * 16
_SCALE = 1000
"""Units of time in a second."""
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def make_mp4(seed: str, seconds: int) -> bytes:
    """Make a video.

    Args:
        seed: What its colours are chosen by.
        seconds: Its length.
    """
    pictures = [first_picture(squares(seed))]
    pictures += [same_picture(number, _SQUARES) for number in range(1, seconds)]
    samples = [struct.pack(">I", len(picture)) + picture for picture in pictures]
    kind = _box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    head = _movie([len(sample) for sample in samples], 0)
    head = _movie([len(sample) for sample in samples], len(kind) + len(head) + 8)
    return kind + head + _box(b"mdat", b"".join(samples))


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + name + content


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _movie(sizes: list[int], offset: int) -> bytes:
    """Return the `moov` box; `offset` is where the first sample begins in the file."""
    length = len(sizes) * _SCALE
    movie = struct.pack(">IIIIIH10x", 0, 0, _SCALE, length, 0x10000, 0x100)
    track = struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, length, 0, 0, 0, 0)
    size = struct.pack(">II", _SIDE << 16, _SIDE << 16)
    media = struct.pack(">IIIIHH", 0, 0, _SCALE, length, 0x55C4, 0)
    return _box(
        b"moov",
        _full(b"mvhd", movie, _MATRIX, bytes(24), struct.pack(">I", 2)),
        _box(
            b"trak",
            _full(b"tkhd", track, _MATRIX, size, flags=3),
            _box(
                b"mdia",
                _full(b"mdhd", media),
                _full(b"hdlr", bytes(4), b"vide", bytes(12), b"squares\0"),
                _information(sizes, offset),
            ),
        ),
    )


def _information(sizes: list[int], offset: int) -> bytes:
    """Return the `minf` box, with the table of samples."""
    count = len(sizes)
    reference = _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _description()),
        _full(b"stts", struct.pack(">III", 1, count, _SCALE)),
        _full(b"stss", struct.pack(">II", 1, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(f">II{count}I", 0, count, *sizes)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    return _box(b"minf", _full(b"vmhd", bytes(8), flags=1), _box(b"dinf", reference), table)


def _description() -> bytes:
    """Return the `avc1` box: size of the pictures, and the parameter sets."""
    sequence, picture = parameter_sets(_SQUARES)
    entry = struct.pack(">6xH16xHHII4xH32xHH", 1, _SIDE, _SIDE, 72 << 16, 72 << 16, 1, 24, 0xFFFF)
    decoder = b"\1" + sequence[1:4] + b"\xff\xe1" + struct.pack(">H", len(sequence)) + sequence
    decoder += b"\1" + struct.pack(">H", len(picture)) + picture
    return _box(b"avc1", entry, _box(b"avcC", decoder))

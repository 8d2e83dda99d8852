"""Audio: WAV files of a 440 Hz tone, which keep the words that they stand for.

The words stand in the comment of the file; so the sandbox can "hear" its own speech.
"""

from __future__ import annotations

import math
import struct

RATE = 8000
"""Samples per second, 16 bits each."""

_HERTZ, _AMPLITUDE = 440, 8000
_PERIOD = 200
"""Samples after which the tone begins anew: 11 waves."""
_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
_INFO_HEAD = 20
"""Bytes of a `LIST` chunk before the text of its only entry."""


def tone_samples(seconds: float) -> bytes:
    """Return the samples of a tone, 16 bits each, little-endian."""
    wave = (round(_AMPLITUDE * math.sin(2 * math.pi * _HERTZ * at / RATE)) for at in range(_PERIOD))
    period = struct.pack(f"<{_PERIOD}h", *wave)
    wanted = round(RATE * seconds) * 2
    return (period * (wanted // len(period) + 1))[:wanted]


def make_wav(seconds: float, words: str = "") -> bytes:
    """Make a WAV file of a tone.

    Args:
        seconds: Its length.
        words: Kept in the file, if there are any.
    """
    samples = tone_samples(seconds)
    info = _comment(words) if words else b""
    head = _HEAD.pack(
        *(b"RIFF", 36 + len(samples) + len(info), b"WAVE", b"fmt ", 16),
        *(1, 1, RATE, RATE * 2, 2, 16, b"data", len(samples)),
    )
    return head + samples + info


def _comment(words: str) -> bytes:
    text = words.encode() + b"\0"
    padded = text + b"\0" * (len(text) % 2)
    entry = b"INFO" + b"ICMT" + struct.pack("<I", len(text)) + padded
    return b"LIST" + struct.pack("<I", len(entry)) + entry


def read_wav(data: bytes) -> tuple[float, str]:
    """Return the seconds of a WAV file and the words in its comment; zero and nothing for others."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return 0.0, ""
    at, rate, seconds, words = 12, 0, 0.0, ""
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt " and size >= 16:  # noqa: PLR2004  # the shortest there is
            rate = int.from_bytes(data[at + 16 : at + 20], "little")
        elif name == b"data" and rate:
            seconds = min(size, len(data) - at - 8) / rate
        elif name == b"LIST" and data[at + 12 : at + 16] == b"ICMT":
            words = data[at + _INFO_HEAD : at + 8 + size].rstrip(b"\0").decode(errors="replace")
        at += 8 + size + size % 2
    return seconds, words

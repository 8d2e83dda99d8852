"""The audio of a spoken answer: a short tone."""

from __future__ import annotations

import base64
import math
import struct

_RATE, _HERTZ, _SECONDS, _AMPLITUDE = 8000, 440, 0.1, 8000


def tone(audio_format: str) -> str:
    """Make a tenth of a second of a 440 Hz tone in base64: raw for `pcm16`, else a WAV file."""
    steps = range(round(_RATE * _SECONDS))
    wave = (round(_AMPLITUDE * math.sin(2 * math.pi * _HERTZ * at / _RATE)) for at in steps)
    data = b"".join(struct.pack("<h", value) for value in wave)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16),
        *(1, 1, _RATE, _RATE * 2, 2, 16, b"data", len(data)),
    )
    return base64.b64encode(data if audio_format == "pcm16" else head + data).decode()

"""The audio of a spoken answer: a short tone."""

from __future__ import annotations

import base64

from langchain_aimlapi.sandbox.files.wav import make_wav, tone_samples

_SECONDS = 0.1


def tone(audio_format: str) -> str:
    """Make a tenth of a second of a 440 Hz tone in base64: raw for `pcm16`, else a WAV file."""
    data = tone_samples(_SECONDS) if audio_format == "pcm16" else make_wav(_SECONDS)
    return base64.b64encode(data).decode()

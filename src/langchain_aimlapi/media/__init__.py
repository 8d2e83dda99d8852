"""Everything but chat: images, videos, music, speech, transcription, OCR, as LangChain parts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.transcript import Segment, Word
    from langchain_aimlapi.media.images import AimlapiImages
    from langchain_aimlapi.media.job import Job
    from langchain_aimlapi.media.music import AimlapiMusic
    from langchain_aimlapi.media.ocr import AimlapiOCRLoader
    from langchain_aimlapi.media.results import GeneratedFile, MediaResult
    from langchain_aimlapi.media.speech import AimlapiSpeech
    from langchain_aimlapi.media.transcription import (
        AimlapiTranscription,
        AimlapiTranscriptionLoader,
        Transcript,
    )
    from langchain_aimlapi.media.videos import AimlapiVideos

_HOMES = {
    "AimlapiImages": "media.images",
    "AimlapiMusic": "media.music",
    "AimlapiOCRLoader": "media.ocr",
    "AimlapiSpeech": "media.speech",
    "AimlapiTranscription": "media.transcription",
    "AimlapiTranscriptionLoader": "media.transcription",
    "AimlapiVideos": "media.videos",
    "GeneratedFile": "media.results",
    "Job": "media.job",
    "MediaResult": "media.results",
    "Segment": "_codec.decode.transcript",
    "Transcript": "media.transcription",
    "Word": "_codec.decode.transcript",
}

__all__ = [
    "AimlapiImages",
    "AimlapiMusic",
    "AimlapiOCRLoader",
    "AimlapiSpeech",
    "AimlapiTranscription",
    "AimlapiTranscriptionLoader",
    "AimlapiVideos",
    "GeneratedFile",
    "Job",
    "MediaResult",
    "Segment",
    "Transcript",
    "Word",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"langchain_aimlapi.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

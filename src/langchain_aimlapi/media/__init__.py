"""Everything but chat: images, videos, music, speech, transcription, OCR, as LangChain parts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_aimlapi.media.images import AimlapiImages
    from langchain_aimlapi.media.job import Job
    from langchain_aimlapi.media.music import AimlapiMusic
    from langchain_aimlapi.media.results import GeneratedFile, MediaResult
    from langchain_aimlapi.media.videos import AimlapiVideos

_HOMES = {
    "AimlapiImages": "images",
    "AimlapiMusic": "music",
    "AimlapiVideos": "videos",
    "GeneratedFile": "results",
    "Job": "job",
    "MediaResult": "results",
}

__all__ = ["AimlapiImages", "AimlapiMusic", "AimlapiVideos", "GeneratedFile", "Job", "MediaResult"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value

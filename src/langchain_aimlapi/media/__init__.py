"""Everything but chat: images, videos, music, speech, transcription, OCR, as LangChain parts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_aimlapi.media.images import AimlapiImages
    from langchain_aimlapi.media.results import GeneratedFile, MediaResult

_HOMES = {"AimlapiImages": "images", "GeneratedFile": "results", "MediaResult": "results"}

__all__ = ["AimlapiImages", "GeneratedFile", "MediaResult"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value

"""LangChain chat models and embeddings for AI/ML API: one service, 400+ models of many vendors.

Names are loaded when they are first used; importing the package opens and reads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._version import __version__

if TYPE_CHECKING:
    from langchain_aimlapi._chat.results import StructuredOutput
    from langchain_aimlapi._client.warnings import (
        UnknownParameterWarning,
        UnsupportedParameterWarning,
    )
    from langchain_aimlapi._transport.request import Timeouts
    from langchain_aimlapi.account import Account
    from langchain_aimlapi.budget import Budget
    from langchain_aimlapi.callbacks import AimlapiUsageHandler, get_aimlapi_callback
    from langchain_aimlapi.catalogue import ModelInfo, metrics, model, models, price
    from langchain_aimlapi.chat_models import ChatAimlapi
    from langchain_aimlapi.constants import AIMLAPI_HEADERS as AIMLAPI_HEADERS
    from langchain_aimlapi.embeddings import AimlapiEmbeddings, EmbeddingsResult
    from langchain_aimlapi.errors import (
        AimlapiConnectionError,
        AimlapiError,
        AimlapiStatusError,
        AimlapiTimeoutError,
        AuthenticationError,
        BudgetExceededError,
        ConfigurationError,
        ConflictError,
        ContextOverflowError,
        InvalidRequestError,
        JobFailedError,
        MissingAPIKeyError,
        NotFoundError,
        OutOfCreditsError,
        PermissionDeniedError,
        RateLimitError,
        RequestTimeoutError,
        ResponseFormatError,
        ServerError,
        StreamInterruptedError,
        UnsupportedContentError,
        UnsupportedFormatError,
    )
    from langchain_aimlapi.image_models import AimlapiImageModel as AimlapiImageModel
    from langchain_aimlapi.llms import AimlapiLLM as AimlapiLLM
    from langchain_aimlapi.media import (
        AimlapiImages,
        AimlapiMusic,
        AimlapiOCRLoader,
        AimlapiSpeech,
        AimlapiTranscription,
        AimlapiTranscriptionLoader,
        AimlapiVideos,
    )
    from langchain_aimlapi.video_models import AimlapiVideoModel as AimlapiVideoModel

_HOMES = {
    "AimlapiImages": "media.images",
    "AimlapiMusic": "media.music",
    "AimlapiOCRLoader": "media.ocr",
    "AimlapiSpeech": "media.speech",
    "AimlapiTranscription": "media.transcription",
    "AimlapiTranscriptionLoader": "media.transcription",
    "AimlapiVideos": "media.videos",
    "Account": "account",
    "AimlapiEmbeddings": "embeddings",
    "AimlapiUsageHandler": "callbacks",
    "Budget": "budget",
    "ChatAimlapi": "chat_models",
    "EmbeddingsResult": "embeddings",
    "ModelInfo": "catalogue",
    "StructuredOutput": "_chat.results",
    "get_aimlapi_callback": "callbacks",
    "metrics": "catalogue",
    "model": "catalogue",
    "models": "catalogue",
    "price": "catalogue",
    "Timeouts": "_transport.request",
    "UnknownParameterWarning": "_client.warnings",
    "UnsupportedParameterWarning": "_client.warnings",
}
"""Where a name lives, unless it is an error."""

__all__ = [
    "Account",
    "AimlapiConnectionError",
    "AimlapiEmbeddings",
    "AimlapiError",
    "AimlapiImages",
    "AimlapiMusic",
    "AimlapiOCRLoader",
    "AimlapiSpeech",
    "AimlapiStatusError",
    "AimlapiTimeoutError",
    "AimlapiTranscription",
    "AimlapiTranscriptionLoader",
    "AimlapiUsageHandler",
    "AimlapiVideos",
    "AuthenticationError",
    "Budget",
    "BudgetExceededError",
    "ChatAimlapi",
    "ConfigurationError",
    "ConflictError",
    "ContextOverflowError",
    "EmbeddingsResult",
    "InvalidRequestError",
    "JobFailedError",
    "MissingAPIKeyError",
    "ModelInfo",
    "NotFoundError",
    "OutOfCreditsError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseFormatError",
    "ServerError",
    "StreamInterruptedError",
    "StructuredOutput",
    "Timeouts",
    "UnknownParameterWarning",
    "UnsupportedContentError",
    "UnsupportedFormatError",
    "UnsupportedParameterWarning",
    "__version__",
    "get_aimlapi_callback",
    "metrics",
    "model",
    "models",
    "price",
]


_EARLIER = {
    "AIMLAPI_HEADERS": "constants",
    "AimlapiImageModel": "image_models",
    "AimlapiLLM": "llms",
    "AimlapiVideoModel": "video_models",
}
"""Names of releases before 1.0, and where they live; what is better is told when they are used."""
_SPELLINGS = {
    "AIMLAPIEmbeddings": "AimlapiEmbeddings",
    "AIMLAPILLM": "AimlapiLLM",
    "ChatAIMLAPI": "ChatAimlapi",
}
"""How LangChain's pages spelled names for a while."""


def __getattr__(name: str) -> Any:
    if name in _SPELLINGS:
        return _respelled(name)
    if name in __all__:
        home = _HOMES.get(name, "errors")
    elif name in _EARLIER:
        home = _EARLIER[name]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def _respelled(name: str) -> Any:
    from langchain_aimlapi._client.warnings import warn_deprecated  # noqa: PLC0415  # hardly ever

    warn_deprecated(name, _SPELLINGS[name])
    return __getattr__(_SPELLINGS[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Warnings that help: said once, with the nearest name that is known."""

from __future__ import annotations

import difflib
import inspect
import warnings
from functools import cache
from typing import TYPE_CHECKING

from langchain_core._api import LangChainDeprecationWarning

from langchain_aimlapi import _catalogue
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType

_TAKEN_BY_SOME_SERVERS = frozenset({"cache_control", "prediction", "service_tier", "user"})


@cache
def documented_parameters() -> frozenset[str]:
    """Every parameter that some model documents; those without a field are sent as they are."""
    known = (_catalogue.model_spec(model) for model in _catalogue.ids())
    return _TAKEN_BY_SOME_SERVERS.union(*(spec.parameters for spec in known if spec))


_said: set[tuple[str, str]] = set()


class UnknownParameterWarning(UserWarning):
    """An argument that is neither a field nor a documented parameter; it was sent unchanged."""


class UnsupportedParameterWarning(UserWarning):
    """A parameter that the model is documented not to accept; it was left out."""


_NAMES_ELSEWHERE: Mapping[str, str] = {
    "anthropic_api_url": "It is base_url=… here.",
    "anthropic_proxy": "It is proxy=… here.",
    "api_base": "It is base_url=… here.",
    "api_version": "If the address wants one, give default_query={'api-version': …}.",
    "azure_endpoint": "It is base_url=… here.",
    "check_embedding_ctx_length": "Leave it out: long lists of texts are split by tokens anyway.",
    "default_request_timeout": "It is timeout=… here.",
    "disabled_params": "unsupported_params says what happens to parameters a model does not take.",
    "embedding_ctx_length": "Leave it out: a text that is too long is an error that names it.",
    "endpoint": "It is base_url=… here.",
    "headers": "It is default_headers=… here, and extra_headers=… on a call.",
    "http_socket_options": "Give an http_client and an http_async_client that have them.",
    "include_response_headers": "Leave it out: ids, cost and rate limits stand in "
    "response_metadata.",
    "openai_api_base": "It is base_url=… here.",
    "openai_api_type": "Leave it out.",
    "openai_api_version": "If the address wants one, give default_query={'api-version': …}.",
    "openai_organization": "Leave it out: the service has no organizations.",
    "openai_proxy": "It is proxy=… here.",
    "organization": "Leave it out: the service has no organizations.",
    "retries": "It is max_retries=… here.",
    "show_progress_bar": "It is on_progress=… here, a function.",
    "skip_empty": "Leave it out: an empty text is an error that names it.",
    "tiktoken_enabled": "Leave it out: tokens are estimated.",
    "tiktoken_model_name": "Leave it out: tokens are estimated.",
}
"""Arguments of other packages' models that are about the client: none of them is for the service."""


def warn_unknown(names: Iterable[str], known: Iterable[str | None], *, where: str) -> None:
    """Warn of unknown names, each once per place.

    Raises:
        ConfigurationError: For a name that is meant to hold a key, or is another package's.
    """
    documented = documented_parameters()
    pool = sorted({name for name in known if name} | documented)
    for name in names:
        if "api_key" in name.lower():
            raise ConfigurationError(
                f"{where}: {name!r} is not a known argument and would be sent in the request body, "
                "where a key must not be. It is api_key=… here."
            )
        if name in _NAMES_ELSEWHERE:
            raise ConfigurationError(
                f"{where}: {name!r} is an argument of another package, and would be sent in the "
                f"request body. {_NAMES_ELSEWHERE[name]}"
            )
        if name in documented or not _first_time(where, name):
            continue
        near = next(iter(difflib.get_close_matches(name, pool, n=1)), None)
        hint = f" Did you mean {near!r}?" if near else ""
        warnings.warn(
            f"{where}: {name!r} is not a known argument; it is sent in the request body.{hint}",
            UnknownParameterWarning,
            stacklevel=_callers_level(),
        )


def warn_dropped(names: Iterable[str], model: str) -> None:
    """Warn of parameters left out for a model, each once."""
    for name in names:
        if _first_time(model, name):
            warnings.warn(
                f"{model} does not take {name!r}, so it was left out. unsupported_params='send' "
                "sends it all the same, 'error' raises instead.",
                UnsupportedParameterWarning,
                stacklevel=_callers_level(),
            )


def warn_unforced(model: str) -> None:
    """Warn, once per model, that it may answer without a call that was to be forced."""
    if _first_time(model, "tool_choice"):
        warnings.warn(
            f"{model} takes no forced tool call while it reasons, so tool_choice is sent as 'auto' "
            "and it may answer in text. Ask for no reasoning where a call must come.",
            UnsupportedParameterWarning,
            stacklevel=_callers_level(),
        )


def warn_deprecated(name: str, instead: str) -> None:
    """Say, once, that an earlier name has a better one."""
    if _first_time("deprecated", name):
        warnings.warn(
            f"{name} is an earlier name, kept so that programs go on to work. Use {instead}.",
            LangChainDeprecationWarning,
            stacklevel=_callers_level(),
        )


_NOT_THE_CALLER = frozenset({"langchain", "langchain_aimlapi", "langchain_core", "pydantic"})


def _callers_level() -> int:
    """How far up from whoever warns the user's own line is."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and _package(frame) in _NOT_THE_CALLER:
        level, frame = level + 1, frame.f_back
    return max(level, 1)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _first_time(place: str, name: str) -> bool:
    if (place, name) in _said:
        return False
    _said.add((place, name))
    return True


def forget() -> None:
    """Say everything once more (for tests)."""
    _said.clear()

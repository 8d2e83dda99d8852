"""Warnings that help: said once, with the nearest name that is known."""

from __future__ import annotations

import difflib
import inspect
import warnings
from functools import cache
from typing import TYPE_CHECKING

from langchain_core._api import LangChainDeprecationWarning

from langchain_aimlapi import _catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def warn_unknown(names: Iterable[str], known: Iterable[str | None], *, where: str) -> None:
    """Warn of unknown names, each once per place."""
    documented = documented_parameters()
    pool = sorted({name for name in known if name} | documented)
    for name in names:
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

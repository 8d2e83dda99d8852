"""Warnings that help: said once, with the nearest name that is known."""

from __future__ import annotations

import difflib
import warnings
from functools import cache
from typing import TYPE_CHECKING

from langchain_aimlapi import _catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAKEN_BY_SOME_SERVERS = frozenset({"cache_control", "prediction", "service_tier", "user"})


@cache
def documented_parameters() -> frozenset[str]:
    """Every parameter that some model documents; those without a field are sent as they are."""
    known = (_catalogue.facts(model) for model in _catalogue.ids())
    return _TAKEN_BY_SOME_SERVERS.union(*(facts.parameters for facts in known if facts))


_said: set[tuple[str, str]] = set()


class UnknownParameterWarning(UserWarning):
    """An argument that is no field of ours and no documented parameter; it was sent as it is."""


class UnsupportedParameterWarning(UserWarning):
    """A parameter that the model is documented not to take; it was left out."""


def warn_unknown(names: Iterable[str], known: Iterable[str | None], *, where: str) -> None:
    """Warn of names nobody knows, each once per place."""
    documented = documented_parameters()
    pool = sorted({name for name in known if name} | documented)
    for name in names:
        if name in documented or not _first_time(where, name):
            continue
        near = difflib.get_close_matches(name, pool, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        warnings.warn(
            f"{where}: {name!r} is not a known argument; it is sent in the request body.{hint}",
            UnknownParameterWarning,
            stacklevel=4,
        )


def warn_dropped(names: Iterable[str], model: str) -> None:
    """Warn of parameters left out for a model, each once."""
    for name in names:
        if _first_time(model, name):
            warnings.warn(
                f"{model} does not take {name!r}, so it was left out. unsupported_params='send' "
                "sends it all the same, 'error' raises instead.",
                UnsupportedParameterWarning,
                stacklevel=4,
            )


def _first_time(place: str, name: str) -> bool:
    if (place, name) in _said:
        return False
    _said.add((place, name))
    return True


def forget() -> None:
    """Say everything once more (for tests)."""
    _said.clear()

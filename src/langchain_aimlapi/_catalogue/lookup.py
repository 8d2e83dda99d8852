"""Find a model in the catalogue by its id.

`models.json` lies beside this file and is written by `scripts/refresh_catalogue.py`. It is read
on the first look-up, and only the model asked for is built.

An id is found as it is written, then regardless of case, then by an alias that the service
itself lists. What is documented of a dated id and its undated sibling may differ, so each that is
documented has its own entry; one that is not gets its sibling's.
"""

from __future__ import annotations

import difflib
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi._catalogue.entry import ModelEntry, read_entry
from langchain_aimlapi._catalogue.files import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.spec import ModelSpec

_PREFERRED = (
    "gpt-4o-mini",
    "openai/gpt-5-5",
    "anthropic/claude-sonnet-5",
    "google/gemini-3-5-flash",
    "deepseek/deepseek-v4-pro",
    "meta-llama/Llama-3.3-70B-Instruct-Turbo",
)
"""Well-known ids, best first; those no longer listed are passed over."""

_ALIKE = 0.6
"""Least likeness, from 0 to 1, of an id worth naming to someone who mistyped one."""


def documented(model: str) -> ModelEntry | None:
    """Return what is documented under this very id, whatever its case, or a listed alias."""
    return _documented(model)


@lru_cache(maxsize=1024)
def entry(model: str) -> ModelEntry | None:
    """Return what is known of `model`, or `None` if the catalogue lacks it.

    An id that is not documented, and differs from one that is by the vendor's prefix or a date
    alone, names the same model (`openai/gpt-4o-mini`, `gpt-4o-mini-2024-07-18`).
    """
    found = _documented(model)
    if found is not None:
        return found
    from langchain_aimlapi._catalogue.twins import twins  # noqa: PLC0415  # stands on this module

    prefix = model.lower().rpartition("/")[0]
    same = (twin for twin in twins(model) if not prefix or prefix in _prefixes()[twin.vendor])
    return next(same, None)


def model_spec(model: str) -> ModelSpec | None:
    """Return the documented request schema of `model`, or `None` if none is documented."""
    found = entry(model)
    return None if found is None else found.spec


def pricing(model: str) -> dict[str, Any] | None:
    """Return the price of `model` as the service stated it, or `None` if none is recorded.

    The amounts are USD for `per` units each; `kind` is `fixed`, `variants` or `variable`.
    """
    found = entry(model)
    price = None if found is None else _data()["pricing"].get(found.id)
    copied: dict[str, object] | None = orjson.loads(orjson.dumps(price))
    return copied


def published(model: str) -> Mapping[str, Any]:
    """Return what others than the service say of the model of an id, by LangChain's profile keys.

    It comes from the models.dev project, by way of LangChain's provider packages
    (`scripts/refresh_profiles.py`); empty where they do not know the model.
    """
    known: Mapping[str, Any] = _data().get("profiles", {})
    said = known.get(model, {})
    found: Mapping[str, Any] = known[said] if isinstance(said, str) else said
    return found


def ids() -> tuple[str, ...]:
    """Return every model id of the catalogue, sorted."""
    return tuple(_data()["models"])


def near(model: str, n: int = 3) -> list[str]:
    """Return up to `n` ids that look like `model`, nearest first.

    Ids are compared with and without their vendor prefix. Left out are `model` itself, which
    the caller has tried, and ids that the service has retired.
    """
    wanted = _Spelling(model)
    models = _data()["models"]
    scores = {
        known: wanted.likeness(known)
        for known in models
        if known != model and models[known]["listing"] != "deprecated"
    }
    alike = [known for known, score in scores.items() if score >= _ALIKE]
    return sorted(alike, key=lambda known: (-scores[known], known))[:n]


def name_others(model: str) -> str:
    """Return a sentence that names ids near `model`, or well-known ones if none is like it."""
    if found := near(model):
        return f"Ids near {model!r}: {', '.join(found)}."
    return f"No id is like {model!r}; well-known ones: {', '.join(suggest())}."


def suggest() -> list[str]:
    """Return a few well-known ids that are listed, for someone who has named no model."""
    models = _data()["models"]
    listed = {known for known in models if models[known]["listing"] == "listed"}
    return [known for known in _PREFERRED if known in listed] or sorted(listed)[:5]


class _Spelling:
    """An id to compare others with; the matcher keeps what it learnt of it between comparisons."""

    def __init__(self, model: str) -> None:
        self._whole = difflib.SequenceMatcher(b=_plain(model), autojunk=False)
        self._bare = difflib.SequenceMatcher(b=_bare(_plain(model)), autojunk=False)

    def likeness(self, other: str) -> float:
        plain = _plain(other)
        return max(_ratio(self._whole, plain), _ratio(self._bare, _bare(plain)))


def _ratio(matcher: difflib.SequenceMatcher[str], other: str) -> float:
    matcher.set_seq1(other)
    cheap = min(matcher.real_quick_ratio(), matcher.quick_ratio())
    return matcher.ratio() if cheap >= _ALIKE else 0.0


def _plain(model: str) -> str:
    return model.lower().replace(".", "-").replace("_", "-")


def _bare(model: str) -> str:
    return model.rpartition("/")[2]


@lru_cache(maxsize=1024)  # more than the catalogue has, and a bound on what callers make up
def _documented(model: str) -> ModelEntry | None:
    models = _data()["models"]
    known = model if model in models else _other_spellings().get(model.lower())
    return None if known is None else read_entry(_data(), known)


@cache
def _prefixes() -> dict[str, set[str]]:
    """The prefixes of each vendor's ids."""
    found: dict[str, set[str]] = {}
    for model, line in _data()["models"].items():
        found.setdefault(line["vendor"], set()).add(model.lower().rpartition("/")[0])
    return found


@cache
def _other_spellings() -> dict[str, str]:
    data = _data()
    aliases = {alias.lower(): known for alias, known in data["aliases"].items()}
    return aliases | {known.lower(): known for known in data["models"]}


@cache
def _data() -> dict[str, Any]:
    return read_file("models.json")

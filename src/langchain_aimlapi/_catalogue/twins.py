"""Ids that name the same model: with and without the vendor's prefix, a date, or dots in a version.

`gpt-4o`, `openai/gpt-4o` and `gpt-4o-2024-08-06` may be served by different request schemas, so no
schema is taken from one for another. What the model itself is does not depend on how it is called:
its context window and its limit of output are taken over where the id's own pages do not tell them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi._catalogue.lookup import documented, ids, published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.entry import ModelEntry

_DATE = re.compile(
    r"-(?:(?P<full>20\d\d-?[01]\d-?[0-3]\d)"  # 2024-08-06, 20250514
    r"|(?P<month_year>[01]\d-20\d\d)"  # 08-2024
    r"|(?P<year_month>2\d[01]\d)"  # 2407
    r"|(?P<month_day>[01]\d-[0-3]\d))$"  # 05-06
)


class Spelling(NamedTuple):
    """An id taken apart."""

    prefix: str
    base: str
    date: str


def spelling(model: str) -> Spelling:
    """Take an id apart: vendor's prefix, name without dots, date."""
    prefix, _, bare = model.lower().replace("_", "-").rpartition("/")
    dated = _DATE.search(bare)
    base = bare[: dated.start()] if dated else bare
    return Spelling(prefix, base.replace(".", "-"), dated[0] if dated else "")


@cache
def _by_base() -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for model in ids():
        grouped.setdefault(spelling(model).base, []).append(model)
    return grouped


def twins(model: str) -> list[ModelEntry]:
    """The other ids of the same model: those of the same date first, then undated, then newest.

    Two different dates are two models; an id without one names the newest.

    An id that the catalogue lacks has twins too, unless they are of a vendor that its prefix does
    not name.
    """
    own = spelling(model)
    known = documented(model)
    found = [(spelling(other), other) for other in _by_base().get(own.base, []) if other != model]
    entries = [
        (spelled, other)
        for spelled, name in found
        if (other := documented(name)) is not None
        and (known is None or known.vendor == other.vendor)
        and (known is not None or not own.prefix or spelled.prefix in {"", own.prefix})
        and (not own.date or spelled.date in {"", own.date})
    ]
    newest_first = sorted(entries, key=lambda each: each[0].date, reverse=True)
    return [
        other
        for _, other in sorted(newest_first, key=lambda each: _distance(own.date, each[0].date))
    ]


def _distance(own: str, other: str) -> int:
    if own == other:
        return 0
    return 1 if not other else 2


def windows(model: str) -> tuple[int | None, int | None]:
    """The context window and the limit of output of a model in tokens, by any of its ids.

    What the service documents goes before what others say.
    """
    known = documented(model)
    entries = [*([known] if known else []), *twins(model)]
    stated = [(each.context_window, each.max_output) for each in entries]
    context = next((window for window, _ in stated if window is not None), None)
    output = known.max_output if known else None
    if output is None and context is not None and (known is None or known.context_window is None):
        output = next(limit for window, limit in stated if window is not None)
    elsewhere = [published(each.id) for each in entries]
    return (
        context or _first(elsewhere, "max_input_tokens"),
        output or _first(elsewhere, "max_output_tokens"),
    )


def _first(elsewhere: list[Mapping[str, Any]], key: str) -> int | None:
    return next((each[key] for each in elsewhere if key in each), None)

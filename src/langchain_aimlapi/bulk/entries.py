"""The rows of a journal, on their way in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi.bulk.values import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.bulk.outcome import Outcome

__all__ = ["Entry", "Saved", "as_row", "saved_row"]


class Entry(NamedTuple):
    """A row that is through, on its way into the journal."""

    row: int
    outcome: Outcome
    input: Mapping[str, Any] | None = None
    """The input's columns, for inputs that cannot be read a second time."""


class Saved(NamedTuple):
    """A row of the journal."""

    row: int
    failed: bool
    values: dict[str, Any]
    input: dict[str, Any] | None


def saved_row(row: tuple[int, int, bytes, bytes | None]) -> Saved:
    """A row of the table as it was put."""
    number, failed, outcome, given = row
    return Saved(number, bool(failed), loads(outcome), loads(given) if given else None)


def as_row(entry: Entry) -> tuple[object, ...]:
    """A row of the table, of types that `sqlite3` takes as they are; for others it asks adapters."""
    number, outcome, given = entry
    values = outcome.values
    return (
        number,
        int(outcome.failed),
        values.get("error_type"),
        values.get("input_tokens"),
        values.get("output_tokens"),
        values.get("cost_usd"),
        bytearray(dumps(values)),
        None if given is None else bytearray(dumps(given)),
    )

"""The output of a job: the rows of the input with what the journal has of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_aimlapi.bulk import sinks
from langchain_aimlapi.bulk.errors import OutputError, SourceError
from langchain_aimlapi.bulk.journal import Journal
from langchain_aimlapi.bulk.outcome import COLUMNS
from langchain_aimlapi.bulk.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from langchain_aimlapi.bulk.journal import Saved
    from langchain_aimlapi.bulk.report import Report
    from langchain_aimlapi.bulk.sources import Source

__all__ = ["export", "write_output"]


def export(journal: str | Path, source: object, sink: str | Path) -> Report:
    """Write the rows that are through to a file; also while the job runs.

    Args:
        journal: The job's journal.
        source: The job's input, for its columns. For rows that a program gave, `None`: the
            journal has them.
        sink: Where to write.

    Returns:
        How far the job is.

    Raises:
        JournalError: If there is no journal, or it cannot be read.
        SourceError: If the input or the output cannot be used.
    """
    path, place = Path(sink), Path(journal)
    sinks.check_sink(path)
    opened = open_source(source if source is not None else ())
    begun_with = Journal.identity(place).get("source")
    if source is not None and opened.fingerprint() != begun_with:
        raise SourceError("The input is not the one that the journal's job was begun with.")
    write_output(opened, place, path, finished_only=True)
    return replace(Journal.report(place), output=path)


def write_output(source: Source, journal: Path, sink: Path, *, finished_only: bool = False) -> None:
    """Join the input's columns and the journal's, and write them.

    Args:
        source: The job's input.
        journal: The job's journal.
        sink: Where to write.
        finished_only: Whether rows that are not through are left out.

    Raises:
        OutputError: If it cannot be written.
    """
    with Journal.snapshot(journal) as rows:
        records = partial(_records, source, rows, finished_only=finished_only)
        try:
            sinks.write(sink, records, getattr(source, "schema", None))
        except (OSError, ValueError, TypeError, OverflowError) as error:
            raise OutputError(
                f"{sink} cannot be written: {error}. The rows are safe in {journal}; run the job "
                "again when this is put right, which pays for nothing, or export them to JSON "
                "Lines, which takes values of all types."
            ) from error


def _records(
    source: Source, rows: Callable[[], Iterator[Saved]], *, finished_only: bool
) -> Iterator[Mapping[str, object]]:
    saved = rows()
    if not source.rereadable:
        for kept in saved:
            yield {**(kept.input or {}), **_columns(kept.values)}
        return
    known = next(saved, None)
    for row in source.rows():
        if known is not None and known.row == row.number:
            yield {**row.values, **_columns(known.values)}
            known = next(saved, None)
        elif not finished_only:
            yield {**row.values, **_columns({})}


def _columns(values: Mapping[str, object]) -> dict[str, object]:
    return {name: values.get(name) for name in COLUMNS}

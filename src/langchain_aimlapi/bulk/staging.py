"""Rows and outcomes as Arrow tables, on their way to other machines and back."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

from langchain_aimlapi.bulk import sinks
from langchain_aimlapi.bulk.journal import Entry
from langchain_aimlapi.bulk.outcome import COLUMNS, Outcome
from langchain_aimlapi.bulk.rows import Row
from langchain_aimlapi.bulk.values import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

__all__ = ["ID", "entries_of", "packed", "plain_rows", "stage", "staged_rows", "with_columns"]

ID = "row"
"""The column of row numbers, int64: checkpoints hold all of them in memory, texts would be larger."""
_ROWS_PER_FILE = 65_536
_BATCH = 4_096


def stage(rows: Iterator[Row], folder: Path) -> None:
    """Lay rows down as numbered Parquet files, whole or not at all.

    Args:
        rows: Those that are to be asked.
        folder: Where to; left alone if a former run has laid them down.
    """
    import pyarrow as pa  # noqa: PLC0415  # an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    if folder.exists():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    schema = pa.schema([(ID, pa.int64()), ("input", pa.string()), ("problem", pa.string())])
    for number in itertools.count():
        batch = list(itertools.islice(rows, _ROWS_PER_FILE))
        if not batch and number:
            break
        columns = [
            [row.number for row in batch],
            [dumps(row.values).decode() for row in batch],
            [row.problem for row in batch],
        ]
        table = pa.Table.from_arrays(
            [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
        )
        pq.write_table(table, part / f"part-{number:06d}.parquet", row_group_size=_BATCH)
    part.replace(folder)


def staged_rows(table: pa.Table) -> list[Row]:
    """Read rows as `stage` laid them down."""
    return [
        Row(record[ID], loads(record["input"].encode()), record["problem"])
        for record in table.to_pylist()
    ]


def plain_rows(table: pa.Table) -> list[Row]:
    """Read the rows of any table, numbered from 0."""
    return [Row(number, values) for number, values in enumerate(table.to_pylist())]


def packed(entries: Sequence[Entry]) -> pa.Table:
    """Write outcomes as a table of one type, whatever is in them."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    columns: dict[str, tuple[list[object], object]] = {
        ID: ([entry.row for entry in entries], pa.int64()),
        "failed": ([entry.outcome.failed for entry in entries], pa.bool_()),
        "outcome": ([dumps(entry.outcome.values).decode() for entry in entries], pa.string()),
        "input": (
            [None if entry.input is None else dumps(entry.input).decode() for entry in entries],
            pa.string(),
        ),
    }
    return pa.table({name: pa.array(values, kind) for name, (values, kind) in columns.items()})


def entries_of(paths: Iterable[Path]) -> Iterator[Entry]:
    """Read outcomes as `packed` wrote them."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                for record in batch.to_pylist():
                    outcome = Outcome(loads(record["outcome"].encode()), record["failed"])
                    given = record["input"]
                    yield Entry(record[ID], outcome, loads(given.encode()) if given else None)


def with_columns(table: pa.Table, entries: Sequence[Entry]) -> pa.Table:
    """Set the job's columns beside the input's, for the rows that are through."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    entries = sorted(entries, key=lambda entry: entry.row)
    found = table.take(pa.array([entry.row for entry in entries], pa.int64()))
    for field in sinks.job_schema():
        values = [entry.outcome.values.get(field.name) for entry in entries]
        if COLUMNS[field.name] == "json":
            values = [None if value is None else dumps(value).decode() for value in values]
        found = found.append_column(field, pa.array(values, field.type))
    return found

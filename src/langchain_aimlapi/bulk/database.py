"""The SQLite file of a journal: how it is opened for reading, and told from other files."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from langchain_aimlapi.bulk.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["APPLICATION_ID", "TABLES", "check_kind", "reading", "translated", "write_rows"]

APPLICATION_ID = 0x41494D4C  # "AIML": tells a journal from another SQLite file

TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    id INTEGER PRIMARY KEY,
    failed INTEGER NOT NULL,
    error_type TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd REAL,
    outcome BLOB NOT NULL,
    input BLOB
);
"""
# A row that is tried again in a later run has cost what both tries cost.
_WRITE = """
INSERT INTO rows VALUES {rows}
ON CONFLICT (id) DO UPDATE SET
    failed = excluded.failed,
    error_type = excluded.error_type,
    input_tokens = ifnull(input_tokens, 0) + ifnull(excluded.input_tokens, 0),
    output_tokens = ifnull(output_tokens, 0) + ifnull(excluded.output_tokens, 0),
    cost_usd = ifnull(cost_usd, 0) + ifnull(excluded.cost_usd, 0),
    outcome = excluded.outcome,
    input = excluded.input
"""
_MOST_ROWS = 64
"""Rows of one statement; SQLite takes 999 values at least."""


def write_rows(db: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows, many in a statement.

    Each statement gives up the interpreter's lock once and has to wait for it again while the
    event loop works, so a statement a row costs the loop far more than the writing.

    Args:
        db: The journal.
        rows: Values in the order of the table's columns.
    """
    done = 0
    while left := len(rows) - done:
        # Numbers of rows that are powers of two: few statements, which SQLite parses once each.
        count = min(_MOST_ROWS, 1 << left.bit_length() - 1)
        columns = list(zip(*rows[done : done + count], strict=True))
        empty = tuple(column.count(None) == count for column in columns)
        told = [column for column, is_empty in zip(columns, empty, strict=True) if not is_empty]
        db.execute(_statement(count, empty), tuple(chain.from_iterable(zip(*told, strict=True))))
        done += count


@cache
def _statement(rows: int, empty: tuple[bool, ...]) -> str:
    """Columns without a value are in the text: to hand over `None` takes as long as a text."""
    row = ", ".join("NULL" if is_empty else "?" for is_empty in empty)
    return _WRITE.format(rows=", ".join([f"({row})"] * rows))


def check_kind(db: sqlite3.Connection, path: Path) -> None:
    """Refuse SQLite files of other programs."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != APPLICATION_ID:
        raise JournalError(f"{path} is an SQLite file, but no journal of a bulk job.")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"{path} cannot be used as a journal: {error}.") from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a journal for reading."""
    if not path.exists():
        raise JournalError(f"There is no journal {path}.")
    with (
        translated(path),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db,
    ):
        check_kind(db, path)
        yield db

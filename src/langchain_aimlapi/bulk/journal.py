"""The journal of a job on one machine: an SQLite file that holds each row that is through.

A row counts only after the journal has it. One thread writes, up to 100 rows or 10 ms to a
commit; the write-ahead log lets others read meanwhile. `durability="full"` waits for the disk at
each commit, and so survives a power cut as well as a killed process. The row's number is the
primary key, so that the output is read in the order of the input without sorting.

The file also says which job it belongs to. A lock file beside it keeps two runs apart; the
system drops the lock when its process dies.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter, deque
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from langchain_aimlapi.bulk.database import (
    APPLICATION_ID,
    TABLES,
    check_kind,
    reading,
    translated,
    write_rows,
)
from langchain_aimlapi.bulk.entries import Entry, Saved, as_row, saved_row
from langchain_aimlapi.bulk.errors import JobChangedError, JournalError
from langchain_aimlapi.bulk.lock import locked
from langchain_aimlapi.bulk.report import Report
from langchain_aimlapi.bulk.values import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


__all__ = ["Entry", "Journal", "Saved"]

VERSION = "1"
Durability = Literal["normal", "full"]
_ROWS_PER_COMMIT = 100
_SECONDS_PER_COMMIT = 0.01
_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class _Full:
    """What made the writer give up."""

    error: Exception


class Journal:
    """A journal that is open for writing.

    Args:
        path: The file; made if it is not there.
        identity: What makes the job this one: texts by the name of the field.
        durability: "full" waits for the disk at each commit.
        force: Whether a journal of another identity is continued all the same.

    Raises:
        JobChangedError: If the journal belongs to another job.
        JournalError: If it cannot be read or written, is in use, or is of another version.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, str],
        *,
        durability: Durability = "normal",
        force: bool = False,
    ) -> None:
        self.path = path
        self._pending: deque[Entry | threading.Event] = deque()
        self._signal = threading.Event()
        self._closing = False
        self._failed: _Full | None = None
        self._thread: threading.Thread | None = None
        self._reader: sqlite3.Connection | None = None
        self._durability = durability
        self._lock = locked(path)
        try:
            self._prepare(identity, force=force)
        except BaseException:
            self._lock.release()
            raise

    def _prepare(self, identity: Mapping[str, str], *, force: bool) -> None:
        with translated(self.path), closing(sqlite3.connect(self.path)) as db:
            check_kind(db, self.path)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.executescript(TABLES)
            known = dict(db.execute("SELECT key, value FROM meta"))
            version = known.pop("version", VERSION)
            if version != VERSION:
                raise JournalError(
                    f"{self.path} is a journal of version {version}; this package writes "
                    f"version {VERSION}. Finish the job with the package that began it, or "
                    "begin it anew with another journal."
                )
            changed = tuple(k for k in identity if known.get(k, identity[k]) != identity[k])
            if changed and not force:
                raise JobChangedError(_changed(self.path, changed), changed)
            said = {**identity, "version": VERSION}
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", said.items())
            db.commit()

    # --- writing ----------------------------------------------------------------------------------

    def start(self, saved: Callable[[Sequence[Entry]], None]) -> None:
        """Begin to write.

        Args:
            saved: Called in the writing thread with the entries of each commit.
        """
        self._thread = threading.Thread(target=self._write, args=(saved,), name="bulk-journal")
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Hand over a row.

        Raises:
            JournalError: If an earlier row could not be written.
        """
        self._raise_failure()
        self._pending.append(entry)
        # Waking the thread for each row would cost more than the row: it sleeps in between.
        if not self._signal.is_set():
            self._signal.set()

    def flush(self) -> None:
        """Wait until what was handed over is written.

        Raises:
            JournalError: If a row could not be written.
        """
        written = threading.Event()
        self._pending.append(written)
        self._signal.set()
        while not written.wait(0.1) and self._failed is None:
            pass
        self._raise_failure()

    def close(self) -> None:
        """Write what was handed over, and let go of the file.

        Raises:
            JournalError: If a row could not be written.
        """
        if self._thread is not None:
            self._closing = True
            self._signal.set()
            self._thread.join()
            self._thread = None
        self.release()
        self._raise_failure()

    def release(self) -> None:
        """Let others have the journal; nothing happens the second time."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._lock.release()

    def _raise_failure(self) -> None:
        if self._failed is not None:
            error = self._failed.error
            raise JournalError(
                f"{self.path} cannot be written: {error}. The rows that it holds are safe; run "
                "the job again when this is put right, and it goes on from there."
            ) from error

    def _write(self, saved: Callable[[Sequence[Entry]], None]) -> None:
        try:
            with closing(sqlite3.connect(self.path)) as db:
                db.execute(
                    f"PRAGMA synchronous={'FULL' if self._durability == 'full' else 'NORMAL'}"
                )
                while entries := self._next_entries():
                    write_rows(db, list(map(as_row, entries)))
                    db.commit()
                    saved(entries)
        except Exception as error:  # noqa: BLE001  # told by the next `put`, or by `close`
            self._failed = _Full(error)
            saved(())

    def _next_entries(self) -> list[Entry]:
        """The entries of one commit; none at the end."""
        entries: list[Entry] = []
        while not entries:
            if self._closing and not self._pending:
                return []
            if len(self._pending) < _ROWS_PER_COMMIT and not self._closing:
                self._wait()
            self._take(entries)
        return entries

    def _take(self, entries: list[Entry]) -> None:
        while self._pending and len(entries) < _ROWS_PER_COMMIT:
            first = self._pending[0]
            if not isinstance(first, threading.Event):
                entries.append(first)
            elif entries:
                return  # what was handed over before it is committed first
            else:
                first.set()
            self._pending.popleft()

    def _wait(self) -> None:
        """Wait for a row, and a little longer for others to share its commit."""
        if not self._pending:
            self._signal.wait()
        self._signal.clear()
        if not self._closing:
            time.sleep(_SECONDS_PER_COMMIT)

    def has(self, entry: Entry) -> bool:
        """Tell whether a row is there with this very outcome, cost and time included.

        Args:
            entry: The row.
        """
        if self._reader is None:
            self._reader = sqlite3.connect(self.path, check_same_thread=False)
        query = "SELECT outcome FROM rows WHERE id = ?"
        known = self._reader.execute(query, (entry.row,)).fetchone()
        return known is not None and known[0] == dumps(entry.outcome.values)

    # --- reading ----------------------------------------------------------------------------------

    def finished(self, *, failed_too: bool) -> Iterator[int]:
        """The numbers of the rows that are through, in order.

        They are read by the page: one long reading would keep the write-ahead log from being
        emptied for as long as the job takes. Rows that are finished meanwhile are not among them
        if `finished` is asked for a row before that row is begun.

        Args:
            failed_too: Whether rows that ended with an error are among them.
        """
        where = "" if failed_too else "AND NOT failed"
        query = f"SELECT id FROM rows WHERE id > ? {where} ORDER BY id LIMIT ?"  # noqa: S608  # our own text
        return (row for (row,) in self._paged(query))

    def saved(self) -> Iterator[Saved]:
        """The rows that are through, in order, read as those of `finished`."""
        query = "SELECT id, failed, outcome, input FROM rows WHERE id > ? ORDER BY id LIMIT ?"
        return map(saved_row, self._paged(query))

    def _paged(self, query: str) -> Iterator[tuple[Any, ...]]:
        last = -1
        while True:
            with reading(self.path) as db:
                page = db.execute(query, (last, _PAGE)).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    @staticmethod
    @contextmanager
    def snapshot(path: Path) -> Iterator[Callable[[], Iterator[Saved]]]:
        """The rows of a journal as they are at one moment; also while a job writes to it.

        Args:
            path: The journal.

        Yields:
            What gives the rows in the order of the input, as often as it is called.

        Raises:
            JournalError: If there is no journal, or it cannot be read.
        """
        with reading(path) as db:
            db.execute("BEGIN")
            query = "SELECT id, failed, outcome, input FROM rows ORDER BY id"
            yield lambda: map(saved_row, db.execute(query))

    @staticmethod
    def identity(path: Path) -> dict[str, str]:
        """What makes the job the one it is.

        Args:
            path: The journal.
        """
        with reading(path) as db:
            return dict(db.execute("SELECT key, value FROM meta"))

    @staticmethod
    def costs(path: Path) -> list[float]:
        """USD of each row whose cost is known.

        Args:
            path: The journal.
        """
        with reading(path) as db:
            return [
                usd for (usd,) in db.execute("SELECT cost_usd FROM rows WHERE cost_usd NOT NULL")
            ]

    @staticmethod
    def tokens(path: Path) -> list[tuple[int, int]]:
        """Tokens of the prompt and the answer of each row that has them.

        Args:
            path: The journal.
        """
        query = (
            "SELECT input_tokens, ifnull(output_tokens, 0) FROM rows WHERE input_tokens NOT NULL"
        )
        with reading(path) as db:
            return list(db.execute(query))

    @staticmethod
    def report(path: Path, total: int | None = None) -> Report:
        """What a journal holds; also while a job writes to it.

        Args:
            path: The journal.
            total: Rows of the input, if known.

        Raises:
            JournalError: If there is no journal, or it cannot be read.
        """
        with reading(path) as db:
            counts = db.execute(
                "SELECT count(*), total(failed), total(input_tokens), total(output_tokens), "
                "total(cost_usd) FROM rows"
            ).fetchone()
            errors = dict(
                db.execute("SELECT error_type, count(*) FROM rows WHERE failed GROUP BY error_type")
            )
        through, failed, given, answered, usd = counts
        return Report(
            rows=through if total is None else total,
            done=through - int(failed),
            failed=int(failed),
            resumed=through,
            input_tokens=int(given),
            output_tokens=int(answered),
            cost_usd=usd,
            seconds=0.0,
            errors=dict(Counter(errors)),
            output=None,
            journal=path,
        )


def _changed(path: Path, fields: tuple[str, ...]) -> str:
    named = " and ".join(fields)
    verb = "differs" if len(fields) == 1 else "differ"
    return (
        f"{path} belongs to another job: its {named} {verb}. Use another journal for the new "
        "job, or force=True to go on with this one, whose finished rows stay as they are."
    )

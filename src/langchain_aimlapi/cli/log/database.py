"""The log itself: an SQLite file that only its owner can read, off unless it is asked for."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from langchain_aimlapi._client.key import API_KEY_VARIABLE
from langchain_aimlapi._errors.secrets import HIDDEN
from langchain_aimlapi.cli.log.migrations import APPLICATION_ID, UnknownMigrationError, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOG_VARIABLE = "AIMLAPI_LOG"
_OFF, _ON = {"", "0", "off", "false", "no"}, {"1", "on", "true", "yes"}
_SECONDS_FOR_OTHERS = 30
_SHORTEST_SECRET = 8
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_JSON_COLUMNS = ("parameters", "messages")


class LogError(Exception):
    """The log cannot be used; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A prompt and what became of it."""

    model: str
    """As it was asked for."""
    prompt: str
    answer: str
    status: str = "done"
    """Or "interrupted", "failed"."""
    served_by: str | None = None
    system: str | None = None
    reasoning: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None
    seconds: float = 0.0
    finish_reason: str | None = None
    inference_id: str | None = None
    error: str | None = None
    sandbox: bool = False
    replaced: bool = False
    """Whether another answer to the same prompt stands for it (`/retry`)."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    messages: Sequence[Mapping[str, Any]] = ()
    """What belongs to the conversation, as `messages_from_dict` reads it."""
    created: str = ""
    """ISO 8601, UTC."""
    conversation: int = 0
    id: int = 0


_COLUMNS = tuple(each.name for each in fields(Entry))
_WRITTEN = tuple(name for name in _COLUMNS if name != "id")


def log_path() -> Path | None:
    """Where entries are kept by the environment; None if they are not."""
    named = os.environ.get(LOG_VARIABLE, "")
    if named.lower() in _OFF:
        return None
    return default_path() if named.lower() in _ON else Path(named).expanduser()


def default_path() -> Path:
    """The file in the user's data folder."""
    import platformdirs  # noqa: PLC0415  # only where it is needed

    return Path(platformdirs.user_data_path("langchain-aimlapi")) / "log.db"


class Log:
    """An open log; several processes may write to one file.

    Args:
        path: The file; it is made, readable by its owner alone, if it is not there.

    Raises:
        LogError: It cannot be made or read, is no log, or a newer version wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            _make(path)
            self._db = sqlite3.connect(path, timeout=_SECONDS_FOR_OTHERS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise LogError(f"The log {path} cannot be opened: {why}.") from None
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        try:
            if not self._is_ours():
                raise LogError(f"{self.path} is a database of something else, not a log.")
            migrate(self._db)
        except UnknownMigrationError as error:
            raise LogError(
                f"The log {self.path} was written by a newer version of langchain-aimlapi "
                f"({error}); update this one to read it."
            ) from None
        except sqlite3.DatabaseError as error:
            raise LogError(f"The log {self.path} cannot be used: {error}.") from None

    def _is_ours(self) -> bool:
        """Tell whether the file is new or has our mark, at one moment: another process may begin it."""
        self._db.execute("BEGIN")
        try:
            has_tables = self._db.execute("SELECT 1 FROM sqlite_master").fetchone()
            mark = self._db.execute("PRAGMA application_id").fetchone()[0]
        finally:
            self._db.execute("ROLLBACK")
        return not has_tables or mark == APPLICATION_ID

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- writing ----------------------------------------------------------------------------------

    def add(self, entry: Entry, *, replaces: int | None = None) -> Entry:
        """Write an entry; a conversation of 0 begins one.

        Args:
            entry: What to write. A key in it is blanked.
            replaces: The entry that it takes the place of in the conversation.

        Returns:
            The entry with its ids and time.

        Raises:
            LogError: It cannot be written.
        """
        try:
            return self._add(entry, replaces)
        except sqlite3.Error as error:
            raise LogError(f"The log {self.path} cannot be written to: {error}.") from None

    def _add(self, entry: Entry, replaces: int | None) -> Entry:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = _row(entry, now)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if not entry.conversation:
                begun = self._db.execute("INSERT INTO conversations (created) VALUES (?)", (now,))
                row["conversation"] = begun.lastrowid
            if replaces is not None:
                self._db.execute("UPDATE entries SET replaced = 1 WHERE id = ?", (replaces,))
            places = ", ".join(f":{name}" for name in _WRITTEN)
            statement = f"INSERT INTO entries ({', '.join(_WRITTEN)}) VALUES ({places})"  # noqa: S608  # our names
            id_ = self._db.execute(statement, row).lastrowid
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        return _entry({**row, "id": id_})

    # --- reading ----------------------------------------------------------------------------------

    def find(self, query: str = "", models: Sequence[str] = (), limit: int = 0) -> list[Entry]:
        """Return entries, the newest first, without their messages.

        Args:
            query: Words that prompt and answer hold; "several words" as they stand, a* for more.
            models: Only of these.
            limit: Most entries; 0 for all.

        Raises:
            LogError: The file cannot be read.
        """
        conditions, values = ["1"], list[object]()
        if match := match_expression(query):
            conditions.append("id IN (SELECT rowid FROM entries_text WHERE entries_text MATCH ?)")
            values.append(match)
        if models:
            places = ", ".join("?" for _ in models)
            conditions.append(f"(model IN ({places}) OR served_by IN ({places}))")
            values += [*models, *models]
        found = self._select(
            f"WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",
            [*values, limit or -1],
            without=("messages",),
        )
        return list(found)

    def entry(self, id_: int) -> Entry | None:
        """Return an entry, if it is there."""
        return next(self._select("WHERE id = ?", [id_]), None)

    def last(self) -> Entry | None:
        """Return the newest entry, if there is one."""
        return next(self._select("ORDER BY id DESC LIMIT 1", []), None)

    def conversation(self, id_: int) -> list[Entry]:
        """Return the entries of a conversation in their order, without those that were replaced."""
        return list(self._select("WHERE conversation = ? AND NOT replaced ORDER BY id", [id_]))

    def _select(
        self, rest: str, values: Sequence[object], *, without: Sequence[str] = ()
    ) -> Iterator[Entry]:
        names = [name for name in _COLUMNS if name not in without]
        try:
            rows = self._db.execute(f"SELECT {', '.join(names)} FROM entries {rest}", values)  # noqa: S608
            for row in rows.fetchall():
                yield _entry(dict(zip(names, row, strict=True)))
        except sqlite3.Error as error:
            raise LogError(f"The log {self.path} cannot be read: {error}.") from None


def match_expression(query: str) -> str:
    """Return what the full-text index searches for: each word or phrase, whatever is in it."""
    terms = []
    for phrase, word in _WORD.findall(query):
        begins = word.endswith("*") and len(word) > 1
        text = phrase or (word.removesuffix("*") if begins else word)
        if text.strip():
            terms.append('"' + text.replace('"', '""') + '"' + ("*" if begins else ""))
    return " ".join(terms)


# --- rows -----------------------------------------------------------------------------------------


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made here, since SQLite would let others read it.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _row(entry: Entry, now: str) -> dict[str, Any]:
    row: dict[str, Any] = {**asdict(entry), "created": entry.created or now}
    for name in _JSON_COLUMNS:
        row[name] = json.dumps(row[name], ensure_ascii=False, default=str)
    secret = os.environ.get(API_KEY_VARIABLE, "").strip()
    if len(secret) < _SHORTEST_SECRET:
        return row
    return {
        name: value.replace(secret, HIDDEN) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _entry(row: dict[str, Any]) -> Entry:
    for name in _JSON_COLUMNS:
        if name in row:
            row[name] = json.loads(row[name])
    for name in ("sandbox", "replaced"):
        row[name] = bool(row[name])
    return Entry(**row)

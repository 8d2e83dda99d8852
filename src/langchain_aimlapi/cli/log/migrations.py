"""The tables of the log, as small steps with names; a file remembers which of them it has seen.

A step that was released is never changed: what is to be otherwise is another step below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x41494D4C
"""Marks a file as ours (`PRAGMA application_id`): "AIML"."""


class Migration(NamedTuple):
    """A step."""

    name: str
    statements: tuple[str, ...]


MIGRATIONS = (
    Migration(
        "create_entries",
        (
            "CREATE TABLE conversations (id INTEGER PRIMARY KEY, created TEXT NOT NULL)",
            """
            CREATE TABLE entries (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                conversation INTEGER NOT NULL REFERENCES conversations (id),
                created TEXT NOT NULL,
                status TEXT NOT NULL,
                model TEXT NOT NULL,
                served_by TEXT,
                system TEXT,
                prompt TEXT NOT NULL,
                answer TEXT NOT NULL,
                reasoning TEXT,
                input_tokens INTEGER,
                output_tokens INTEGER,
                usd REAL,
                seconds REAL NOT NULL,
                finish_reason TEXT,
                inference_id TEXT,
                error TEXT,
                sandbox INTEGER NOT NULL,
                replaced INTEGER NOT NULL DEFAULT 0,
                parameters TEXT NOT NULL,
                messages TEXT NOT NULL
            )
            """,
            "CREATE INDEX entries_by_conversation ON entries (conversation)",
        ),
    ),
    Migration(
        "search_entries",
        (
            """
            CREATE VIRTUAL TABLE entries_text USING fts5 (
                prompt, answer, content = 'entries', content_rowid = 'id',
                tokenize = 'unicode61 remove_diacritics 2'
            )
            """,
            """
            CREATE TRIGGER entries_added AFTER INSERT ON entries BEGIN
                INSERT INTO entries_text (rowid, prompt, answer)
                VALUES (new.id, new.prompt, new.answer);
            END
            """,
            """
            CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
                INSERT INTO entries_text (entries_text, rowid, prompt, answer)
                VALUES ('delete', old.id, old.prompt, old.answer);
            END
            """,
            "INSERT INTO entries_text (entries_text) VALUES ('rebuild')",
        ),
    ),
)


class UnknownMigrationError(Exception):
    """The file has seen a step that this version does not know."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file up to this version; several processes may do so at once.

    Raises:
        UnknownMigrationError: A newer version wrote it.
        sqlite3.Error: It cannot be done; the file is as it was.
    """
    if _missing(db) == []:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster.
        for migration in _missing(db):
            for statement in migration.statements:
                db.execute(statement)
            db.execute("INSERT INTO migrations (name) VALUES (?)", (migration.name,))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _missing(db: sqlite3.Connection) -> list[Migration]:
    if db.in_transaction:
        db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    has_table = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    names = db.execute("SELECT name FROM migrations").fetchall() if has_table else []
    seen = {str(name) for (name,) in names}
    if unknown := seen - {migration.name for migration in MIGRATIONS}:
        raise UnknownMigrationError(", ".join(sorted(unknown)))
    return [migration for migration in MIGRATIONS if migration.name not in seen]

"""What the journal promises: a row counts when it is written, and one job has one journal."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest

from langchain_aimlapi import bulk
from langchain_aimlapi.bulk import journal as journals
from langchain_aimlapi.bulk.journal import Entry, Journal
from langchain_aimlapi.bulk.outcome import Outcome

from .world import World, lines

IDENTITY = {"prompt": "a", "model": "m"}


def rows_of(path):
    """All rows of a journal."""
    with Journal.snapshot(path) as rows:
        return list(rows())


def opened(path, identity=IDENTITY, **options):
    """A journal for writing, and the rows it says it has written."""
    journal, saved = Journal(path, identity, **options), []
    journal.start(saved.extend)
    return journal, saved


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_what_is_put_is_there_after_close(tmp_path, durability):
    """In the order of the input, whatever the order it came in."""
    journal, saved = opened(tmp_path / "j", durability=durability)
    for row in (3, 1, 2):
        journal.put(Entry(row, Outcome({"answer": str(row)}), {"text": "t"}))
    journal.close()

    assert [row.row for row in rows_of(tmp_path / "j")] == [1, 2, 3]
    assert sorted(entry.row for entry in saved) == [1, 2, 3]
    assert rows_of(tmp_path / "j")[0].input == {"text": "t"}


def test_rows_that_come_soon_after_one_another_share_a_commit(tmp_path, monkeypatch):
    """Also those that come while a commit is written: one each would take longer than the rows."""
    numbers, commits = iter(range(1000)), []
    journal = Journal(tmp_path / "j", IDENTITY)

    def put(rows):
        for _ in range(rows):
            journal.put(Entry(next(numbers), Outcome({})))

    def sleep(seconds):
        assert seconds == 0.01
        put(20 if len(commits) < 3 else 0)

    def saved(entries):
        commits.append(len(entries))
        put(1 if len(commits) < 3 else 0)

    monkeypatch.setattr(journals, "time", SimpleNamespace(sleep=sleep))
    journal.start(saved)
    put(1)
    while len(commits) < 3:
        threading.Event().wait(0.001)
    journal.close()

    assert commits == [21, 21, 21]


def test_rows_count_only_when_they_are_written(tmp_path):
    """The call comes after the commit: another connection sees the row by then."""
    path, seen = tmp_path / "j", []
    journal = Journal(path, IDENTITY)
    journal.start(lambda entries: seen.append((len(entries), bulk.status(path).done)))
    for row in range(250):
        journal.put(Entry(row, Outcome({})))
    journal.close()

    total = 0
    for entries, visible in seen:
        total += entries
        assert visible >= total
    assert total == 250


def test_two_runs_on_one_journal(tmp_path):
    """The second is refused, from another thread too, and may run after the first."""
    journal, _ = opened(tmp_path / "j")
    refused = []

    def second():
        try:
            Journal(tmp_path / "j", IDENTITY)
        except bulk.JournalError as error:
            refused.append(str(error))

    thread = threading.Thread(target=second)
    thread.start()
    thread.join()
    assert "in use" in refused[0]
    journal.close()
    opened(tmp_path / "j")[0].close()


def test_the_changed_fields_are_named(tmp_path):
    """A journal belongs to one job."""
    opened(tmp_path / "j")[0].close()
    with pytest.raises(bulk.JobChangedError, match="prompt and model differ") as refused:
        Journal(tmp_path / "j", {"prompt": "b", "model": "n"})
    assert refused.value.fields == ("prompt", "model")
    opened(tmp_path / "j")[0].close()


def test_a_journal_of_another_version(tmp_path):
    """It is refused, and says what to do."""
    opened(tmp_path / "j")[0].close()
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    db.close()
    with pytest.raises(bulk.JournalError, match="version 99"):
        Journal(tmp_path / "j", IDENTITY)


@pytest.mark.parametrize("kind", ["text", "sqlite"])
def test_files_that_are_no_journal(tmp_path, kind):
    """Somebody else's file is not written into."""
    path = tmp_path / "j"
    if kind == "text":
        path.write_text("hello " * 50, "utf-8")
    else:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE theirs (a)")
        db.close()
    before = path.read_bytes()
    with pytest.raises(bulk.JournalError, match="journal"):
        Journal(path, IDENTITY)
    assert path.read_bytes() == before


def test_a_journal_that_is_not_there(tmp_path):
    """Looking at it does not make it."""
    with pytest.raises(bulk.JournalError, match="no journal"):
        bulk.status(tmp_path / "j")
    assert not (tmp_path / "j").exists()


def test_a_full_disk(tmp_path, monkeypatch):
    """The job ends with an error of ours, keeps what it has, and goes on when there is room."""
    from langchain_aimlapi.bulk import journal as module

    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}" * 200} for i in range(400)])
    connect = sqlite3.connect

    def small(*args, **kwargs):
        db = connect(*args, **kwargs)
        db.execute("PRAGMA max_page_count = 40")  # SQLite's own way to say that a disk is full
        return db

    monkeypatch.setattr(module.sqlite3, "connect", small)
    with pytest.raises(bulk.JournalError, match="full"):
        bulk.run(source, World().runnable(), tmp_path / "o.jsonl", prompt="{text}")
    monkeypatch.undo()
    kept = bulk.status(tmp_path / "o.jsonl.journal").done
    assert 0 < kept < 400
    world = World()
    bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
    assert sum(world.calls.values()) == 400 - kept


def test_failed_tries_of_earlier_runs_are_paid_for_too(tmp_path):
    """The cost of a row is that of all runs."""
    for failed, usd in ((True, 0.25), (False, 0.5)):
        journal, _ = opened(tmp_path / "j")
        journal.put(Entry(0, Outcome({"cost_usd": usd}, failed=failed)))
        journal.close()
    report = bulk.status(tmp_path / "j")
    assert (report.cost_usd, report.done, report.failed) == (0.75, 1, 0)


def test_what_the_table_holds(tmp_path):
    """Each value by its own type, with columns that are empty in some rows, in all, or in none."""
    known = {"input_tokens": 5, "output_tokens": 0, "cost_usd": 0.25}
    rows = [
        *[Entry(number, Outcome({"answer": "a", **known})) for number in range(70)],
        *[Entry(number, Outcome({"answer": "b"}), {"t": "x"}) for number in range(70, 140)],
        Entry(140, Outcome({"error_type": "E", "input_tokens": 1}, failed=True)),
    ]
    journal, _ = opened(tmp_path / "j")
    for entry in rows:
        journal.put(entry)
    journal.close()
    with closing(sqlite3.connect(tmp_path / "j")) as db:
        found = db.execute(
            "SELECT id, failed, error_type, input_tokens, output_tokens, cost_usd FROM rows"
        ).fetchall()
        kinds = db.execute(
            "SELECT DISTINCT typeof(failed), typeof(outcome), typeof(input) FROM rows"
        )
        assert sorted(kinds) == [("integer", "blob", "blob"), ("integer", "blob", "null")]
    assert found[:70] == [(number, 0, None, 5, 0, 0.25) for number in range(70)]
    assert found[70:140] == [(number, 0, None, None, None, None) for number in range(70, 140)]
    assert found[140] == (140, 1, "E", 1, None, None)
    saved = [(e.row, e.outcome.failed, e.outcome.values, e.input) for e in rows]
    assert rows_of(tmp_path / "j") == saved

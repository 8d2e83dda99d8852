"""What the engine on one machine decides for each row."""

from __future__ import annotations

import asyncio
import random
from collections import deque

from langchain_aimlapi.bulk import local
from langchain_aimlapi.bulk.admission import Admission
from langchain_aimlapi.bulk.failures import FailureWindow
from langchain_aimlapi.bulk.gate import Gate
from langchain_aimlapi.bulk.local import LocalEngine
from langchain_aimlapi.bulk.outcome import Outcome
from langchain_aimlapi.bulk.report import Progress
from langchain_aimlapi.bulk.retries import Retries
from langchain_aimlapi.bulk.rows import Row
from langchain_aimlapi.errors import AimlapiConnectionError


class Kept:
    """Keeps rows, and says so when it is asked to."""

    def __init__(self, *, at_once=True):
        self.entries, self.told, self.at_once = [], 0, at_once

    def start(self, saved):
        self.saved = saved

    def put(self, entry):
        self.entries.append(entry)
        if self.at_once:
            self.tell()

    def tell(self):
        new, self.told = self.entries[self.told :], len(self.entries)
        self.saved(new)

    def close(self):
        pass


class Caller:
    """Answers each row as a function of its text says."""

    def __init__(self, answer, size=1):
        self.answer, self.size, self.calls = answer, size, []

    async def call(self, rows):
        self.calls.append([row.number for row in rows])
        return await self.answer(rows)


def engine(caller, kept, count, **options):
    """An engine for so many rows, two calls at once."""
    return LocalEngine(
        rows=iter([Row(number, {}) for number in range(count)]),
        caller=caller,
        journal=kept,
        gate=Gate(Admission(ceiling=2, adaptive=False)),
        retries=Retries(),
        progress=Progress(total=count),
        **options,
    )


async def fine(rows):
    """An answer per row."""
    await asyncio.sleep(0)
    return [Outcome({"answer": str(row.number)}) for row in rows]


async def test_calls_wait_for_a_journal_that_is_behind(monkeypatch):
    """Memory stays flat however slow the disk is; the job goes on when it has caught up."""
    monkeypatch.setattr(local, "_UNSAVED", 3)
    caller, kept = Caller(fine), Kept(at_once=False)
    job = engine(caller, kept, 10)
    task = asyncio.create_task(job.run())
    for _ in range(100):
        await asyncio.sleep(0)
    assert 3 <= len(kept.entries) <= 4  # the other call was under way
    assert len(caller.calls) == len(kept.entries)
    while not task.done():
        kept.tell()
        await asyncio.sleep(0.001)
    await task
    kept.tell()
    await asyncio.sleep(0)
    assert job.progress.done == 10


async def test_rows_of_a_call_that_failed_are_asked_one_by_one():
    """One text that is refused is not the end of the others."""

    async def answer(rows):
        if any(row.number == 2 for row in rows):
            raise KeyError("refused")
        return await fine(rows)

    caller, kept = Caller(answer, size=4), Kept()
    await engine(caller, kept, 6).run()
    assert {entry.row: entry.outcome.failed for entry in kept.entries} == {
        0: False,
        1: False,
        2: True,
        3: False,
        4: False,
        5: False,
    }
    assert sorted(caller.calls) == [[0], [0, 1, 2, 3], [1], [2], [3], [4, 5]]


async def test_no_row_is_tried_again_when_the_budget_is_spent_meanwhile(monkeypatch):
    """It is left to the next run, not asked and paid for."""
    monkeypatch.setattr(local, "_backoff", lambda tried: 0.05)

    async def answer(rows):
        if rows[0].number == 0:
            raise AimlapiConnectionError("reset")
        await asyncio.sleep(0.01)
        return [Outcome({"cost_usd": 5.0})]

    caller, kept = Caller(answer), Kept()
    job = engine(caller, kept, 2, budget_usd=1.0)
    await job.run()
    assert sorted(caller.calls) == [[0], [1]]
    assert [entry.row for entry in kept.entries] == [1]
    assert "allowed" in job.stopped


async def test_what_is_noted_of_a_row():
    """How often it was asked, and for how many seconds, to the microsecond."""
    failed = iter([True, False])

    async def answer(rows):
        await asyncio.sleep(0.001)
        if next(failed):
            return [Outcome({"cost_usd": 0.5}, failed=True)]
        return [Outcome({"cost_usd": 0.25})]

    kept = Kept()
    await engine(Caller(answer), kept, 1).run()
    values = kept.entries[0].outcome.values
    assert (values["attempts"], values["cost_usd"]) == (2, 0.75)
    assert values["seconds"] >= 0.002
    assert len(repr(values["seconds"]).partition(".")[2]) <= 6


def test_the_last_200_rows_are_watched():
    """Failures before them do not count."""
    dice = random.Random(4)  # noqa: S311  # no secret
    window, recent = FailureWindow(), deque(maxlen=200)
    for number in range(5_000):
        failed = dice.random() < (0.62 if number // 500 % 2 else 0.02)
        recent.append(failed)
        ends = len(recent) == 200 and sum(recent) >= 100
        named = {"error_type": "E"} if failed else {}
        assert bool(window.add(Outcome(named, failed=failed))) == ends

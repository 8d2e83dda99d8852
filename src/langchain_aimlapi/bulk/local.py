"""The engine on one machine: one event loop, as many calls at once as the service bears.

Workers take rows in order from the input; each call's outcome goes to the journal, and a row is
counted when the journal has it. The pace is `Admission`'s. What ends a job early is told apart:
money (the cap was reached), the service (no credits, a wrong key), the rows (half of the last 200
failed), the journal (it cannot be written). Calls that are under way then are finished and kept.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from langchain_aimlapi.bulk.errors import LimitsError
from langchain_aimlapi.bulk.failures import FailureWindow, over_budget
from langchain_aimlapi.bulk.journal import Entry
from langchain_aimlapi.bulk.limits import Rates
from langchain_aimlapi.bulk.outcome import Outcome, failure
from langchain_aimlapi.bulk.retries import Kind, Retries, kind_of, retry_after
from langchain_aimlapi.bulk.rows import Row, RowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from langchain_aimlapi.bulk.calls import Caller
    from langchain_aimlapi.bulk.gate import Gate
    from langchain_aimlapi.bulk.report import Progress

__all__ = ["Keeper", "LocalEngine"]

_UNSAVED = 5_000
"""Rows on their way into the journal before new calls wait for it."""


class Keeper(Protocol):
    """What takes the rows that are through: a `Journal`."""

    def start(self, saved: Callable[[Sequence[Entry]], None]) -> None:
        """Begin; `saved` is told of entries that are kept."""
        ...

    def put(self, entry: Entry) -> None:
        """Take a row."""
        ...

    def close(self) -> None:
        """Keep all that was taken."""
        ...


class _CutShortError(Exception):
    """A row's call that is left to the next run."""


class _Tries:
    """How often a row was asked, since when, and what that cost."""

    __slots__ = ("_of_kind", "began", "number", "usd")

    def __init__(self, began: float) -> None:
        self.began = began
        self.number = 0
        self.usd = 0.0
        self._of_kind: Counter[Kind] | None = None

    @property
    def of_kind(self) -> Counter[Kind]:
        """Failures by their kind."""
        if self._of_kind is None:  # most rows have none
            self._of_kind = Counter()
        return self._of_kind


@dataclass(slots=True)
class LocalEngine:
    """Runs the rows of one job.

    Args:
        rows: Those that are not through yet, in order.
        caller: Answers them.
        journal: Where outcomes go.
        gate: Lets calls through at the pace that the service bears.
        retries: How often a row is tried again.
        progress: Kept up to date.
        rates: Requests and tokens a minute.
        budget_usd: No new call once this run has cost this much.
        keep_input: Whether the input's columns go into the journal too.
        grace: Seconds that calls under way have to end when the run is cancelled.
    """

    rows: Iterator[Row]
    caller: Caller
    journal: Keeper
    gate: Gate
    retries: Retries
    progress: Progress
    rates: Rates = field(default_factory=Rates)
    budget_usd: float | None = None
    keep_input: bool = False
    grace: float = 0.0
    stopped: str | None = None
    """Why no new row is taken, if the job ended early."""
    _workers: set[asyncio.Task[None]] = field(default_factory=set)
    _window: FailureWindow = field(default_factory=FailureWindow)
    _unsaved: int = 0
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _error: BaseException | None = None
    _clock: Callable[[], float] = time.monotonic
    _spent: float = 0.0
    """USD of this run, counted as answers come, which is before the journal has them."""

    async def run(self) -> None:
        """Run all rows.

        Raises:
            JournalError: If the journal cannot be written.
        """
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        began = loop.time()
        self._room.set()

        def saved(entries: Sequence[Entry]) -> None:
            loop.call_soon_threadsafe(self._saved, entries)

        self.journal.start(saved)
        try:
            self._hire()
            while self._workers:
                await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)
                self.progress.seconds = loop.time() - began
        except asyncio.CancelledError:
            await self._let_calls_end(loop.time() + self.grace)
            raise
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
            await asyncio.to_thread(self.journal.close)
            self.progress.seconds = loop.time() - began
        await asyncio.sleep(0)  # the last rows are counted by calls that wait in the loop
        if self._error is not None:
            raise self._error

    async def _let_calls_end(self, deadline: float) -> None:
        """Begin no new call, and wait until those under way have ended and are kept.

        They are paid for whatever becomes of them here. Cancelled once more, it ends at once.
        """
        self.stopped = self.stopped or "it was interrupted"
        self.progress.stopping = True
        loop = asyncio.get_running_loop()
        while self._workers and self.progress.in_flight and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._workers, timeout=left, return_when=asyncio.FIRST_COMPLETED)

    # --- the pace ---------------------------------------------------------------------------------

    def _hire(self) -> None:
        """As many workers as calls may be under way; they leave when there are no rows."""
        while len(self._workers) < self.gate.admission.most and not self.stopped:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._left)

    def _left(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and (error := worker.exception()) is not None:
            self._error = self._error or error
            self.stopped = self.stopped or "an error of the job itself"

    # --- rows -------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self.stopped:
            if self._unsaved >= _UNSAVED:
                await self._room.wait()
            if not (rows := self._take()):
                return
            try:
                outcomes = await self._tried(rows)
                if len(outcomes) != len(rows):
                    outcomes = await self._each(rows)
            except _CutShortError:
                continue
            for place, row in enumerate(rows):
                self._keep(row, outcomes[place])

    def _take(self) -> list[Row]:
        if self.stopped:
            return []
        if self.caller.size == 1:
            row = next(self.rows, None)
            return [] if row is None else [row]
        return list(islice(self.rows, self.caller.size))

    async def _each(self, rows: Sequence[Row]) -> list[Outcome]:
        """Outcomes of rows that are asked one by one, after their call failed for all of them."""
        return [one for row in rows for one in await self._tried([row])]

    async def _tried(self, rows: Sequence[Row]) -> list[Outcome]:
        """Call until there is an answer, or an error to keep: one for all rows."""
        gate, progress, tries = self.gate, self.progress, _Tries(self._clock())
        kind: Kind | None
        while True:
            estimate, began = 0, self._begin_now(tries)
            if began is None:
                estimate, began = await self._begin(rows)
            progress.in_flight += 1
            try:
                outcomes = await self.caller.call(rows)
            except Exception as error:  # noqa: BLE001  # whatever a runnable raises is the row's
                outcomes, pause, now = [failure(error)], retry_after(error), self._clock()
                kind = self._judge(error, began, now)
            else:
                now, kind, pause = self._clock(), _unfit(outcomes), None
                gate.admission.succeeded(began, now, busy=gate.is_busy)
            finally:
                progress.in_flight -= 1
                gate.leave()
            self._hire()
            tries.number += 1
            tries.usd += self._pay(outcomes, estimate)
            if kind is None or not self._is_tried_again(kind, tries):
                return _noted(outcomes, tries, now - tries.began)
            progress.retries[kind.value] += 1
            if kind is Kind.TRANSPORT:
                await asyncio.sleep(pause or _backoff(tries.of_kind[kind]))

    def _begin_now(self, tries: _Tries) -> float | None:
        """Begin a call at once, if nothing has to be waited for: the time, or None."""
        if self.stopped or self.rates.are_limited:
            return None
        now = self._clock() if tries.number else tries.began
        return now if self.gate.entered(now) else None

    async def _begin(self, rows: Sequence[Row]) -> tuple[int, float]:
        """Wait until a call may begin; the estimate of its tokens, and the time."""
        estimate = 0
        if self.rates.are_limited:
            try:
                estimate = await self.rates.begin(sum(map(_characters, rows)))
            except LimitsError as error:
                self.stopped = self.stopped or str(error)
                raise _CutShortError from None
        if not self.gate.entered(self._clock()):
            await self.gate.enter()
        if self.stopped:
            self.gate.leave()
            raise _CutShortError
        return estimate, self._clock()

    def _is_tried_again(self, kind: Kind, tries: _Tries) -> bool:
        """Tell what becomes of a row whose call failed.

        Raises:
            _CutShortError: If it is left to the next run, as this one is at its end.
        """
        tries.of_kind[kind] += 1
        again = tries.of_kind[kind] <= self.retries.of(kind)
        if kind is Kind.JOB or (self.stopped and again):
            self.progress.cost_usd += tries.usd  # the journal will not have it
            raise _CutShortError
        return again

    def _pay(self, outcomes: Sequence[Outcome], estimate: int) -> float:
        """Count the USD and the tokens of a call; at the cap no new one begins."""
        usd, given, answered = 0.0, 0, 0
        for outcome in outcomes:
            values = outcome.values
            usd += values.get("cost_usd") or 0.0
            given += values.get("input_tokens") or 0
            answered += values.get("output_tokens") or 0
        self.rates.end(estimate, given, answered)
        if usd:
            self._spent += usd
            self.stopped = self.stopped or over_budget(self._spent, self.budget_usd)
        return usd

    def _judge(self, error: Exception, began: float, now: float) -> Kind:
        kind = kind_of(error) if not isinstance(error, RowError) else Kind.ROW
        if kind is Kind.RATE:
            self.gate.admission.refused(began, now, retry_after(error))
        if kind is Kind.JOB:
            self.stopped = self.stopped or f"{type(error).__name__}: {error}"
        return kind

    # --- what is through --------------------------------------------------------------------------

    def _keep(self, row: Row, outcome: Outcome) -> None:
        self.stopped = self.stopped or self._window.add(outcome)
        self._unsaved += 1
        if self._unsaved >= _UNSAVED:
            self._room.clear()
        self.journal.put(Entry(row.number, outcome, row.values if self.keep_input else None))

    def _saved(self, entries: Sequence[Entry]) -> None:
        """The journal has these rows; none means that it cannot be written."""
        if not entries:
            self.stopped = self.stopped or "the journal cannot be written"
            self._room.set()
            return
        self._unsaved -= len(entries)
        if self._unsaved < _UNSAVED:
            self._room.set()
        for entry in entries:
            self.progress.count(entry.outcome)


def _characters(row: Row) -> int:
    return sum(len(value) if isinstance(value, str) else 8 for value in row.values.values())


def _unfit(outcomes: Sequence[Outcome]) -> Kind | None:
    """An answer that does not keep to its schema is asked for again."""
    for outcome in outcomes:
        if outcome.failed:
            return Kind.UNFIT
    return None


def _noted(outcomes: list[Outcome], tries: _Tries, seconds: float) -> list[Outcome]:
    """Say in the outcomes what it took to get them."""
    seconds = int(seconds * 1e6 + 0.5) / 1e6  # rounded, in a third of the time of `round`
    for outcome in outcomes:
        outcome.values["attempts"] = tries.number
        outcome.values["seconds"] = seconds
    if tries.usd and len(outcomes) == 1:
        outcomes[0].values["cost_usd"] = tries.usd
    return outcomes


def _backoff(tried: int) -> float:
    seconds: float = min(30.0, 0.25 * 2**tried)
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311  # spread, no secret

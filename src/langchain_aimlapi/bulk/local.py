"""The engine on one machine: one event loop, as many calls at once as the service bears.

Workers take rows in order from the input; each call's outcome goes to the journal, and a row is
counted when the journal has it. The pace is `Admission`'s. What ends a job early is told apart:
money (the cap was reached), the service (no credits, a wrong key), the rows (half of the last 200
failed), the journal (it cannot be written). Calls that are under way then are finished and kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
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
    _spent: float = 0.0
    """USD of this run, counted as answers come, which is before the journal has them."""

    async def run(self) -> None:
        """Run all rows.

        Raises:
            JournalError: If the journal cannot be written.
        """
        loop = asyncio.get_running_loop()
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
            await self._room.wait()
            if not (rows := self._take()):
                return
            with contextlib.suppress(_CutShortError):
                for row, outcome in zip(rows, await self._outcomes(rows), strict=True):
                    self._keep(row, outcome)

    def _take(self) -> list[Row]:
        rows: list[Row] = []
        if self.stopped:
            return rows
        for row in self.rows:
            rows.append(row)
            if len(rows) == self.caller.size:
                break
        return rows

    async def _outcomes(self, rows: Sequence[Row]) -> list[Outcome]:
        """Outcomes of rows of one call; where the call fails for its rows, of each by itself."""
        outcomes = await self._tried(rows)
        if isinstance(outcomes, list):
            return outcomes
        if len(rows) == 1:
            return [outcomes]
        return [one for row in rows for one in await self._outcomes([row])]

    async def _tried(self, rows: Sequence[Row]) -> list[Outcome] | Outcome:
        """Call until there is an answer, or an error to keep."""
        loop = asyncio.get_running_loop()
        first, tried, spent = loop.time(), Counter[Kind](), 0.0
        kind: Kind | None
        while True:
            estimate = await self._begin(rows)
            self.progress.in_flight += 1
            began = loop.time()
            try:
                outcomes = await self.caller.call(rows)
            except Exception as error:  # noqa: BLE001  # whatever a runnable raises is the row's
                outcomes, kind = [failure(error)], self._judge(error, began, loop.time())
                pause = retry_after(error)
            else:
                self.gate.admission.succeeded(began, loop.time(), busy=self.gate.is_busy)
                kind, pause = _unfit(outcomes), None
            finally:
                self.progress.in_flight -= 1
                self.gate.leave()
            self._hire()
            spent += self._pay(outcomes)
            self._settle(estimate, outcomes)
            tried[kind or Kind.ROW] += 1
            self._check(kind, tried, spent)
            if kind is None or tried[kind] > self.retries.of(kind):
                return self._noted(rows, outcomes, sum(tried.values()), loop.time() - first, spent)
            self.progress.retries[kind.value] += 1
            if kind is Kind.TRANSPORT:
                await asyncio.sleep(pause or _backoff(tried[kind]))

    async def _begin(self, rows: Sequence[Row]) -> int:
        """Wait until a call may begin; the estimate of its tokens."""
        try:
            estimate = await self.rates.begin(sum(map(_characters, rows)))
        except LimitsError as error:
            self.stopped = self.stopped or str(error)
            raise _CutShortError from None
        await self.gate.enter()
        if self.stopped:
            self.gate.leave()
            raise _CutShortError
        return estimate

    def _check(self, kind: Kind | None, tried: Counter[Kind], spent: float) -> None:
        """Leave a row that would be tried again to the next run, if this one is at its end."""
        if kind is Kind.JOB or (self.stopped and kind and tried[kind] <= self.retries.of(kind)):
            self.progress.cost_usd += spent  # the journal will not have it
            raise _CutShortError

    def _pay(self, outcomes: Sequence[Outcome]) -> float:
        """Count the USD of a call; at the cap no new one begins."""
        usd = sum(float(outcome.values.get("cost_usd") or 0) for outcome in outcomes)
        self._spent += usd
        self.stopped = self.stopped or over_budget(self._spent, self.budget_usd)
        return usd

    def _settle(self, estimate: int, outcomes: Sequence[Outcome]) -> None:
        prompts = sum(outcome.values.get("input_tokens") or 0 for outcome in outcomes)
        answers = sum(outcome.values.get("output_tokens") or 0 for outcome in outcomes)
        self.rates.end(estimate, prompts, answers)

    def _judge(self, error: Exception, began: float, now: float) -> Kind:
        kind = kind_of(error) if not isinstance(error, RowError) else Kind.ROW
        if kind is Kind.RATE:
            self.gate.admission.refused(began, now, retry_after(error))
        if kind is Kind.JOB:
            self.stopped = self.stopped or f"{type(error).__name__}: {error}"
        return kind

    @staticmethod
    def _noted(
        rows: Sequence[Row], outcomes: list[Outcome], attempts: int, seconds: float, spent: float
    ) -> list[Outcome] | Outcome:
        for outcome in outcomes:
            outcome.values |= {"attempts": attempts, "seconds": round(seconds, 6)}
        if spent and len(outcomes) == 1:
            outcomes[0].values["cost_usd"] = spent
        return outcomes if len(outcomes) == len(rows) and len(rows) > 0 else outcomes[0]

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
    return Kind.UNFIT if any(outcome.failed for outcome in outcomes) else None


def _backoff(tried: int) -> float:
    seconds: float = min(30.0, 0.25 * 2**tried)
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311  # spread, no secret

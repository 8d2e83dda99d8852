"""How far a job is: counts, money, speed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Literal

from langchain_aimlapi.bulk.outcome import Outcome

__all__ = ["Estimate", "Progress", "Report"]


@dataclass(slots=True)
class Progress:
    """A job while it runs.

    Attributes:
        total: Rows of the input; `None` where it cannot be told without reading it.
        done: Rows with an answer, those of earlier runs included.
        failed: Rows that ended with an error, likewise.
        resumed: Rows that an earlier run had finished.
        in_flight: Calls under way.
        stopping: Whether the job was interrupted, and only waits for the calls under way.
        concurrency: Calls that may be under way at once.
        seconds: Since this run began.
        input_tokens: Tokens of this run's prompts.
        output_tokens: Tokens of this run's answers.
        cost_usd: USD of this run, as billed; calls whose cost is not known count as 0.
        errors: Failed rows of this run by the name of their error.
        retries: Attempts of this run that were repeated, by kind.
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    resumed: int = 0
    in_flight: int = 0
    stopping: bool = False
    concurrency: int = 0
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: Outcome) -> None:
        """Count a row that is through.

        Args:
            outcome: What its call came to.
        """
        values = outcome.values
        self.input_tokens += values.get("input_tokens") or 0
        self.output_tokens += values.get("output_tokens") or 0
        self.cost_usd += values.get("cost_usd") or 0.0
        if outcome.failed:
            self.failed += 1
            self.errors[str(values.get("error_type") or "")] += 1
        else:
            self.done += 1

    def take(self, counted: Progress, before: Progress) -> None:
        """Take over what other machines have counted.

        Args:
            counted: Their rows.
            before: What was finished before.
        """
        self.done, self.failed = before.done + counted.done, before.failed + counted.failed
        self.input_tokens, self.output_tokens = counted.input_tokens, counted.output_tokens
        self.cost_usd, self.errors = counted.cost_usd, counted.errors

    @property
    def finished(self) -> int:
        """Rows that are through, with an answer or an error."""
        return self.done + self.failed

    @property
    def rows_per_second(self) -> float:
        """Rows that this run finished, per second."""
        return (self.finished - self.resumed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens of prompts and answers of this run, per second."""
        tokens = self.input_tokens + self.output_tokens
        return tokens / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end at this speed, if the total and the speed are known."""
        if self.total is None or not self.rows_per_second:
            return None
        return (self.total - self.finished) / self.rows_per_second

    @property
    def projected_usd(self) -> float | None:
        """USD of the whole job at the cost of this run's rows; `None` before the first."""
        fresh = self.finished - self.resumed
        if self.total is None or not fresh:
            return None
        return self.cost_usd / fresh * self.total


@dataclass(frozen=True, slots=True)
class Report:
    """A job that has ended, or one in a journal.

    Attributes:
        rows: Rows of the input.
        done: Rows with an answer.
        failed: Rows that ended with an error.
        resumed: Rows that an earlier run had finished.
        input_tokens: Tokens of all prompts, over all runs.
        output_tokens: Tokens of all answers, over all runs.
        cost_usd: USD of all runs, as billed.
        seconds: Of this run.
        errors: Failed rows by the name of their error.
        output: The file that was written, if one was.
        journal: The journal.
    """

    rows: int
    done: int
    failed: int
    resumed: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    seconds: float
    errors: dict[str, int]
    output: Path | None
    journal: Path | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will cost, told from rows that were asked.

    Attributes:
        rows: Rows of the input.
        sampled: Rows whose cost is known.
        cost_usd: USD of all rows at the mean cost of those; `None` if no cost is known.
        margin_usd: Half of the range that holds the true cost with about 95 % certainty.
        report: What the sample itself took.
        basis: "as billed", or "by the price list" where the service told no cost.
    """

    rows: int
    sampled: int
    cost_usd: float | None
    margin_usd: float | None
    report: Report
    basis: Literal["as billed", "by the price list"] = "as billed"

    @classmethod
    def of(
        cls,
        rows: int,
        costs: list[float],
        report: Report,
        basis: Literal["as billed", "by the price list"] = "as billed",
    ) -> Estimate:
        """Estimate the cost of all rows from the cost of some.

        Args:
            rows: Rows of the input.
            costs: USD of each sampled row whose cost is known.
            report: How the sample went.
            basis: Where the costs are from.

        Returns:
            The estimate.
        """
        if not costs:
            return cls(rows, 0, None, None, report, basis)
        spread = stdev(costs) / len(costs) ** 0.5 if len(costs) > 1 else costs[0]
        return cls(rows, len(costs), mean(costs) * rows, 2 * spread * rows, report, basis)

"""What ends a job that had better not go on: money, and rows that mostly fail."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_aimlapi.bulk.outcome import Outcome

__all__ = ["FailureWindow", "over_budget"]

_RECENT = 200


class FailureWindow:
    """Watches the last 200 rows."""

    def __init__(self) -> None:
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._failures = 0

    def add(self, outcome: Outcome) -> str | None:
        """Take a row.

        Returns:
            Why the job is to end, if half of the last rows failed.
        """
        if not (outcome.failed or self._failures):
            self._recent.append("")
            return None
        if len(self._recent) == _RECENT:
            self._failures -= bool(self._recent[0])
        self._recent.append(str(outcome.values.get("error_type")) if outcome.failed else "")
        self._failures += outcome.failed
        if len(self._recent) < _RECENT or self._failures * 2 < _RECENT:
            return None
        name, times = Counter(filter(None, self._recent)).most_common(1)[0]
        return (
            f"{self._failures} of the last {_RECENT} rows failed, {times} with {name}; those have "
            "their errors, and are asked again with retry_failed"
        )


def over_budget(spent: float, budget_usd: float | None) -> str | None:
    """Say why the job is to end, if it has cost as much as was allowed."""
    if budget_usd is None or spent < budget_usd:
        return None
    return f"it has cost ${spent:.4f} of the ${budget_usd:.4f} allowed"

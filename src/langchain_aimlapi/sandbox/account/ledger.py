"""The calls that a sandbox served, and what each cost."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.tokens import CREDITS_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT = 10_000
_numbers = itertools.count(1)


@dataclass(slots=True)
class Call:
    """A call to an inference endpoint."""

    key: str
    """Prefix of the key."""
    endpoint: str
    model: str
    succeeded: bool
    credits: int
    input_tokens: int
    output_tokens: int
    request_id: str
    inference_id: str
    client_request_id: str | None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float | None = None
    """How long it took, once it is over."""
    first_token: float | None = None
    """Seconds until the first event of a stream."""
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def usd(self) -> float:
        """What it cost in US dollars."""
        return self.credits / CREDITS_PER_USD


class Ledger:
    """Keeps the last 10,000 calls, and for each key and day what was spent."""

    def __init__(self) -> None:
        self.began = datetime.now(UTC)
        self.spent = 0
        """Credits, of all keys."""
        self.limit = _KEPT
        """Maximum number of calls kept; sums are kept of all."""
        self._calls: deque[Call] = deque()
        self._days: Counter[tuple[str, date]] = Counter()

    def add(self, call: Call) -> None:
        """Book a call."""
        self._calls.append(call)
        while len(self._calls) > self.limit:
            self._calls.popleft()
        self._days[call.key, call.created.date()] += call.credits
        self.spent += call.credits

    def newest(self) -> Iterator[Call]:
        """Yield the calls, the newest first."""
        return iter([*reversed(self._calls)])

    def spent_since(self, key: str, day: date) -> float:
        """Return the US dollars that a key spent on a day and since."""
        found = (count for (who, when), count in self._days.items() if who == key and when >= day)
        return sum(found) / CREDITS_PER_USD

"""Which request gets which fault: by name, by rate, or only the next ones."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.faults.table import fault_named

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.faults.table import Fault

FaultChoice = str | Iterable[str] | Mapping[str, float]
"""A name, several (in turn), `"NAME:RATE"` for a share of the requests, or rates by name."""

_HASH_RANGE = 2**32


class FaultPlan:
    """Chooses faults: those set for the next requests, then by rate, then those without a rate.

    Rates are applied by a hash of the request's number, so the same run gets the same faults.

    Args:
        faults: Names without a rate always happen; of several, each request gets one, in turn.

    Raises:
        ValueError: An unknown name, a rate outside 0 to 1, or rates of more than 1 in all.
    """

    def __init__(self, faults: FaultChoice | None = None) -> None:
        self.retry_after = 1.0
        self._shares: list[tuple[float, Fault]] = []
        self._always: list[Fault] = []
        self._next: deque[Fault] = deque()
        for name, rate in _pairs(faults):
            if rate is None:
                self._always.append(fault_named(name))
            else:
                self._share(name, rate)

    def _share(self, name: str, rate: float) -> None:
        before = self._shares[-1][0] if self._shares else 0.0
        if not 0 <= rate <= 1 or before + rate > 1 + 1e-9:
            raise ValueError(f"fault rates are shares of at most 1 in all, and {name!r} has {rate}")
        self._shares.append((before + rate, fault_named(name)))

    def fail_next(self, name: str, times: int = 1) -> None:
        """Give the next `times` requests a fault, before anything else in the plan."""
        self._next.extend([fault_named(name)] * times)

    def choose(self, number: int) -> Fault | None:
        """Return the fault of request `number`, if any."""
        if self._next:
            return self._next.popleft()
        share = zlib.crc32(f"request {number}".encode()) / _HASH_RANGE
        for upto, fault in self._shares:
            if share < upto:
                return fault
        return self._always[number % len(self._always)] if self._always else None


def _pairs(faults: FaultChoice | None) -> Iterable[tuple[str, float | None]]:
    """List the faults with their rates; None is always."""
    if isinstance(faults, Mapping):
        return [(name, float(rate)) for name, rate in faults.items()]
    names = [faults] if isinstance(faults, str) else faults or []
    return [_pair(name) for name in names]


def _pair(text: str) -> tuple[str, float | None]:
    name, colon, rate = text.partition(":")
    try:
        return name, float(rate) if colon else None
    except ValueError:
        raise ValueError(f"{text!r} is not NAME:RATE") from None

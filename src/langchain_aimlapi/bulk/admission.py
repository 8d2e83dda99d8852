"""How many calls may be under way at once, and how many may begin in a second.

Pure: time comes in as an argument. Two limits, since services have two kinds of them:

- Calls at once: additive increase, multiplicative decrease. The limit grows with every success
  (slow start); after the first rejection by one per window of successes. It shrinks to three
  quarters once per burst: what was under way when it shrank says nothing new by being refused.
  A service that queues instead of refusing shows it by latency; that counts as a rejection.
- Calls per second, once there was a rejection: a client that is being rejected is let through at
  just the rate the service allows, so that rate is measured, taken (a little less of it), and
  raised: by one per cent in the first second, and twice as fast in each further one without a
  refusal, since the first measure may be far too low. Unused seconds are saved up to one, so that
  a pause is made up.

A rejection with Retry-After stops new calls until then.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

__all__ = ["Admission"]

_DECREASE = 0.75
_MARGIN = 0.98
_GROWTH, _FASTEST_GROWTH = 0.01, 0.5
"""Of the rate, per second: at first, and at most."""
_WINDOW = 1.0
"""Seconds over which the rate is measured, and that may be saved up."""
_SHORTEST = 0.1
"""Seconds below which no rate can be told."""
_SLOWER = 4.0
"""Latency over this many times the usual one counts as congestion."""
_SMOOTHING = 0.1
_PAUSE, _LONGEST_PAUSE = 0.05, 30.0
"""Seconds without new calls after a rejection that names no time; doubled while nothing gets through."""

_NEVER = float("inf")


@dataclass(slots=True)
class Admission:
    """The limits of a job's calls.

    Args:
        ceiling: Never more calls at once than this.
        limit: How many to begin with.
        adaptive: Whether the limits move; if not, `ceiling` calls are under way.
    """

    ceiling: int
    limit: float = 8.0
    adaptive: bool = True
    rate: float | None = None
    """Calls per second; `None` before the first rejection."""
    paused_until: float = 0.0
    slow_start: bool = True
    cut_at: float = float("-inf")
    """When the limits were last cut; calls that began before belong to the same burst."""
    most: int = field(init=False)
    """Calls that may be under way now."""
    _window_successes: int = 0
    _bursts: int = 0
    """Bursts of rejections since the last success."""
    _base: float | None = None
    _latency: float | None = None
    _accepted: deque[float] = field(default_factory=deque)
    _began: float = _NEVER
    """When the first call was answered: before, there was nothing to measure."""
    _saved: float = 0.0
    """Calls that may begin now, where there is a rate."""
    _saved_at: float = 0.0

    def __post_init__(self) -> None:
        self._move(float(min(self.limit, self.ceiling)) if self.adaptive else float(self.ceiling))

    def _move(self, limit: float) -> None:
        self.limit = limit
        self.most = max(1, int(limit))

    def wait(self, now: float) -> float:
        """Seconds until a call may begin; 0 takes the place of one.

        Args:
            now: The time.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if self.rate is None:
            return 0.0
        self._grow(now)
        if self._saved >= 1:
            self._saved -= 1
            return 0.0
        return (1 - self._saved) / self.rate

    def _grow(self, now: float) -> None:
        assert self.rate is not None  # noqa: S101  # for the type checker
        passed = max(0.0, now - self._saved_at)
        self._saved_at = now
        quiet = now - self.cut_at
        if quiet > _WINDOW:
            growth = min(_FASTEST_GROWTH, _GROWTH * 2.0 ** min(quiet - _WINDOW, 10.0))
            self.rate += max(self.rate * growth, 0.1) * min(passed, _WINDOW)
        self._saved = min(self._saved + passed * self.rate, max(1.0, self.rate * _WINDOW))

    def succeeded(self, began: float, now: float, *, busy: bool) -> None:
        """A call was answered.

        Args:
            began: When it was sent.
            now: The time.
            busy: Whether the limit was in use; an unused limit has proved nothing and stays.
        """
        self._bursts = 0
        if not self.adaptive:
            return
        if self._began == _NEVER:
            self._began = now
        self._accepted.append(now)
        self._forget(now)
        self._measure(now - began)
        if self._congested() and began > self.cut_at:
            self._cut(now)
        elif busy and self.limit < self.ceiling:
            self._raise()

    def _raise(self) -> None:
        self._window_successes += 1
        if self.slow_start or self._window_successes >= self.limit:
            self._window_successes = 0
            self._move(min(self.ceiling, self.limit + 1))

    def refused(self, began: float, now: float, retry_after: float | None) -> None:
        """A call was refused for its rate (429), or the service is overloaded (503).

        Args:
            began: When it was sent.
            now: The time.
            retry_after: Seconds the service asked to wait, if it did.
        """
        pause = retry_after or min(_LONGEST_PAUSE, _PAUSE * 2**self._bursts)
        self.paused_until = max(self.paused_until, now + pause)
        if began <= self.cut_at:
            return
        self._bursts += 1
        self._forget(now)
        self._cut(now)
        if self.adaptive and self._accepted:
            seconds = min(_WINDOW, max(_SHORTEST, now - self._began))
            self.rate = len(self._accepted) / seconds * _MARGIN
            self._saved, self._saved_at = 0.0, now

    def _cut(self, now: float) -> None:
        self.cut_at = now
        if not self.adaptive:
            return
        self.slow_start = False
        self._window_successes = 0
        self._latency = self._base
        self._move(max(1.0, self.limit * _DECREASE))

    def _forget(self, now: float) -> None:
        while self._accepted and self._accepted[0] < now - _WINDOW:
            self._accepted.popleft()

    def _measure(self, seconds: float) -> None:
        """Keep the usual latency; it follows slower answers slowly, and quicker ones at once."""
        if self._latency is None or self._base is None:
            self._latency = self._base = seconds
            return
        self._latency += (seconds - self._latency) * _SMOOTHING
        step = _SMOOTHING if self._latency < self._base else _SMOOTHING / 100
        self._base += (self._latency - self._base) * step

    def _congested(self) -> bool:
        if self._latency is None or self._base is None:
            return False
        return self._latency > max(self._base, 0.01) * _SLOWER

"""One timer for all calls of an event loop.

A call has a moment when it must be over, mostly minutes away, and nearly all are over long before.
`asyncio.timeout_at` sets a timer for each and cancels it, in as much time as a request takes to be
written and sent. So a call only notes its moment here; the timer that is running ends what is late
when it fires, and is set again for the earliest of the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["TimeLimits"]


class TimeLimits:
    """The limits of what runs in one event loop.

    Args:
        loop: The event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: dict[_Limit, float] = {}
        self._due = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float | None) -> _Limit:
        """Return a context manager that does as `asyncio.timeout_at` does.

        Args:
            when: By the loop's clock; None for no limit.
        """
        return _Limit(self, when)

    def begin(self, limit: _Limit, when: float) -> None:
        """Note a limit."""
        self._running[limit] = when
        if when < self._due:
            self._set(when)

    def end(self, limit: _Limit) -> None:
        """Forget it."""
        self._running.pop(limit, None)

    def stop(self) -> None:
        """Cancel the timer: no call will follow."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._due = None, float("inf")

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = when
        self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._timer, self._due = None, float("inf")
        now = self._loop.time()
        for limit in [limit for limit, when in self._running.items() if when <= now]:
            self.end(limit)
            limit.expire()
        if self._running:
            self._set(min(self._running.values()))


class _Limit:
    """One limit. Cancels its task, and turns that into a TimeoutError where nobody else did too."""

    __slots__ = ("_cancelling", "_expired", "_limits", "_task", "_when")

    def __init__(self, limits: TimeLimits, when: float | None) -> None:
        self._limits = limits
        self._when = when
        self._expired = False

    async def __aenter__(self) -> Self:
        if self._when is not None:
            self._task: asyncio.Task[Any] | None = asyncio.current_task()
            if self._task is None:
                raise RuntimeError("a limit of time needs a task")
            self._cancelling = self._task.cancelling()
            self._limits.begin(self, self._when)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if self._when is None:
            return
        task, self._task = self._task, None
        self._limits.end(self)
        if self._expired and task is not None:
            others = task.uncancel() > self._cancelling
            if not others and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def expire(self) -> None:
        """The time is up."""
        if self._task is not None:
            self._expired = True
            self._task.cancel()

"""One timer for all reads of a stream.

A stream reads once per token, and each read has a moment when it must be over. To set a timer for
each and cancel it costs more than the read. So a read only stores its deadline; the timer that is
running compares it with the time when it fires, and is set again if it fired too early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class ReadTimer:
    """Ends reads that take too long.

    Args:
        loop: The running event loop.
        expire: Called when a read has reached its deadline; makes it fail.
    """

    __slots__ = ("_deadline", "_due", "_expire", "_loop", "_timer")

    def __init__(self, loop: Any, expire: Callable[[], None]) -> None:
        self._loop = loop
        self._expire = expire
        self._deadline: float | None = None
        self._timer: Any = None
        self._due = 0.0

    def begin(self, deadline: float | None) -> None:
        """Begin a read, which must be over by then; None for no deadline."""
        self._deadline = deadline
        if deadline is None or (self._timer is not None and self._due <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set(deadline)

    def end(self) -> None:
        """End the read."""
        self._deadline = None

    def stop(self) -> None:
        """Cancel the timer: no read will follow."""
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, due: float) -> None:
        self._due = due
        self._timer = self._loop.call_at(due, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._loop.time() < self._deadline:
            self._set(self._deadline)
        else:
            self._expire()

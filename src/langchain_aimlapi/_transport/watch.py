"""One timer for all reads of a stream.

A stream reads once per token, and each read has a moment when it must be over. To set a timer for
each and take it back costs more than the read. So a read only notes its moment; the timer that is
running looks at the note when it rings, and is set anew if it rang too early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Watch:
    """Ends reads that take too long.

    Args:
        loop: The running event loop.
        ring: Called when a read is over time; makes it fail.
    """

    __slots__ = ("_due", "_loop", "_ring", "_timer", "_until")

    def __init__(self, loop: Any, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._until: float | None = None
        self._timer: Any = None
        self._due = 0.0

    def begin(self, until: float | None) -> None:
        """Note that a read begins, which must be over by then; None for never."""
        self._until = until
        if until is None or (self._timer is not None and self._due <= until):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set(until)

    def end(self) -> None:
        """Note that it is over."""
        self._until = None

    def stop(self) -> None:
        """Take the timer back: no read will follow."""
        self._until = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, due: float) -> None:
        self._due = due
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._loop.time() < self._until:
            self._set(self._until)
        else:
            self._ring()

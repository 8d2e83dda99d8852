"""The retries that all callers of a process share.

Each retry takes one token, each success gives one back. While calls succeed the bucket stays full
and nobody notices it; when nothing succeeds, a full bucket is all the extra load that an ailing
service gets from this process, however many callers there are.
"""

from __future__ import annotations

from langchain_aimlapi._transport.locks import Lock

_CAPACITY = 500


class ProcessBudget:
    """A token bucket for threads and event loops alike.

    Args:
        capacity: Retries in a row, with no success between, after which there are no more.
    """

    __slots__ = ("_capacity", "_left", "_lock")

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._left = capacity
        self._lock = Lock()

    def spend(self) -> bool:
        """Take one retry; False if none is left."""
        with self._lock:
            affordable = self._left > 0
            self._left -= affordable
            return affordable

    def earn(self) -> None:
        """Put one back."""
        if self._left < self._capacity:  # hardly ever, so that a success takes no lock
            with self._lock:
                self._left = min(self._left + 1, self._capacity)

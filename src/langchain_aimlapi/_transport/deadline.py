"""Until when a call may take.

A call has one deadline, made once and handed down to everything that is done for it.

Blocking sockets know only "so long for this one read", and httpx2 takes that number once per
request; a reply that drips, or falls silent late, would outlive any deadline. So our own sockets ask
here before each operation how much time is left. It works because a blocking call runs in its
caller's thread from end to end.
"""

from __future__ import annotations

import threading
import time


class _Deadline(threading.local):
    """Until when the operation that this thread carries out may take."""

    until: float | None = None
    """By the monotonic clock; None for no end."""


current = _Deadline()


def deadline_in(seconds: float | None) -> float | None:
    """Return the deadline of a call that begins now: one for all its requests, attempts and pauses.

    Args:
        seconds: How long the call may take; None for as long as it likes.

    Returns:
        By the monotonic clock; None for no end.
    """
    return None if seconds is None else time.monotonic() + seconds


def remaining(timeout: float | None) -> float | None:
    """Return the seconds an operation may take: `timeout`, or less if the deadline is nearer.

    Raises:
        TimeoutError: The deadline has passed.
    """
    if current.until is None:
        return timeout
    left = current.until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the call has passed")
    return left if timeout is None else min(timeout, left)


def soonest(until: float | None, now: float, seconds: float | None) -> float | None:
    """Return the earlier of `until` and `seconds` from now; None is never."""
    if seconds is None:
        return until
    return now + seconds if until is None else min(until, now + seconds)

"""Locks under which no abandoned stream is closed.

A stream that nobody reads on is closed by whoever drops the last reference to it, and that may be
the garbage collector, in any thread and at any allocation: also while the thread holds the very lock
that closing needs. It would wait for itself for ever, or, where the lock can be taken twice, change
what is being changed. A deadlock of that kind needs one thread that is in both places. So each
thread counts how many of the locks it holds, ours and those inside the HTTP libraries, and while it
holds any, what is to be closed is closed by another thread.
"""

from __future__ import annotations

import _thread
import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class _Held(threading.local):
    count = 0


_held = _Held()


class Holding:
    """A context in which this thread may hold locks of an HTTP library."""

    __slots__ = ()

    def __enter__(self) -> None:
        _held.count += 1

    def __exit__(self, *exc_info: object) -> None:
        _held.count -= 1


holding = Holding()


class Lock:
    """A lock that counts as held. A thread may take it again, as a finalizer of the user's might."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        _held.count += 1
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()
        _held.count -= 1


def without_locks(act: Callable[[], None]) -> None:
    """Do something that takes locks: now, or in another thread if this one holds any.

    Args:
        act: Raises nothing.
    """
    if not _held.count:
        act()
        return
    # Not `threading.Thread`: starting one takes a lock of its own. At the end of the process there
    # are no new threads, and nothing that need be closed.
    with contextlib.suppress(RuntimeError):
        _thread.start_new_thread(act, ())

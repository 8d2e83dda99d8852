"""Attempts that run side by side, of which the first to succeed is taken.

A host with a dead address before a live one would keep a call waiting for as long as it may take to
connect. So each further address is tried when those before have failed, or have been silent for a
quarter of a second (RFC 8305, as browsers and aiohttp do). Blocking attempts need a thread each; it
is started for hosts with several addresses only, and once per connection.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

STAGGER_SECONDS = 0.25


class Race(Generic[T]):
    """One race.

    Args:
        attempts: Each blocks until it has succeeded or raises.
        discard: What to do with a success that comes too late.
    """

    def __init__(self, attempts: Iterable[Callable[[], T]], discard: Callable[[T], None]) -> None:
        self._waiting = list(attempts)
        self._discard = discard
        self._ended: queue.SimpleQueue[T | Exception] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._over = False
        self._running = 0

    def winner(self, until: float | None) -> T:
        """Return the first success.

        Args:
            until: When to give up, by the monotonic clock; None for never.

        Raises:
            TimeoutError: There was none in time.
            Exception: That of the last attempt, if all have failed.
        """
        try:
            return self._winner(until)
        finally:
            self._end()

    def _winner(self, until: float | None) -> T:
        while True:
            if self._waiting:
                self._start(self._waiting.pop(0))
            try:
                ended = self._ended.get(timeout=self._time_left(until))
            except queue.Empty:
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError from None
                continue
            if not isinstance(ended, Exception):
                return ended
            self._running -= 1
            if not self._running and not self._waiting:
                raise ended

    def _time_left(self, until: float | None) -> float | None:
        left = None if until is None else max(until - time.monotonic(), 0.0)
        if not self._waiting:
            return left
        return STAGGER_SECONDS if left is None else min(left, STAGGER_SECONDS)

    def _start(self, attempt: Callable[[], T]) -> None:
        self._running += 1
        threading.Thread(target=self._run, args=(attempt,), daemon=True).start()

    def _run(self, attempt: Callable[[], T]) -> None:
        try:
            ended: T | Exception = attempt()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            ended = error
        with self._lock:
            if not self._over:
                self._ended.put(ended)
                return
        self._drop(ended)

    def _end(self) -> None:
        """Take no more; what came meanwhile has lost."""
        with self._lock:
            self._over = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._drop(self._ended.get_nowait())

    def _drop(self, ended: T | Exception) -> None:
        if not isinstance(ended, Exception):
            self._discard(ended)

"""An event loop for programs that have none, which Ctrl-C ends in two steps.

The first Ctrl-C cancels what runs, which may take a moment to keep what is under way; the second
ends it at once. Where a loop runs already, as in notebooks, the job has a thread, and Ctrl-C
reaches it there too: it does not go on behind the back of whoever stopped it.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

__all__ = ["run_in_own_loop"]

_LOOK_SECONDS = 0.5

T = TypeVar("T")


def run_in_own_loop(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end.

    Args:
        job: What to run; it is cancelled by the first Ctrl-C.

    Returns:
        What it returns.

    Raises:
        KeyboardInterrupt: After Ctrl-C, once it has ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(job)
    return _InThread(job).result()


class _InThread(Generic[T]):
    """A coroutine in the loop of a thread."""

    def __init__(self, job: Coroutine[Any, Any, T]) -> None:
        self._job = job
        self._presses = 0
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        self._result: Future[T] = Future()
        self._thread = threading.Thread(target=self._work, name="bulk-job")

    def result(self) -> T:
        """Wait for its result, or for its end after Ctrl-C."""
        with _pressed(self._cancel):
            self._thread.start()
            # Python hears of a press between two steps of its own: one that comes right before it
            # begins to wait would be heard of when the wait is over.
            while wait([self._result], _LOOK_SECONDS).not_done:
                pass
            self._thread.join()
        if self._presses:
            raise KeyboardInterrupt
        return self._result.result()

    def _work(self) -> None:
        try:
            self._result.set_result(asyncio.run(self._main()))
        except BaseException as error:  # noqa: BLE001  # raised again by the caller
            self._result.set_exception(error)

    async def _main(self) -> T:
        task = asyncio.current_task()
        if task is not None:
            self._running = (asyncio.get_running_loop(), task)
            # A press is counted before it looks for the loop: either it finds the loop, or it is
            # seen here. Where both happen the job ends at once, with nothing under way yet.
            if self._presses:
                task.cancel()
        return await self._job

    def _cancel(self) -> None:
        self._presses += 1
        if self._running is not None:
            loop, task = self._running
            # A loop that has been closed meanwhile has nothing to cancel.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)


@contextmanager
def _pressed(do: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C call a function rather than raise an error.

    An error could come at any line, such as within `Thread.start`, when nobody can tell whether
    the thread runs. What has no handler of Python's, or ignores Ctrl-C, stays as it is.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: do())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

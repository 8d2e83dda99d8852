"""An event loop for programs that have none, which Ctrl-C ends in two steps.

The first Ctrl-C cancels what runs, which may take a moment to keep what is under way; the second
ends it at once. Where a loop runs already, as in notebooks, the job has a thread, and Ctrl-C
reaches it there too: it does not go on behind the back of whoever stopped it.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["run_in_own_loop"]

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
        self._begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = Future()
        self._result: Future[T] = Future()
        self._thread = threading.Thread(target=self._work, name="bulk-job")

    def result(self) -> T:
        """Wait for its result, or for its end after Ctrl-C."""
        self._thread.start()
        try:
            wait([self._result])
        except KeyboardInterrupt:
            self._end()
            raise
        self._thread.join()
        return self._result.result()

    def _end(self) -> None:
        # Not by `join`: one that was interrupted takes the thread for ended ever after.
        self._cancel()
        try:
            wait([self._result])
        except KeyboardInterrupt:
            self._cancel()
            wait([self._result])
        self._thread.join()

    def _work(self) -> None:
        try:
            self._result.set_result(asyncio.run(self._main()))
        except BaseException as error:  # noqa: BLE001  # raised again by the caller
            self._result.set_exception(error)

    async def _main(self) -> T:
        task = asyncio.current_task()
        if task is not None:
            self._begun.set_result((asyncio.get_running_loop(), task))
        return await self._job

    def _cancel(self) -> None:
        loop, task = self._begun.result()
        if not self._result.done():
            loop.call_soon_threadsafe(task.cancel)

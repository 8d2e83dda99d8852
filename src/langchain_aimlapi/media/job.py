"""A job that the service works on: submitted once, looked at until it is over, picked up by its id.

A job is a value: it can be printed, stored, pickled and picked up by another process or on another
machine. Submitting costs money and is not repeated; looking costs nothing and is.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._client.polling import Look, Seen, Sleep, poll
from langchain_aimlapi._codec.decode.media import JobState
from langchain_aimlapi._lazy import LazyModule
from langchain_aimlapi.errors import AimlapiError, AimlapiTimeoutError, JobFailedError
from langchain_aimlapi.media.results import GeneratedFile, MediaResult

if TYPE_CHECKING:
    from langchain_aimlapi.media import jobs
else:
    jobs = LazyModule(".media.jobs")  # which imports this module

__all__ = ["Job"]

OnProgress = Callable[["Job"], None]


@dataclass(slots=True)
class Job:
    """Something that the service is making.

    Attributes:
        id: By which it is found again: `Class(model=…).job(id)`.
        model: The model that was asked.
        status: "queued", "running", "completed" or "failed", as last seen.
    """

    id: str
    model: str
    _maker: jobs.JobModel = field(repr=False, compare=False)
    _state: JobState = field(repr=False, compare=False)

    @property
    def status(self) -> str:
        """How far it is, as last seen."""
        return self._state.status

    @property
    def error(self) -> str | None:
        """Why it failed, in the service's words."""
        return self._state.error

    @property
    def is_over(self) -> bool:
        """Whether it is completed or has failed."""
        return self._state.status in {"completed", "failed"}

    # --- waiting ----------------------------------------------------------------------------------

    def refresh(self) -> Job:
        """Look at it once.

        Raises:
            AimlapiError: If it cannot be looked at; `NotFoundError` if the service knows it no more.
        """
        self._state = self._maker.look(self.id)
        return self

    async def arefresh(self) -> Job:
        """Look at it once; see `refresh`."""
        self._state = await self._maker.alook(self.id)
        return self

    def wait(
        self, timeout: float | None = None, on_progress: OnProgress | None = None
    ) -> MediaResult:
        """Wait until it is over.

        Args:
            timeout: Seconds to wait; the model's own `timeout` if not given, else for ever.
            on_progress: Called with the job after each look.

        Raises:
            JobFailedError: If it failed.
            AimlapiTimeoutError: If it takes longer; it goes on all the same, and can be waited for
                again.
            AimlapiError: If it cannot be looked at any more.
        """
        steps = self._steps(timeout, time.monotonic())
        seen: Seen | None = None
        try:
            while True:
                step = steps.send(seen) if seen is not None else next(steps)
                seen = Seen(self._took(step, on_progress), time.monotonic(), random.random())  # noqa: S311  # spread
        except StopIteration as over:
            return self._over(over.value)

    async def await_(
        self, timeout: float | None = None, on_progress: OnProgress | None = None
    ) -> MediaResult:
        """Wait until it is over; see `wait`. `await job` does so, too."""
        steps = self._steps(timeout, time.monotonic())
        seen: Seen | None = None
        try:
            while True:
                step = steps.send(seen) if seen is not None else next(steps)
                result = await self._atook(step, on_progress)
                seen = Seen(result, time.monotonic(), random.random())  # noqa: S311  # spread, no secret
        except StopIteration as over:
            return self._over(over.value)

    def __await__(self) -> Generator[Any, Any, MediaResult]:
        return self.await_().__await__()

    def _steps(self, timeout: float | None, now: float) -> Any:
        seconds = self._maker.patience() if timeout is None else timeout
        deadline = None if seconds is None else now + seconds
        return poll(self._state, deadline, now, self._maker.poll_interval)

    def _took(
        self, step: Look | Sleep, on_progress: OnProgress | None
    ) -> JobState | AimlapiError | None:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        try:
            self.refresh()
        except AimlapiError as error:
            return error
        if on_progress is not None:
            on_progress(self)
        return self._state

    async def _atook(
        self, step: Look | Sleep, on_progress: OnProgress | None
    ) -> JobState | AimlapiError | None:
        if isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            return None
        try:
            await self.arefresh()
        except AimlapiError as error:
            return error
        if on_progress is not None:
            on_progress(self)
        return self._state

    def _over(self, state: JobState | None) -> MediaResult:
        if state is None:
            raise AimlapiTimeoutError(
                f"the job is still {self._state.said or self.status}",
                hint=f"It goes on. Pick it up: {type(self._maker).__name__}(model={self.model!r})"
                f".job({self.id!r}).wait()",
            )
        return self.result()

    # --- what it made -----------------------------------------------------------------------------

    def result(self) -> MediaResult:
        """Return what it made.

        Raises:
            JobFailedError: If it failed.
            ValueError: If it is not over.
        """
        state = self._state
        if state.status == "failed":
            raise JobFailedError(
                f"The job failed: {state.error or state.said or 'the service does not say why'}",
                inference_id=self.id,
                body=dict(state.raw),
            )
        if state.status != "completed":
            raise ValueError(f"The job is {state.status}: wait() for it first.")
        return self._maker.result_of(state)

    def download(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Wait for it and write its file; see `GeneratedFile.save`."""
        return self.wait().save(path, overwrite=overwrite)

    async def adownload(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Wait for it and write its file; see `GeneratedFile.save`."""
        return await (await self.await_()).asave(path, overwrite=overwrite)

    def __str__(self) -> str:
        what = f"{type(self._maker).__name__} job {self.id} ({self.model}): {self.status}"
        return f"{what}: {self.error}" if self.error else what


def files_of(state: JobState, kind: str, maker: jobs.JobModel) -> list[GeneratedFile]:
    """The files of a job that is completed."""
    return [GeneratedFile.of(ref, kind, maker) for ref in state.files]

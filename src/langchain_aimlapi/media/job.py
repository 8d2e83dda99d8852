"""A job that the service works on: submitted once, looked at until it is over, picked up by its id.

A job is a value: it can be printed, stored, pickled and picked up by another process or on another
machine. Submitting costs money and is not repeated; looking costs nothing and is.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from langchain_aimlapi._client.metering import MeteredCall, Used
from langchain_aimlapi._client.polling import Look, Seen, Sleep, Steps, poll
from langchain_aimlapi._codec.decode.media import JobState
from langchain_aimlapi._lazy import LazyModule
from langchain_aimlapi._transport.deadline import deadline_in
from langchain_aimlapi.errors import (
    AimlapiError,
    AimlapiTimeoutError,
    JobFailedError,
    NotFoundError,
)
from langchain_aimlapi.media.results import MediaResult

if TYPE_CHECKING:
    from langchain_aimlapi.media import jobs
else:
    jobs = LazyModule(".media.jobs")  # which imports this module

__all__ = ["Job"]

R_co = TypeVar("R_co", bound=MediaResult, covariant=True)
OnProgress = Callable[["Job[Any]"], Awaitable[None] | None]


@dataclass(slots=True)
class Job(Generic[R_co]):
    """Something that the service is making.

    Attributes:
        id: By which it is found again: `Class(model=…).job(id)`.
        model: The model that was asked.
    """

    id: str
    model: str
    _maker: jobs.JobModel = field(repr=False, compare=False)
    _state: JobState = field(repr=False, compare=False)
    _steering: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _call: MeteredCall | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._learn(self._state)

    def __getstate__(self) -> dict[str, Any]:
        """Without those who count: they are objects of this process."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"_call": None}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def status(self) -> str:
        """How far it is, as last seen: "queued", "running", "completed" or "failed"."""
        return self._state.status

    @property
    def error(self) -> str | None:
        """Why it failed, in the service's words."""
        return self._state.error

    @property
    def cost(self) -> float | None:
        """US dollars as billed; `None` until the service says."""
        return self._state.cost.usd

    @property
    def is_over(self) -> bool:
        """Whether it is completed or has failed."""
        return self._state.status in {"completed", "failed"}

    # --- waiting ----------------------------------------------------------------------------------

    def refresh(self) -> Job[R_co]:
        """Look at it once.

        Returns:
            Itself.

        Raises:
            AimlapiError: If it cannot be looked at; `NotFoundError` if the service knows it no more.
        """
        self._learn(self._maker.look(self.id, self._steering))
        return self

    async def arefresh(self) -> Job[R_co]:
        """Look at it once; see `refresh`."""
        self._learn(await self._maker.alook(self.id, self._steering))
        return self

    def wait(self, timeout: float | None = None, on_progress: OnProgress | None = None) -> R_co:
        """Wait until it is over.

        Args:
            timeout: Seconds to wait; the model's own `timeout` if not given, else for ever.
            on_progress: Called with the job after each look.

        Returns:
            What it made.

        Raises:
            JobFailedError: If it failed.
            AimlapiTimeoutError: If it takes longer; it goes on all the same, and can be waited for
                again.
            AimlapiError: If it cannot be looked at any more.
        """
        return self.wait_until(self._deadline(timeout), on_progress)

    async def await_(
        self, timeout: float | None = None, on_progress: OnProgress | None = None
    ) -> R_co:
        """Wait until it is over; `await job` does so, too.

        Args:
            timeout: As for `wait`.
            on_progress: As for `wait`; may be an async function.

        Returns:
            What it made.
        """
        return await self.await_until(self._deadline(timeout), on_progress)

    def __await__(self) -> Generator[object, object, R_co]:
        return self.await_().__await__()

    def wait_until(self, deadline: float | None, on_progress: OnProgress | None = None) -> R_co:
        """Wait until it is over, or a time of the monotonic clock.

        Args:
            deadline: That time; `None` for no end.
            on_progress: As for `wait`.

        Returns:
            What it made.
        """
        steps, seen = self._steps(deadline), None
        try:
            while True:
                step = steps.send(seen) if seen is not None else next(steps)
                seen = _seen(self._took(step, deadline, on_progress))
        except StopIteration as over:
            return self._over(over.value)
        except BaseException as error:
            self._say_it_goes_on(error)
            raise

    async def await_until(
        self, deadline: float | None, on_progress: OnProgress | None = None
    ) -> R_co:
        """Wait until it is over, or a time of the monotonic clock.

        Args:
            deadline: That time; `None` for no end.
            on_progress: As for `wait`; may be an async function.

        Returns:
            What it made.
        """
        steps, seen = self._steps(deadline), None
        try:
            while True:
                step = steps.send(seen) if seen is not None else next(steps)
                seen = _seen(await self._atook(step, deadline, on_progress))
        except StopIteration as over:
            return self._over(over.value)
        except BaseException as error:
            self._say_it_goes_on(error)
            raise

    def _deadline(self, timeout: float | None) -> float | None:
        return deadline_in(self._maker.time_limit() if timeout is None else timeout)

    def _steps(self, deadline: float | None) -> Steps:
        return poll(self._state, deadline, _seen(None), self._maker.poll_interval)

    def _took(
        self, step: Look | Sleep, deadline: float | None, on_progress: OnProgress | None
    ) -> JobState | AimlapiError | None:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        try:
            self._learn(self._maker.look(self.id, self._steering, deadline))
        except AimlapiError as error:
            return error
        if on_progress is not None:
            on_progress(self)
        return self._state

    async def _atook(
        self, step: Look | Sleep, deadline: float | None, on_progress: OnProgress | None
    ) -> JobState | AimlapiError | None:
        if isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            return None
        try:
            self._learn(await self._maker.alook(self.id, self._steering, deadline))
        except AimlapiError as error:
            return error
        if on_progress is not None and inspect.isawaitable(said := on_progress(self)):
            await said
        return self._state

    def _learn(self, state: JobState) -> None:
        self._state = state
        if self.is_over and self._call is not None:
            used = Used(self.model, cost_usd=state.cost.usd)
            self._call.end(used if state.status == "completed" else None)

    def _over(self, state: JobState | None) -> R_co:
        if state is None:
            raise AimlapiTimeoutError(
                f"the job {self.id} is still {self._state.said or self.status}",
                hint=self._how_to_pick_up(),
                inference_id=self.id,
            )
        return self.result()

    def _how_to_pick_up(self) -> str:
        maker = type(self._maker).__name__
        return f"It goes on. Pick it up: {maker}(model={self.model!r}).job({self.id!r}).wait()"

    def _say_it_goes_on(self, error: BaseException) -> None:
        """A wait that ends early loses no job: whoever reads the error can pick it up."""
        if isinstance(error, AimlapiError):
            error.inference_id = error.inference_id or self.id
            error.hint = f"The job is {self.id}. {self._how_to_pick_up()}"
            if isinstance(error, NotFoundError):
                error.hint = f"The service knows no job {self.id} of this key."
        else:
            error.add_note(f"The job {self.id} was submitted. {self._how_to_pick_up()}")

    # --- what it made -----------------------------------------------------------------------------

    def result(self) -> R_co:
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
        return cast("R_co", self._maker.result_of(state))

    def download(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Wait for it and write its file.

        Args:
            path: Where to; as for `GeneratedFile.save`.
            overwrite: Whether to replace what stands there.

        Returns:
            Where it is.

        Raises:
            FileExistsError: If something stands there already.
            AimlapiError: If the job failed, or the file cannot be fetched.
        """
        return self.wait().save(path, overwrite=overwrite)

    async def adownload(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Wait for it and write its file; see `download`."""
        return await (await self.await_()).asave(path, overwrite=overwrite)

    def __str__(self) -> str:
        what = f"{type(self._maker).__name__} job {self.id} ({self.model}): {self.status}"
        return f"{what}: {self.error}" if self.error else what


def _seen(result: JobState | AimlapiError | None) -> Seen:
    return Seen(result, time.monotonic(), random.random())  # noqa: S311  # spread, no secret

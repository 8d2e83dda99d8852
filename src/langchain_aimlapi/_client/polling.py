"""Waiting for a job: what to do next, as a generator of steps that sync and async shells obey.

Looks begin 2 seconds apart and grow to 15, each pause a little longer or shorter by chance. Single
failures of looks are survived: a job that runs elsewhere does not end because a look at it
failed. The deadline is that of the whole call, looks included; the last look comes before it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiError,
    AimlapiTimeoutError,
    NotFoundError,
    ResponseFormatError,
)

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.media import JobState

__all__ = ["Look", "Seen", "Sleep", "poll"]

_FIRST, _LONGEST, _GROWTH, _SPREAD = 2.0, 15.0, 1.3, 0.2
_FAILURES, _NOT_FOUND = 5, 2
"""Looks in a row that may fail before the failure is the caller's; a new job may be unknown at
first."""
_LAST_LOOK = 1.0
"""Seconds before the deadline that are left for a last look."""


@dataclass(frozen=True, slots=True)
class Look:
    """Ask for the job's state."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait.

    Attributes:
        seconds: How long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a step.

    Attributes:
        result: The state or the error of a look; nothing of a wait.
        now: The time.
        chance: A random number from 0 to 1.
    """

    result: JobState | AimlapiError | None
    now: float
    chance: float


Steps = Generator[Look | Sleep, Seen, "JobState | None"]


def poll(state: JobState, deadline: float | None, seen: Seen, interval: float = _FIRST) -> Steps:
    """Wait until a job is over.

    Args:
        state: As last seen.
        deadline: When to give up, by the clock of `seen`; `None` for never.
        seen: The time, and the first random number.
        interval: Seconds until the first look.

    Returns:
        The state of the job that is over; `None` if the deadline came first.

    Raises:
        AimlapiError: If the job cannot be looked at any more.
    """
    failures, unknown, pause, is_last = 0, 0, interval, False
    while state.status in {"queued", "running"}:
        wait = pause * (1 + _SPREAD * (2 * seen.chance - 1))
        if deadline is not None:
            left = deadline - seen.now
            if is_last or left <= 0:
                return None
            most = left - min(_LAST_LOOK, left / 2)
            wait, is_last = min(wait, most), wait >= most
        seen = yield Sleep(wait)
        seen = yield Look()
        pause = min(_LONGEST, pause * _GROWTH)
        if isinstance(seen.result, AimlapiError):
            failures, unknown = failures + 1, unknown + isinstance(seen.result, NotFoundError)
            if failures > _FAILURES or unknown > _NOT_FOUND or not _may_pass(seen.result):
                raise seen.result
            pause = max(pause, seen.result.retry_after or 0.0)
        elif seen.result is not None:
            failures, unknown, state = 0, 0, seen.result
    return state


def _may_pass(error: AimlapiError) -> bool:
    """Whether a look that failed may succeed the next time."""
    passing = (AimlapiConnectionError, AimlapiTimeoutError, NotFoundError, ResponseFormatError)
    return error.is_retryable or isinstance(error, passing)

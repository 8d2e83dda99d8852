"""Waiting for a job: what to do next, as a generator of steps that sync and async shells obey.

Polls begin 2 seconds apart and grow to 15, each a little longer or shorter by chance. Single
failures of polls are survived: a job that runs elsewhere does not end because a look at it
failed. The deadline is that of the whole call.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_aimlapi.errors import AimlapiError, AimlapiStatusError, RateLimitError, ServerError

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.media import JobState

__all__ = ["Look", "Seen", "Sleep", "poll"]

_FIRST, _LONGEST, _GROWTH, _SPREAD = 2.0, 15.0, 1.3, 0.2
_FAILURES = 5
"""Polls in a row that may fail before the failure is the caller's."""


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


def poll(state: JobState, deadline: float | None, now: float, interval: float = _FIRST) -> Steps:
    """Wait until a job is over.

    Args:
        state: As last seen.
        deadline: When to give up, by the clock of `now`; `None` for never.
        now: The time.
        interval: Seconds until the first look.

    Returns:
        The state of the job that is over; `None` if the deadline came first.

    Raises:
        AimlapiError: If the job cannot be looked at any more.
    """
    failures, pause = 0, interval
    seen = Seen(None, now, 0.5)
    while state.status in {"queued", "running"}:
        wait = pause * (1 + _SPREAD * (2 * seen.chance - 1))
        if deadline is not None:
            left = deadline - seen.now
            if left <= 0:
                return None
            wait = min(wait, left)
        seen = yield Sleep(wait)
        seen = yield Look()
        if isinstance(seen.result, AimlapiError):
            failures += 1
            if failures > _FAILURES or not _may_pass(seen.result):
                raise seen.result
        elif seen.result is not None:
            failures, state = 0, seen.result
        pause = min(_LONGEST, pause * _GROWTH)
    return state


def _may_pass(error: AimlapiError) -> bool:
    """Whether a look that failed may succeed the next time."""
    return not isinstance(error, AimlapiStatusError) or isinstance(
        error, RateLimitError | ServerError
    )

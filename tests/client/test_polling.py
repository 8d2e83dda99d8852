"""Waiting for a job, with a clock and a chance of the test's own."""

from __future__ import annotations

import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._client.polling import Look, Seen, Sleep, poll
from langchain_aimlapi._codec.decode.media import Cost, JobState


def state(status):
    """A job in a state."""
    return JobState("j", status, status, (), None, Cost(None, {}), {})


class Played:
    """A wait, played to its end.

    Args:
        looks: What each look brings; the last one again and again.
        deadline: Of the wait that begins at 0.
        chance: The random number.
        slow: Seconds that a look takes.
    """

    def __init__(self, looks, deadline=None, chance=0.5, slow=0.0):
        self.now, self.sleeps, self.times = 0.0, [], []
        looks = list(looks)
        steps = poll(state("queued"), deadline, Seen(None, 0.0, chance))
        seen = None
        while True:
            try:
                step = steps.send(seen) if seen else next(steps)
            except StopIteration as over:
                self.result = over.value
                return
            if isinstance(step, Sleep):
                self.sleeps.append(step.seconds)
                self.now += step.seconds
                seen = Seen(None, self.now, chance)
            else:
                assert isinstance(step, Look)
                self.times.append(self.now)
                self.now += slow
                seen = Seen(looks.pop(0) if len(looks) > 1 else looks[0], self.now, chance)


DOWN = errors.ServerError("down", status_code=500)
GONE = errors.NotFoundError("unknown", status_code=404)


def test_pauses_grow_from_two_to_fifteen_seconds():
    """And stay there."""
    sleeps = Played([*[state("running")] * 12, state("completed")]).sleeps

    assert sleeps[0] == 2.0
    assert sleeps == sorted(sleeps)
    assert sleeps[-1] == sleeps[-2] == 15.0


@pytest.mark.parametrize(("chance", "first"), [(0.0, 1.6), (1.0, 2.4)])
def test_pauses_are_spread(chance, first):
    """Many who wait do not look at the same time."""
    assert Played([state("completed")], chance=chance).sleeps == [pytest.approx(first)]


def test_a_job_that_is_over_is_not_looked_at():
    """What was seen at submission is enough."""
    steps = poll(state("failed"), None, Seen(None, 0.0, 0.5))
    with pytest.raises(StopIteration) as over:
        next(steps)
    assert over.value.value.status == "failed"


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        errors.RateLimitError("slow", status_code=429),
        errors.AimlapiConnectionError("broke"),
        errors.StreamInterruptedError("cut"),
        errors.AimlapiTimeoutError("silence"),
        errors.ResponseFormatError("a web page"),
        errors.RequestTimeoutError("late", status_code=504),
    ],
    ids=lambda error: type(error).__name__,
)
def test_single_failures_are_survived(error):
    """The job does not end because a look at it failed."""
    assert Played([error, error, state("completed")]).result.status == "completed"


def test_failures_in_a_row_are_the_callers():
    """Six of them; a look that succeeds begins a new row."""
    good = Played([*[DOWN] * 5, state("running"), *[DOWN] * 5, state("completed")])
    assert good.result.status == "completed"
    with pytest.raises(errors.ServerError):
        Played([DOWN] * 6)


def test_a_new_job_may_be_unknown_at_first():
    """But not for long."""
    assert Played([GONE, GONE, state("completed")]).result.status == "completed"
    with pytest.raises(errors.NotFoundError):
        Played([GONE] * 3)


@pytest.mark.parametrize(
    "error",
    [
        errors.AuthenticationError("who?", status_code=401),
        errors.ConfigurationError("no such option"),
        errors.InvalidRequestError("no", status_code=400),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_does_not_pass_is_raised_at_once(error):
    """Waiting would not change it."""
    with pytest.raises(type(error)):
        Played([error, state("completed")])


def test_a_look_that_was_too_early_waits_as_asked():
    """Retry-After holds for the next look."""
    late = errors.RateLimitError("slow", status_code=429, retry_after=40.0)

    assert Played([late, state("completed")]).sleeps == [2.0, 40.0]


def test_the_deadline():
    """The last look comes just before it, and none after it."""
    played = Played([state("running")], deadline=20.0)

    assert played.result is None
    assert 19.0 <= played.times[-1] < 20.0
    assert played.now <= 20.0
    assert len(played.times) == len(set(played.times))


def test_slow_looks_count():
    """A look that takes seconds is part of the time."""
    played = Played([state("running")], deadline=10.0, slow=3.0)

    assert played.result is None
    assert max(played.times) < 10.0


def test_a_deadline_that_is_over():
    """Nothing is looked at."""
    assert Played([state("completed")], deadline=-1.0).times == []

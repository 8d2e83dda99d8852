"""The steps of a call for any outcomes, and that both shells carry out the same ones."""

from __future__ import annotations

import asyncio
import random
import time
from unittest.mock import ANY

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._errors.status import status_error
from langchain_aimlapi._transport import aio, pool, sync
from langchain_aimlapi._transport.budget import ProcessBudget
from langchain_aimlapi._transport.exchange import Pause, Send, Tried, exchange
from langchain_aimlapi._transport.request import ClientOptions, Reply, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiError,
    AimlapiTimeoutError,
    AuthenticationError,
    InvalidRequestError,
    RateLimitError,
    ServerError,
)

GOOD = Reply(200, {}, b'{"choices":[]}')
BUSY = Reply(503, {}, b'{"statusCode":503,"message":"busy"}')
DENIED = Reply(401, {}, b"")
LIMITED = Reply(429, {"retry-after": "3"}, b"")
SENT = Send(ANY, None)
"""The request went out, whichever it is, and nothing says until when."""


def played(results, *, retries=2, total=None, budget=None, takes=0.0, alternative=None):
    """Play results to an exchange; return its steps and what it ended with."""
    request = Request(
        "http://host",
        timeouts=Timeouts(total=total),
        retry=RetryPolicy(max_retries=retries),
        headers={"X-Client-Request-Id": "mine"},
        alternative=alternative,
    )
    now = 100.0
    until = None if total is None else now + total
    steps = exchange(request, until, budget or ProcessBudget())
    seen, results = [], iter(results)
    try:
        step = next(steps)
        while True:
            seen.append(step)
            pausing = isinstance(step, Pause)
            now += step.seconds if pausing else takes
            result = None if pausing else next(results)
            step = steps.send(Tried(result, now, 0.0, 0.5))
    except StopIteration as done:
        return seen, done.value
    except AimlapiError as error:
        return seen, error


def test_a_success_is_returned_at_once():
    """Nothing is done that need not be."""
    assert played([GOOD]) == ([SENT], GOOD)


def test_a_failure_is_repeated_after_a_growing_pause():
    """Half of half a second, half of one second, by the jitter of the test."""
    steps, result = played([BUSY, AimlapiConnectionError("cut"), GOOD])

    assert steps == [SENT, Pause(0.25), SENT, Pause(0.5), SENT]
    assert result is GOOD


def test_the_last_failure_is_raised():
    """When all attempts failed, the caller sees what the last one met."""
    steps, error = played([AimlapiConnectionError("cut"), BUSY, BUSY])

    assert len(steps) == 5
    assert isinstance(error, ServerError)


@pytest.mark.parametrize("reply", [DENIED, Reply(302, {"location": "http://other/"}, b"")])
def test_a_client_error_is_not_repeated(reply):
    """Asking again would bring the same answer."""
    steps, error = played([reply, GOOD])

    assert steps == [SENT]
    assert isinstance(error, AimlapiError)


def test_retry_after_is_waited_for():
    """The service's own wish, and jitter on top."""
    assert played([LIMITED, GOOD])[0] == [SENT, Pause(3.25), SENT]


def test_an_opened_stream_is_a_success():
    """The exchange passes on what it does not know."""
    stream = object()

    assert played([stream])[1] is stream


class OtherForm:
    """A second form of the request, for a service that answers the first with a 400."""

    def __init__(self):
        self.second = Request("http://host/second")
        self.was_accepted = False

    def request(self, error):
        return self.second if isinstance(error, InvalidRequestError) else None

    def accepted(self):
        self.was_accepted = True


REFUSED = Reply(400, {}, b'{"statusCode":400,"message":"Unrecognized key"}')


def test_a_request_refused_for_its_form_is_sent_in_its_other_form():
    """At once, without a retry's pause, and the form is told that it was taken."""
    other = OtherForm()
    steps, result = played([REFUSED, GOOD], retries=0, alternative=other)

    assert [step.request.url for step in steps] == ["http://host", "http://host/second"]
    assert (result, other.was_accepted) == (GOOD, True)


def test_the_other_form_has_the_retries_of_a_request():
    """A failure of it is repeated in that form."""
    steps, result = played([BUSY, REFUSED, BUSY, GOOD], retries=1, alternative=OtherForm())

    sent = [step.request.url[11:] for step in steps if isinstance(step, Send)]
    assert (sent, result) == (["", "", "/second", "/second"], GOOD)


@pytest.mark.parametrize("reply", [DENIED, LIMITED, BUSY])
def test_another_failure_does_not_try_the_other_form(reply):
    """The form was not the reason."""
    other = OtherForm()
    steps, error = played([reply], retries=0, alternative=other)

    assert (steps, other.was_accepted) == ([SENT], False)
    assert isinstance(error, AimlapiError)


def test_a_form_is_tried_once():
    """When both are refused, the second refusal is raised, and nothing was accepted."""
    other = OtherForm()
    steps, error = played([REFUSED, REFUSED, GOOD], alternative=other)

    assert (steps, other.was_accepted) == ([SENT, SENT], False)
    assert isinstance(error, InvalidRequestError)


def test_a_form_accepted_at_once_has_no_alternative():
    """Nothing is learnt where nothing was in doubt."""
    other = OtherForm()

    assert played([GOOD], alternative=other) == ([SENT], GOOD)
    assert not other.was_accepted


def test_both_forms_have_one_deadline():
    """What the first took is gone; past the deadline the second is not begun."""
    steps, _ = played([REFUSED, GOOD], total=10.0, takes=4.0, alternative=OtherForm())
    assert [step.until for step in steps] == [110.0, 110.0]

    steps, error = played([REFUSED, GOOD], total=3.0, takes=4.0, alternative=OtherForm())
    assert len(steps) == 1
    assert isinstance(error, InvalidRequestError)


def test_the_deadline_is_the_same_for_every_attempt():
    """Pauses and attempts are paid from one purse."""
    steps, _ = played([BUSY, BUSY, GOOD], total=10.0)

    assert [step.until for step in steps if isinstance(step, Send)] == [110.0] * 3


@pytest.mark.parametrize(
    ("results", "total", "takes", "kind"),
    [
        ([LIMITED, GOOD], 3.0, 0.0, RateLimitError),
        ([BUSY, GOOD], 5.0, 5.0, ServerError),
        ([AimlapiTimeoutError("late"), GOOD], 5.0, 5.0, AimlapiTimeoutError),
    ],
)
def test_no_pause_outlives_the_deadline(results, total, takes, kind):
    """An attempt that could not begin in time is not waited for: the last error is raised now."""
    steps, error = played(results, total=total, takes=takes)

    assert steps == [Send(ANY, 100.0 + total)]
    assert type(error) is kind


def test_an_outage_is_not_amplified():
    """With the budget spent, one request is one request."""
    budget = ProcessBudget(capacity=3)

    counts = [len(played([BUSY] * 3, budget=budget)[0]) for _ in range(4)]

    assert counts == [5, 3, 1, 1]


@pytest.mark.parametrize("why", ["the deadline forbids it", "no retry is left"])
def test_a_retry_that_is_not_made_costs_nothing(why):
    """The process keeps its retries for calls that may still make one."""
    budget = ProcessBudget(capacity=1)

    limits = {"total": 0.001} if why == "the deadline forbids it" else {"retries": 0}
    assert len(played([BUSY, GOOD], budget=budget, **limits)[0]) == 1
    assert played([BUSY, GOOD], budget=budget)[1] is GOOD


def test_a_success_pays_into_the_budget():
    """After an outage, retries come back with the service."""
    budget = ProcessBudget(capacity=1)
    played([BUSY, BUSY], budget=budget)
    played([GOOD], budget=budget)

    assert played([BUSY, GOOD], budget=budget)[1] is GOOD


def test_errors_carry_the_clients_own_id():
    """What the caller sent to find the request again is on every error."""
    for result in (DENIED, AimlapiConnectionError("cut")):
        assert played([result], retries=0)[1].client_request_id == "mine"


OUTCOMES = st.lists(
    st.sampled_from(
        [GOOD, BUSY, DENIED, LIMITED, httpx2.ConnectError("no"), httpx2.ReadError("no")]
    ),
    min_size=1,
    max_size=6,
).map(lambda outcomes: [*outcomes, GOOD])


ANSWER_TAKES = 0.1


class World:
    """A network that does what it is told, a clock that others move, and loaded dice.

    The clock is that of the event loop, too; so a machine that is busy with something else changes
    nothing about what fits into a deadline.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.steps: list[object] = []
        self.script: list[object] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self._sleep)
        monkeypatch.setattr(asyncio, "sleep", self._asleep)
        monkeypatch.setattr(random, "random", lambda: 0.5)

    def _sleep(self, seconds):
        self.steps.append(seconds)
        self.now += seconds

    async def _asleep(self, seconds):
        self._sleep(seconds)

    def answer(self, request):
        """Answer a request that a client of httpx2 sends."""
        self.steps.append((request.method, str(request.url), request.content))
        self.now += ANSWER_TAKES
        outcome = self.script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return httpx2.Response(outcome.status, headers=outcome.headers, content=outcome.body)

    def played(self, way, outcomes, request, deadline=None):
        """Return the steps that a way of sending takes, and how it ends."""
        self.now = 0.0
        self.steps.clear()
        self.script[:] = outcomes
        pool._state.budget = ProcessBudget(capacity=2)
        transport = httpx2.MockTransport(self.answer)
        try:
            if way == "sync":
                client = httpx2.Client(transport=transport)
                end = sync.send(request, ClientOptions(), client, deadline)
            else:
                client = httpx2.AsyncClient(transport=transport)
                end = asyncio.run(aio.asend(request, ClientOptions(), client, deadline))
        except AimlapiError as error:
            end = (type(error), str(error))
        return list(self.steps), getattr(end, "body", end)


def test_both_shells_take_the_same_steps(monkeypatch):
    """Whatever comes of the attempts, sync and async do the same about it."""
    world = World(monkeypatch)

    @given(OUTCOMES, st.integers(0, 3), st.none() | st.sampled_from([0.3, 3.2, 10.0]))
    def check(outcomes, retries, total):
        request = Request(
            "http://host/v1",
            b"body",
            timeouts=Timeouts(total=total),
            retry=RetryPolicy(max_retries=retries),
        )
        assert world.played("sync", outcomes, request) == world.played("async", outcomes, request)

    check()


def test_the_steps_do_not_depend_on_who_asks():
    """The generator reads neither clock nor dice: the same outcomes make the same steps."""
    results = [BUSY, LIMITED, status_error(500, "no")]

    assert played(results)[0] == played(results)[0]
    assert isinstance(played([DENIED])[1], AuthenticationError)


def test_a_deadline_that_was_handed_down_is_kept(monkeypatch):
    """A request that is part of a longer call has the time that is left of it, not its own."""
    world = World(monkeypatch)
    request = Request("http://host/v1", b"body", timeouts=Timeouts(total=100.0))

    for way in ("sync", "async"):
        steps, end = world.played(way, [LIMITED, GOOD], request, deadline=2.0)
        assert len(steps) == 1  # what Retry-After asks for is more than is left
        assert end[0] is RateLimitError

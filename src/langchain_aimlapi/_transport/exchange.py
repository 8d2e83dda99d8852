"""One logical call, as a generator of steps that `sync` and `aio` carry out.

The generator asks for an attempt or a pause and is sent what came of it, with the time and a random
number; so it reads no clock and rolls no dice, and both shells behave alike. It ends by returning
what the attempt brought, or by raising the last error.

Repeating stops when the policy, the deadline or the process-wide budget says so. It never happens
once a byte of a reply has reached the caller: an attempt at a stream ends with its first content.
A request that is refused for its form is sent once more in another form, if it has one, within the
same deadline.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from langchain_aimlapi._transport.error_response import error_of
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi._transport.retry import costs_budget
from langchain_aimlapi.errors import AimlapiError

if TYPE_CHECKING:
    from langchain_aimlapi._transport.request import Request
    from langchain_aimlapi._transport.retry import Budget


_OWN_ID = "x-client-request-id"


class Send(NamedTuple):
    """Send a request once."""

    request: Request
    until: float | None
    """When to give up, by the clock that the exchange was started with."""


class Pause(NamedTuple):
    """Wait."""

    seconds: float


class Tried(NamedTuple):
    """What came of a step."""

    result: object
    """A `Reply`, an opened stream, an error; None after a pause."""
    now: float
    """By the same clock as `Send.until`."""
    wall: float
    """Seconds since the epoch."""
    jitter: float
    """A random number from 0 to 1."""


Steps: TypeAlias = Generator[Send | Pause, Tried, object]


def exchange(request: Request, until: float | None, budget: Budget) -> Steps:
    """Make the steps of one call.

    Args:
        request: Sent as it is in each attempt, until its alternative takes its place.
        until: When the call has to be over, by any clock that only moves forward; None for never.
        budget: The retries left to the process.

    Returns:
        What the successful attempt brought: a `Reply` or an opened stream.

    Raises:
        AimlapiError: The last attempt failed and no other is due.
    """
    sent, tried = request, 0
    while True:
        outcome = yield Send(sent, until)
        tried += 1
        error = _failure(sent, outcome)
        if error is None:
            budget.earn()
            if request.alternative and sent is not request:
                request.alternative.accepted()
            return outcome.result
        delay = sent.retry.delay(error, tried, outcome.jitter)
        late = until is not None and outcome.now + (delay or 0.0) >= until
        other = None if late or sent is not request else _in_other_form(request, error)
        if other is not None:
            sent, tried = other, 0
        elif delay is None or late or not _affordable(error, budget):
            error.client_request_id = error.client_request_id or request.header(_OWN_ID)
            raise error
        else:
            yield Pause(delay)


def _in_other_form(request: Request, error: AimlapiError) -> Request | None:
    return request.alternative.request(error) if request.alternative else None


def _failure(request: Request, outcome: Tried) -> AimlapiError | None:
    result = outcome.result
    if isinstance(result, Reply):
        return error_of(result, outcome.wall, request.rules)
    return result if isinstance(result, AimlapiError) else None


def _affordable(error: AimlapiError, budget: Budget) -> bool:
    return not costs_budget(error) or budget.spend()

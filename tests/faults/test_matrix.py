"""Every fault in every way of calling: what comes out, how often it was tried, and what is left."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_aimlapi import AimlapiError
from langchain_aimlapi.sandbox import FAULTS

from .conftest import KEY, PROMPT, models_of, new_world
from .expectations import EXPECTED, PATIENT, Expected, timeouts_for
from .playing import (
    STREAMING,
    WAYS,
    Outcome,
    in_time,
    open_connections,
    partial_text,
    play,
    requests_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_aimlapi import ChatAimlapi
    from langchain_aimlapi.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

HARMLESS = [name for name, fault in FAULTS.items() if fault.harmless]
FAILING = [name for name in FAULTS if name not in HARMLESS]
CASES = [(fault, way) for fault in FAILING for way in WAYS]
NOT_LATE = [
    (fault, way)
    for fault, way in CASES
    if EXPECTED[fault].seen(way).again or not EXPECTED[fault].seen(way).late
]
"""Where there is time for another attempt."""
RETRIED = [(fault, way) for fault, way in CASES if EXPECTED[fault].seen(way).again]
FIELDS = ("message", "status_code", "code", "param", "request_id", "inference_id", "retry_after")


def test_the_table_is_complete():
    """Each fault has its row, and those called harmless are answered."""
    answered = [name for name, row in EXPECTED.items() if row.whole.kind is None]

    assert sorted(EXPECTED) == sorted(FAULTS)
    assert sorted(answered) == sorted(HARMLESS)


@pytest.mark.parametrize(("fault", "way"), CASES)
def test_a_fault_raises_its_error(failing: Callable[..., ChatAimlapi], world, fault, way):
    """It is the class of the table, after one request, with nothing left behind."""
    expected = EXPECTED[fault].seen(way)

    def attempt(limit: float) -> Outcome:
        return play(way, failing(fault, timeouts_for(way, expected, limit)), PROMPT)

    def came_so_far(outcome: Outcome) -> bool:
        sent = requests_of(outcome, world)
        return bool(sent) and partial_text(outcome.error) == expected.partial

    outcome = in_time(attempt, came_so_far)

    assert type(outcome.error) is expected.kind
    assert isinstance(outcome.error, ModelError)
    sent = requests_of(outcome, world)
    assert (len(sent), outcome.tasks, open_connections(world)) == (1, 0, 0)
    _has_its_fields(outcome.error, expected, world)
    if expected.late:
        assert f"within {outcome.limit:g} s" in str(outcome.error)
    _is_complete_elsewhere(outcome.error)
    _keeps_secrets(outcome.error)
    if way in STREAMING:
        _begins_only_with_content(outcome, expected)


def _has_its_fields(error: Any, expected: Expected, world: Sandbox) -> None:
    assert error.status_code == expected.status
    assert bool(error.request_id) == expected.request_id
    assert bool(error.inference_id) == expected.inference_id
    assert error.client_request_id
    assert error.retry_after == expected.retry_after
    assert bool(error.response) == expected.response
    assert partial_text(error) == expected.partial


def _is_complete_elsewhere(error: Any) -> None:
    sent = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    for other in (sent, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert [getattr(other, fact) for fact in FIELDS] == [
            getattr(error, fact) for fact in FIELDS
        ]
        assert other.is_retryable == error.is_retryable
        assert other.response == error.response


def _keeps_secrets(error: Any) -> None:
    told = "".join(traceback.format_exception(error))

    assert KEY not in f"{told}{error!r}{vars(error)}"
    assert KEY.encode() not in pickle.dumps(error)
    assert PROMPT not in f"{told}{error!r}"


def _begins_only_with_content(outcome: Outcome, expected: Expected) -> None:
    """What fails before any content raises before any chunk, so that a fallback can step in."""
    if expected.partial is None:
        assert outcome.pieces == []
    else:
        assert outcome.pieces != []


@pytest.mark.parametrize(("fault", "way"), NOT_LATE)
def test_no_fault_is_tried_more_often_than_allowed(failing, world, fault, way):
    """One retry is one more request where it may help, and none where it may not."""
    expected = EXPECTED[fault].seen(way)

    def attempt(limit: float) -> Outcome:
        model = failing(fault, timeouts_for(way, expected, limit), max_retries=1)
        return play(way, model, PROMPT)

    def all_were_sent(outcome: Outcome) -> bool:
        return len(requests_of(outcome, world)) == 1 + expected.again

    outcome = in_time(attempt, all_were_sent)
    sent = [dict(request.headers) for request in requests_of(outcome, world)]

    assert type(outcome.error) is expected.kind
    assert len(sent) == 1 + expected.again
    assert len({headers["idempotency-key"] for headers in sent}) == 1
    assert len({headers["x-client-request-id"] for headers in sent}) == 1
    assert (outcome.tasks, open_connections(world)) == (0, 0)


@pytest.mark.parametrize(("fault", "way"), RETRIED)
def test_a_retry_gets_the_answer(fault, way):
    """What fails once is answered at the second attempt, as if nothing had been."""

    def attempt(limit: float) -> Outcome:
        timeouts = timeouts_for(way, EXPECTED[fault].seen(way), limit)
        with new_world() as world:
            world.fail_next(fault)
            outcome = play(way, models_of(world)("", timeouts, max_retries=1), "Hello")
        requests.append(len(world.requests))
        return outcome

    requests: list[int] = []
    outcome = in_time(attempt, lambda outcome: outcome.error is None)

    assert outcome.error is None
    assert outcome.message.text.startswith("Hello from the AI/ML API sandbox.")
    assert requests[-1] == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", HARMLESS)
def test_a_harmless_fault_changes_nothing(failing, world, fault, way):
    """The answer is the very same, with its usage and its reason to end, after one request."""
    plain = play(way, failing("none", PATIENT), PROMPT)
    odd = play(way, failing(fault, PATIENT), PROMPT)

    assert plain.error is odd.error is None
    assert _essence(odd) == _essence(plain)
    assert (len(world.requests), odd.tasks, open_connections(world)) == (1, 0, 0)


def _essence(outcome: Outcome) -> tuple[Any, ...]:
    message = outcome.message
    return (
        message.content,
        message.usage_metadata,
        message.response_metadata["finish_reason"],
        message.response_metadata["cost"],
        len(outcome.pieces),
    )


@pytest.mark.parametrize("fault", FAILING)
def test_a_fallback_steps_in_unless_content_came(failing, world, fault):
    """A stream that fails before its first content goes on with another model; later it cannot."""
    expected = EXPECTED[fault].streamed

    def attempt(limit: float) -> Outcome:
        first = failing(fault, timeouts_for("stream", expected, limit))
        return play("stream", first.with_fallbacks([failing("none", PATIENT)]), "Hi")

    outcome = in_time(attempt, lambda outcome: partial_text(outcome.error) == expected.partial)

    if expected.partial is None:
        assert "Hello from" in outcome.message.text
        assert len(world.requests) == 2
    else:
        assert isinstance(outcome.error, AimlapiError)
        assert len(requests_of(outcome, world)) == 1


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_errors_suit_their_retries(fault):
    """What is tried again is marked retryable, so that LangChain's retries agree with ours."""
    for expected in (EXPECTED[fault.name].whole, EXPECTED[fault.name].streamed):
        if expected.kind is not None and expected.again:
            assert expected.kind.is_retryable

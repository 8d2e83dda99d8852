"""When to try again: the table of Retry-After, the growing waits, the shared budget."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi._errors.status import status_error
from langchain_aimlapi._transport.budget import ProcessBudget
from langchain_aimlapi._transport.retry import RetryPolicy, costs_budget, retry_after
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiTimeoutError,
    ConfigurationError,
    ResponseFormatError,
)

NOW = 1_793_707_200.0
"""Tue, 03 Nov 2026 12:00:00 GMT"""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "1e1"}, 10.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Tue, 03 Nov 2026 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Tue, 03 Nov 2026 13:00:07 +0100"}, 7.0),
        ({"retry-after": "Tue, 03 Nov 2026 12:00:07 -0000"}, 7.0),
        ({"retry-after": "Tue, 03 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Tue, 99 Nov 2026 12:00:07 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 999999 23:59:59 GMT"}, None),
        (
            {
                "retry-after": "Mon, 02 Nov 2026 12:00:07 GMT",
                "date": "Mon, 02 Nov 2026 12:00:00 GMT",
            },
            7.0,
        ),
        ({"retry-after": "Tue, 03 Nov 2026 12:00:07 GMT", "date": "today"}, 7.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        ({"retry-after": "3, 5"}, 5.0),
        ({"retry-after": "5,soon, 3"}, 5.0),
        ({"retry-after-ms": "100, 1500"}, 1.5),
        ({"retry-after": "3, Tue, 03 Nov 2026 12:00:07 GMT"}, 3.0),
        (
            {"retry-after": "Tue, 03 Nov 2026 12:00:07 GMT, Tue, 03 Nov 2026 12:00:09 GMT"},
            9.0,
        ),
        ({"retry-after": "Tuesday, 03-Nov-26 12:00:07 GMT"}, 7.0),
        ({"retry-after": "9" * 60_000}, None),
        ({"retry-after": "(" * 60_000}, None),
    ],
)
def test_retry_after(headers, seconds):
    """Seconds, milliseconds and dates are understood, nonsense is ignored."""
    assert retry_after(headers, NOW) == seconds


@given(st.text(), st.text())
def test_no_header_breaks_the_reading_of_it(said, date):
    """Whatever a service sends as Retry-After, its error response must not be masked by our own error."""
    seconds = retry_after({"retry-after": said, "date": date}, NOW)

    assert seconds is None or seconds >= 0


def test_waits_double_up_to_the_maximum():
    """Half a second, one, two, four, eight, and eight for ever."""
    policy = RetryPolicy(max_retries=2000)
    error = status_error(500, "no")

    waits = [policy.delay(error, tried, jitter=1.0) for tried in (1, 2, 3, 4, 5, 6, 1999)]

    assert waits == [0.5, 1, 2, 4, 8, 8, 8]


@pytest.mark.parametrize("jitter", [0.0, 0.25, 1.0])
def test_jitter_takes_all_of_the_wait(jitter):
    """Clients that failed together spread over the whole interval."""
    assert RetryPolicy().delay(status_error(500, "no"), 1, jitter) == 0.5 * jitter


def test_what_the_service_asks_is_the_least():
    """Retry-After is never undercut; jitter goes on top."""
    error = status_error(429, "no", retry_after=3.0)

    assert RetryPolicy().delay(error, 1, 0.0) == 3.0
    assert RetryPolicy().delay(error, 1, 1.0) == 3.5


@pytest.mark.parametrize(("asked", "delay"), [(60.0, 60.0), (60.1, None), (1e300, None)])
def test_an_absurd_wait_is_raised(asked, delay):
    """The caller is told to come back later instead of being kept waiting."""
    assert RetryPolicy().delay(status_error(429, "no", retry_after=asked), 1, 0.0) == delay


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_retries_are_counted_after_the_first_attempt(retries):
    """max_retries=n means n+1 requests at most."""
    policy, error = RetryPolicy(max_retries=retries), status_error(500, "no")

    tried = [n for n in range(1, 9) if policy.delay(error, n, 0.0) is not None]

    assert tried == list(range(1, retries + 1))


@pytest.mark.parametrize(
    ("error", "again"),
    [
        *(
            (status_error(status, "no"), False)
            for status in (400, 401, 402, 403, 404, 405, 413, 422)
        ),
        *(
            (status_error(status, "no"), True)
            for status in (408, 409, 425, 429, 500, 502, 503, 504)
        ),
        (status_error(500, "400 Unable to access model"), False),
        (AimlapiConnectionError("cut"), True),
        (AimlapiTimeoutError("slow"), True),
        (ResponseFormatError("page"), True),
        (ConfigurationError("bad"), False),
    ],
    ids=lambda value: value if isinstance(value, bool) else f"{type(value).__name__}",
)
def test_only_what_may_pass_is_repeated(error, again):
    """The caller's own mistakes are raised at once."""
    assert (RetryPolicy().delay(error, 1, 0.0) is not None) is again


def test_a_negative_number_of_retries_is_refused():
    """A setting that can mean nothing is an error."""
    with pytest.raises(ConfigurationError, match="max_retries"):
        RetryPolicy(max_retries=-1)


def test_rate_limits_cost_no_budget():
    """A service that says when to come back is not ailing."""
    assert not costs_budget(status_error(429, "no"))
    assert costs_budget(status_error(503, "no"))


def test_the_budget_runs_out_and_successes_refill_it():
    """An outage gets a bounded number of extra requests from a process."""
    budget = ProcessBudget(capacity=2)

    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(9):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_the_budget_is_exact_among_threads():
    """However many threads take from it, no retry is given twice."""
    budget = ProcessBudget(capacity=1000)
    taken: list[bool] = []
    threads = [
        threading.Thread(target=lambda: taken.extend([budget.spend() for _ in range(200)]))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken.count(True) == 1000

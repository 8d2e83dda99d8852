"""The error tree: classes by status and message, pickling, and what a message may tell."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
from langchain_core import exceptions as core
from langchain_core.language_models.chat_models import _generate_response_from_error

from langchain_aimlapi import errors
from langchain_aimlapi._errors.status import status_error
from langchain_aimlapi.errors import AimlapiError, ErrorResponse

KINDS = sorted(
    (
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, AimlapiError)
    ),
    key=lambda kind: kind.__name__,
)


def full(kind: type[AimlapiError]) -> AimlapiError:
    """Make an error with every attribute set."""
    error = kind(
        "no",
        status_code=418,
        code="teapot",
        param="messages",
        request_id="req",
        inference_id="inf",
        client_request_id="mine",
        retry_after=1.5,
        body={"a": [1]},
        response=ErrorResponse(418, {"server": "x"}, "{}"),
        partial=["half"],
        hint="Brew coffee.",
    )
    error.add_note("seen twice")
    return error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "again",
    [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy],  # noqa: S301
    ids=["pickle", "copy", "deepcopy"],
)
def test_every_error_survives_pickling_and_copying(kind, again):
    """A worker process hands back the same error, with every attribute."""
    error = full(kind)

    twin = again(error)

    assert type(twin) is kind
    assert twin.__dict__ == error.__dict__
    assert (twin.args, str(twin)) == (error.args, str(error))


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_one_of_langchains(kind):
    """Default retry middleware repeats whatever is no ModelError, so all are."""
    assert issubclass(kind, core.ModelError)


@pytest.mark.parametrize(
    ("status", "message", "kind", "retryable"),
    [
        (302, "moved", errors.InvalidRequestError, False),
        (400, "Body validation error", errors.InvalidRequestError, False),
        (400, "This model's maximum context length is 8192", errors.ContextOverflowError, False),
        (400, "prompt is too long: 9 > 8", errors.ContextOverflowError, False),
        (401, "bad key", errors.AuthenticationError, False),
        (402, "pay", errors.OutOfCreditsError, False),
        (403, "wrong scope", errors.PermissionDeniedError, False),
        (403, "You've run out of credits.", errors.OutOfCreditsError, False),
        (403, "exhausted the available CPU resource limit", errors.OutOfCreditsError, False),
        (404, "no such model", errors.NotFoundError, False),
        (405, "use POST", errors.InvalidRequestError, False),
        (408, "too slow", errors.RequestTimeoutError, True),
        (409, "busy", errors.ConflictError, True),
        (413, "too large", errors.ContextOverflowError, False),
        (415, "what is this", errors.InvalidRequestError, False),
        (418, "teapot", errors.InvalidRequestError, False),
        (422, "input is too long", errors.ContextOverflowError, False),
        (425, "too early", errors.RateLimitError, True),
        (429, "Too Many Requests", errors.RateLimitError, True),
        (429, "Free-tier limit reached", errors.RateLimitError, True),
        (429, "insufficient_quota", errors.OutOfCreditsError, False),
        (500, "Internal server error", errors.ServerError, True),
        (500, "400 Unable to access model", errors.InvalidRequestError, False),
        (500, '400 {"type":"error"}', errors.InvalidRequestError, False),
        (502, "429 rate limited upstream", errors.RateLimitError, True),
        (500, "4000 tokens were lost", errors.ServerError, True),
        (503, "overloaded", errors.ServerError, True),
        (504, "Generation timeout", errors.RequestTimeoutError, True),
        (529, "overloaded", errors.ServerError, True),
    ],
)
def test_status_and_message_choose_the_class(status, message, kind, retryable):
    """What the caller should do next decides the class; the status stays as it came."""
    error = status_error(status, message)

    assert type(error) is kind
    assert error.is_retryable is retryable
    assert (error.status_code, error.message) == (status, message)


def test_the_code_counts_where_the_message_is_silent():
    """Providers of the OpenAI dialect name an overflow in the code alone."""
    assert isinstance(
        status_error(400, "no", code="context_length_exceeded"), core.ContextOverflowError
    )


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (errors.ConfigurationError, core.ModelInvalidRequestError),
        (errors.MissingAPIKeyError, core.ModelAuthenticationError),
        (errors.UnsupportedContentError, ValueError),
        (errors.AimlapiConnectionError, core.ModelConnectionError),
        (errors.StreamInterruptedError, core.ModelConnectionError),
        (errors.AimlapiTimeoutError, core.ModelTimeoutError),
        (errors.AimlapiTimeoutError, TimeoutError),
        (errors.ResponseFormatError, core.ModelAPIError),
        (errors.ContextOverflowError, core.ContextOverflowError),
        (errors.RequestTimeoutError, TimeoutError),
    ],
)
def test_callers_may_catch_the_general_class(kind, parent):
    """An error is also the class that code written for any provider catches."""
    assert issubclass(kind, parent)


def test_configuration_errors_are_no_value_errors():
    """Pydantic would wrap a ValueError of a validator, and its class would be lost."""
    assert not issubclass(errors.ConfigurationError, ValueError)


def test_str_names_status_parameter_ids_and_the_way_out():
    """One line tells what happened, to what, and what to do."""
    error = status_error(401, "Invalid key", param="model", request_id="r1", inference_id="i1")

    assert str(error) == (
        "Invalid key (status 401, param model, request id r1, inference id i1)."
        " Check the API key (AIMLAPI_API_KEY)."
    )


def test_str_is_short_whatever_the_service_says():
    """An error text may become a message to a model, so a page of HTML must not."""
    assert len(str(status_error(500, "x" * 100_000))) < 1000


def test_a_response_keeps_no_secret_headers():
    """Traces receive the headers of a refused request."""
    secret = dict.fromkeys(
        ("Authorization", "Set-Cookie", "Cookie", "X-Api-Key", "api-key", "Proxy-Authorization"),
        "canary",
    )

    response = ErrorResponse(500, {**secret, "X-Request-Id": "r"}, "")

    assert response.headers == {"x-request-id": "r"}
    assert "canary" not in repr(response)


def test_langchain_reads_the_response():
    """The trace of a failed call shows status, headers, body and request id."""
    error = full(errors.ServerError)

    (generation,) = _generate_response_from_error(error)

    assert generation.message.response_metadata == {
        "body": {},
        "headers": {"server": "x"},
        "status_code": 418,
        "request_id": "req",
    }


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("one\r\ntwo", r"one\r\ntwo"),
        ("tab\there\x00", r"tab\there\x00"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("line\u2028end \ud800", r"line\u2028end \ud800"),
        ("café 日本 👩‍👩‍👧 ok", "café 日本 👩‍👩‍👧 ok"),
    ],
)
def test_what_a_service_says_stays_on_one_line(said, shown):
    """Terminal escapes, line ends and marks of direction are shown escaped; `message` keeps them."""
    error = errors.AimlapiStatusError(said, request_id=said, hint=said)

    assert str(error) == f"{shown} (request id {shown}). {shown}"
    assert error.message == said

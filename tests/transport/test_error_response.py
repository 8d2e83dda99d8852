"""Whole replies: what is an answer, what is an error response, and what it may tell."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi import errors
from langchain_aimlapi._errors.secrets import redact_error
from langchain_aimlapi._transport.error_response import MAX_ERROR_BYTES, error_of
from langchain_aimlapi._transport.request import Reply

KEY = "canary-0123456789abcdef"


def judged(body, status=200, **headers):
    """Judge a reply made of text or of a value to be sent as JSON."""
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    data = text.encode() if isinstance(text, str) else text
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = error_of(Reply(status, named, data), 0.0)
    if error is not None:
        redact_error(error, [KEY])  # as the door above the transport does
    return error


@pytest.mark.parametrize("status", [200, 201, 202, 299])
@pytest.mark.parametrize(
    "body", [{"choices": [{"index": 0}]}, {"object": "list", "data": []}, [], "not json at all"]
)
def test_any_2xx_is_an_answer(status, body):
    """The service documents 201 for some of its operations."""
    assert judged(body, status) is None


@pytest.mark.parametrize("status", [204, 205])
def test_no_content_is_an_answer_without_a_body(status):
    """These statuses say that there is none."""
    assert judged(b"", status) is None


@pytest.mark.parametrize("body", [b"", b"  \r\n "])
def test_an_empty_answer_is_unreadable(body):
    """A proxy that lost the reply is worth another try."""
    error = judged(body, x_request_id="r")

    assert type(error) is errors.ResponseFormatError
    assert (error.is_retryable, error.request_id, error.status_code) == (True, "r", 200)


@pytest.mark.parametrize("body", ["<!DOCTYPE html><p>Sign in</p>", "\n<html></html>"])
def test_a_web_page_is_no_answer(body):
    """Sign-in pages of networks answer 200."""
    assert type(judged(body)) is errors.ResponseFormatError


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"error": {"message": "m", "code": 502}}, errors.ServerError),
        ({"error": {"message": "m", "code": 429}}, errors.RateLimitError),
        ({"choices": [{"index": 0}], "error": {"message": "m"}}, errors.ServerError),
        ({"choices": None, "base_resp": {"status_code": 1008}}, errors.OutOfCreditsError),
        ({"requestId": "r", "statusCode": 400, "message": "m"}, errors.InvalidRequestError),
    ],
)
def test_an_error_within_a_success_is_an_error(payload, kind):
    """Gateways pass on a provider's error with status 200."""
    assert type(judged(payload)) is kind


def test_words_about_errors_are_no_errors():
    """An answer may speak of an "error" as much as it likes."""
    content = 'Say {"error": "x"} or "base_resp".'

    assert judged({"choices": [{"index": 0, "message": {"content": content}}]}) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Service Unavailable"),
        (b"<html><title>503 Sorry</title></html>", "503 Sorry"),
        (b'{"statusCode":503,"message":"busy"}', "busy"),
        (b'{"statusCode":503,"mess', '{"statusCode":503,"mess'),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_an_error_says_what_it_can(body, message):
    """JSON, a page, half of something or nothing: the status is never masked."""
    error = judged(body, 503)

    assert type(error) is errors.ServerError
    assert error.message == message


def test_an_error_has_its_headers_and_ids():
    """Support asks for them."""
    error = judged(
        {"statusCode": 429, "message": "slow", "requestId": "r"},
        429,
        retry_after="7",
        x_inference_id="i",
        x_client_request_id="c",
        set_cookie="s",
    )

    assert (error.retry_after, error.request_id, error.inference_id) == (7.0, "r", "i")
    assert error.client_request_id == "c"
    assert "set-cookie" not in error.response.headers
    assert error.response.json() == {"statusCode": 429, "message": "slow", "requestId": "r"}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_named(status):
    """The caller learns where it led, without what the address may hold, and that we do not go."""
    error = judged(b"", status, location=f"https://user:pw@other.example/v1?token={KEY}")

    assert type(error) is errors.InvalidRequestError
    assert "https://other.example/v1" in str(error)
    assert "base_url" in error.hint
    assert "token" not in str(error)
    assert "pw" not in str(error)


@pytest.mark.parametrize("location", ["", "/relative", "http://[", "//[bad"])
def test_an_odd_redirect_is_an_error_too(location):
    """An address nobody can read is not our failure."""
    assert type(judged(b"", 302, location=location)) is errors.InvalidRequestError


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"wrong key {KEY}", "code": 401}},
        f"<title>{KEY}</title>",
    ],
)
@pytest.mark.parametrize("status", [200, 401, 502])
def test_an_echoed_key_reaches_no_part_of_the_error(body, status):
    """Not the text, the body, the response, or what a worker would send home."""
    error = judged(body, status, x_debug=f"Bearer {KEY}")

    assert KEY not in f"{error!s} {error!r} {error.__dict__}"
    assert KEY.encode() not in pickle.dumps(error)


def test_a_large_error_is_cut():
    """A page of megabytes does not end up in a trace."""
    error = judged(b"x" * 1_000_000, 500)

    assert len(error.response.text) == MAX_ERROR_BYTES


@given(st.binary(max_size=50), st.integers(100, 599))
def test_any_reply_is_judged(body, status):
    """No bytes make the judge fail."""
    error = judged(body, status)

    assert error is None or isinstance(error, errors.AimlapiError)

"""Every shape of error response that the gateway and those behind it are known to use."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi import errors
from langchain_aimlapi._errors.envelope import (
    Envelope,
    error_from,
    read_envelope,
    read_job_envelope,
)
from langchain_aimlapi._errors.secrets import Redactor

FLAT = {
    "requestId": "req-1",
    "statusCode": 400,
    "timestamp": "2026-01-01T00:00:00.000Z",
    "path": "/v1/chat/completions",
    "message": "Body validation error",
}
CHOICES = [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (FLAT, Envelope("Body validation error", 400, request_id="req-1")),
        (FLAT | {"statusCode": "429"}, Envelope("Body validation error", 429, request_id="req-1")),
        (
            FLAT | {"statusCode": 500, "message": '400 {"error":{"message":"in","code":"c"}}'},
            Envelope("in", 500, 400, "c", None, "req-1"),
        ),
        (
            FLAT | {"meta": [{"path": ["messages", 0, "role"], "message": "Invalid enum value."}]},
            Envelope(
                "Body validation error: messages.0.role: Invalid enum value.",
                400,
                param="messages.0.role",
                request_id="req-1",
            ),
        ),
        (
            FLAT | {"meta": {"issues": [{"path": ["n"], "message": "Too big"}]}},
            Envelope("Body validation error: n: Too big", 400, param="n", request_id="req-1"),
        ),
        (
            {"statusCode": 403, "message": "no", "error": "Forbidden"},
            Envelope("no", 403, code="Forbidden"),
        ),
        (
            {
                "error": {
                    "message": "no",
                    "type": "invalid_request_error",
                    "param": "n",
                    "code": None,
                }
            },
            Envelope("no", 400, code="invalid_request_error", param="n"),
        ),
        (
            {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}},
            Envelope("slow down", 429, code="rate_limit_exceeded"),
        ),
        ({"error": {"message": "bad gateway", "code": 502}}, Envelope("bad gateway", 502)),
        ({"error": {"message": "m", "code": "503"}}, Envelope("m", 503)),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            Envelope("Overloaded", 529, code="overloaded_error"),
        ),
        (
            {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}},
            Envelope("quota", 429, code="RESOURCE_EXHAUSTED"),
        ),
        ({"error": "it broke"}, Envelope("it broke")),
        ({"error": {"message": "{oops}"}}, Envelope("{oops}")),
        (
            FLAT | {"meta": {"note": "x"}},
            Envelope("Body validation error", 400, request_id="req-1"),
        ),
        (
            FLAT | {"meta": [{"field": "n", "message": "bad"}, {"message": "worse"}]},
            Envelope("Body validation error: n: bad; worse", 400, param="n", request_id="req-1"),
        ),
        ({"error": {"name": "Boom", "message": "it broke"}}, Envelope("it broke", code="Boom")),
        ({"choices": CHOICES, "error": {"message": "cut", "code": 502}}, Envelope("cut", 502)),
        ({"choices": [], "error": {"message": "cut"}}, Envelope("cut")),
        ({"detail": "Not Found"}, Envelope("Not Found")),
        (
            {"detail": [{"loc": ["body", "n"], "msg": "field required", "type": "missing"}]},
            Envelope("n: field required", param="n"),
        ),
        (
            {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "no balance"}},
            Envelope("no balance", 402, code="1008"),
        ),
        ({"base_resp": {"status_code": 7, "status_msg": "odd"}}, Envelope("odd", 500, code="7")),
        ({"message": "no Route matched"}, Envelope("no Route matched")),
        ({"message": "busy", "code": 503}, Envelope("busy", 503)),
        (
            {"error": {"message": '{"error":{"message":"deep","code":"x"}}', "code": 500}},
            Envelope("deep", 500, None, "x"),
        ),
    ],
)
def test_every_shape_is_read(payload, expected):
    """What an error response says is found wherever the service put it."""
    assert read_envelope(payload) == expected


@pytest.mark.parametrize(
    "payload",
    [
        {"choices": CHOICES},
        {"choices": CHOICES, "error": None},
        {"choices": [], "usage": {"total_tokens": 1}},
        {"meta": {"usage": {"credits_used": 1}}},
        {"event": {"id": "", "choices": CHOICES}, "state": {}},
        {"object": "list", "data": []},
        {"choices": CHOICES, "base_resp": {"status_code": 0, "status_msg": ""}},
        {"choices": CHOICES, "message": "hello"},
        {"choices": CHOICES, "detail": "low"},
        {"statusCode": 200, "message": ""},
        {},
        [],
        None,
        "text",
        7,
    ],
)
def test_healthy_replies_are_no_errors(payload):
    """Nothing but a known shape of error is taken for one."""
    assert read_envelope(payload) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "statusCode", "detail", "meta", "base_resp", "code", "choices"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.none() | st.integers(100, 999), st.text(max_size=20))
def test_any_payload_makes_an_error_of_the_tree(payload, status, text):
    """However odd an error response is, the caller gets one of our errors and never a KeyError."""
    error = error_from(payload, status=status, headers={}, text=text)

    assert isinstance(error, errors.AimlapiStatusError)
    assert isinstance(str(error), str)


def test_envelopes_in_envelopes_end_somewhere():
    """A message that wraps itself a thousand times is read only a few deep."""
    message = "core"
    for _ in range(12):
        message = json.dumps({"error": {"message": message}})

    assert read_envelope({"error": {"message": message}}) is not None


def test_the_http_status_wins_over_the_one_in_the_body():
    """A proxy that turns 400 into 503 wants another try."""
    error = error_from(FLAT, status=503, headers={})

    assert type(error) is errors.ServerError
    assert (error.status_code, error.request_id) == (503, "req-1")


@pytest.mark.parametrize("status", [None, 200, 201])
def test_within_a_success_the_body_decides(status):
    """An error event in a stream is as good as the status it names."""
    error = error_from({"error": {"message": "m", "code": 429}}, status=status, headers={})

    assert type(error) is errors.RateLimitError
    assert error.status_code == 429


@pytest.mark.parametrize(
    "beside", [{"code": 429}, {"status": "429"}, {"type": "rate_limit_error"}, {"status_code": 429}]
)
def test_a_bare_text_has_its_status_beside_it(beside):
    """Small servers write the error as a text and its number next to it."""
    error = error_from({"error": "slow down", **beside})

    assert type(error) is errors.RateLimitError
    assert error.message == "slow down"


def test_an_error_that_names_no_status_is_the_servers_fault():
    """Without a number or a known name, trying again is the best guess."""
    error = error_from({"error": "it broke"}, headers={})

    assert type(error) is errors.ServerError
    assert (error.status_code, error.is_retryable) == (500, True)


def test_a_providers_400_within_a_500_is_the_callers_to_fix():
    """The inner status decides the class, the outer stays as status_code."""
    wrapped = FLAT | {
        "statusCode": 500,
        "message": '400 {"type":"error","error":{"type":"invalid_request_error",'
        '"message":"max_tokens: too large"},"request_id":"req_in"}',
    }

    error = error_from(wrapped, status=500, headers={})

    assert type(error) is errors.InvalidRequestError
    assert (error.status_code, error.message) == (500, "max_tokens: too large")
    assert (error.request_id, error.code) == ("req-1", "invalid_request_error")


def test_ids_and_headers_are_kept():
    """What support will ask for is on the error."""
    headers = {
        "x-request-id": "r",
        "x-inference-id": "i",
        "x-client-request-id": "c",
        "cookie": "s",
    }

    error = error_from(None, status=502, headers=headers, text="oops")

    assert (error.request_id, error.inference_id, error.client_request_id) == ("r", "i", "c")
    assert error.response == errors.ErrorResponse(502, headers, "oops")
    assert "cookie" not in error.response.headers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html><head><title>502 Bad\nGateway</title></head><body>x</body>", "502 Bad Gateway"),
        ("<h1>Blocked by <b>proxy</b></h1><p>ask IT</p>", "Blocked by proxy"),
        ("upstream  timed out\n", "upstream timed out"),
        ("", "Bad Gateway"),
    ],
)
def test_what_is_no_json_is_said_in_words(text, message):
    """A proxy's page is boiled down to its title, an empty body to the status' name."""
    assert error_from(None, status=502, headers={}, text=text).message == message


@pytest.mark.parametrize("secret", ["Bearer canary-0123456789", "sk-canary_0123456789"])
def test_an_echoed_key_is_hidden(secret):
    """Some services repeat the key they refuse."""
    error = error_from({"error": {"message": f"wrong key: {secret}"}}, status=401, headers={})

    assert "canary" not in str(error)


HOSTILE = {
    "tags that never end": "<" * 65_536,
    "titles that never end": "<title>" * 9_000,
    "headings that never end": "<h1 a='" * 9_000,
    "an object that never ends": "400 " + "{" * 60_000,
    "objects that end and end": "400 {" + "} " * 30_000,
    "blanks": " " * 65_536 + "x",
    "digits and blanks": "400" + " " * 65_536,
    "bearers": "bearer " * 9_000,
    "a bearer and blanks": "bearer" + " " * 65_536 + '"',
    "keys": "sk-" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_keeps_the_reader_busy(text):
    """The time grows with the text, not with its square: ten times as much is read in no time.

    The limit says no more than "not for ever": a pattern that starts again at each of its
    beginnings would take an hour.
    """
    started = time.process_time()

    for payload in (None, {"error": {"message": text * 10}}, {"detail": text * 10}):
        error = error_from(payload, status=502, text=text * 10)
        assert isinstance(error, errors.AimlapiStatusError)
        assert len(error.message) < 10_000

    assert time.process_time() - started < 20


def test_a_long_message_is_cut_and_kept_in_the_body():
    """An error stays something to read."""
    payload = {"error": {"message": "no " * 1_000_000}}

    error = error_from(payload, status=400)

    assert len(str(error)) < 5_000
    assert error.message.endswith("no …")
    assert error.body is payload


def test_a_long_message_is_not_cut_within_a_key():
    """Half a key would be found by nobody who looks for the whole of it."""
    message = "x " * 1_998 + "key-0123456789abcdef" * 3

    assert "key" not in error_from({"error": {"message": message}}, status=400).message


@pytest.mark.parametrize("key", ["message", "param", "code", "status", "requestId"])
@pytest.mark.parametrize("nest", ["list", "object"])
def test_depth_is_no_trouble(key, nest):
    """Whatever is nested in whatever field, there is an error of ours, and it can be cleaned."""
    value: object = "deep"
    for _ in range(900):
        value = [value] if nest == "list" else {"message": value}

    for payload in ({"error": {"message": "no", key: value}}, {"detail": value}, {key: value}):
        error = error_from(payload, status=400, text="…")
        assert isinstance(error, errors.InvalidRequestError)
        assert str(error)
        assert Redactor(["deeper"]).value(error.body) is not None


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<TITLE a=1>It's\n down</TITLE><h1>x</h1>", "It's down"),
        ("<title></title><h1>Sorry <b>all</b></h1>", "Sorry all"),
        ("<title>cut off", "cut off"),
        ("İİİİ<title>in Turkish</title>", "in Turkish"),
        ("a < b <i>c</i>", "a < b c"),
    ],
)
def test_a_page_says_its_title(page, message):
    """Or its heading, or its text."""
    assert error_from(None, status=502, text=page).message == message


@pytest.mark.parametrize(
    "job",
    [
        {"id": "1", "status": "queued", "message": "in line"},
        {"generation_id": "1", "status": "generating", "message": "half done"},
        {"id": "1", "status": "error", "error": {"name": "Failed", "message": "no such voice"}},
        {"status": "completed", "error": None},
    ],
)
def test_jobs_are_no_errors(job):
    """What a job says of itself is not about the request that asked for it."""
    assert read_job_envelope(job) is None


@pytest.mark.parametrize(
    "said",
    [
        {"statusCode": 404, "message": "no such job"},
        {"status": "error", "message": "no such job"},
        {"status": "404", "message": "no such job"},
        {"error": {"message": "no such job"}},
        {"message": "no such job"},
    ],
)
def test_errors_are_no_jobs(said):
    """A body that names no job is an error as elsewhere."""
    assert read_job_envelope(said).message == "no such job"

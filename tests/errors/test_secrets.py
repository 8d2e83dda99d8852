"""The redactor: every secret of a request, in any escaping, and nothing but the secret."""

from __future__ import annotations

import base64
import json
import time
from html import escape
from urllib.parse import quote

import pytest
from langchain_core.messages import AIMessageChunk

from langchain_aimlapi._errors.secrets import (
    HIDDEN,
    Redactor,
    redact_error,
    secrets_in,
    secrets_in_body,
)
from langchain_aimlapi._errors.text import readable
from langchain_aimlapi.errors import AimlapiError, ErrorResponse, ServerError

KEY = "a/b+c\"d\\e<f>&g'0123456789"
"""One with every character that some encoder escapes."""

ESCAPED = {
    "plain": KEY,
    "lower case": KEY.lower(),
    "JSON": json.dumps(KEY),
    "JSON in JSON": json.dumps(json.dumps(KEY)),
    "PHP's JSON": json.dumps(KEY).replace("/", "\\/"),
    "JSON for pages": json.dumps(KEY).translate(
        {ord(char): f"\\u{ord(char):04X}" for char in "<>&'+"}
    ),
    "all of it escaped": "".join(f"\\u{ord(char):04x}" for char in KEY),
    "a URL": quote(KEY, safe=""),
    "a page": escape(KEY),
    "a page, numbered": "".join(f"&#{ord(char)};" for char in KEY),
}


@pytest.mark.parametrize("form", ESCAPED)
def test_a_secret_in_any_escaping(form):
    """Each character may be escaped on its own."""
    text = Redactor([KEY]).text(f"wrong key {ESCAPED[form]}!")

    assert text.replace("\\", "").replace('"', "") == f"wrong key {HIDDEN}!"


@pytest.mark.parametrize(
    ("secret", "text", "redacted"),
    [
        ("abcd1234", "the key abcd1234.", f"the key {HIDDEN}."),
        ("abcd1234", "keyabcd1234x", f"key{HIDDEN}x"),
        ("secret", "a secretary kept the secret", f"a secretary kept the {HIDDEN}"),
        ("key12", "key12 is too short to be told from a word", None),
        ("token-1", "token-1, mytoken-12", f"{HIDDEN}, mytoken-12"),
        ("", "nothing", None),
        ("sandbox", "the sandbox refused the key 'sandbox'", None),
    ],
)
def test_only_the_secret_goes(secret, text, redacted):
    """Words around it stay; a short one, or one of letters alone, is a whole word."""
    assert Redactor([secret]).text(text) == (redacted or text)


def test_a_secret_that_was_cut_off():
    """A text may end within it; half of it is too much to show."""
    redactor = Redactor(["abcdefghij-0123456789"])

    assert redactor.text("wrong key abcdefghij-01234…") == f"wrong key {HIDDEN}…"
    assert redactor.text("wrong key abcd") == "wrong key abcd"


def test_the_longer_secret_goes_first():
    """One that holds another is replaced as a whole."""
    assert Redactor(["abcdef-1", "abcdef-1-long"]).text("abcdef-1-long") == HIDDEN


def test_json():
    """Keys and values at any depth, and bytes."""
    value = {"a abcdef-1": ["abcdef-1", {"b": ("x", b"abcdef-1")}], "n": 1}

    assert Redactor(["abcdef-1"]).value(value) == {
        f"a {HIDDEN}": [HIDDEN, {"b": ("x", HIDDEN.encode())}],
        "n": 1,
    }


@pytest.mark.parametrize(
    "text", ["\\" * 200_000, "a" * 4_000_000, "&#" * 100_000, "\\u00" * 50_000, "%6" * 100_000]
)
def test_long_texts_take_little_time(text):
    """It is the service that chooses what is searched; the limit only says "not for ever"."""
    begun = time.process_time()

    Redactor([KEY, "abcdef-1", "aaaaaaab", "secret"]).text(text)

    assert time.process_time() - begun < 10


@pytest.mark.parametrize("run", [2, 12])
def test_backslashes_in_a_secret(run):
    """They escape one another, in the text and in the secret."""
    secret = "abcd" + "\\" * run + "ef1"
    redactor = Redactor([secret])
    begun = time.process_time()

    for text in (secret, json.dumps(secret), json.dumps(json.dumps(secret)), quote(secret)):
        assert redactor.text(text).strip('\\"') == HIDDEN
    redactor.text(("abcd" + "\\" * 60) * 1000)

    assert time.process_time() - begun < 10


MANY = 300_000


@pytest.mark.parametrize(
    "body",
    [
        {"details": ["ab"] * MANY},
        {f"k{number}": 1 for number in range(MANY)},
        [[{}]] * MANY,
        ["a" * 60_000] * 400,
    ],
    ids=["texts", "keys", "objects", "long texts"],
)
def test_large_bodies_take_little_time(body):
    """What is left out says so; the limit only says "not for ever"."""
    begun = time.process_time()

    shown = Redactor([KEY, "abcdef-1", "secret"]).value([body, "abcdef-1"])

    assert time.process_time() - begun < 10
    assert "abcdef-1" not in str(shown[1:])
    assert (isinstance(body, list) and len(body) == 400) or "more is not shown" in str(shown)


def test_a_body_of_usual_size_is_shown_whole():
    """Nothing is left out of it."""
    body = {"rows": [{"id": number, "text": "word"} for number in range(5000)]}

    assert Redactor(["abcdef-1"]).value(body) == body


def test_a_secret_far_behind():
    """Also beyond what is searched for odd escapings."""
    text = "x" * 65_530 + json.dumps(KEY) + "x" * 1000 + KEY

    assert "23456789" not in Redactor([KEY]).text(text)


@pytest.mark.parametrize(
    ("header", "value", "secret"),
    [
        ("Authorization", "Bearer abc-123456", "abc-123456"),
        ("Authorization", "Basic " + base64.b64encode(b"me:pass-word").decode(), "pass-word"),
        ("Authorization", "Bearer abc-123456", base64.b64encode(b"abc-123456").decode()[:-2]),
        ("Authorization", "Bearer abc-123456", b"abc-123456".hex()),
        ("Cookie", "a=1; session=abc-123456; b=2", "abc-123456"),
        ("X-Api-Key", "letters", "letters"),
        ("X-Org", "org-77ab01cd", "org-77ab01cd"),
    ],
)
def test_headers_that_hold_secrets(header, value, secret):
    """The part that may be repeated alone, too."""
    assert secret in set(secrets_in({header: value}, "https://x/v1", []))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Type", "application/json; v=123456"),
        ("X-Client-Request-Id", "run-1234567"),
        ("X-Region", "production"),
        ("X-Version", "2024-06-01"),
    ],
)
def test_headers_that_hold_none(header, value):
    """Redacting these would take words out of messages."""
    assert set(secrets_in({header: value}, "https://x/v1", [])) == set()


@pytest.mark.parametrize(
    ("proxy", "secret"),
    [
        ("http://me:pass%2Fword@proxy:1", "pass/word"),
        ("http://me:pass%2Fword@proxy:1", "pass%2Fword"),
        ("http://me:PRO/XY77@proxy:1", "PRO/XY77"),
        ("me:p?#@77@proxy:1", "p?#@77"),
        ("http://me:pass%2Fword@proxy:1", base64.b64encode(b"me:pass/word").decode()),
    ],
)
def test_proxies_that_hold_secrets(proxy, secret):
    """Passwords as they stand and as they are sent, with a slash in them, too."""
    assert secret in set(secrets_in({}, "https://x", [proxy]))


def test_queries_that_hold_secrets():
    """By the names of their values."""
    assert set(secrets_in({}, "https://x/v1?token=abc-123456&v=1234567&k@x=1", [])) == {
        "abc-123456"
    }


def test_bodies_that_hold_secrets():
    """What opens a remote tool; what only describes an argument of that name is none."""
    tools = [
        {"type": "mcp", "authorization": "Bearer abc-123", "headers": {"X-Key": "def-456"}},
        {"type": "function", "parameters": {"properties": {"api_key": {"description": "mine"}}}},
    ]

    assert set(secrets_in_body(json.dumps({"tools": tools}).encode())) == {
        "Bearer abc-123",
        "abc-123",
        "def-456",
    }
    assert set(secrets_in_body(b'--x "api_key" no JSON')) == set()
    assert set(secrets_in_body(None)) == set()


def test_all_of_an_error():
    """Texts, ids, body, response, what had arrived, and the cause."""
    secret = "abcdef-123"
    cause = KeyError(secret)
    partial = AIMessageChunk("Hi", id=secret, response_metadata={"request_id": secret})
    error = ServerError(
        f"no {secret}",
        code=secret,
        param=f"x.{secret}",
        request_id=secret,
        inference_id=secret,
        client_request_id=secret,
        body={"k": secret},
        response=ErrorResponse(500, {"x": secret}, secret),
        partial=partial,
        hint=f"try {secret}",
    )
    error.__cause__ = cause

    redact_error(error, [secret])

    assert secret not in f"{vars(error)!r} {error} {error!r} {error.__cause__!r}"
    assert error.partial.text == "Hi"
    assert error.message == f"no {HIDDEN}"


def test_log_probabilities_that_had_arrived_are_kept_whole():
    """They are the model's words."""
    tokens = {"content": [{"token": "a", "logprob": -1.0, "top_logprobs": []}] * 10_000}
    partial = AIMessageChunk("Hi", response_metadata={"logprobs": tokens, "id": "abcdef-123"})
    error = ServerError("no", partial=partial)

    redact_error(error, ["abcdef-123"])

    assert partial.response_metadata == {"logprobs": tokens, "id": HIDDEN}


def test_a_cause_that_holds_the_reply():
    """JSON's errors keep the whole text, which no search of their arguments would find."""
    error = AimlapiError("x")
    try:
        json.loads('{"key": abcdef-123}')
    except ValueError as cause:
        error.__cause__ = cause

    redact_error(error, ["abcdef-123"])

    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Bearer authentication failed", None),
        ("send Bearer <token> please", None),
        ("bearer token is missing", None),
        ("Incorrect API key provided: sk-abcdefghijk1", f"Incorrect API key provided: {HIDDEN}"),
        ("wrong Bearer abcd-1234-efgh", f"wrong Bearer {HIDDEN}"),
        ("sk-learn-has-no-such-estimator", None),
    ],
)
def test_keys_of_others(message, shown):
    """A vendor may repeat the gateway's key; words that only stand behind "bearer" stay."""
    assert readable(message) == (shown or message)

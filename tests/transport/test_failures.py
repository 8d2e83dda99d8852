"""Every exception of every HTTP library becomes an error of ours, with its text and no secret."""

from __future__ import annotations

import inspect
import socket
import ssl

import aiohttp
import httpcore2
import httpx
import httpx2
import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport.failures import failure
from langchain_aimlapi._transport.request import Request, Timeouts

KEY = "canary-0123456789abcdef"
REQUEST = Request(
    "http://user:pw@host:8/v1",
    headers={"Authorization": f"Bearer {KEY}"},
    timeouts=Timeouts(connect=1, first_token=2, between_tokens=3, total=4),
)
PROGRAMMERS_OWN = {
    # Of the libraries' own misuse, which our code does not commit, or of features we do not use.
    "CookieConflict",
    "ConnectionNotAvailable",
    "EofStream",
    "WebSocketError",
    "WSMessageTypeError",
}


def exceptions(module):
    """All exceptions a library exports."""
    found = {
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    }
    return sorted((k for k in found if k.__name__ not in PROGRAMMERS_OWN), key=lambda k: k.__name__)


def bare(kind, text):
    """An instance with a text, whatever its class would want to be told."""
    exc = kind.__new__(kind)
    exc.args = (text,)
    exc.__class__ = type(kind.__name__, (kind,), {"__str__": lambda _: text})
    return exc


def made(exc, *, late=-1.0, begun=False):
    return failure(exc, REQUEST, late=late, begun=begun)


@pytest.mark.parametrize(
    "kind",
    [kind for module in (httpx2, httpx, httpcore2, aiohttp) for kind in exceptions(module)],
    ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}",
)
def test_every_exception_of_a_library_is_translated(kind):
    """A new one in a new version fails this test, not a user."""
    error = made(bare(kind, f"it broke {KEY}"))

    assert isinstance(error, errors.AimlapiError)
    assert "pw" not in str(error)


@pytest.mark.parametrize(
    ("exc", "kind", "retryable"),
    [
        (httpx2.ConnectError("no"), errors.AimlapiConnectionError, True),
        (httpx2.ConnectTimeout("no"), errors.AimlapiTimeoutError, True),
        (httpx2.PoolTimeout("no"), errors.AimlapiTimeoutError, True),
        (httpx2.ReadError("no"), errors.AimlapiConnectionError, True),
        (httpx2.RemoteProtocolError("no"), errors.AimlapiConnectionError, True),
        (httpx2.LocalProtocolError("no"), errors.ConfigurationError, False),
        (httpx2.InvalidURL("no"), errors.ConfigurationError, False),
        (httpx2.DecodingError("no"), errors.ResponseFormatError, True),
        (httpx2.ProxyError("502 no"), errors.AimlapiConnectionError, True),
        (httpx2.ProxyError("407 no"), errors.AimlapiConnectionError, False),
        (httpcore2.ReadTimeout("no"), errors.AimlapiTimeoutError, True),
        (aiohttp.ServerDisconnectedError(), errors.AimlapiConnectionError, True),
        (aiohttp.ClientPayloadError("no"), errors.AimlapiConnectionError, True),
        (aiohttp.ConnectionTimeoutError("no"), errors.AimlapiTimeoutError, True),
        (TimeoutError(), errors.AimlapiTimeoutError, True),
        (socket.gaierror(-2, "Name not known"), errors.AimlapiConnectionError, True),
        (ConnectionResetError(104, "reset"), errors.AimlapiConnectionError, True),
        (ssl.SSLError("handshake"), errors.AimlapiConnectionError, True),
        (ssl.SSLCertVerificationError("bad"), errors.AimlapiConnectionError, False),
        (httpx2.ConnectError("CERTIFICATE_VERIFY_FAILED"), errors.AimlapiConnectionError, False),
        (RuntimeError("closed"), errors.AimlapiConnectionError, False),
        (UnicodeEncodeError("ascii", KEY, 0, 1, "no"), errors.ConfigurationError, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_most_specific_meaning_wins(exc, kind, retryable):
    """What happened, and whether it may pass."""
    error = made(exc)

    assert type(error) is kind
    assert error.is_retryable is retryable


@pytest.mark.parametrize("exc", [KeyError("x"), TypeError("x"), KeyboardInterrupt(), MemoryError()])
def test_what_is_not_the_networks_is_left_alone(exc):
    """Mistakes in code are not dressed up as failures of the service."""
    assert made(exc) is None


def test_our_own_errors_pass():
    """An event too large is reported by the decoder itself."""
    error = errors.ResponseFormatError("large")

    assert made(error) is error


@pytest.mark.parametrize(
    ("exc", "late", "begun", "text"),
    [
        (TimeoutError(), 0.0, False, "no complete reply within 4 s"),
        (httpx2.ConnectTimeout(""), 0.1, False, "no complete reply within 4 s"),
        (httpx2.ConnectTimeout(""), -1.0, False, "no connection within 1 s"),
        (TimeoutError(), -1.0, False, "no content within 2 s"),
        (TimeoutError(), -1.0, True, "no content within 3 s"),
        (TimeoutError(), None, True, "no content within 3 s"),
    ],
)
def test_a_timeout_names_the_bound_that_was_overrun(exc, late, begun, text):
    """The caller sees which of four numbers to change."""
    assert text in str(made(exc, late=late, begun=begun))


def test_a_break_in_the_middle_is_an_interrupted_stream():
    """Code that keeps what had come by then catches one class."""
    assert type(made(httpx2.ReadError("no"), begun=True)) is errors.StreamInterruptedError
    assert type(made(httpx2.DecodingError("no"), begun=True)) is errors.ResponseFormatError


def test_texts_are_kept_but_short():
    """The library's own words help; pages of them do not."""
    text = str(made(httpx2.ReadError("why " * 1000)))

    assert "ReadError: why why" in text
    assert len(text) < 500

"""What an HTTP library raised -> our error.

The libraries are httpx2 and its twin httpx, httpcore2 below them, and aiohttp. Their exceptions are
told apart by the names of their classes, most specific first, so none of them need be imported and
an injected client of any of them is understood. The foreign exception is not chained: its request,
and the frames it passed through, hold the key. Its text is kept.
"""

from __future__ import annotations

import re
import signal
import threading
import traceback
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiError,
    AimlapiTimeoutError,
    ConfigurationError,
    ResponseFormatError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType

    from langchain_aimlapi._transport.request import Request, Timeouts

_TEXT_LIMIT = 300
_USER_INFO = re.compile(r"//[^/@\s]+@")  # of a proxy's URL, which aiohttp shows
_UNAUTHORIZED = re.compile(r"\b407\b")
_CREDENTIALS_HINT = (
    "Give user and password in the proxy's address, http://user:password@host:port, "
    "with special characters percent-encoded."
)
_GRACE = 0.01
"""Seconds by which a timer may be early."""

_TIMEOUTS = frozenset({"TimeoutException", "TimeoutError"})
_CONNECT_TIMEOUTS = frozenset({"ConnectTimeout", "ConnectionTimeoutError"})


def failure(
    exc: BaseException,
    request: Request,
    *,
    late: float | None,
    begun: bool,
    injected: bool = False,
) -> AimlapiError | None:
    """Return our error for what a library raised, or None if it is none of theirs.

    Args:
        exc: As caught.
        request: What was sent; it names the host.
        late: Seconds since the deadline of the whole call, negative before it; None without one.
        begun: Whether content of a stream had been received.
        injected: Whether it came from a client that was passed in, which may raise anything.

    Raises:
        BaseException: What a signal handler of the application raised meanwhile, as it was.
    """
    if isinstance(exc, AimlapiError):
        return exc
    applications = _from_signal_handler(exc)
    if applications is not None:
        raise applications from None
    names = [kind.__name__ for kind in type(exc).__mro__]
    if not _TIMEOUTS.isdisjoint(names):
        return _timed_out(request.timeouts, names[0], late=late, begun=begun)
    make = next((_KINDS[name] for name in names if name in _KINDS), None)
    if make is None and injected and isinstance(exc, Exception):
        make = _failed
    if make is None:
        return None
    error = make(_text(exc), urlsplit(request.url).netloc.rpartition("@")[2])
    if begun and type(error) is AimlapiConnectionError:
        return StreamInterruptedError(f"the stream broke off: {error.message}")
    return error


def _from_signal_handler(exc: BaseException) -> BaseException | None:
    """Return what a signal handler raised, also where a library took it for its own failure.

    A read that a handler ends by a TimeoutError looks like one that took too long; only the frame of
    the handler tells them apart.
    """
    if threading.current_thread() is not threading.main_thread():
        return None  # handlers run in the main thread alone
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()}
    handlers.discard(_code(signal.default_int_handler))
    found: BaseException | None = exc
    while found is not None:
        frames = traceback.walk_tb(found.__traceback__)
        if any(frame.f_code in handlers for frame, _ in frames):
            return found
        found = found.__cause__ or found.__context__
    return None


def _code(handler: object) -> CodeType | None:
    """The code of a function, of a method or of an object that can be called."""
    if not callable(handler):
        return None  # the default, or nothing that Python knows of
    called = handler if hasattr(handler, "__code__") else type(handler).__call__
    code: CodeType | None = getattr(called, "__code__", None)
    return code


def _timed_out(
    timeouts: Timeouts, name: str, *, late: float | None, begun: bool
) -> AimlapiTimeoutError:
    if late is not None and late > -_GRACE:
        # The deadline may be that of a call with other requests before this one.
        time = "the time of the call" if timeouts.total is None else f"{timeouts.total:g} s"
        return AimlapiTimeoutError(f"no complete reply within {time} (timeout)")
    connecting = name in _CONNECT_TIMEOUTS
    if connecting:
        limit, what = timeouts.connect, "no connection"
    else:
        limit, what = timeouts.between_tokens if begun else timeouts.first_token, "no content"
        limit = limit or timeouts.read
    error = AimlapiTimeoutError(what + (" in time" if limit is None else f" within {limit:g} s"))
    error.was_sent = not connecting
    return error


def _text(exc: BaseException) -> str:
    text = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
    return _USER_INFO.sub("//", text)[:_TEXT_LIMIT]


def _broken(text: str, host: str) -> AimlapiError:
    return AimlapiConnectionError(f"the connection to {host} broke: {text}")


def _unreachable(text: str, host: str) -> AimlapiError:
    error = _untrusted(text, host) if "CERTIFICATE" in text.upper() else _down(text, host)
    error.was_sent = False
    return error


def _down(text: str, host: str) -> AimlapiError:
    return AimlapiConnectionError(f"cannot connect to {host}: {text}")


def _untrusted(text: str, host: str) -> AimlapiError:
    error = AimlapiConnectionError(
        f"the certificate of {host} is not trusted: {text}",
        hint="Pass verify= or set SSL_CERT_FILE to the authority that signed it.",
    )
    error.is_retryable = False
    return error


def _by_proxy(text: str, host: str) -> AimlapiError:
    error = AimlapiConnectionError(f"cannot reach {host} through the proxy: {text}")
    error.was_sent = False
    if _UNAUTHORIZED.search(text):
        error.is_retryable = False
        error.hint = _CREDENTIALS_HINT
    return error


def proxy_wants_password(proxy: str) -> AimlapiConnectionError:
    """Return the error for a proxy that answers 407, which it would do again.

    Args:
        proxy: Its host and port.
    """
    error = AimlapiConnectionError(
        f"the proxy {proxy} wants other credentials (407 Proxy Authentication Required)",
        hint=_CREDENTIALS_HINT,
    )
    error.is_retryable = False
    return error


def _unusable(text: str, host: str) -> AimlapiError:
    error = AimlapiConnectionError(f"the client cannot talk to {host}: {text}")
    error.is_retryable = False
    return error


def _failed(text: str, host: str) -> AimlapiError:
    error = AimlapiConnectionError(
        f"the client that was passed in could not send to {host}: {text}",
        hint="It works otherwise than its library does by itself: look at its auth, hooks and transport.",
    )
    error.is_retryable = False
    return error


def _bad_url(text: str, host: str) -> AimlapiError:
    return ConfigurationError(f"cannot send to {host!r}: {text}", hint="Check the base_url.")


def _bad_header(_: str, host: str) -> AimlapiError:
    # The library's text repeats the header, and that may be the key with a line end in it.
    return ConfigurationError(
        f"cannot send to {host}: a header has characters that HTTP does not allow",
        hint="Check the API key and the default_headers for line ends and accents.",
    )


def _garbled(text: str, host: str) -> AimlapiError:
    return ResponseFormatError(f"the reply of {host} cannot be decompressed: {text}")


_KINDS: Mapping[str, Callable[[str, str], AimlapiError]] = {
    # httpx2, httpx, httpcore2
    "ConnectError": _unreachable,
    "DecodingError": _garbled,
    "HTTPError": _broken,
    "InvalidURL": _bad_url,
    "LocalProtocolError": _bad_header,
    "NetworkError": _broken,
    "ProtocolError": _broken,
    "ProxyError": _by_proxy,
    "UnsupportedProtocol": _bad_url,
    # aiohttp
    "ClientConnectorCertificateError": _untrusted,
    "ClientConnectorError": _unreachable,
    "ClientError": _broken,
    "ClientHttpProxyError": _by_proxy,
    "ClientProxyConnectionError": _by_proxy,
    "HttpProcessingError": _broken,
    "NonHttpUrlClientError": _bad_url,
    # either: a closed client, a closed connection, a session of another loop
    "OSError": _broken,
    "gaierror": _unreachable,
    "RuntimeError": _unusable,
    "SSLCertVerificationError": _untrusted,
    "UnicodeEncodeError": _bad_header,
    "UnicodeError": _bad_url,
}

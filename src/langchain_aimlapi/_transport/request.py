"""The values that go in and out of the transport."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies

from langchain_aimlapi._errors.envelope import read_envelope
from langchain_aimlapi._errors.secrets import secrets_in, secrets_in_body
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi._transport.unpacking import ACCEPTED
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    from langchain_aimlapi._errors.envelope import Envelope
    from langchain_aimlapi.errors import AimlapiError

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*")
_HOST = re.compile(r"[^.]{1,63}(\.[^.]{1,63})*\.?")
_FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a body ends: a wrong one makes another request of its rest."""
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Generous: an hour of spoken audio in base64, or a hundred pictures."""
_FOR_EVER = 1e9
"""Seconds; sockets take a little more than that."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds; None for no limit.

    Raises:
        ConfigurationError: A value is not a positive number.
    """

    connect: float | None = 10.0
    """Until the connection is open: looking up the host, trying its addresses, TLS."""
    first_token: float | None = None
    """Until the first content of a stream, for each attempt."""
    between_tokens: float | None = None
    """Longest time without content in a stream; heartbeats do not reset it."""
    read: float | None = None
    """Longest wait for the next bytes, whatever they are, as httpx and requests count it."""
    total: float | None = None
    """For the whole call: all attempts, the pauses between them, and the whole reply."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ConfigurationError(
                    f"the timeout {each.name!r} must be seconds above 0, or None; got {value!r}"
                )
            if value > _FOR_EVER:
                object.__setattr__(self, each.name, None)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What distinguishes one connection pool from another."""

    verify: bool | str | ssl.SSLContext = True
    """Whether to check certificates, or the path of a CA bundle or directory, or a context."""
    proxy: str | None = field(default=None, repr=False)
    """URL of an HTTP proxy; None takes `HTTPS_PROXY` and the like from the environment."""
    max_connections: int | None = None
    """At most so many at once; None for no limit."""


class Alternative(Protocol):
    """Another form of a request, for a service that does not take the first one."""

    def request(self, error: AimlapiError) -> Request | None:
        """Return what to send instead after an error; None if the form was not the reason."""

    def accepted(self) -> None:
        """Take note that the service took this form."""


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """What a successful reply of an endpoint looks like, as far as telling it from an error goes."""

    content_key: bytes = b'"choices"'
    """Only a reply without this key is decoded to look for an error in it (unless it has the key
    `error` or `base_resp`), so that an ordinary reply is decoded once."""
    read_error: Callable[[object], Envelope | None] = read_envelope
    """Reads the error out of a decoded reply with status 2xx."""
    is_json: bool = True
    """Whether it is JSON; a file may be empty, and be a web page."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, the same for each attempt.

    Raises:
        ConfigurationError: The URL leads nowhere, or a header cannot be sent. Checked here because
            the HTTP libraries disagree about it, and their errors repeat the header, key and all.
    """

    url: str = field(repr=False)  # its query may hold a token
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    method: str = "POST"
    timeouts_are_set: bool = True
    """False if they are our defaults, which those of a client that was passed in override."""
    max_bytes: int = MAX_RESPONSE_BYTES
    """Most bytes of a successful whole reply, decompressed."""
    rules: ReplyRules = field(default_factory=ReplyRules)
    """What a successful reply looks like."""
    alternative: Alternative | None = field(default=None, repr=False, compare=False)
    """What to send instead, once, to a service that does not take this form of the request."""

    def __post_init__(self) -> None:
        if not is_sendable(self.url):
            raise ConfigurationError(
                f"cannot send to {self.url!r}: not an http or https URL", hint="Check the base_url."
            )
        odd = _unsendable(self.headers)
        if odd is not None and odd.lower() in _FRAMING:
            raise ConfigurationError(
                f"the header {odd!r} cannot be set: it follows from what is sent",
                hint="Take it out of the default_headers.",
            )
        if odd is not None:
            what = "the API key" if odd.lower() == "authorization" else f"the header {odd!r}"
            raise ConfigurationError(
                f"{what} has characters that HTTP does not allow",
                hint="Check the API key and the default_headers for line ends and accents.",
            )

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        for sent, value in self.headers.items():
            if sent.lower() == name:
                return value
        return None

    def sent_headers(self, *, streaming: bool) -> Mapping[str, str]:
        """Return the headers to send: a stream asks for no compression, which would delay events."""
        if "accept-encoding" in map(str.lower, self.headers):
            return self.headers
        return {**self.headers, "accept-encoding": "identity" if streaming else ACCEPTED}

    def secrets(self, proxy: str | None = None) -> Iterator[str]:
        """Yield what must not be repeated to anybody, should the service or a proxy echo it.

        Args:
            proxy: The configured one; those of the environment are added.
        """
        proxies = [address for address in (proxy, *getproxies().values()) if address]
        yield from secrets_in(self.headers, self.url, proxies)
        yield from secrets_in_body(self.body)


def for_httpx(
    client: Any,
    request: Request,
    headers: Mapping[str, str],
    timeouts: Mapping[str, float | None],
) -> object:
    """Build the request of a client of httpx2 or httpx, sync or async, with bounds of its own."""
    return client.build_request(
        request.method,
        request.url,
        content=request.body,
        headers=headers,
        extensions={"timeout": timeouts},
    )


def _unsendable(headers: Mapping[str, str]) -> str | None:
    """Return the name of a header that cannot be sent; a crash report must not show its value."""
    values = "".join(headers.values())
    if values.isascii() and values.isprintable() and all(map(_is_name, headers)):
        return None
    odd = (
        name
        for name, value in headers.items()
        if not (_is_name(name) and _HEADER.fullmatch(f"{name}: {value}"))
    )
    return next(odd, None)


@lru_cache(maxsize=256)
def _is_name(name: str) -> bool:
    return _HEADER.fullmatch(f"{name}: ") is not None and name.lower() not in _FRAMING


@lru_cache(maxsize=256)
def is_sendable(url: str) -> bool:
    """Tell whether a URL is http(s), names a host, and has no character that must be escaped."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        return False
    written = url.isprintable() and " " not in url
    return known and written and _HOST.fullmatch(parts.hostname or "") is not None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """With lower-case names."""
    body: bytes = field(repr=False)

"""The values that go in and out of the transport."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

_KEY_HEADERS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key"})
_TOO_SHORT_TO_BE_SECRET = 6


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds; None waits for ever.

    Raises:
        ConfigurationError: A value is not a positive number.
    """

    connect: float | None = 10.0
    """For the connection, TLS included; each address is tried that long."""
    first_token: float | None = None
    """Of a streamed reply, until the first of its content; per attempt."""
    between_tokens: float | None = None
    """Of a streamed reply, the longest silence; heartbeats are silence too."""
    total: float | None = None
    """For everything: all attempts, the pauses between them, and the whole reply."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ConfigurationError(
                    f"the timeout {each.name!r} must be seconds above 0, or None; got {value!r}"
                )
            if math.isinf(value):
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


@dataclass(frozen=True, slots=True)
class Request:
    """One request, the same for each attempt."""

    url: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    method: str = "POST"

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        found = (value for sent, value in self.headers.items() if sent.lower() == name)
        return next(found, None)

    def sent_headers(self, *, streaming: bool) -> Mapping[str, str]:
        """Return the headers to send: a stream asks for no compression, which would delay events."""
        if not streaming or self.header("accept-encoding"):
            return self.headers
        return {**self.headers, "accept-encoding": "identity"}

    def secrets(self) -> Iterator[str]:
        """Yield what must not be repeated to anybody, should the service or a proxy echo it."""
        for name, value in self.headers.items():
            if name.lower() in _KEY_HEADERS:
                secret = value.strip().rpartition(" ")[2]
                if len(secret) >= _TOO_SHORT_TO_BE_SECRET:
                    yield secret


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply."""

    status: int
    headers: Mapping[str, str]
    """With lower-case names."""
    body: bytes = field(repr=False)

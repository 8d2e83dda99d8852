"""How a sandbox was asked to behave."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a sandbox that do not change while it runs."""

    ttft: float = 0.0
    """Seconds until the first token."""
    tokens_per_second: float | None = None
    """None for as fast as it goes."""
    api_key: str | None = None
    """The only key that is let in; None for any."""
    upstream: str | None = None
    """Base URL of an OpenAI-compatible server that does the answering."""
    upstream_key: str | None = None

    def __post_init__(self) -> None:
        if self.ttft < 0:
            raise ValueError("ttft is a number of seconds, zero or more")
        if self.tokens_per_second is not None and self.tokens_per_second <= 0:
            raise ValueError("tokens_per_second is above zero, or None for no pacing")
        if self.upstream is not None:
            address = urlsplit(self.upstream)
            if address.scheme not in {"http", "https"} or not address.hostname:
                raise ValueError(f"upstream is no http(s) URL: {self.upstream!r}")

    def lets_in(self, key: str) -> bool:
        """Tell whether a bearer key is good: any is but `invalid`, unless one was set."""
        if self.api_key is not None:
            return key == self.api_key
        return key not in {"", "invalid"}


def check_loopback(host: str) -> str:
    """Return the host if it is this machine only.

    Raises:
        ValueError: The address can be reached from elsewhere; the sandbox has no real keys.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the sandbox serves this machine only, so host cannot be {host!r}")
    return host

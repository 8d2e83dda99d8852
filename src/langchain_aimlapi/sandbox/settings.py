"""The options of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from langchain_aimlapi.sandbox.hosts import is_loopback


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a sandbox that do not change while it runs."""

    ttft: float = 0.0
    """Seconds until the first token."""
    tokens_per_second: float | None = None
    """None for no delay."""
    api_key: str | None = None
    """The only accepted key; None for any."""
    upstream: str | None = None
    """Base URL of an OpenAI-compatible server that answers chat requests."""
    upstream_key: str | None = None

    def __post_init__(self) -> None:
        if self.ttft < 0:
            raise ValueError("ttft must be a number of seconds, zero or more")
        if self.tokens_per_second is not None and self.tokens_per_second <= 0:
            raise ValueError("tokens_per_second must be greater than zero, or None for no pacing")
        if self.upstream is not None:
            address = urlsplit(self.upstream)
            if address.scheme not in {"http", "https"} or not address.hostname:
                raise ValueError(f"upstream is not an http(s) URL: {self.upstream!r}")

    def accepts_key(self, key: str) -> bool:
        """Tell whether a bearer key is accepted: any but `invalid`, unless one was set."""
        if self.api_key is not None:
            return key == self.api_key
        return key not in {"", "invalid"}


def check_loopback(host: str) -> str:
    """Return the host if it is a loopback address.

    Raises:
        ValueError: Other machines could reach the address; the sandbox checks no real keys.
    """
    if not is_loopback(host):
        raise ValueError(f"the sandbox serves this machine only, so host cannot be {host!r}")
    return host

"""The options of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

from langchain_aimlapi.sandbox.hosts import is_loopback

if TYPE_CHECKING:
    import os

    from langchain_aimlapi.sandbox.faults.plan import FaultChoice

DEFAULT_KEY = "sandbox"
"""The key that the sandbox offers; any other is accepted as well, and this one is no secret."""


class SandboxOptions(TypedDict, total=False):
    """The options of `Sandbox`, beside its port."""

    host: str
    """A loopback address, `"127.0.0.1"` if not given; others are refused, since any key is
    accepted."""
    ttft: float
    """Seconds until the first token."""
    tokens_per_second: float | None
    """Pace of the answers; None for no delay."""
    job_seconds: float | None
    """How long a job takes (videos, music, transcripts), in seconds, a fifth of it queued. By
    default a job is generating at the first look and completed at the second."""
    balance: float
    """What the account holds at first, in US dollars; 1,000 if not given. When it is spent, calls
    are refused with 403."""
    upstream: str | None
    """Base URL of an OpenAI-compatible server that answers instead, e.g.
    `"http://127.0.0.1:8080/v1"`."""
    upstream_key: str | None
    """API key of the upstream, if it needs one."""
    api_key: str | None
    """The only accepted key. By default any is accepted except `"invalid"`."""
    faults: FaultChoice | None
    """Faults of the replies: a name or several (always, in turn), `"NAME:RATE"` or a mapping from
    name to rate (a share of the requests). The names are in `FAULTS`."""
    script: str | os.PathLike[str] | None
    """File of answers: `.yaml`, `.json` or `.py`."""
    fail_on_unused: bool
    """Whether leaving the context with answers that no request got is an `UnusedAnswersError`."""
    record: str | os.PathLike[str] | None
    """File that keeps every inference request with its reply; keys are blanked."""
    replay: str | os.PathLike[str] | None
    """File of recorded calls that answers the same requests again."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a sandbox that do not change while it runs."""

    ttft: float = 0.0
    """Seconds until the first token."""
    tokens_per_second: float | None = None
    """None for no delay."""
    job_seconds: float | None = None
    """How long a job takes; None for two looks."""
    balance: float = 1_000.0
    """US dollars that the account holds at first."""
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
        if self.job_seconds is not None and self.job_seconds < 0:
            raise ValueError("job_seconds must be zero or more, or None for two looks")
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

"""When to try again, and how long to wait before.

Waits grow from `initial` by doubling up to `maximum`, each multiplied by a random number between
0 and 1, so that clients which failed together do not come back together. What the service asks for
in `Retry-After` goes before that, unless it is nonsense; beyond `retry_after_cap` the caller is told
instead of kept waiting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from langchain_aimlapi.errors import ConfigurationError, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_aimlapi.errors import AimlapiError

_LONGEST_HEADER = 200
_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is repeated.

    Raises:
        ConfigurationError: `max_retries` is negative.
    """

    max_retries: int = 2
    """Requests beyond the first; 0 for none."""
    initial: float = 0.5
    """Seconds; the longest wait before the first repetition."""
    maximum: float = 8.0
    """Seconds; the longest wait of our own choosing."""
    retry_after_cap: float = 60.0
    """Seconds; a longer `Retry-After` is raised, not waited for."""
    at_most_once: bool = False
    """Whether to repeat a request only where the service cannot have acted on it: what it sells may
    be paid for twice otherwise."""

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise ConfigurationError(f"max_retries must be 0 or more; got {self.max_retries}")

    def delay(self, error: AimlapiError, tried: int, jitter: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        Args:
            error: What the last attempt ended with.
            tried: Attempts made, at least 1.
            jitter: A random number from 0 to 1.
        """
        if not error.is_retryable or tried > self.max_retries:
            return None
        if self.at_most_once and not _was_turned_away(error):
            return None
        asked = error.retry_after or 0.0
        if asked > self.retry_after_cap:
            return None
        # The exponent is bounded: 2.0**1024 would be an OverflowError.
        return asked + jitter * min(self.maximum, self.initial * 2.0 ** min(tried - 1, 64))


def _was_turned_away(error: AimlapiError) -> bool:
    """Whether the service did not begin: no connection, too many requests, or come back later."""
    if isinstance(error, RateLimitError) or not error.was_sent:
        return True
    return error.status_code == _UNAVAILABLE and error.retry_after is not None


class Budget(Protocol):
    """Retries left to the whole process, so that many callers do not multiply an outage."""

    def spend(self) -> bool:
        """Take one retry; False if none is left."""

    def earn(self) -> None:
        """Put one back, after a success."""


def costs_budget(error: AimlapiError) -> bool:
    """Tell whether a retry after this error is one of the shared few.

    A rate limit is no outage: the service is well, and says when to come back.
    """
    return not isinstance(error, RateLimitError)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a reply asks to wait, or None if it does not say.

    Args:
        headers: With lower-case names.
        now: Seconds since the epoch, for a date where the reply does not give its own time.
    """
    milliseconds = _longest(headers.get("retry-after-ms"), _number)
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    seconds = _longest(said, _number)
    if seconds is not None:
        return seconds
    until = _longest(said, _epoch)
    if until is None:
        return None
    sent = _longest(headers.get("date"), _epoch)
    return max(0.0, until - (now if sent is None else sent))


def _longest(said: str | None, read: Callable[[str], float | None]) -> float | None:
    """Return the largest value of a header; a proxy that adds its own says it a second time.

    The comma within a date does no harm: what stands before it, the day of the week, may be missing.
    """
    parts = said.split(",") if said and len(said) <= _LONGEST_HEADER else ()
    return max((value for part in parts if (value := read(part)) is not None), default=None)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _epoch(text: str) -> float | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

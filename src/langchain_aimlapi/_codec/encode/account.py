"""Questions about an account -> queries and bodies."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Time = datetime | str
Query = dict[str, Any]

_PERIOD = re.compile(r"[1-9]\d{0,4}[hd]")
_LONGEST_WINDOW = timedelta(days=92)
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,16}")
_DEFAULT_PERIOD = "7d"


def window(period: str | None, start: Time | None, end: Time | None) -> Query:
    """A window of time, as usage and logs take it.

    Raises:
        ConfigurationError: For both forms at once, half a window, one that ends before it begins,
            or one of more than 92 days.
    """
    if start is None and end is None:
        period = period or _DEFAULT_PERIOD
        if not _PERIOD.fullmatch(period):
            raise ConfigurationError(f'period={period!r} should look like "24h" or "7d".')
        return {"period": period}
    if period is not None or start is None or end is None:
        raise ConfigurationError("A window is a period, or a start and an end.")
    first, last = as_time(start), as_time(end)
    if not timedelta(0) <= last - first <= _LONGEST_WINDOW:
        raise ConfigurationError("A window ends after it begins, and has at most 92 days.")
    return {"start": first.isoformat(), "end": last.isoformat()}


def days(period: str | None, start: Time | None, end: Time | None, now: datetime) -> list[Query]:
    """The days (UTC) of a window, as a window each; the first and last may be parts of days."""
    given = window(period, start, end)
    if "period" in given:
        unit = {"h": "hours", "d": "days"}[given["period"][-1]]
        last = now
        first = last - timedelta(**{unit: int(given["period"][:-1])})
    else:
        first, last = as_time(given["start"]), as_time(given["end"])
    if last - first > _LONGEST_WINDOW:
        raise ConfigurationError("A window by the day has at most 92 days.")
    found = []
    while first < last:
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        found.append(window(None, first, min(midnight, last)))
        first = midnight
    return found


def as_time(value: Time) -> datetime:
    """A time with its offset; one without is UTC, as the service reads it.

    Raises:
        ConfigurationError: For a text that is no ISO 8601 time.
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ConfigurationError(f"{value!r} is no time as ISO 8601 writes it.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def filters(model: str | Sequence[str], status: str | Sequence[str], prefix: str | None) -> Query:
    """Filters of the logs; several values are sent by repeating the parameter."""
    found: Query = {
        "model": [model] if isinstance(model, str) else list(model),
        "status": [status] if isinstance(status, str) else list(status),
    }
    if prefix is not None:
        found["key_prefix"] = key_prefix(prefix)
    return {name: value for name, value in found.items() if value}


def ledger_query(start: Time | None, end: Time | None, given: Mapping[str, str]) -> Query:
    """The first page of the ledger."""
    if odd := given.keys() - {"direction", "type"}:
        raise ConfigurationError(
            f"The ledger is filtered by direction and type, not by {min(odd)}."
        )
    times = {"from": start, "to": end}
    query = {name: as_time(value).isoformat() for name, value in times.items() if value is not None}
    return {**query, **given, "limit": 100}


def new_key(
    name: str, usd: float | None, per: str | None, scopes: Sequence[str] | None
) -> dict[str, object]:
    """The body that makes a key.

    Raises:
        ConfigurationError: For a limit below 0, or a period without a limit.
    """
    if usd is None and per is not None:
        raise ConfigurationError("A period goes with a limit: give usd=… as well.")
    if usd is not None and usd < 0:
        raise ConfigurationError("A key's limit is not below 0 USD.")
    body: dict[str, object] = {"name": name}
    if usd is not None:
        body["limit"] = {"retention": per or "no_reset", "threshold": usd}
    if scopes is not None:
        body["scopes"] = list(scopes)
    return body


def key_prefix(prefix: str) -> str:
    """The prefix of a key, checked.

    Raises:
        ConfigurationError: For something else, such as a whole key, which no URL may hold.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError("A key is named by its prefix, its first eight characters.")
    return prefix

"""Questions about the account: windows of time, numbers and words of a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from langchain_aimlapi.sandbox.replies import ApiError

Query = Mapping[str, list[str]]

_PERIOD = re.compile(r"([1-9]\d{0,4})([hd])")
_LONGEST = timedelta(days=92)
_DEFAULT = "7d"


def refused(message: str) -> ApiError:
    """Return a 400 for a query."""
    return ApiError(400, f"Query validation error\n{message}")


def window(query: Query) -> tuple[datetime, datetime]:
    """Parse `period`, or `start` and `end`; the last seven days if there is neither.

    Raises:
        ApiError: 400, they are no window of at most 92 days.
    """
    period, start, end = (one(query, name) for name in ("period", "start", "end"))
    if period and (start or end):
        raise refused("period: Provide either period or both start and end")
    if not (start or end):
        match = _PERIOD.fullmatch(period or _DEFAULT)
        if not match:
            raise refused(f"period: Expected a number with h or d, received {period!r}")
        length = timedelta(**{{"h": "hours", "d": "days"}[match[2]]: int(match[1])})
        last = datetime.now(UTC)
        first = last - length
    elif start and end:
        first, last = moment(start, "start"), moment(end, "end")
    else:
        raise refused("start: Must be used together with end")
    if not timedelta(0) <= last - first <= _LONGEST:
        raise refused("end: Must not be earlier than start, nor more than 92 days later")
    return first, last


def moment(text: str, name: str) -> datetime:
    """Parse a time; without an offset it is UTC.

    Raises:
        ApiError: 400, it is none.
    """
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise refused(f"{name}: Invalid ISO-8601 datetime, received {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def one(query: Query, name: str) -> str:
    """Return a parameter; empty if it is absent."""
    return query.get(name, [""])[-1]


def number(query: Query, name: str, default: int, low: int, high: int) -> int:
    """Parse a number within bounds.

    Raises:
        ApiError: 400, it is none.
    """
    text = one(query, name)
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not low <= int(text[:9]) <= high:
        raise refused(f"{name}: Expected integer from {low} to {high}, received {text!r}")
    return int(text)


def words(query: Query, name: str, allowed: tuple[str, ...]) -> list[str]:
    """Return the values of a parameter.

    Raises:
        ApiError: 400, one of them is none of those allowed.
    """
    given = query.get(name, [])
    for word in given:
        if word not in allowed:
            expected = " | ".join(map(repr, allowed))
            raise refused(f"{name}: Invalid enum value. Expected {expected}, received {word!r}")
    return given


def written(moment: datetime) -> str:
    """Write a time as the service does."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")

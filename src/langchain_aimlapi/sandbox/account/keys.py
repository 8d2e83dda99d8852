"""Keys: which are accepted, and what each may do.

Any key that the sandbox accepts may do everything, as a management key. Those that it made itself
are ordinary keys, held to their scopes and limits.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.tokens import CREDITS_PER_USD
from langchain_aimlapi.sandbox.replies import ApiError

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.account.ledger import Ledger
    from langchain_aimlapi.sandbox.settings import Settings

Json = dict[str, Any]

_PREFIX = 8
_UNKNOWN = "Unauthorized: the API key is missing or invalid"
OUT_OF_CREDITS = "You've run out of credits. Please top up your balance to continue."


@dataclass(slots=True)
class KeyRecord:
    """A key as the account knows it."""

    prefix: str
    name: str | None = None
    disabled: bool = False
    scopes: list[str] | None = None
    limit: Json | None = None
    """`retention` ("day", "week", "month" or "no_reset") and `threshold` in US dollars."""
    may_manage: bool = True
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))


class Keys:
    """The keys of the account.

    Args:
        settings: Say which foreign keys are accepted, and what the account holds.
        ledger: What was spent.
    """

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger
        self._made: dict[str, KeyRecord | None] = {}
        """By the whole key; None for one that was deleted."""
        self._seen: dict[str, KeyRecord] = {}

    def owner(self, authorization: str) -> KeyRecord:
        """Return the key of an `Authorization` header.

        Raises:
            ApiError: 401, it is not accepted.
        """
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer":
            raise ApiError(401, _UNKNOWN)
        if key in self._made:
            made = self._made[key]
            if made is None or made.disabled:
                raise ApiError(401, _UNKNOWN)
            return made
        if not self._settings.accepts_key(key):
            raise ApiError(401, _UNKNOWN)
        prefix = key[:_PREFIX]
        return self._seen.setdefault(prefix, KeyRecord(prefix))

    def admit(self, record: KeyRecord, scope: str) -> None:
        """Reject a call that the key may not make.

        Raises:
            ApiError: 403, it is out of scope, beyond the limit, or the account is empty.
        """
        if record.scopes is not None and scope not in record.scopes:
            raise ApiError(403, f"Forbidden: the API key lacks the scope {scope}")
        if record.limit and self._is_spent(record, record.limit):
            raise ApiError(403, "Forbidden: the spending limit of the API key is reached")
        if self._ledger.spent and self.balance() <= 0:
            raise ApiError(403, OUT_OF_CREDITS)

    def balance(self) -> float:
        """Return what the account holds, in US dollars."""
        return round(self._settings.balance - self._ledger.spent / CREDITS_PER_USD, 9)

    def _is_spent(self, record: KeyRecord, limit: Json) -> bool:
        since = _period_start(limit["retention"], datetime.now(UTC).date())
        return self._ledger.spent_since(record.prefix, since) >= float(limit["threshold"])

    def every(self) -> list[KeyRecord]:
        """Return the keys, the oldest first."""
        made = [record for record in self._made.values() if record]
        return sorted([*self._seen.values(), *made], key=lambda record: record.created)

    def named(self, prefix: str) -> KeyRecord:
        """Return a key by its prefix.

        Raises:
            ApiError: 404, there is none.
        """
        for record in self.every():
            if record.prefix == prefix:
                return record
        raise ApiError(404, f"API key {prefix} not found")

    def make(self, name: str | None) -> tuple[str, KeyRecord]:
        """Make a key; return it whole, and as the account knows it."""
        key = uuid.uuid4().hex
        record = KeyRecord(key[:_PREFIX], name, may_manage=False)
        self._made[key] = record
        return key, record

    def delete(self, prefix: str) -> None:
        """Delete a key; a foreign one is forgotten until it is used again.

        Raises:
            ApiError: 404, there is none.
        """
        record = self.named(prefix)
        self._seen.pop(prefix, None)
        for key, made in self._made.items():
            if made is record:
                self._made[key] = None


def _period_start(retention: str, today: date) -> date:
    match retention:
        case "day":
            return today
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)
        case _:
            return date.min

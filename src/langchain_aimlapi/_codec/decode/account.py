"""Replies about an account -> balances, spend, logs, ledger rows, keys.

Numbers come as numbers or as texts; what is missing or of another kind is 0 or `None`, and every
value keeps what it was made of in `raw`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from langchain_aimlapi.errors import ResponseFormatError

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds.

    Attributes:
        amount: In `currency`.
        currency: "USD".
        raw: The reply.
    """

    amount: float
    currency: str
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ModelSpend:
    """What one model cost in a window.

    Attributes:
        model: Its id.
        usd: US dollars.
        requests: Requests that were charged.
    """

    model: str
    usd: float
    requests: int


@dataclass(frozen=True, slots=True)
class Spend:
    """What a key spent in a window.

    Attributes:
        start: The beginning of the window, in UTC.
        end: Its end.
        usd: US dollars.
        requests: Requests that were charged; failed ones are not.
        models: By model, the dearest first; empty unless asked for.
        raw: The reply.
    """

    start: datetime
    end: datetime
    usd: float
    requests: int
    models: tuple[ModelSpend, ...]
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request.

    Attributes:
        created: When it was made.
        status: "succeeded" or "failed".
        model: The model's id.
        usd: US dollars; 0 for a request that failed.
        credits: The same in credits.
        input_tokens: Tokens of the prompt, if they were counted.
        output_tokens: Tokens of the answer, if they were counted.
        request_id: The HTTP call.
        inference_id: As in `response_metadata["inference_id"]` and the ledger's `reference_id`.
        client_request_id: The `X-Client-Request-Id` that was sent: LangChain's run id by default.
        raw: The row.
    """

    created: datetime | None
    status: str
    model: str
    usd: float
    credits: float
    input_tokens: int | None
    output_tokens: int | None
    request_id: str | None
    inference_id: str | None
    client_request_id: str | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement of the balance.

    Attributes:
        created: When it was booked, which is after the reply.
        direction: "credit" or "debit", as the service says it.
        type: Of the movement, as the service says it.
        usd: US dollars.
        credits: The same in credits.
        model: The model that was charged for, if one was.
        reference_id: The inference id of the call that was charged for.
        raw: The row.
    """

    created: datetime | None
    direction: str
    type: str
    usd: float
    credits: float
    model: str | None
    reference_id: str | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the account.

    Attributes:
        prefix: Its first eight characters, by which it is named.
        name: Its name, if it has one.
        disabled: Whether it is refused.
        scopes: What it may call; `None` for everything.
        limit_usd: Most US dollars per period, if it is limited.
        limit_period: "day", "week", "month" or "no_reset".
        monthly_usage: Of this month, in US dollars.
        secret: The whole key; only there when the key was just made.
        raw: The reply, without the key.
    """

    prefix: str
    name: str | None
    disabled: bool
    scopes: tuple[str, ...] | None
    limit_usd: float | None
    limit_period: str | None
    monthly_usage: float | None
    secret: SecretStr | None
    raw: Mapping[str, Any] = field(repr=False)


def read_balance(reply: Row) -> Balance:
    """Read `/v2/billing`."""
    if "current_balance" not in reply:
        raise ResponseFormatError("The reply holds no balance.")
    return Balance(_number(reply, "current_balance"), str(reply.get("currency") or "USD"), reply)


def read_spend(reply: Row) -> Spend:
    """Read `/v2/usage` or `/v2/usage/detail`."""
    start, end = _time(reply, "start"), _time(reply, "end")
    if start is None or end is None or "spend" not in reply:
        raise ResponseFormatError("The reply holds no spend of a window.")
    models = tuple(
        ModelSpend(str(row.get("model")), _number(row, "spend"), int(_number(row, "requests")))
        for row in _listed(reply.get("models"))
    )
    return Spend(
        start, end, _number(reply, "spend"), int(_number(reply, "requests")), models, reply
    )


def read_log_entry(row: Row) -> LogEntry:
    """Read a row of `/v2/logs`."""
    cost, tokens = _object(row, "cost"), _object(row, "tokens")
    return LogEntry(
        created=_time(row, "created"),
        status=str(row.get("status") or ""),
        model=str(row.get("model") or ""),
        usd=_number(cost, "usd"),
        credits=_number(cost, "credits"),
        input_tokens=_count(tokens, "input"),
        output_tokens=_count(tokens, "output"),
        request_id=_text(row, "request_id"),
        inference_id=_text(row, "inference_id"),
        client_request_id=_text(row, "client_request_id"),
        raw=row,
    )


def read_transaction(row: Row) -> Transaction:
    """Read a row of `/v2/billing/transactions`."""
    amount = _object(row, "amount")
    return Transaction(
        created=_time(row, "created_at"),
        direction=str(row.get("direction") or ""),
        type=str(row.get("type") or ""),
        usd=_number(amount, "usd"),
        credits=_number(amount, "credits"),
        model=_text(row, "model"),
        reference_id=_text(row, "reference_id"),
        raw=row,
    )


def read_key(reply: Row) -> Key:
    """Read a key, alone or wrapped in `data`; the key itself is taken out of `raw`."""
    row = _object(reply, "data") or reply
    limit, scopes = _object(row, "limit"), row.get("scopes")
    secret = _text(row, "key")
    if not isinstance(row.get("prefix"), str):
        raise ResponseFormatError("The reply holds no key.")
    return Key(
        prefix=row["prefix"],
        name=_text(row, "name"),
        disabled=bool(row.get("disabled")),
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else None,
        limit_usd=_number(limit, "threshold") if "threshold" in limit else None,
        limit_period=_text(limit, "retention"),
        monthly_usage=_number(row, "monthly_usage") if "monthly_usage" in row else None,
        secret=SecretStr(secret) if secret else None,
        raw={name: value for name, value in row.items() if name != "key"},
    )


def read_rows(page: Row) -> Iterator[Row]:
    """The rows of a page."""
    if not isinstance(page.get("data"), list):
        raise ResponseFormatError("The reply holds no rows.")
    return _listed(page["data"])


def has_more(page: Row) -> bool:
    """Whether another page follows; a page without rows is the last one, whatever it says."""
    return bool(_object(page, "pagination").get("has_more")) and bool(page.get("data"))


def next_cursor(page: Row) -> str | None:
    """Where the next page begins, for endpoints that page by cursor."""
    return _text(_object(page, "pagination"), "next_cursor") if has_more(page) else None


def _listed(value: object) -> Iterator[Row]:
    listed = value if isinstance(value, list) else ()
    return (row for row in listed if isinstance(row, Mapping))


def _object(row: Row, name: str) -> Row:
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) and value else None


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _count(row: Row, name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(row: Row, name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(row.get(name) or "")
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

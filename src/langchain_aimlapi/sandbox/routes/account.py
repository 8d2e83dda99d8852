"""Billing, usage, logs and the ledger, from the calls that the sandbox served."""

from __future__ import annotations

import base64
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.account.window import (
    moment,
    number,
    one,
    refused,
    window,
    words,
    written,
)
from langchain_aimlapi.sandbox.answers.tokens import CREDITS_PER_USD
from langchain_aimlapi.sandbox.replies import ApiError, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_aimlapi.sandbox.account.keys import KeyRecord
    from langchain_aimlapi.sandbox.account.ledger import Call
    from langchain_aimlapi.sandbox.account.window import Query
    from langchain_aimlapi.sandbox.state import State

Json = dict[str, Any]

_DIRECTIONS = ("TOPUP", "CHARGE")
_TYPES = (*("PAYMENT", "BONUS", "REFUND", "ADJUSTMENT", "MODEL_USAGE", "CREDITS_EXPIRED", "INIT"),)
_PAGE, _MOST, _FAR = 50, 100, 10**9
_LOG_REQUESTS, _LOG_SECONDS = 200, 60.0


class AccountRoute:
    """Answers questions about the account.

    Args:
        state: What is remembered of the calls.
        balance: What the account held at first, in US dollars.
    """

    def __init__(self, state: State, balance: float) -> None:
        self._state = state
        self._balance = balance
        self._log_requests: deque[float] = deque()

    def billing(self, _: KeyRecord, __: Query) -> Reply:
        """Answer `/v2/billing`."""
        return _json({"current_balance": self._state.keys.balance(), "currency": "USD"})

    def billing_detail(self, _: KeyRecord, __: Query) -> Reply:
        """Answer `/v2/billing/detail`."""
        topup = {"is_enabled": False, "threshold": 0, "amount": 0, "currency": "USD"}
        return _json(
            {
                "user_id": 1,
                "email": "user@example.com",
                "current_balance": self._state.keys.balance(),
                "currency": "USD",
                "autotopup_settings": topup,
            }
        )

    def usage(self, owner: KeyRecord, query: Query) -> Reply:
        """Answer `/v2/usage`.

        Raises:
            ApiError: 400 or 403.
        """
        return _json(self._spend(owner, query)[0])

    def usage_detail(self, owner: KeyRecord, query: Query) -> Reply:
        """Answer `/v2/usage/detail`: the same, and by model.

        Raises:
            ApiError: 400 or 403.
        """
        spend, calls = self._spend(owner, query)
        by_model: defaultdict[str, list[Call]] = defaultdict(list)
        for call in calls:
            by_model[call.model].append(call)
        models = [
            {"model": model, "spend": _usd(each), "requests": len(each)}
            for model, each in sorted(by_model.items(), key=lambda pair: -_usd(pair[1]))
        ]
        return _json({**spend, "models": models})

    def _spend(self, owner: KeyRecord, query: Query) -> tuple[Json, list[Call]]:
        prefix = _reported(owner, query)
        first, last = window(query)
        calls = [
            call
            for call in self._state.ledger.newest()
            if call.key == prefix and call.succeeded and first <= call.created <= last
        ]
        return {
            "api_key_prefix": one(query, "key_prefix") or None,
            "start": written(first),
            "end": written(last),
            "spend": _usd(calls),
            "currency": "USD",
            "requests": len(calls),
        }, calls

    def logs(self, owner: KeyRecord, query: Query) -> Reply:
        """Answer `/v2/logs`.

        Raises:
            ApiError: 400, 403, or 429 beyond 200 requests a minute.
        """
        self._limit_rate()
        prefix = _reported(owner, query)
        first, last = window(query)
        statuses = words(query, "status", ("succeeded", "failed"))
        limit = number(query, "limit", _PAGE, 1, _MOST)
        offset = number(query, "offset", 0, 0, _FAR)
        models = query.get("model", [])
        rows = [
            row
            for call in self._state.ledger.newest()
            if call.key == prefix and first <= call.created <= last
            if not models or call.model in models or call.model.rpartition("/")[2] in models
            for row in [_log_row(call)]
            if not statuses or row["status"] in statuses
        ]
        page = {"limit": limit, "offset": offset, "total": len(rows)}
        more = {"has_more": offset + limit < len(rows)}
        return _json({"data": rows[offset : offset + limit], "pagination": page | more})

    def _limit_rate(self) -> None:
        now = time.monotonic()
        while self._log_requests and self._log_requests[0] <= now - _LOG_SECONDS:
            self._log_requests.popleft()
        if len(self._log_requests) >= _LOG_REQUESTS:
            wait = self._log_requests[0] + _LOG_SECONDS - now
            raise ApiError(429, "Too Many Requests", {"retry-after": f"{wait:.0f}"})
        self._log_requests.append(now)

    def transactions(self, _: KeyRecord, query: Query) -> Reply:
        """Answer `/v2/billing/transactions`: all keys' charges, and the first payment.

        Raises:
            ApiError: 400.
        """
        limit = number(query, "limit", _PAGE, 1, _MOST)
        below = _position(one(query, "cursor"))
        wanted = {
            "direction": words(query, "direction", _DIRECTIONS),
            "type": words(query, "type", _TYPES),
        }
        found = [
            (position, row)
            for position, row in self._movements(query)
            if position < below
            if all(not given or row[name] in given for name, given in wanted.items())
        ]
        page, more = found[:limit], len(found) > limit
        cursor = _cursor(page[-1][0]) if more else None
        pagination = {"next_cursor": cursor, "has_more": more}
        return _json({"data": [row for _, row in page], "pagination": pagination})

    def _movements(self, query: Query) -> Iterable[tuple[int, Json]]:
        """List the movements of the balance with their positions, the newest first."""
        begin, end = (
            moment(text, name) if (text := one(query, name)) else None for name in ("from", "to")
        )
        if begin and end and end <= begin:
            raise refused("to: Must be later than from")
        ledger = self._state.ledger
        calls = [call for call in ledger.newest() if call.credits]
        rows = [(call.created, call.number, _charge(call)) for call in calls]
        rows.append((ledger.began, 0, _first_payment(written(ledger.began), self._balance)))
        for when, position, row in rows:
            if (begin is None or when >= begin) and (end is None or when < end):
                yield position, row


def _reported(owner: KeyRecord, query: Query) -> str:
    """Return the prefix of the key that is reported on."""
    prefix = one(query, "key_prefix")
    if prefix and prefix != owner.prefix and not owner.may_manage:
        raise ApiError(403, "Forbidden: another key's usage needs a management key")
    return prefix or owner.prefix


def _usd(calls: list[Call]) -> float:
    return sum(call.credits for call in calls) / CREDITS_PER_USD


def _log_row(call: Call) -> Json:
    tokens = {"input": call.input_tokens, "output": call.output_tokens}
    return {
        "created": written(call.created),
        "status": "succeeded" if call.succeeded else "failed",
        "origin": "api",
        "model": call.model,
        "cost": {"usd": call.usd, "credits": call.credits},
        "tokens": {**tokens, "total": call.input_tokens + call.output_tokens},
        "request_id": call.request_id,
        "inference_id": call.inference_id,
        "client_request_id": call.client_request_id,
    }


def _charge(call: Call) -> Json:
    return {
        "created_at": written(call.created),
        "direction": "CHARGE",
        "type": "MODEL_USAGE",
        "amount": {"usd": call.usd, "credits": call.credits},
        "model": call.model,
        "reference_id": call.inference_id,
    }


def _first_payment(when: str, usd: float) -> Json:
    return {
        "created_at": when,
        "direction": "TOPUP",
        "type": "INIT",
        "amount": {"usd": usd, "credits": round(usd * CREDITS_PER_USD)},
        "model": None,
        "reference_id": None,
    }


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps({"v": 1, "c": position})).decode().rstrip("=")


def _position(cursor: str) -> float:
    """Parse a cursor: only positions below it are on the page."""
    if not cursor:
        return float("inf")
    try:
        read = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        position = int(read["c"])
    except (ValueError, TypeError, KeyError):
        raise refused("cursor: Invalid cursor") from None
    if _cursor(position) != cursor:
        raise refused("cursor: Invalid cursor")
    return position


def _json(body: Json) -> Reply:
    return Reply(orjson.dumps(body))

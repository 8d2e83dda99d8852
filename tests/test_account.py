"""The account behind a key: every endpoint, sync and async, held against the documented replies."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi import (
    Account,
    AimlapiConnectionError,
    AuthenticationError,
    ConfigurationError,
    ResponseFormatError,
    ServerError,
)

KEY = {
    "name": "job",
    "disabled": False,
    "prefix": "b747e891",
    "scopes": ["model:chat"],
    "limit": {"retention": "day", "threshold": 5},
    "created_at": "2026-02-18T06:59:10.031Z",
    "updated_at": "2026-02-18T06:59:10.031Z",
    "monthly_usage": 0.25,
}
SPEND = {
    "api_key_prefix": None,
    "start": "2026-07-20T22:15:00.000Z",
    "end": "2026-07-27T22:15:00.000Z",
    "spend": 12.5,
    "currency": "USD",
    "requests": 842,
}
ROW = {
    "created": "2026-07-20T22:15:00.000Z",
    "status": "succeeded",
    "origin": "api",
    "model": "openai/gpt-5",
    "cost": {"usd": "0.5", "credits": 1_000_000},
    "tokens": {"input": 7, "output": 2, "total": 9},
    "request_id": "r",
    "inference_id": "i",
    "client_request_id": None,
}


@pytest.fixture
def account(json_service):
    """The account at that service, by an address with a version as everybody gives it."""
    with Account(
        api_key="sk-management",
        base_url=f"http://127.0.0.1:{json_service.server_port}/v1",
        max_retries=1,
    ) as account:
        yield account


async def collected(rows):
    """All rows of an async iterator."""
    return [row async for row in rows]


def both(account, name, *arguments, **options):
    """What a method returns, sync and async: the same."""
    found = getattr(account, name)(*arguments, **options)
    found = list(found) if hasattr(found, "__next__") else found

    async def again():
        async with account:
            other = getattr(account, f"a{name}")(*arguments, **options)
            return await (collected(other) if hasattr(other, "__anext__") else other)

    assert asyncio.run(again()) == found
    return found


def test_the_balance(json_service, account):
    """A number and its currency; the key goes in the header, the version of the address away."""
    json_service.reply = lambda *_: (200, {"current_balance": 12.34, "currency": "USD", "more": 1})
    balance = both(account, "balance")
    assert (balance.amount, balance.currency, balance.raw["more"]) == (12.34, "USD", 1)
    assert json_service.asked[0][:2] == ("GET", "/v2/billing")
    assert set(json_service.keys) == {"Bearer sk-management"}


def test_spend_of_a_window(json_service, account):
    """By the last days, or from a time to another; a time without an offset is UTC."""
    json_service.reply = lambda *_: (200, SPEND)
    (spend,) = both(account, "usage")
    assert (spend.usd, spend.requests, spend.models) == (12.5, 842, ())
    assert spend.start.isoformat() == "2026-07-20T22:15:00+00:00"
    account.usage(start="2026-07-01", end="2026-07-02T12:00:00+02:00", key_prefix="abcd1234")
    assert [query for _, _, query, _ in json_service.asked[::2]] == [
        {"period": ["7d"]},
        {
            "start": ["2026-07-01T00:00:00+00:00"],
            "end": ["2026-07-02T10:00:00+00:00"],
            "key_prefix": ["abcd1234"],
        },
    ]


def test_spend_by_model(json_service, account):
    """The dearest first, as the service sorts them."""
    models = [{"model": "a", "spend": 9, "requests": 3}, {"model": "b", "spend": 1, "requests": 1}]
    json_service.reply = lambda *_: (200, {**SPEND, "models": models})
    (spend,) = both(account, "usage", "24h", by="model")
    assert [(row.model, row.usd, row.requests) for row in spend.models] == [
        ("a", 9, 3),
        ("b", 1, 1),
    ]
    assert json_service.asked[0][1] == "/v2/usage/detail"


def test_spend_by_day(json_service, account):
    """A request per day, cut at midnight UTC."""
    json_service.reply = lambda _, __, query, ___: (
        200,
        {**SPEND, "start": query["start"][0], "end": query["end"][0]},
    )
    days = both(account, "usage", start="2026-07-01T12:00:00", end="2026-07-03T06:00:00", by="day")
    assert [f"{day.start:%d %H}-{day.end:%d %H}" for day in days] == [
        "01 12-02 00",
        "02 00-03 00",
        "03 00-03 06",
    ]
    assert len(account.usage("48h", by="day")) in {2, 3}


@pytest.mark.parametrize(
    "window",
    [
        {"period": "7"},
        {"period": "0d"},
        {"period": "1w"},
        {"start": "2026-01-01"},
        {"period": "1d", "start": "2026-01-01", "end": "2026-01-02"},
        {"start": "2026-01-02", "end": "2026-01-01"},
        {"start": "2026-01-01", "end": "2026-04-04"},
        {"start": "yesterday", "end": "today"},
        {"period": "93d", "by": "day"},
    ],
)
def test_windows_that_are_none(json_service, account, window):
    """Refused with a sentence, before anything is sent."""
    with pytest.raises(ConfigurationError):
        account.usage(**window)
    assert not json_service.asked


def test_logs_page_by_page(json_service, account):
    """Pages of a hundred until there are no more; filters are repeated, never joined by commas."""

    def pages(_, __, query, ___):
        offset = int(query["offset"][0])
        rows = [{**ROW, "request_id": f"r{n}"} for n in range(offset, min(offset + 100, 250))]
        return 200, {"data": rows, "pagination": {"total": 250, "has_more": offset + 100 < 250}}

    json_service.reply = pages
    entries = both(account, "logs", "7d", model=["a", "b"], status="failed")
    assert [entry.request_id for entry in entries] == [f"r{n}" for n in range(250)]
    first = entries[0]
    assert (first.usd, first.credits, first.input_tokens, first.output_tokens) == (0.5, 1e6, 7, 2)
    assert (first.inference_id, first.client_request_id, first.raw["origin"]) == ("i", None, "api")
    query = json_service.asked[0][2]
    assert (query["model"], query["status"], query["limit"]) == (["a", "b"], ["failed"], ["100"])


def test_a_page_without_rows_is_the_last(json_service, account):
    """Whatever it says of more, or it would be asked for ever."""
    json_service.reply = lambda *_: (200, {"data": [], "pagination": {"has_more": True}})
    assert both(account, "logs") == []


def test_no_more_than_two_hundred_pages_a_minute(json_service, account, monkeypatch):
    """The two hundred and first waits until the first is a minute old."""
    from langchain_aimlapi import account as module

    json_service.reply = lambda *_: (200, {"data": [ROW], "pagination": {"has_more": True}})
    now, slept = [1000.0], []
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(module.time, "sleep", sleep)
    waits = [account._log_wait() for _ in range(201)]
    assert waits[:200] == [0.0] * 200
    assert waits[200] == 60.0
    now[0] = 1130.0
    rows = account.logs()
    assert next(rows).status == "succeeded"
    assert slept == []


def test_the_ledger_by_cursor(json_service, account):
    """Pages by the cursor of the page before."""

    def pages(_, __, query, ___):
        cursor = query.get("cursor", [None])[0]
        rows = [
            {
                "created_at": "2026-07-20T22:15:00Z",
                "direction": "debit",
                "type": "inference",
                "amount": {"usd": 0.25, "credits": 500_000},
                "model": "m",
                "reference_id": f"i{cursor}",
            }
        ]
        following = {None: "a", "a": "b", "b": None}[cursor]
        return 200, {
            "data": rows,
            "pagination": {"next_cursor": following, "has_more": bool(following)},
        }

    json_service.reply = pages
    rows = both(account, "transactions", start="2026-07-01", direction="debit")
    assert [row.reference_id for row in rows] == ["iNone", "ia", "ib"]
    assert (rows[0].usd, rows[0].type, rows[0].model) == (0.25, "inference", "m")
    assert json_service.asked[0][2]["from"] == ["2026-07-01T00:00:00+00:00"]
    with pytest.raises(ConfigurationError, match="not by kind"):
        list(account.transactions(kind="x"))


def test_this_key_and_all_keys(json_service, account):
    """What a key may do and has spent."""
    json_service.reply = lambda _, path, *__: (
        200,
        {"data": KEY if path.endswith("/key") else [KEY, KEY]},
    )
    key = both(account, "key")
    assert (key.prefix, key.limit_usd, key.limit_period, key.scopes) == (
        "b747e891",
        5.0,
        "day",
        ("model:chat",),
    )
    assert (key.monthly_usage, key.secret, key.disabled) == (0.25, None, False)
    assert both(account, "keys") == [key, key]


def test_a_key_with_a_limit_of_its_own(json_service, account):
    """The service enforces it; the secret is wrapped, and nowhere else."""
    json_service.reply = lambda *_: (200, {"data": {**KEY, "key": "b747e891-whole"}})
    made = both(account, "create_key", "job", usd=5, per="day", scopes=["model:chat"])
    assert json_service.asked[0] == (
        "POST",
        "/v1/keys",
        {},
        {"name": "job", "limit": {"retention": "day", "threshold": 5}, "scopes": ["model:chat"]},
    )
    assert made.secret.get_secret_value() == "b747e891-whole"
    assert "whole" not in repr(made)
    assert "whole" not in str(made.raw)
    account.create_key("free")
    assert json_service.asked[-1][3] == {"name": "free"}


@pytest.mark.parametrize("options", [{"per": "day"}, {"usd": -1}])
def test_limits_that_are_none(json_service, account, options):
    """Before anything is sent."""
    with pytest.raises(ConfigurationError):
        account.create_key("x", **options)
    assert not json_service.asked


def test_a_key_is_made_once_or_not(json_service, account):
    """A server error is not tried again: the first request may have made a key."""
    json_service.reply = lambda *_: (500, {"message": "oops"})
    with pytest.raises(ServerError):
        account.create_key("x")
    assert len(json_service.asked) == 1
    with pytest.raises(ServerError):
        account.balance()
    assert len(json_service.asked) == 3


def test_a_key_is_deleted_by_its_prefix(json_service, account):
    """A whole key is not put into a URL, which logs keep."""
    json_service.reply = lambda *_: (200, None)
    both(account, "delete_key", "b747e891")
    assert json_service.asked[0][:2] == ("DELETE", "/v1/keys/b747e891")
    for wrong in ("../models", "b747e891847f4c3fa0f6cce1cfd79bf9", ""):
        with pytest.raises(ConfigurationError):
            account.delete_key(wrong)


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        ("balance", {}),
        ("usage", {"spend": 1}),
        ("keys", {"data": {}}),
        ("key", {"data": {"prefix": 5}}),
        ("balance", []),
    ],
)
def test_replies_that_cannot_be_read(json_service, account, method, reply):
    """One of our errors, whatever they are."""
    json_service.reply = lambda *_: (200, reply)
    with pytest.raises(ResponseFormatError):
        getattr(account, method)()


def test_refusals_and_broken_lines(json_service, account):
    """The same errors as those of a chat."""
    json_service.reply = lambda *_: (401, {"message": "bad key sk-management"})
    with pytest.raises(AuthenticationError) as refused:
        account.balance()
    assert "sk-management" not in str(refused.value)
    away = account.model_copy(
        update={"aimlapi_api_base": "http://127.0.0.1:9/v1", "max_retries": 0}
    )
    with pytest.raises(AimlapiConnectionError):
        away.balance()

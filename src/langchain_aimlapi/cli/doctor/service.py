"""What answers at the address, by the client's own code: the service, its clock, the account, a call."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from langchain_aimlapi._client.base_url import without_version
from langchain_aimlapi._client.key import as_secret
from langchain_aimlapi._client.request import CallScope, Endpoint, build_request
from langchain_aimlapi._client.send import send
from langchain_aimlapi._transport.request import ClientOptions, Reply, ReplyRules
from langchain_aimlapi.account import Account
from langchain_aimlapi.cli._output import shown_cost
from langchain_aimlapi.cli.doctor.finding import Finding, State
from langchain_aimlapi.cli.doctor.settings import KEYS_PAGE
from langchain_aimlapi.errors import (
    AimlapiError,
    AimlapiStatusError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_MODELS = Endpoint("/models", "GET", ReplyRules(content_key=b'"data"'))
_REDIRECT = range(300, 400)
_TOLERATED_SECONDS = 60
_LOW_BALANCE = 1.0
_ADD_CREDITS = "Add credits on the dashboard: https://aimlapi.com/app"
_SMALL_ANSWER = 16  # some models refuse to be limited to less
_SET_BASE = "export AIMLAPI_API_BASE="


def check_service(state: State) -> Finding:
    """Ask for the list of models, without the key: does the service answer, and at this address?"""
    started = time.monotonic()
    try:
        reply = _ask(state, state.base_url)
    except AimlapiStatusError as error:
        _keep_date(state, error.response.headers.get("date") if error.response else None, started)
        return _status(state, error)
    except AimlapiError as error:
        return _failed(error)
    _keep_date(state, reply.headers.get("date"), started)
    milliseconds = (time.monotonic() - started) * 1000
    data = {"milliseconds": round(milliseconds, 1)}
    return Finding("ok", f"answers in {milliseconds:.0f} ms", data=data)


def _status(state: State, error: AimlapiStatusError) -> Finding:
    """What an error response says of the address."""
    data = {"status": error.status_code}
    if error.status_code in _REDIRECT:
        location = error.response.headers.get("location", "") if error.response else ""
        return Finding("failed", error.message, _follow(location, error), data)
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        said = f"answers, and lists no models without a key ({error.status_code})"
        return Finding("ok", said, data=data)
    if isinstance(error, NotFoundError):
        return _nothing_there(state)
    if isinstance(error, ServerError):
        return Finding("failed", f"{error}", "The service is in trouble: try again later.", data)
    return _failed(error)


def _follow(location: str, error: AimlapiError) -> str:
    """The address to set instead, if the redirect names one."""
    parts = urlsplit(location)
    if parts.scheme in {"http", "https"} and parts.path.endswith("/models"):
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return f"{_SET_BASE}{address.removesuffix('/models')}  (redirects would carry the key away)"
    return error.hint or ""


def _nothing_there(state: State) -> Finding:
    """Look whether the address lacks its version."""
    versioned = f"{without_version(state.base_url).partition('?')[0].rstrip('/')}/v1"
    where = f"{state.base_url.partition('?')[0]}/models"
    if versioned != state.base_url and _is_there(state, versioned):
        return Finding(
            "failed",
            f"{where} is not there (404), {versioned}/models is",
            f"{_SET_BASE}{versioned}",
            {"status": 404, "found": versioned},
        )
    return Finding(
        "warning",
        f"{where} is not there (404): another kind of service, or a wrong path",
        "Check the path of AIMLAPI_API_BASE, if the call below fails, too.",
        {"status": 404},
    )


def _is_there(state: State, base_url: str) -> bool:
    try:
        _ask(state, base_url)
    except AimlapiError as error:
        return isinstance(error, AuthenticationError)
    return True


def _ask(state: State, base_url: str) -> Reply:
    connection = _account(state, base_url)
    headers = {"extra_headers": {"Authorization": None}}
    request = build_request(
        connection, _MODELS, None, CallScope(as_secret("none"), arguments=headers)
    )
    return send(request, ClientOptions(), None, lambda reply: reply)


def _account(state: State, base_url: str) -> Account:
    return Account(
        api_key=state.key or "none", base_url=base_url, timeout=state.timeout, max_retries=0
    )


def _keep_date(state: State, date: str | None, started: float) -> None:
    state.served_at = date
    state.clock_error = time.monotonic() - started


# --- the clock ------------------------------------------------------------------------------------


def check_clock(state: State) -> Finding:
    """Compare the clock with the service's: certificates and windows of time depend on it."""
    if not state.served_at:
        return Finding("skipped", "no reply said what time it is")
    try:
        served = parsedate_to_datetime(state.served_at).timestamp()
    except (TypeError, ValueError, OverflowError):
        return Finding("skipped", "the reply's Date cannot be read")
    ahead = time.time() - served
    data = {"seconds_ahead": round(ahead, 1)}
    # The header has whole seconds, and was on its way for a while.
    if abs(ahead) <= _TOLERATED_SECONDS + state.clock_error:
        return Finding("ok", "as the service's, within a minute", data=data)
    way = "ahead of" if ahead > 0 else "behind"
    return Finding(
        "warning",
        f"{_duration(abs(ahead))} {way} the service's",
        "Set the clock of this machine (NTP): certificates seem expired or not valid yet, and "
        "windows of usage and logs are off.",
        data,
    )


def _duration(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"


# --- the account ----------------------------------------------------------------------------------


def check_account(state: State) -> Finding:
    """Ask the service what it knows of the key: whether it is taken, what for, and its limit."""
    return _of_account(state, _key_finding)


def _key_finding(account: Account) -> Finding:
    key = account.key()
    scopes = None if key.scopes is None else list(key.scopes)
    data = {
        "name": key.name,
        "disabled": key.disabled,
        "scopes": scopes,
        "limit_usd": key.limit_usd,
        "limit_period": key.limit_period,
        "monthly_usage": key.monthly_usage,
    }
    parts = [f"may call {'everything' if scopes is None else ', '.join(scopes) or 'nothing'}"]
    if key.limit_usd is None:
        parts.append("no limit of its own")
    else:
        reset = key.limit_period if key.limit_period != "no_reset" else None
        parts.append(f"limit ${key.limit_usd:g}{f' a {reset}' if reset else ' in all'}")
    if key.monthly_usage is not None:
        parts.append(f"${key.monthly_usage:.2f} this month")
    detail = "taken; " + ", ".join(parts)
    if key.disabled:
        return Finding("failed", "it is disabled", f"Enable it, or make one: {KEYS_PAGE}", data)
    if scopes is not None and "model:chat" not in scopes:
        return Finding(
            "warning", detail, f"To chat it needs the scope model:chat: {KEYS_PAGE}", data
        )
    return Finding("ok", detail, data=data)


def check_balance(state: State) -> Finding:
    """Ask what the account holds."""
    return _of_account(state, _balance_finding)


def _balance_finding(account: Account) -> Finding:
    held = account.balance()
    detail = f"{held.amount:.2f} {held.currency}"
    data = {"amount": held.amount, "currency": held.currency}
    if held.amount >= _LOW_BALANCE:
        return Finding("ok", detail, data=data)
    return Finding("warning" if held.amount > 0 else "failed", detail, _ADD_CREDITS, data)


def _of_account(state: State, look: Callable[[Account], Finding]) -> Finding:
    if state.key is None:
        return Finding("skipped", "needs a key")
    try:
        return look(_account(state, state.base_url))
    except NotFoundError:
        return Finding("skipped", "the service at this address tells nothing of accounts (404)")
    except PermissionDeniedError as error:
        return Finding("skipped", f"the key may not ask for it: {error.message}")
    except AuthenticationError as error:
        return Finding(
            "failed", f"the key is refused: {error.message}", f"Take another key: {KEYS_PAGE}"
        )
    except AimlapiError as error:
        return _failed(error)


# --- a call ---------------------------------------------------------------------------------------


def check_call(state: State) -> Finding:
    """Ask a model for a word or two."""
    if not state.makes_call:
        return Finding("skipped", "not wanted (--no-call)")
    from langchain_aimlapi import ChatAimlapi  # noqa: PLC0415  # only this check needs it

    started = time.monotonic()
    try:
        answer = ChatAimlapi(
            model=state.model,
            max_tokens=_SMALL_ANSWER,
            api_key=state.key or "none",
            base_url=state.base_url,
            timeout=state.timeout,
            max_retries=0,
        ).invoke("Reply with: OK")
    except AimlapiError as error:
        return _failed(error)
    seconds = time.monotonic() - started
    usage, cost = answer.usage_metadata, answer.response_metadata.get("cost")
    tokens = f"{usage['total_tokens']} tokens" if usage else "tokens not reported"
    data = {
        "model": answer.response_metadata.get("model_name") or state.model,
        "seconds": round(seconds, 3),
        "usage": usage,
        "cost": cost,
        "inference_id": answer.response_metadata.get("inference_id"),
    }
    return Finding(
        "ok", f"{state.model} answered in {seconds:.2f} s: {tokens}, {shown_cost(cost)}", data=data
    )


def _failed(error: AimlapiError) -> Finding:
    """An error as a finding: its message, and its hint as what to do."""
    detail = f"{type(error).__name__}: {error.message}"
    return Finding("failed", detail, error.hint or "", {"error": type(error).__name__})

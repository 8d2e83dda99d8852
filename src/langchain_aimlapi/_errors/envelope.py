"""Reads the many forms of error responses, and makes the errors they stand for.

The gateway's own envelope is flat: `{requestId, statusCode, timestamp, path, message, meta}`, with
the status sometimes a string. What a provider answered is passed on in several ways: as JSON within
`message` (often behind its status: `400 {"type":"error",…}`), as OpenAI's `{"error": {…}}`, as
FastAPI's `{"detail": …}`, as MiniMax's `base_resp`. Any of them may come with status 200, beside
`choices`, or as an event in the middle of a stream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeGuard

import orjson

from langchain_aimlapi._errors.status import status_error
from langchain_aimlapi._errors.text import (
    NAME_CHARS,
    plain_text,
    readable,
    text_or_none,
    to_json,
    to_text,
)
from langchain_aimlapi.errors import AimlapiStatusError, ErrorDetails, ErrorResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_SERVER_FAILED = 500
_DEPTH = 4
"""How many envelopes within envelopes are opened."""

_STATUS_BY_NAME: Mapping[str, int] = {
    "api_error": 500,
    "authentication_error": 401,
    "billing_error": 402,
    "context_length_exceeded": 400,
    "insufficient_balance": 402,
    "insufficient_quota": 402,
    "internal_error": 500,
    "invalid_api_key": 401,
    "invalid_key": 401,
    "invalid_request_error": 400,
    "key_limit_exceeded": 402,
    "model_not_found": 404,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "request_too_large": 413,
    "server_error": 500,
    "timeout_error": 504,
    "upstream_error": 502,
    "upstream_rate_limited": 429,
    "validation_error": 400,
}
"""For errors that come without a number; names as OpenAI, Anthropic and the gateway use them."""

_STATUS_BY_BASE_RESP: Mapping[int, int] = {
    1001: 504,
    1002: 429,
    1004: 401,
    1008: 402,
    1026: 400,
    1027: 400,
    1039: 429,
    2013: 400,
}
_ERROR_STATUSES = range(400, 600)
_STATUS = re.compile(r"[45][0-9][0-9]")
_PREFIX = re.compile(r"(\d{3})[\s:]+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an error response says, whatever its form."""

    message: str = ""
    status: int | None = None
    """The status it names, if it names one."""
    nested: int | None = None
    """The provider's status, where the gateway wrapped its answer."""
    code: str | None = None
    param: str | None = None
    """The parameter at fault, as a dotted path."""
    request_id: str | None = None


def read_envelope(payload: object) -> Envelope | None:
    """Return the error in a decoded reply or event, or None for a healthy one.

    A reply with both `choices` and an `error` is an error: what it holds is cut off.
    """
    return _read(payload, _DEPTH)


def read_job_envelope(payload: object) -> Envelope | None:
    """Return the error in a reply about a job, or None for a job in any state.

    A job has a `status` in words, and may say beside it how it does (`message`) or why it failed
    (`error`): that is the job's, not the request's. For endpoints that submit jobs or poll them.
    """
    return None if _is_job(payload) else read_envelope(payload)


def _is_job(payload: object) -> bool:
    status = payload.get("status") if _is_object(payload) else None
    if not _is_object(payload) or not isinstance(status, str) or _first_status(status):
        return False
    has_id = any(payload.get(key) for key in ("id", "generation_id"))
    return has_id or status.lower() != "error"


def error_from(
    payload: object,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    text: str = "",
) -> AimlapiStatusError:
    """Build the error for an error response.

    Args:
        payload: The decoded body or event; None if it is not JSON.
        status: The HTTP status. None or 2xx if the error came within a success; then what the
            payload says decides, and 500 stands where it says nothing.
        headers: Of the reply, with lower-case names.
        text: The body as it came.
    """
    headers = headers or {}
    envelope = read_envelope(payload) or Envelope(message=plain_text(text))
    refused = status is not None and status >= HTTPStatus.MULTIPLE_CHOICES
    effective = (status if refused else envelope.status) or _SERVER_FAILED
    shown = text or ("" if payload is None else to_json(payload))
    details = ErrorDetails(
        status_code=effective,
        code=envelope.code,
        param=envelope.param,
        request_id=envelope.request_id or headers.get("x-request-id"),
        inference_id=headers.get("x-inference-id"),
        client_request_id=headers.get("x-client-request-id"),
        body=text if payload is None else payload,
        response=ErrorResponse(effective if status is None else status, headers, shown),
    )
    deciding = _deciding(effective, envelope.nested)
    return status_error(deciding, readable(envelope.message) or _phrase(effective), **details)


def _deciding(status: int, nested: int | None) -> int:
    """Take a provider's 4xx within a gateway's 5xx for what it is."""
    wrapped = nested is not None and status >= _SERVER_FAILED > nested
    return nested if wrapped and nested is not None else status


def _read(payload: object, depth: int) -> Envelope | None:
    if not _is_object(payload) or not depth:
        return None
    for key, reader in _READERS.items():
        value = payload.get(key)
        if value and (found := reader(payload, value, depth)) is not None:
            return found
    return None


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _error(payload: dict[str, object], error: object, depth: int) -> Envelope | None:
    """Read `{"error": {message, type, code, param}}`, `{"error": "text"}` and their kin."""
    if not _is_object(error):
        beside = {name: payload.get(name) for name in ("code", "status", "status_code", "type")}
        error = {"message": error, **beside}
    words = error.get("message") or error.get("msg") or payload.get("message") or error
    name = _first_name(error.get("code"), error.get("type"), error.get("status"), error.get("name"))
    status = _first_status(
        error.get("code"), error.get("status"), error.get("status_code"), payload.get("statusCode")
    )
    return _envelope(
        words,
        depth,
        status=status or _STATUS_BY_NAME.get((name or "").lower()) or _named(error.get("type")),
        code=name,
        param=text_or_none(error.get("param")),
        request_id=_request_id(payload) or _request_id(error),
    )


def _named(kind: object) -> int | None:
    return _STATUS_BY_NAME.get(kind) if isinstance(kind, str) else None


def _flat(payload: dict[str, object], status: object, depth: int) -> Envelope | None:
    """Read the gateway's own `{requestId, statusCode, message, meta}`."""
    number = _first_status(status)
    if number is None or "message" not in payload:
        return None
    path, complaint = _complaints(payload.get("meta"))
    envelope = _envelope(
        payload.get("message"),
        depth,
        status=number,
        code=_first_name(payload.get("code"), payload.get("error")),
        param=path,
        request_id=_request_id(payload),
    )
    return replace(envelope, message=": ".join(filter(None, (envelope.message, complaint))))


def _base_resp(payload: dict[str, object], base: object, depth: int) -> Envelope | None:
    """Read MiniMax's `base_resp`, which says 0 when all is well."""
    number = base.get("status_code") if _is_object(base) else None
    if not _is_object(base) or not isinstance(number, int) or number == 0:
        return None
    return _envelope(
        base.get("status_msg"),
        depth,
        status=_STATUS_BY_BASE_RESP.get(number, _SERVER_FAILED),
        code=str(number),
        request_id=_request_id(payload),
    )


def _detail(payload: dict[str, object], detail: object, depth: int) -> Envelope | None:
    """Read FastAPI's `{"detail": "text"}` and `{"detail": [{loc, msg, type}]}`."""
    if payload.get("choices"):
        return None
    path, complaint = _complaints(detail) if isinstance(detail, list) else (None, "")
    return _envelope(complaint or detail, depth, param=path, request_id=_request_id(payload))


def _bare(payload: dict[str, object], message: object, depth: int) -> Envelope | None:
    """Read `{"message": "text"}`, as API gateways answer."""
    if not isinstance(message, str) or not payload.keys().isdisjoint({"choices", "data", "object"}):
        return None
    code, status = payload.get("code"), _first_status(payload.get("status"), payload.get("code"))
    return _envelope(
        message,
        depth,
        status=status,
        code=_first_name(code, payload.get("type")),
        request_id=_request_id(payload),
    )


def _choices(_: dict[str, object], choices: object, depth: int) -> Envelope | None:
    """Read the error that a provider left in the first choice, beside what it had said."""
    choice = choices[0] if _is_list(choices) and choices else None
    error = choice.get("error") if _is_object(choice) else None
    return _error({}, error, depth) if error else None


_READERS: Mapping[str, Callable[[dict[str, object], object, int], Envelope | None]] = {
    "statusCode": _flat,
    "error": _error,
    "base_resp": _base_resp,
    "detail": _detail,
    "message": _bare,
    "choices": _choices,
}
"""By the key that tells the form; the first that finds something wins."""


def _envelope(
    words: object,
    depth: int,
    *,
    status: int | None = None,
    code: str | None = None,
    param: str | None = None,
    request_id: str | None = None,
) -> Envelope:
    """Make the envelope, with what JSON within the message adds to it."""
    inner_status, inner = _opened(words, depth)
    outer = Envelope(to_text(words), status, inner_status, code, param, request_id)
    if inner is None:
        return outer
    return Envelope(
        message=inner.message or outer.message,
        status=status or inner.status,
        nested=inner_status or inner.nested or inner.status,
        code=inner.code or code,
        param=param or inner.param,
        request_id=request_id or inner.request_id,
    )


def _opened(words: object, depth: int) -> tuple[int | None, Envelope | None]:
    """Look for `400 {…}` or `{…}` in a message."""
    words = words.strip() if isinstance(words, str) else ""
    prefix = _PREFIX.match(words)
    inner = words[prefix.end() :] if prefix else words
    if not (inner.startswith("{") and inner.endswith("}")):
        return None, None
    try:
        payload = orjson.loads(inner)
    except orjson.JSONDecodeError:
        return None, None
    return _first_status(prefix[1] if prefix else None), _read(payload, depth - 1)


def _complaints(meta: object) -> tuple[str | None, str]:
    """Return the path of the first complaint of a validator, and all of them in words.

    Zod says `path` and `message`, pydantic `loc` and `msg`; either as a list, or one key deeper.
    """
    if _is_object(meta):
        meta = next((value for value in meta.values() if isinstance(value, list)), None)
    found = [_complaint(entry) for entry in meta if _is_object(entry)] if _is_list(meta) else []
    path = next((path for path, _ in found if path), None)
    return path, "; ".join(": ".join(filter(None, pair)) for pair in found[:5])


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _complaint(entry: dict[str, object]) -> tuple[str | None, str]:
    path = entry.get("path", entry.get("loc", entry.get("field")))
    if _is_list(path):
        path = ".".join(to_text(step) for step in path if step != "body")
    return text_or_none(path), to_text(entry.get("message", entry.get("msg")))


def _first_status(*candidates: object) -> int | None:
    for candidate in candidates:
        if isinstance(candidate, str) and _STATUS.fullmatch(candidate):
            return int(candidate)
        if isinstance(candidate, int) and candidate in _ERROR_STATUSES:
            return candidate
    return None


def _first_name(*candidates: object) -> str | None:
    names = (name for name in candidates if isinstance(name, str) and not name.isdigit())
    return next((name[:NAME_CHARS] for name in names if name), None)


def _request_id(payload: dict[str, object]) -> str | None:
    keys: Iterable[str] = ("requestId", "request_id")
    return next((to_text(payload[key])[:NAME_CHARS] for key in keys if payload.get(key)), None)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

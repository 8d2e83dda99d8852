"""Status, headers and body of a whole reply -> the error it stands for, or None.

A success is any 2xx whose body is neither empty, nor a web page, nor cut short, nor an error in
disguise. A 3xx is an error too: following it would hand the key to whoever the redirect names.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from langchain_aimlapi._errors.envelope import error_from
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi._transport.retry import retry_after
from langchain_aimlapi.errors import ErrorResponse, ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._transport.request import Reply
    from langchain_aimlapi.errors import AimlapiError, AimlapiStatusError

MAX_ERROR_BYTES = 65_536
"""How much of the body of an error response is read and kept."""

_SUCCESS = range(int(HTTPStatus.OK), int(HTTPStatus.MULTIPLE_CHOICES))
_REDIRECT = range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST)
_NO_CONTENT = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT})
_LONGEST_PLACE = 500
_END_OF_OBJECT = frozenset({b"}", b""})
_ERROR_KEY = re.compile(rb'"(?:error|base_resp)"\s*+:\s*+(?!null\b)')
_ANY = ReplyRules()


def is_success(status: int) -> bool:
    """Tell whether a status is a 2xx: the service documents 201 as well as 200."""
    return status in _SUCCESS


def is_json(headers: Mapping[str, str]) -> bool:
    """Tell whether a reply says that it is JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def error_of(reply: Reply, wall: float, rules: ReplyRules | None = None) -> AimlapiError | None:
    """Return the error a reply stands for, or None if it may be read as an answer.

    Args:
        reply: Its body may be cut at `MAX_ERROR_BYTES` unless the status is 2xx.
        wall: Seconds since the epoch, to read a date in `Retry-After`.
        rules: What a successful reply looks like.
    """
    rules = rules or _ANY
    if reply.status < _SUCCESS.start:
        return _unreadable(reply, f"nobody asked for a reply of status {reply.status}")
    if not is_success(reply.status):
        return _error_response(reply, wall)
    if reply.status in _NO_CONTENT or not rules.is_json:
        return None
    if trouble := _trouble(reply.body):
        return _unreadable(reply, trouble)
    if _is_suspicious(reply.body, rules.content_key):
        decoded = _decoded(reply.body)
        if rules.read_error(decoded) is not None:
            return _error_response(reply, wall)
    return None


def _trouble(body: bytes) -> str:
    """Say why a body is no JSON, as far as its first and last bytes tell."""
    if not body or body.isspace():
        return "the reply is empty"
    begin = body[:64].lstrip()
    if begin.startswith(b"<"):
        return "the reply is a web page, not JSON"
    # Some proxies end a reply politely when their source is gone.
    is_cut = begin.startswith(b"{") and body[-64:].rstrip()[-1:] not in _END_OF_OBJECT
    return "the reply is cut short" if is_cut else ""


def _is_suspicious(body: bytes, content_key: bytes) -> bool:
    """Spare a healthy reply from being decoded twice."""
    if content_key not in body:
        return True
    # Each alone is found far faster than by the expression.
    named = b'"error"' in body or b'"base_resp"' in body
    return named and _ERROR_KEY.search(body) is not None


def response_of(reply: Reply) -> ErrorResponse:
    """Return a reply as an error may show it."""
    return ErrorResponse(reply.status, reply.headers, _text(reply))


def _error_response(reply: Reply, wall: float) -> AimlapiStatusError:
    headers, text = reply.headers, _text(reply)
    # All of a successful reply was read, and an error may stand at its end.
    whole = reply.body.decode("utf-8", "replace") if is_success(reply.status) else text
    error = error_from(_decoded(whole), status=reply.status, headers=headers, text=text)
    error.retry_after = retry_after(headers, wall)
    if reply.status in _REDIRECT:
        error.message = f"redirected to {_place(headers.get('location', ''))}: {error.message}"
        error.hint = "Redirects are not followed, as they would carry the key away: set base_url."
    return error


def _unreadable(reply: Reply, message: str) -> ResponseFormatError:
    headers, text = reply.headers, _text(reply)
    return ResponseFormatError(
        message,
        status_code=reply.status,
        request_id=headers.get("x-request-id"),
        inference_id=headers.get("x-inference-id"),
        body=text,
        response=ErrorResponse(reply.status, headers, text),
    )


def _text(reply: Reply) -> str:
    return reply.body[:MAX_ERROR_BYTES].decode("utf-8", "replace")


def _decoded(body: bytes | str) -> object:
    try:
        decoded: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return decoded


def _place(location: str) -> str:
    """Name where a redirect leads, without its query: that may hold a token."""
    try:
        parts = urlsplit(location[:_LONGEST_PLACE])
    except ValueError:
        return "an unreadable place"
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path or "nowhere"

"""A status and the message beside it -> the error they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Unpack

from langchain_aimlapi.errors import (
    AimlapiStatusError,
    AuthenticationError,
    ConflictError,
    ContextOverflowError,
    ErrorDetails,
    InvalidRequestError,
    NotFoundError,
    OutOfCreditsError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnsupportedFormatError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVER_SIDE = 500

_BY_STATUS: Mapping[int, type[AimlapiStatusError]] = {
    401: AuthenticationError,
    402: OutOfCreditsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: RequestTimeoutError,
    409: ConflictError,
    413: ContextOverflowError,
    425: RateLimitError,
    429: RateLimitError,
    504: RequestTimeoutError,
}
_OVERFLOW = re.compile(
    r"context[_ ]?(length|window|size|limit)|maximum context|prompt (is )?too long"
    r"|too many (input|prompt) tokens|input (is )?too long|exceeds? the model'?s? context",
    re.IGNORECASE,
)
_NO_CREDITS = re.compile(
    r"(run |ran )?out of (credits|funds)|insufficient[_ ](credits?|balance|funds|quota)"
    r"|exhausted the available|(credit|key)[_ ](balance|limit)[_ ](is too low|exceeded)",
    re.IGNORECASE,
)
_NO_SUCH_FORM = re.compile(
    r"response_format|response format|json_schema|json schema|json_object|structured output"
    r"|tool_choice|tool choice|(support|supported|allow|unsupported)[^.]{0,40}\b(tools?|function)\b"
    r"|\b(tools?|tool use|function calling)\b[^.]{0,40}\b(not|un)[ -]?(supported|available|allowed)",
    re.IGNORECASE,
)
_REFINED: tuple[tuple[frozenset[int], re.Pattern[str], type[AimlapiStatusError]], ...] = (
    (frozenset({400, 422}), _OVERFLOW, ContextOverflowError),
    (frozenset({403, 429}), _NO_CREDITS, OutOfCreditsError),
    (frozenset({400, 404, 422}), _NO_SUCH_FORM, UnsupportedFormatError),
)
"""Where the message tells more than the status."""

# The gateway wraps what a provider answered: `500` around "400 {…}" or "400 Unable to …".
_NESTED_STATUS = re.compile(r"\s*(4\d\d)(?=[\s:{])")


def status_error(status: int, message: str, **details: Unpack[ErrorDetails]) -> AimlapiStatusError:
    """Build the error that a status and the message beside it stand for.

    A 5xx whose message begins with a 4xx is a provider's error response that the gateway passed on: the
    inner status decides the class (and so whether to try again), `status_code` stays the outer.

    Args:
        status: The HTTP status, or the one the service named in the body.
        message: The service's own words.
        **details: As for `AimlapiError`; `status_code` is `status` unless given.

    Returns:
        The error, of the class that fits; it is not raised.
    """
    details.setdefault("status_code", status)
    nested = _NESTED_STATUS.match(message) if status >= _SERVER_SIDE else None
    deciding = int(nested[1]) if nested else status
    kind = _kind(deciding, f"{details.get('code')} {details.get('param')} {message}")
    return kind(message or f"the service answered with status {status}", **details)


def _kind(status: int, said: str) -> type[AimlapiStatusError]:
    for statuses, pattern, kind in _REFINED:
        if status in statuses and pattern.search(said):
            return kind
    fallback = ServerError if status >= _SERVER_SIDE else InvalidRequestError
    return _BY_STATUS.get(status, fallback)

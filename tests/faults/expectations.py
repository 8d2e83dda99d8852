"""What each fault of the sandbox has to look like to the caller: the one table of it.

"Whole" is for `invoke` and `ainvoke`, "streamed" for all that stream. A fault that stops a reply
before its first content looks the same in both; one that breaks a reply in the middle does not,
since a stream has by then handed something over, and must not be begun again.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from langchain_aimlapi import Timeouts, errors

PATIENT = Timeouts(total=60.0)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the caller sees of one fault."""

    kind: type[errors.AimlapiError] | None
    """The class of the error; None where the answer comes as if nothing were wrong."""
    again: bool = False
    """Whether another attempt is made if there may be one."""
    partial: str | None = None
    """The text that had come when a stream broke."""
    status: int | None = None
    request_id: bool = False
    """Whether the service names its id of the request."""
    inference_id: bool = True
    retry_after: object = None
    """Seconds, or what is equal to the seconds that may be asked for."""
    response: bool = True
    """Whether the error has the HTTP reply."""
    late: bool = False
    """Whether it is our own time limit that ends the call."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the two kinds of call see of one fault."""

    whole: Expected
    streamed: Expected

    def seen(self, way: str) -> Expected:
        """What one way of calling sees."""
        return self.whole if way in {"invoke", "ainvoke"} else self.streamed


RETRY_AFTER = 0.03
"""Seconds the sandbox asks to wait; a date says whole seconds, so this is none."""
BEGUN = "Hello from"
"""The text of the events that a broken stream still sends."""

_ANSWER = Row(Expected(None), Expected(None))


def _refused(
    kind: type[errors.AimlapiError],
    status: int,
    *,
    again: bool = False,
    request_id: bool = True,
    retry_after: object = None,
) -> Row:
    seen = Expected(
        kind, again=again, status=status, request_id=request_id, retry_after=retry_after
    )
    return Row(seen, seen)


def _unreached(*, again: bool = True) -> Row:
    seen = Expected(errors.AimlapiConnectionError, again=again, inference_id=False, response=False)
    return Row(seen, seen)


def _unreadable() -> Row:
    seen = Expected(errors.ResponseFormatError, inference_id=False, response=False)
    return Row(seen, seen)


_LATE_WHOLE = Expected(errors.AimlapiTimeoutError, inference_id=False, response=False, late=True)
_LATE_FIRST = Expected(
    errors.AimlapiTimeoutError, again=True, inference_id=False, response=False, late=True
)
_LATE_NEXT = Expected(
    errors.AimlapiTimeoutError, partial=BEGUN, status=200, response=False, late=True
)
_BROKEN = Expected(errors.AimlapiConnectionError, again=True, inference_id=False, response=False)
_INTERRUPTED = Expected(errors.StreamInterruptedError, partial=BEGUN, status=200, response=False)

EXPECTED: dict[str, Row] = {
    "status_400": _refused(errors.InvalidRequestError, 400),
    "status_401": _refused(errors.AuthenticationError, 401),
    "status_403": _refused(errors.PermissionDeniedError, 403),
    "status_404": _refused(errors.NotFoundError, 404),
    "status_408": _refused(errors.RequestTimeoutError, 408, again=True),
    "status_409": _refused(errors.ConflictError, 409, again=True),
    "status_413": _refused(errors.ContextOverflowError, 413),
    "status_422": _refused(errors.InvalidRequestError, 422),
    "status_425": _refused(errors.RateLimitError, 425, again=True),
    "status_429": _refused(errors.RateLimitError, 429, again=True),
    "status_500": _refused(errors.ServerError, 500, again=True),
    "status_502": _refused(errors.ServerError, 502, again=True),
    "status_503": _refused(errors.ServerError, 503, again=True),
    "status_504": _refused(errors.RequestTimeoutError, 504, again=True),
    "rate_limit": _refused(errors.RateLimitError, 429, again=True, retry_after=RETRY_AFTER),
    "rate_limit_ms": _refused(errors.RateLimitError, 429, again=True, retry_after=RETRY_AFTER),
    # A date has whole seconds, and the clock may pass one on the way.
    "rate_limit_date": _refused(
        errors.RateLimitError, 429, again=True, retry_after=pytest.approx(0.5, abs=0.5)
    ),
    "rate_limit_nonsense": _refused(errors.RateLimitError, 429, again=True),
    "overloaded": _refused(errors.ServerError, 503, again=True, retry_after=RETRY_AFTER),
    "out_of_credits": _refused(errors.OutOfCreditsError, 403),
    "context_overflow": _refused(errors.ContextOverflowError, 400),
    "nested_400": _refused(errors.InvalidRequestError, 500),
    "openai_error": _refused(errors.InvalidRequestError, 400, request_id=False),
    "error_in_200": _refused(errors.ServerError, 500, again=True),
    "html_502": _refused(errors.ServerError, 502, again=True, request_id=False),
    "empty_400": _refused(errors.InvalidRequestError, 400, request_id=False),
    "empty_502": _refused(errors.ServerError, 502, again=True, request_id=False),
    "empty_200": _refused(errors.ResponseFormatError, 200, again=True, request_id=False),
    "redirect": _refused(errors.InvalidRequestError, 307, request_id=False),
    "close_connection": _unreached(),
    "reset_connection": _unreached(),
    "no_answer": Row(_LATE_WHOLE, _LATE_FIRST),
    "cut_stream": Row(
        Expected(errors.ResponseFormatError, again=True, status=200),
        Expected(
            errors.StreamInterruptedError,
            partial=BEGUN,
            status=200,
            request_id=True,
            response=False,
        ),
    ),
    "drop_stream": Row(_BROKEN, _INTERRUPTED),
    "reset_stream": Row(_BROKEN, _INTERRUPTED),
    "silence": Row(_LATE_WHOLE, _LATE_NEXT),
    "stall": Row(_LATE_WHOLE, _LATE_NEXT),
    "slow_body": Row(_LATE_WHOLE, _LATE_FIRST),
    "error_mid_stream": Row(
        Expected(errors.ServerError, again=True, status=502, request_id=True),
        Expected(errors.ServerError, partial=BEGUN, status=502, request_id=True),
    ),
    "error_beside_choices": Row(
        Expected(errors.ServerError, again=True, status=502),
        Expected(errors.ServerError, partial=BEGUN, status=502),
    ),
    "malformed_line": Row(
        Expected(errors.ResponseFormatError, status=200),
        Expected(errors.ResponseFormatError, partial="Hello", status=200, response=False),
    ),
    "oversize_event": Row(
        Expected(errors.ResponseFormatError, status=200),
        Expected(errors.ResponseFormatError, again=True, inference_id=False, response=False),
    ),
    "gzip_bomb": _unreadable(),
    "unknown_encoding": _unreadable(),
    "pings_only": Row(_LATE_WHOLE, _LATE_FIRST),
    "empty_deltas": Row(_LATE_WHOLE, _LATE_NEXT),
    "close_after_role": Row(_BROKEN, _BROKEN),
    "socket_open_after_done": _ANSWER,
    "no_done_marker_but_finish": _ANSWER,
    "data_after_done": _ANSWER,
    "split_bytes": _ANSWER,
    "crlf": _ANSWER,
    "byte_order_mark": _ANSWER,
    "comments": _ANSWER,
    "no_space_after_data": _ANSWER,
    "events_as_json": _ANSWER,
    "surplus_bytes": _ANSWER,
    "interim_heads": _ANSWER,
}
"""By the fault's name; complete, which a test sees to."""


def timeouts_for(way: str, expected: Expected, limit: float) -> Timeouts:
    """The time limits to call with: `limit` seconds where nothing but time ends the call.

    It bounds only what hangs: a stream that hangs after its first content has time to get there.
    """
    if not expected.late:
        return PATIENT
    if way in {"invoke", "ainvoke"}:
        return Timeouts(total=limit)
    if expected.partial is None:
        return Timeouts(first_token=limit, total=60.0)
    return Timeouts(between_tokens=limit, total=60.0)

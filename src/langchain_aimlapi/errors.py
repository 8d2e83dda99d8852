"""The errors of this package, each one also LangChain's own class for the same condition.

    AimlapiError                          catches all errors of this package
    ├── ConfigurationError                a wrong option: nothing was sent
    │   └── MissingAPIKeyError            no key to send
    ├── BudgetExceededError               a cap of the caller's own is reached: nothing was sent
    ├── UnsupportedContentError           a content block the service cannot take: nothing was sent
    ├── AimlapiConnectionError            no reply came, or the connection broke
    │   └── StreamInterruptedError        a stream that ended before it was done (.partial)
    ├── AimlapiTimeoutError               the time allowed ran out
    ├── ResponseFormatError               a reply that cannot be read
    ├── JobFailedError                    a job that the service gave up (.inference_id)
    └── AimlapiStatusError                the service said no
        ├── InvalidRequestError           400, 405, 415, 422 and other client errors
        │   ├── ConflictError             409; may pass when tried again
        │   ├── ContextOverflowError      413, or the message says the input is too long
        │   └── UnsupportedFormatError    the model takes no schema, or no tools, for its answer
        ├── AuthenticationError           401
        ├── PermissionDeniedError         403
        │   └── OutOfCreditsError         402, or 403 and 429 when the message speaks of credits
        ├── NotFoundError                 404
        ├── RequestTimeoutError           408, 504
        ├── RateLimitError                425, 429
        └── ServerError                   every other 5xx

Default retry and fallback middleware goes by LangChain's classes, so every error here is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypedDict, Unpack

from langchain_core import exceptions as core

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk

__all__ = [
    "AimlapiConnectionError",
    "AimlapiError",
    "AimlapiStatusError",
    "AimlapiTimeoutError",
    "AuthenticationError",
    "BudgetExceededError",
    "ConfigurationError",
    "ConflictError",
    "ContextOverflowError",
    "ErrorDetails",
    "ErrorResponse",
    "InvalidRequestError",
    "JobFailedError",
    "MissingAPIKeyError",
    "NotFoundError",
    "OutOfCreditsError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseFormatError",
    "ServerError",
    "StreamInterruptedError",
    "UnsupportedContentError",
    "UnsupportedFormatError",
]

_MESSAGE_LIMIT = 600
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "proxy-authenticate", "cookie", "set-cookie"}
)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """The HTTP reply behind an error, without what is secret in it."""

    status_code: int
    """HTTP status."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names; cookies, authorization and keys are left out."""
    text: str = ""
    """The body as text."""

    def __post_init__(self) -> None:
        lowered = ((name.lower(), value) for name, value in self.headers.items())
        public = {name: value for name, value in lowered if not _is_secret(name)}
        object.__setattr__(self, "headers", public)

    def json(self) -> object:
        """Decode the text as JSON.

        Returns:
            The decoded value.

        Raises:
            ValueError: The text is not JSON.
        """
        decoded: object = json.loads(self.text)
        return decoded


def _is_secret(header: str) -> bool:
    return header in _SECRET_HEADERS or header.endswith("api-key")


class ErrorDetails(TypedDict, total=False):
    """What an `AimlapiError` takes beside its message; for tests that raise one.

    Attributes:
        status_code: HTTP status.
        code: The service's own name for the error.
        param: The request parameter at fault.
        request_id: The service's id of the request.
        inference_id: The id that billing and logs use.
        client_request_id: The id that was sent as `X-Client-Request-Id`.
        retry_after: Seconds the service asked to wait.
        body: The decoded reply, or its text.
        response: The HTTP reply.
        partial: The message so far of a stream that broke off.
        hint: What the caller can do about it.
    """

    status_code: int | None
    code: str | None
    param: str | None
    request_id: str | None
    inference_id: str | None
    client_request_id: str | None
    retry_after: float | None
    body: object
    response: ErrorResponse | None
    partial: AIMessageChunk | None
    hint: str | None


class AimlapiError(core.ModelError):
    """Base of all errors of this package, never raised itself.

    Attributes:
        message: What happened, without the hint and the ids that `str()` adds.
        status_code: HTTP status, or the status the service named within a 200.
        code: The service's own name for the error.
        param: The request parameter at fault.
        request_id: The service's id of the request.
        inference_id: The id that billing and logs use (`x-inference-id`).
        client_request_id: The id that was sent as `X-Client-Request-Id`.
        retry_after: Seconds the service asked to wait.
        body: The decoded reply, or its text.
        response: The HTTP reply, without cookies and keys.
        partial: The message so far of a stream that broke off, an `AIMessageChunk`; otherwise None.
        hint: What the caller can do about it.
        was_sent: False if the service cannot have got the request: there was no connection.
    """

    default_hint: ClassVar[str | None] = None
    was_sent: bool = True

    def __init__(self, message: str = "", **details: Unpack[ErrorDetails]) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = details.get("status_code")
        self.code = details.get("code")
        self.param = details.get("param")
        self.request_id = details.get("request_id")
        self.inference_id = details.get("inference_id")
        self.client_request_id = details.get("client_request_id")
        self.retry_after = details.get("retry_after")
        self.body = details.get("body")
        self.response = details.get("response")
        self.partial = details.get("partial")
        self.hint = details.get("hint") or self.default_hint

    def __str__(self) -> str:
        ids = {
            "status": self.status_code,
            "param": self.param,
            "request id": self.request_id,
            "inference id": self.inference_id,
        }
        known = ", ".join(f"{name} {value}" for name, value in ids.items() if value is not None)
        text = _shortened(self.message) + (f" ({known})" if known else "")
        return _on_one_line(f"{text}. {self.hint}" if self.hint else text)

    # An exception pickles as class(*args), which would lose every keyword; OSError's own
    # __new__ would take a second argument for an errno.
    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[AimlapiError], args: tuple[object, ...], state: dict[str, object]
) -> AimlapiError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _shortened(message: str) -> str:
    return message if len(message) <= _MESSAGE_LIMIT else f"{message[:_MESSAGE_LIMIT]}…"


_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls: line ends, terminal escapes
    "\u2028\u2029"  # line and paragraph ends
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of writing
    "\ud800-\udfff\U000e0000-\U000e007f]"  # half characters; invisible tags
)


def _on_one_line(text: str) -> str:
    """Show escaped what could move a terminal's cursor, end a log's line or hide text."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class ConfigurationError(AimlapiError, core.ModelInvalidRequestError):
    """An option is missing or wrong: nothing was sent."""


class MissingAPIKeyError(ConfigurationError, core.ModelAuthenticationError):
    """No API key was given: nothing was sent."""


class BudgetExceededError(AimlapiError, core.ModelPermissionDeniedError):
    """A cap of the caller's own budget is reached; nothing was sent.

    Attributes:
        limit: Which one: "usd", "tokens" or "calls".
        cap: The cap.
        spent: What is spent of it.
    """

    default_hint = "Raise the cap, or start with a new budget."

    def __init__(
        self,
        message: str = "",
        *,
        limit: str = "",
        cap: float = 0.0,
        spent: float = 0.0,
        **details: Unpack[ErrorDetails],
    ) -> None:
        super().__init__(message, **details)
        self.limit, self.cap, self.spent = limit, cap, spent


class UnsupportedContentError(AimlapiError, core.ModelInvalidRequestError, ValueError):
    """A content block this service or model cannot take: nothing was sent."""


class AimlapiConnectionError(AimlapiError, core.ModelConnectionError):
    """No reply came, or the connection broke."""


class StreamInterruptedError(AimlapiConnectionError):
    """A stream that ended before it was done; `partial` holds what had arrived."""


class AimlapiTimeoutError(AimlapiError, core.ModelTimeoutError, TimeoutError):
    """The time allowed for a call, or for a part of it, ran out."""


class ResponseFormatError(AimlapiError, core.ModelAPIError):
    """A reply that cannot be read: not JSON, a malformed or endless event, no choices."""


class JobFailedError(AimlapiError, core.ModelAPIError):
    """A job failed at the service, which says why; `inference_id` is the job's id."""


class AimlapiStatusError(AimlapiError):
    """The service answered that it will not or cannot."""


class InvalidRequestError(AimlapiStatusError, core.ModelInvalidRequestError):
    """The request is at fault (400, 405, 415, 422)."""


class ConflictError(InvalidRequestError):
    """The request met another one (409); it may pass when tried again."""

    is_retryable = True


class ContextOverflowError(InvalidRequestError, core.ContextOverflowError):
    """The input is longer than the model or the service takes."""

    default_hint = "Shorten the input, or choose a model with a larger context window."


class UnsupportedFormatError(InvalidRequestError):
    """The model takes neither the `response_format` nor the tools that a structured answer needs."""

    default_hint = "Without a method, with_structured_output tries all ways a model may take."


class AuthenticationError(AimlapiStatusError, core.ModelAuthenticationError):
    """The key is missing, wrong or disabled (401)."""

    default_hint = "Check the API key (AIMLAPI_API_KEY)."


class PermissionDeniedError(AimlapiStatusError, core.ModelPermissionDeniedError):
    """The key may not do this (403)."""

    default_hint = "Check the key's scopes and limits, and that the endpoint suits the model."


class OutOfCreditsError(PermissionDeniedError):
    """The account or the key has no credits left (the service answers 403)."""

    default_hint = "Add credits to the AI/ML API account, or raise the key's spend limit."


class NotFoundError(AimlapiStatusError, core.ModelNotFoundError):
    """No such path, or no such model any more (404)."""

    default_hint = "Check the model id and the base_url."


class RequestTimeoutError(AimlapiStatusError, core.ModelTimeoutError, TimeoutError):
    """The service gave up waiting (408, 504)."""


class RateLimitError(AimlapiStatusError, core.ModelRateLimitError):
    """Too many requests, or too many at once (425, 429); see `retry_after`."""


class ServerError(AimlapiStatusError, core.ModelAPIError):
    """The service, or the provider behind it, failed (5xx)."""

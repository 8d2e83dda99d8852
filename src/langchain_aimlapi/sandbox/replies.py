"""What goes back to the caller: a JSON reply, a stream, or an error response."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


class ApiError(Exception):
    """Ends the handling of a request with an error response: `status`, `message`, `headers`."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamReply:
    """A streamed reply; each frame is sent as soon as it is there."""

    frames: AsyncIterator[bytes]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    release: Callable[[], None] | None = None
    """Frees what the frames hold, also if the iteration never began."""
    before: bytes = b""
    """Sent as it is before the head."""
    after: bytes = b""
    """Sent as it is after the end of the reply."""
    on_start: Callable[[], None] = lambda: None
    """Called when the first frame is sent."""


def envelope(status: int, message: str, path: str, request_id: str = "") -> dict[str, Any]:
    """Return the documented error body: one flat envelope for every status."""
    return {
        "requestId": request_id or str(uuid.uuid4()),
        "statusCode": status,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "path": path,
        "message": message,
    }


def error_reply(error: ApiError, path: str, request_id: str = "") -> Reply:
    """Return the error response for an error; without a request id it gets one of its own."""
    body = orjson.dumps(envelope(error.status, error.message, path, request_id))
    return Reply(body, status=error.status, headers=error.headers)


def validation_error(*lines: str) -> ApiError:
    """Return a 400 in the form of the service's validation: a headline, then a line per problem."""
    return ApiError(400, "\n".join(["Body validation error", *lines]))


def reply_with_cost(body: dict[str, Any]) -> Reply:
    """Return a JSON reply with the cost of its `meta` in the headers as well."""
    cost = body["meta"]["usage"]
    headers = {
        "x-aimlapi-credits-used": str(cost["credits_used"]),
        "x-aimlapi-usd-spent": f"{cost['usd_spent']:.7f}",
    }
    return Reply(orjson.dumps(body), headers=headers)

"""What goes back to the caller: a JSON reply, a stream, or the service's one way to say no."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


class RefusedError(Exception):
    """The sandbox answers with an error status; `status`, `message` and extra `headers` say how."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is known as a whole."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamReply:
    """A reply that comes in frames, each of them sent at once."""

    frames: AsyncIterator[bytes]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    release: Callable[[], None] | None = None
    """Frees what the frames hold, which may never have been begun."""


def envelope(status: int, message: str, path: str) -> dict[str, Any]:
    """Write the documented error body: one flat envelope for every status."""
    return {
        "requestId": str(uuid.uuid4()),
        "statusCode": status,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "path": path,
        "message": message,
    }


def refusal(error: RefusedError, path: str) -> Reply:
    """Turn an error into the reply that carries it."""
    body = orjson.dumps(envelope(error.status, error.message, path))
    return Reply(body, status=error.status, headers=error.headers)


def invalid(*lines: str) -> RefusedError:
    """Refuse a body the way the service's validation does: a headline, then a line per fault."""
    return RefusedError(400, "\n".join(["Body validation error", *lines]))


def priced(body: dict[str, Any]) -> Reply:
    """Send a JSON body, with the cost its `meta` names in the headers as well."""
    cost = body["meta"]["usage"]
    headers = {
        "x-aimlapi-credits-used": str(cost["credits_used"]),
        "x-aimlapi-usd-spent": f"{cost['usd_spent']:.7f}",
    }
    return Reply(orjson.dumps(body), headers=headers)

"""The requests that arrived, kept for the assertions of tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it arrived."""

    method: str
    """`"POST"` or `"GET"`."""
    path: str
    """Path without the query, e.g. `"/v1/chat/completions"`."""
    headers: Mapping[str, str] = field(repr=False)
    """Header names are lower-case."""
    body: Any = None
    """The decoded JSON body; None if there was none or it is not valid JSON."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters."""


@dataclass(slots=True)
class Recorder:
    """Keeps the last requests, the oldest first."""

    requests: list[RecordedRequest] = field(default_factory=list)
    limit: int = 10_000
    """Maximum number of requests kept."""

    def add(self, request: RecordedRequest) -> None:
        """Keep a request; the oldest is dropped beyond the limit."""
        self.requests.append(request)
        del self.requests[: max(len(self.requests) - self.limit, 0)]

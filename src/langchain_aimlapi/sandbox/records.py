"""What the sandbox was asked, kept for the tests of the application that asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it arrived."""

    method: str
    path: str
    """Path without the query, e.g. `"/v1/chat/completions"`."""
    headers: Mapping[str, str] = field(repr=False)
    """Header names are lower-case."""
    body: Any = None
    """The decoded JSON body; None when there was none or it was no JSON."""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Recorder:
    """The last requests, the oldest first."""

    requests: list[RecordedRequest] = field(default_factory=list)
    most: int = 10_000
    """How many are kept."""

    def add(self, request: RecordedRequest) -> None:
        """Keep a request, and forget the oldest if they are too many."""
        self.requests.append(request)
        del self.requests[: max(len(self.requests) - self.most, 0)]

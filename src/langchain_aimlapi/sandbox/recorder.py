"""The requests that arrived, kept for the assertions of tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
    """The decoded body, JSON or a form, whose files are objects with `filename`, `content_type` and
    `base64`; None if there was none or it cannot be decoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters."""

    @property
    def prompt(self) -> str:
        """The text of the last user message, the texts to embed, or the prompt of media."""
        body = self.body if isinstance(self.body, dict) else {}
        words = (body.get(name) for name in ("messages", "input", "prompt", "text"))
        given = next((value for value in words if value is not None), None)
        if not isinstance(given, list):
            return given if isinstance(given, str) else ""
        if all(isinstance(text, str) for text in given):
            return "\n".join(given)
        prompts = (
            _text(message.get("content"))
            for message in reversed(given)
            if isinstance(message, dict) and message.get("role") == "user"
        )
        return next(filter(None, prompts), "")


def _text(content: Any) -> str:
    """Return the text of a message's content."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


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

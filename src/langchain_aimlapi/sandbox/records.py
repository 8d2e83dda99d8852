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

"""What must not be seen: keys and headers, wherever a trace or a log could show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HIDDEN = "**********"
_SECRET_NAMES = frozenset(
    {
        "api_key",
        "authorization",
        "authorization_token",
        "default_headers",
        "extra_headers",
        "headers",
        "x-api-key",
    }
)


def redacted(value: Any) -> Any:
    """A copy with secrets hidden: values by their names, headers one by one, at any depth."""
    if isinstance(value, Mapping):
        return {name: _hidden(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return value


def _hidden(name: Any, value: Any) -> Any:
    if not isinstance(name, str) or name.lower() not in _SECRET_NAMES or value is None:
        return redacted(value)
    return dict.fromkeys(value, HIDDEN) if isinstance(value, Mapping) else HIDDEN

"""What must not be seen: keys and headers, wherever a trace, a log or a cache could show them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import SecretStr

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
_PLAIN = (str, int, float)
_SCHEMA_NAMES = frozenset({"parameters", "input_schema", "properties", "schema"})
"""Beneath these stand descriptions of arguments, which may be called like secrets."""


def unwrap(value: Any) -> Any:
    """What a `SecretStr` holds; anything else as it is."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def hidden(_: object) -> str:
    """Stars in the place of a secret."""
    return HIDDEN


def digest(value: object) -> str:
    """Tell secrets apart without showing them."""
    return hashlib.sha256(str(unwrap(value)).encode()).hexdigest()[:16]


def redacted(value: Any, hide: Callable[[object], str] = hidden) -> Any:
    """A copy without secrets: values by their names, headers one by one, at any depth.

    Args:
        value: Arguments of a call.
        hide: What stands in the place of a secret.
    """
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {name: _replaced(name, inner, hide) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, hide) for inner in value]
    return value


_DEPTH = 100
_TOO_DEEP = "[nested too deep to be shown]"


def without(value: Any, secrets: Collection[str], depth: int = _DEPTH) -> Any:
    """A copy in which no text holds any of the secrets.

    Args:
        value: JSON.
        secrets: Each is replaced by stars.
        depth: How deep lists and objects may be nested; what lies deeper is left out.
    """
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return value
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not depth:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return {
            without(name, secrets): without(inner, secrets, depth - 1)
            for name, inner in value.items()
        }
    return type(value)(without(inner, secrets, depth - 1) for inner in value)


def _replaced(name: Any, value: Any, hide: Callable[[object], str]) -> Any:
    lowered = name.lower() if isinstance(name, str) else ""
    if value is None or lowered in _SCHEMA_NAMES:
        return value
    if lowered not in _SECRET_NAMES:
        return redacted(value, hide)
    if isinstance(value, Mapping):
        return {key: hide(inner) for key, inner in value.items()}
    return hide(value)

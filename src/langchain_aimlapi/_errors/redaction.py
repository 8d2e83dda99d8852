"""What must not be seen: keys and headers, wherever a trace, a log or a cache could show them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from langchain_aimlapi._errors.secrets import HIDDEN, SCHEMA_FIELDS, SECRET_FIELDS

_PLAIN = (str, int, float)


def unwrap(value: object) -> object:
    """What a `SecretStr` holds; anything else as it is."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def hidden(_: object) -> str:
    """Stars in the place of a secret."""
    return HIDDEN


def digest(value: object) -> str:
    """Tell secrets apart without showing them."""
    return hashlib.sha256(str(unwrap(value)).encode()).hexdigest()[:16]


def redacted(value: object, hide: Callable[[object], str] = hidden) -> Any:
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


def _replaced(name: object, value: object, hide: Callable[[object], str]) -> object:
    lowered = name.lower() if isinstance(name, str) else ""
    if value is None or lowered in SCHEMA_FIELDS:
        return value
    if lowered not in SECRET_FIELDS:
        return value if isinstance(value, _PLAIN) else redacted(value, hide)
    if isinstance(value, Mapping):
        return {key: hide(inner) for key, inner in value.items()}
    return hide(value)

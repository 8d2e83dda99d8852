"""The body of a request as bytes.

JSON has no word for NaN, UTF-8 none for half of a surrogate pair, and orjson none for whole numbers
beyond 64 bits. The first is refused, since orjson would send null in its place; halves, which
models leave where a text is cut in the middle of an emoji, become the replacement character; and
large numbers are sent as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from langchain_aimlapi._codec.json_text import whole_characters
from langchain_aimlapi.errors import ConfigurationError

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def dump_body(body: Mapping[str, object]) -> bytes:
    """Write a body as JSON.

    Raises:
        ConfigurationError: For a value that JSON has no form for; it says where it stands.
    """
    try:
        data = orjson.dumps(body, option=_OPTIONS)
    except TypeError as error:
        data = _dump_odd(body, error)
    if b"null" in data and (place := _not_finite(body, "")):
        raise ConfigurationError(
            f"The request cannot be written as JSON: {place} is not a finite number."
        )
    return data


def _dump_odd(body: Mapping[str, object], error: TypeError) -> bytes:
    """The same for text with halves of characters and for numbers beyond 64 bits."""
    try:
        whole = _with_whole_characters(body)
        try:
            return orjson.dumps(whole, option=_OPTIONS)
        except TypeError:
            text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return text.encode()
    except (RecursionError, TypeError, ValueError):
        raise ConfigurationError(f"The request cannot be written as JSON: {error}.") from None


def _with_whole_characters(value: object) -> object:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, Mapping):
        return {
            _with_whole_characters(key): _with_whole_characters(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_with_whole_characters(inner) for inner in value]
    return value


def _not_finite(value: object, place: str) -> str | None:
    """Where a number stands that is NaN or infinite."""
    if isinstance(value, float):
        return None if math.isfinite(value) else place
    inner: Any = ()
    if isinstance(value, Mapping):
        inner = ((f"{place}.{key}" if place else str(key), part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        inner = ((f"{place}[{at}]", part) for at, part in enumerate(value))
    found = (_not_finite(part, where) for where, part in inner)
    return next(filter(None, found), None)

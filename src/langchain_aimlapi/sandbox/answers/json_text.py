"""JSON as text, for values that a caller or a schema made up."""

from __future__ import annotations

import json
from typing import Any

import orjson


def json_text(value: Any) -> str:
    """Write a value as JSON, numbers beyond 64 bits included.

    Raises:
        ValueError: It is no JSON: a number is infinite, or it is nested too deep.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"not a JSON value: {error}") from error

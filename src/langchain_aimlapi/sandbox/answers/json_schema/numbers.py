"""A number within the bounds of a JSON schema."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_aimlapi.sandbox.answers.json_schema.merge import Schema

_DEFAULT = 3


def number_for(schema: Schema, *, whole: bool) -> float:
    """Return 3, or a number near it that the bounds and steps allow."""
    step = schema.get("multipleOf") or (1 if whole else 0)
    low, above = _bound(schema, "minimum", -math.inf, max)
    high, below = _bound(schema, "maximum", math.inf, min)
    if step:
        low, high = low + step * above, high - step * below
        number = math.ceil(min(max(_DEFAULT, low), high) / step) * step
        return number if number <= high else math.floor(high / step) * step
    if low + above / 2 <= _DEFAULT <= high - below / 2:
        return float(_DEFAULT)
    if math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2
    return low + 1 if math.isfinite(low) else high - 1


def _bound(
    schema: Schema, key: str, default: float, stricter: Callable[[float, float], float]
) -> tuple[float, bool]:
    """Return one bound and whether it is exclusive, in either of the two spellings."""
    bound = schema.get(key, default)
    exclusive = schema.get(f"exclusive{key.capitalize()}", False)
    if isinstance(exclusive, bool):
        return bound, exclusive
    return stricter(bound, exclusive), stricter(bound, exclusive) == exclusive

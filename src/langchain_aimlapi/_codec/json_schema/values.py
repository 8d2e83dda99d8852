"""Lists of values and bounds of numbers, in the words of the subset.

There an `enum` holds texts alone, and bounds include themselves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Schema = dict[str, Any]


def kinds_of(values: object) -> str | list[str] | None:
    """The types of the values of an `enum`."""
    if not isinstance(values, list):
        return None
    kinds = list(dict.fromkeys(map(_kind, values)))
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    return kinds[0] if len(kinds) == 1 else kinds


def _kind(value: object) -> str:
    kinds: Mapping[type, str] = {
        bool: "boolean",
        dict: "object",
        float: "number",
        int: "integer",
        list: "array",
        str: "string",
        type(None): "null",
    }
    return kinds[type(value)]


def _is_of(value: Any, kind: str) -> bool:
    found = _kind(value)
    whole = kind == "integer" and isinstance(value, float) and value.is_integer()
    return found == kind or whole or (kind, found) == ("number", "integer")


def chosen(form: Schema, schema: Schema) -> Iterator[str]:
    """Put the values of an `enum` into a form, or tell them."""
    if "enum" not in schema:
        return
    kind = form["type"]
    values = [value for value in schema["enum"] if _is_of(value, kind)]
    if kind == "string" and values:
        form["enum"] = values
        return
    if kind in {"integer", "number"} and values:
        form["minimum"] = max(form.get("minimum", -math.inf), min(values))
        form["maximum"] = min(form.get("maximum", math.inf), max(values))
        if kind == "integer" and max(values) - min(values) + 1 == len(set(values)):
            return
    if kind == "boolean" and len(set(values)) > 1:
        return
    yield f"One of {', '.join(map(to_json, values))}." if values else "No value fits."


def bounded(form: Schema, schema: Schema) -> Iterator[str]:
    """Put the bounds of a number into a form; those it cannot say are told."""
    for side, tightest, word in _SIDES:
        bound, beyond = _bounds(schema, side)
        if form["type"] == "integer":
            bound, beyond = _whole(bound, beyond, 1 if side == "minimum" else -1), None
        limits = [limit for limit in (bound, beyond) if limit is not None]
        if limits:
            form[side] = tightest(limits)
        if beyond is not None and form[side] == beyond:
            yield f"{word} than {to_json(beyond)}."


_SIDES: tuple[tuple[str, Callable[[list[float]], float], str], ...] = (
    ("minimum", max, "More"),
    ("maximum", min, "Less"),
)


def _whole(bound: float | None, beyond: float | None, sign: int) -> int | None:
    """The outermost whole number within a bound, and within one that is excluded."""
    limits = [] if bound is None else [math.ceil(sign * bound)]
    limits += [] if beyond is None else [math.floor(sign * beyond) + 1]
    return sign * max(limits) if limits else None


def _bounds(schema: Schema, side: str) -> tuple[float | None, float | None]:
    """The bound that is included and the one that is not, also as draft 4 has them."""
    bound = schema.get(side)
    beyond = schema.get(f"exclusive{side.capitalize()}")
    if beyond is True:
        return None, bound
    return bound, beyond if beyond is not False else None

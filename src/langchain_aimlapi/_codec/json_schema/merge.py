"""Two JSON schemas that must both be kept -> one that says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

ALSO = "(also)"
"""Stands as a keyword for what could not be merged: a list of schemas that must be kept too."""


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Schema:
    """Merge two schemas that have neither `$ref` nor `allOf` at their top."""
    whole = _without_const(first)
    for keyword, value in _without_const(second).items():
        if keyword not in whole:
            whole[keyword] = value
        elif keyword not in _FIRST_WINS and not same(whole[keyword], value):
            both = _MERGERS.get(keyword, _neither)(whole[keyword], value)
            if both is None:
                whole[ALSO] = [*whole.get(ALSO, ()), {keyword: value}]
            else:
                whole[keyword] = both
    return whole


def _without_const(schema: Mapping[str, object]) -> Schema:
    whole = dict(schema)
    if "const" in whole:
        whole["enum"] = [whole.pop("const")]
    return whole


def same(one: Any, other: object) -> bool:
    """Whether two values are the same in JSON, where true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


_FIRST_WINS = frozenset({"$comment", "$id", "$schema", "default", "title"})


def _neither(_: Any, __: Any) -> object:
    """There is no one value that says both."""
    return None


def _types(first: Any, second: object) -> str | list[str] | None:
    one, other = _listed(first), _listed(second)
    both = [kind for kind in one if kind in other or (kind == "integer" and "number" in other)]
    both += [kind for kind in other if kind == "integer" and "number" in one and kind not in both]
    return both[0] if len(both) == 1 else both or None


def _listed(kinds: Any) -> list[str]:
    return list(kinds) if isinstance(kinds, list) else [kinds]


def _enums(first: list[Any], second: list[Any]) -> list[object] | None:
    return [one for one in first if any(same(one, other) for other in second)] or None


def _properties(first: Mapping[str, Any], second: Mapping[str, object]) -> Schema:
    shared = {name: {"allOf": [first[name], second[name]]} for name in first if name in second}
    return {**first, **second, **shared}


def _required(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _descriptions(first: str, second: str) -> str:
    return f"{first} {second}"


def _items(first: Any, second: object) -> Schema | None:
    schemas = isinstance(first, Mapping) and isinstance(second, Mapping)
    return {"allOf": [first, second]} if schemas else None


def _also(first: list[Schema], second: list[Schema]) -> list[Schema]:
    return [*first, *second]


def _nullable(first: bool, second: bool) -> bool:
    return first and second


_MERGERS: Mapping[str, Callable[[Any, Any], object]] = {
    ALSO: _also,
    "$defs": _properties,
    "definitions": _properties,
    "description": _descriptions,
    "enum": _enums,
    "exclusiveMaximum": min,
    "exclusiveMinimum": max,
    "items": _items,
    "maxItems": min,
    "maxLength": min,
    "maxProperties": min,
    "maximum": min,
    "minItems": max,
    "minLength": max,
    "minProperties": max,
    "minimum": max,
    "nullable": _nullable,
    "properties": _properties,
    "required": _required,
    "type": _types,
}

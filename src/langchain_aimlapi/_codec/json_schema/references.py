"""Schemas that refer to parts of themselves: told apart, rooted, and held to the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_aimlapi._codec.json_schema.merge import Schema

_DEFINITIONS = ("$defs", "definitions")
_BY_NAME = frozenset({*_DEFINITIONS, "dependentSchemas", "patternProperties", "properties"})
"""Keywords under which schemas stand by names that are no keywords."""
_VALUES = frozenset({"const", "default", "enum", "example", "examples"})
"""Keywords that hold values, not schemas."""


def is_recursive(schema: Mapping[str, object]) -> bool:
    """Whether a schema contains itself."""
    if "$ref" not in repr(schema):
        return False
    leads_to = {
        name: set(_references(inner))
        for key in _DEFINITIONS
        for name, inner in _mapping(schema.get(key)).items()
    }
    rest = {key: value for key, value in schema.items() if key not in _DEFINITIONS}
    if "" in set(_references(rest)) or any("" in names for names in leads_to.values()):
        return True  # "#": the whole again
    return any(_leads_back(name, leads_to) for name in leads_to)


def _leads_back(name: str, leads_to: Mapping[str, set[str]]) -> bool:
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        new = leads_to.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return name in reached


def _references(value: object) -> Iterator[str]:
    """The names that a schema refers to; "" for the whole."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            yield reference.removeprefix("#").rpartition("/")[2]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def with_object_root(schema: Mapping[str, object]) -> Schema:
    """A schema whose root is no reference: services want an object there."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return dict(schema)
    place, _, name = reference.removeprefix("#/").rpartition("/")
    target = _mapping(_mapping(schema.get(place)).get(name))
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**target, **rest}


def without_titles(schema: Schema) -> Schema:
    """A schema without its titles, which repeat names and cost tokens."""
    return _rewritten(schema, lambda part: {k: v for k, v in part.items() if k != "title"})


def held_to_the_letter(schema: Mapping[str, object]) -> Schema:
    """A schema as strict functions must have it: no other properties, and all of them required.

    So OpenAI's documentation of strict mode asks; a schema with an optional property is refused.
    """

    def strict(part: Schema) -> Schema:
        if "$ref" in part:
            return {"$ref": part["$ref"]}  # nothing may stand beside it
        properties = part.get("properties")
        if part.get("type") != "object" and not isinstance(properties, Mapping):
            return part
        closed = {**part, "additionalProperties": False}
        if isinstance(properties, Mapping):
            closed["required"] = list(properties)
        return closed

    return _rewritten(dict(schema), strict)


def _rewritten(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """A schema with every schema in it changed, innermost first."""
    inner = {key: _rewritten_under(key, value, change) for key, value in schema.items()}
    return change(inner)


def _rewritten_under(keyword: str, value: object, change: Callable[[Schema], Schema]) -> object:
    if keyword in _VALUES:
        return value
    if keyword in _BY_NAME and isinstance(value, Mapping):
        return {name: _rewritten_any(part, change) for name, part in value.items()}
    return _rewritten_any(value, change)


def _rewritten_any(value: object, change: Callable[[Schema], Schema]) -> object:
    if isinstance(value, Mapping):
        return _rewritten(dict(value), change)
    if isinstance(value, list):
        return [_rewritten_any(part, change) for part in value]
    return value


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}

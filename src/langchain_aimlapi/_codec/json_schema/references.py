"""Schemas that refer to parts of themselves: told apart, rooted, and held to the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from langchain_aimlapi._codec.json_schema.merge import merged
from langchain_aimlapi.errors import ConfigurationError

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
    """A schema whose root says what it is: services want an object there.

    What `$ref` and `allOf` add to the root is written into it, and an object that may be null is an
    object.

    Raises:
        ConfigurationError: If its reference leads nowhere.
    """
    whole = dict(schema)
    for _ in range(_MOST_STEPS):
        reference = whole.pop("$ref", None)
        if not isinstance(reference, str):
            break
        whole = {**_target(schema, reference), **whole}
    definitions = {key: schema[key] for key in _DEFINITIONS if key in schema}
    parts = whole.get("allOf")
    if isinstance(parts, list) and "properties" not in whole:
        del whole["allOf"]
        for part in map(_mapping, parts):
            whole = merged(whole, {**with_object_root({**part, **definitions}), **definitions})
    kinds = whole.get("type")
    if isinstance(kinds, list) and "object" in kinds:
        whole["type"] = "object"
    return whole


_MOST_STEPS = 10
"""So many references in a row are followed."""


def _target(schema: Mapping[str, object], reference: str) -> Mapping[str, object]:
    place, _, name = reference.removeprefix("#/").rpartition("/")
    target = _mapping(schema.get(place)).get(name)
    if not isinstance(target, Mapping):
        raise ConfigurationError(f"The schema refers to {reference!r}, which it does not hold.")
    return target


def without_titles(schema: Schema) -> Schema:
    """A schema without its titles, which repeat names and cost tokens."""
    return _rewritten(schema, lambda part: {k: v for k, v in part.items() if k != "title"})


def without_dict_docs(schema: Schema) -> Schema:
    """A schema without the description that a TypedDict of none inherits from `dict`."""
    return _rewritten(schema, lambda part: {k: v for k, v in part.items() if not _is_doc(k, v)})


def _is_doc(keyword: str, value: object) -> bool:
    return keyword == "description" and isinstance(value, str) and value.startswith(_DICT_DOC)


_DICT_DOC = "dict() -> new empty dictionary"


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

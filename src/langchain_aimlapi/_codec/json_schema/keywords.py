"""What each keyword of JSON schema is about, and how one without a counterpart is told in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from langchain_aimlapi._codec.json_schema.merge import ALSO, Schema
from langchain_aimlapi._codec.json_schema.values import kinds_of

SAME: Mapping[str, tuple[str, ...]] = {
    "array": ("minItems", "maxItems"),
    "boolean": (),
    "integer": (),
    "number": (),
    "object": ("minProperties", "maxProperties"),
    "string": ("minLength", "maxLength", "pattern"),
}
"""Keywords that mean the same in the subset, by the type they are about."""

_FORMATS = frozenset({"date-time", "double", "enum", "float", "int32", "int64"})

_ABOUT: Mapping[str, str] = {
    "additionalProperties": "object",
    "contains": "array",
    "dependentRequired": "object",
    "dependentSchemas": "object",
    "exclusiveMaximum": "number",
    "exclusiveMinimum": "number",
    "items": "array",
    "maximum": "number",
    "minimum": "number",
    "multipleOf": "number",
    "patternProperties": "object",
    "prefixItems": "array",
    "properties": "object",
    "propertyNames": "object",
    "required": "object",
    "uniqueItems": "array",
    **{keyword: kind for kind, keywords in SAME.items() for keyword in keywords},
}
"""The type each keyword is about; of values of other types it says nothing."""

_NOT_TOLD = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "additionalItems",
        "definitions",
        "deprecated",
        "description",
        "discriminator",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "items",
        "maximum",
        "minimum",
        "nullable",
        "prefixItems",
        "properties",
        "readOnly",
        "required",
        "title",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "writeOnly",
        *(keyword for keywords in SAME.values() for keyword in keywords),
    }
)
"""Keywords that are said in the subset, and those that ask nothing of a value."""

_PHRASES: Mapping[str, str] = {
    ALSO: "It must also fit {}.",
    "additionalProperties": "Any other property must fit {}.",
    "contains": "At least one item must fit {}.",
    "default": "Default: {}.",
    "dependentRequired": "Properties that need others: {}.",
    "example": "Example: {}.",
    "examples": "Examples: {}.",
    "format": "Format: {}.",
    "multipleOf": "A multiple of {}.",
    "not": "It must not fit {}.",
    "patternProperties": "Properties whose names match: {}.",
    "propertyNames": "Property names must fit {}.",
    "uniqueItems": "No item occurs twice.",
}


def kind_of(schema: Schema) -> str | None:
    """The type of a schema that names one, or whose keywords are about one; else `None`."""
    named = schema.get("type") or kinds_of(schema.get("enum"))
    if named in SAME or named == "null":
        return str(named)
    return next((_ABOUT[keyword] for keyword in schema if keyword in _ABOUT), None)


def words_of(schema: Schema, kind: str | None, keep: Iterable[str]) -> Iterator[tuple[str, object]]:
    """What has to be told of a schema: sentences with a gap, and what goes into it."""
    for keyword, value in schema.items():
        if keyword in _NOT_TOLD or keyword in keep or _asks_nothing(keyword, value):
            continue
        about = _ABOUT.get(keyword)
        if about is None or kind is None or about in {kind, _WIDER.get(kind)}:
            yield _PHRASES.get(keyword, f"{keyword}: {{}}."), value


_WIDER = {"integer": "number"}


def _asks_nothing(keyword: str, value: object) -> bool:
    match keyword:
        case "default":
            return value is None
        case "format":
            return value in _FORMATS
        case "additionalProperties" | "propertyNames":
            return not isinstance(value, Mapping) or not value
        case _:
            return value is None or value is False


def tell(form: Schema, words: Iterable[str]) -> None:
    """Add sentences to a form's description."""
    said = " ".join(filter(None, [form.get("description", ""), *words]))
    if said:
        form["description"] = said

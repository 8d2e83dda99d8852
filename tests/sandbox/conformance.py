"""A small checker of JSON schema: whether a value conforms, as far as the tests' schemas go."""

from __future__ import annotations

import datetime as dt
import re
import uuid

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_FORMATS = {
    "date": dt.date.fromisoformat,
    "date-time": dt.datetime.fromisoformat,
    "uuid": uuid.UUID,
}


def conforms(value, schema, root=None):
    """Tell whether a value conforms to a schema."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].split("/")[1:]:
            target = target[step]
        return conforms(value, target, root)
    return all(check(value, schema, root) for check in _CHECKS)


def _type(value, schema, _root):
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    flag = isinstance(value, bool)
    right = [isinstance(value, _TYPES[kind]) and flag == (kind == "boolean") for kind in kinds]
    return any(right) or not kinds


def _listed(value, schema, _root):
    return value in schema.get("enum", [value]) and value == schema.get("const", value)


def _combined(value, schema, root):
    fits = [sum(conforms(value, way, root) for way in schema.get(key, [])) for key in _WAYS]
    return (
        fits[0] == len(schema.get("allOf", []))
        and bool(fits[1] or "anyOf" not in schema)
        and bool(fits[2] == 1 or "oneOf" not in schema)
    )


_WAYS = ("allOf", "anyOf", "oneOf")


def _number(value, schema, _root):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    step = schema.get("multipleOf")
    low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and (low is None or value > low)
        and (high is None or value < high)
        and (not step or abs(value / step - round(value / step)) < 1e-9)
    )


def _string(value, schema, _root):
    if not isinstance(value, str):
        return True
    _FORMATS.get(schema.get("format"), str)(value)
    return (
        schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        and re.search(schema.get("pattern", ""), value) is not None
    )


def _array(value, schema, root):
    if not isinstance(value, list):
        return True
    first = schema.get("prefixItems", [])
    pairs = [*zip(value, first, strict=False)]
    pairs += [(item, schema.get("items", True)) for item in value[len(first) :]]
    unique = not schema.get("uniqueItems") or all(value.count(item) == 1 for item in value)
    return (
        schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        and unique
        and all(conforms(item, kind, root) for item, kind in pairs)
    )


def _object(value, schema, root):
    if not isinstance(value, dict):
        return True
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    return (
        set(schema.get("required", [])) <= set(value)
        and len(value) >= schema.get("minProperties", 0)
        and all(conforms(value[name], properties.get(name, more), root) for name in value)
    )


_CHECKS = (_type, _listed, _combined, _number, _string, _array, _object)

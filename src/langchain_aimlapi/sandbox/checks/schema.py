"""Checks of values against the JSON Schema of the documents, in the words of the service.

Only what the documents use: types, values, bounds, lengths, lists, objects, alternatives, addresses
and files of forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_aimlapi.sandbox.checks.values import OneOf

Schema = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_ADDRESS = re.compile(r"(https?://\S|data:\S+,)", re.IGNORECASE)


def problems(schema: Schema, value: object, at: str) -> Iterator[str]:
    """List what is wrong with a value.

    Args:
        schema: What is documented of it.
        value: The value.
        at: Its place, for the messages.
    """
    if value is None:
        if not _takes_null(schema):
            yield f"{at}: Expected {schema.get('type', 'value')}, received null"
        return
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if ways:
        yield from _nearest([list(problems(way, value, at)) for way in ways], at)
    elif wrong := _wrong_type(schema, value) or _wrong_value(schema, value):
        yield f"{at}: {wrong}"
    else:
        yield from _parts(schema, value, at)


def _takes_null(schema: Schema) -> bool:
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return bool(schema.get("nullable")) or any(map(_takes_null, ways))


def _nearest(found: list[list[str]], at: str) -> list[str]:
    """Return the problems of the alternative that a value was most likely meant for."""
    if not all(found):
        return []
    of_right_type = [each for each in found if not any(_is_about_type(line) for line in each)]
    return of_right_type[0] if of_right_type else [f"{at}: Invalid input", *found[0]]


def _is_about_type(line: str) -> bool:
    return ": Expected " in line and ", received " in line


def _wrong_type(schema: Schema, value: object) -> str:
    word = schema.get("type")
    if schema.get("format") == "binary":
        return "" if is_file(value) else f"Expected file, received {_name(value)}"
    if not isinstance(word, str) or word not in _TYPES:
        return ""
    fits = isinstance(value, _TYPES[word]) and (word == "boolean" or not isinstance(value, bool))
    if word == "integer" and isinstance(value, float):
        fits = value.is_integer()
    return "" if fits else f"Expected {word}, received {_name(value)}"


def _name(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(word for word, kinds in _TYPES.items() if isinstance(value, kinds))


def _wrong_value(schema: Schema, value: object) -> str:
    allowed = schema.get("enum")
    if allowed is not None and value not in allowed:
        if all(isinstance(one, str) for one in allowed):
            return OneOf(tuple(allowed))(value)
        expected = " | ".join(map(repr, allowed))
        return f"Invalid enum value. Expected {expected}, received {value!r}"
    if schema.get("format") == "uri" and not _ADDRESS.match(str(value)):
        return "Invalid url"
    return _wrong_size(schema, value)


def _wrong_size(schema: Schema, value: object) -> str:
    if isinstance(value, int | float):
        return _wrong_number(schema, value)
    names, thing = ("minLength", "maxLength"), "String"
    if isinstance(value, list):
        names, thing = ("minItems", "maxItems"), "Array"
    if not isinstance(value, str | list):
        return ""
    least, most = (schema.get(name) for name in names)
    noun = "character(s)" if thing == "String" else "element(s)"
    if least is not None and len(value) < least:
        return f"{thing} must contain at least {least} {noun}"
    if most is not None and len(value) > most:
        return f"{thing} must contain at most {most} {noun}"
    return ""


def _wrong_number(schema: Schema, value: float) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and schema.get("exclusiveMinimum") and value <= least:
        return f"Number must be greater than {least}"
    if least is not None and value < least:
        return f"Number must be greater than or equal to {least}"
    if most is not None and value > most:
        return f"Number must be less than or equal to {most}"
    return ""


def _parts(schema: Schema, value: Any, at: str) -> Iterator[str]:
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(schema["items"], item, f"{at}.{index}")
    if not isinstance(value, dict):
        return
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name}: Required"
    for name, part in schema.get("properties", {}).items():
        if name in value:
            yield from problems(part, value[name], f"{at}.{name}")


def is_file(value: object) -> bool:
    """Tell whether a value is a file of a form, as `parsing.form` describes it."""
    return isinstance(value, dict) and isinstance(value.get("base64"), str)

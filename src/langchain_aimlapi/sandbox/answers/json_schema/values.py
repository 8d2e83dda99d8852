"""JSON schema -> a value that conforms to it, the same one every time.

Optional properties are filled in for a few levels, then only required ones; an array has `minItems`
items, or one if there is no `minItems`. Strings are taken from the quoted parts of the prompt while
there are any, then from the name of the property. Integers are 3, unless the schema forbids it.

Not followed: `not`, `if`/`then`/`else`, `propertyNames` and references to other documents.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_aimlapi.sandbox.answers.budget import Budget, TooExpensiveError
from langchain_aimlapi.sandbox.answers.json_schema.merge import Schema, merge
from langchain_aimlapi.sandbox.answers.json_schema.numbers import number_for
from langchain_aimlapi.sandbox.answers.json_schema.quotes import quoted_texts
from langchain_aimlapi.sandbox.answers.json_text import json_text
from langchain_aimlapi.sandbox.answers.patterns.text import text_matching

_FULL_DEPTH, _MAX_DEPTH = 3, 40
_STEPS_PER_VALUE = 5
_MAX_CANDIDATES, _MAX_CANDIDATE_LENGTH = 20, 200
_FORMATS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "sample@example.com",
    "idn-email": "sample@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/sample",
    "iri": "https://example.com/sample",
    "url": "https://example.com/sample",
    "uri-reference": "/sample",
    "uuid": "12345678-1234-4234-8234-123456789abc",
    "json-pointer": "/sample",
    "regex": "sample",
    "byte": "c2FtcGxl",
}
_TYPE_OF_KEYWORD = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "minProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "minimum": "number",
    "maximum": "number",
    "multipleOf": "number",
}
_INVALID = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


class UnusableSchemaError(ValueError):
    """The JSON schema is not valid, or asks for too much."""


def value_for(schema: Schema, prompt: str = "", budget: Budget | None = None) -> Any:
    """Return a value that conforms to a JSON schema.

    Args:
        schema: The schema.
        prompt: Strings are taken from its quoted parts.
        budget: The work left for the request; a new one by default.

    Raises:
        UnusableSchemaError: The schema is not valid, or asks for more than the budget allows.
    """
    try:
        value = _Generator(schema, quoted_texts(prompt), budget or Budget()).value(schema, "")
        json_text(value)
    except TooExpensiveError as error:
        raise UnusableSchemaError(f"The sandbox cannot answer: {error}") from error
    except _INVALID as error:
        raise UnusableSchemaError(f"Invalid JSON schema: {error}") from error
    return value


class _Generator:
    """Generates one value; holds the root for references and the quoted texts not yet used."""

    def __init__(self, root: Schema, quoted: list[str], budget: Budget) -> None:
        self._root = root
        self._budget = budget
        self._quoted = quoted
        self._texts: Iterator[str] = iter(quoted)
        self._generators: dict[str, Callable[[Schema, str, int], object]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": lambda schema, _name, _depth: int(number_for(schema, whole=True)),
            "number": lambda schema, _name, _depth: number_for(schema, whole=False),
            "boolean": lambda _schema, _name, _depth: True,
        }

    def value(self, schema: Any, name: str, depth: int = 0) -> Any:
        schema = self._flat(schema, depth)
        fixed = self._fixed(schema)
        if fixed:
            self._budget.write(len(json_text(fixed[0])))
            return fixed[0]
        self._budget.spend(_STEPS_PER_VALUE)
        self._budget.write(len(name) + 1)
        generate = self._generators.get(_type(schema))
        return generate(schema, name, depth) if generate and depth <= _MAX_DEPTH else None

    def _fixed(self, schema: Schema) -> list[object]:
        """Return the value that a schema names itself, if it does."""
        if "const" in schema:
            return [schema["const"]]
        if schema.get("enum"):
            options = schema["enum"]
            self._budget.spend(len(options))
            return [next((option for option in options if option is not None), None)]
        return [schema["default"]] if schema.get("default") is not None else []

    def _flat(self, schema: object, depth: int) -> dict[str, Any]:
        """Follow references, choose among alternatives, and merge what must all hold."""
        flat = dict(schema) if isinstance(schema, Mapping) else {}
        self._budget.spend(1 + len(flat))
        if depth > 2 * _MAX_DEPTH:  # a schema that refers to itself without end is cut off
            return {"type": "null"}
        for _ in range(_MAX_DEPTH):
            if "$ref" in flat:
                flat = merge(self._resolve(flat.pop("$ref")), flat, self._budget)
            elif "allOf" in flat:
                for part in flat.pop("allOf"):
                    flat = merge(flat, self._flat(part, depth + 1), self._budget)
            elif "anyOf" in flat or "oneOf" in flat:
                options = flat.pop("anyOf", None) or flat.pop("oneOf")
                flat = merge(flat, self._choose(options, depth), self._budget)
            else:
                break
        return flat

    def _resolve(self, ref: str) -> Schema:
        """Look up a reference within the schema."""
        found: Any = self._root
        self._budget.spend(1 + len(ref) // 8)
        for step in ref.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found.get(key, {})
        return found if isinstance(found, Mapping) else {}

    def _choose(self, options: list[object], depth: int) -> Schema:
        """Choose among alternatives: the first that is not null, and at depth the shallowest."""
        self._budget.spend(len(options))
        usable = [option for option in options if isinstance(option, Mapping)]
        if depth > _FULL_DEPTH:
            return min(usable, key=_nesting, default={})
        return next((option for option in usable if option.get("type") != "null"), {"type": "null"})

    def _object(self, schema: Schema, _name: str, depth: int) -> dict[str, object]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        names = list(properties) if depth < _FULL_DEPTH else []
        names = list(dict.fromkeys([*names, *required]))
        self._budget.spend(len(names))
        result = {name: self.value(properties.get(name), name, depth + 1) for name in names}
        more = schema.get("additionalProperties")
        free = (key for at in itertools.count(1) if (key := f"key_{at}") not in result)
        while len(result) < schema.get("minProperties", 0):
            key = next(free)
            result[key] = self.value(more if isinstance(more, Mapping) else None, key, depth + 1)
        return result

    def _array(self, schema: Schema, name: str, depth: int) -> list[object]:
        first = schema.get("prefixItems") or []
        items = schema.get("items")
        if isinstance(items, list):  # the older spelling of prefixItems
            first, items = items, schema.get("additionalItems")
        length = schema.get("minItems", max(len(first), int(depth <= _FULL_DEPTH)))
        length = min(max(length, len(first)), schema.get("maxItems", math.inf))
        if items is False:
            length = min(length, len(first))
        single = name.removesuffix("s")
        result: list[object] = []
        seen: set[str] = set()
        for index in range(int(length)):
            item = first[index] if index < len(first) else items
            if "contains" in schema and item is None:
                item = schema["contains"]
            value = self.value(item, single, depth + 1)
            if schema.get("uniqueItems") and json_text(value) in seen:
                value = self._another(item, value, seen)
            seen.add(json_text(value))
            result.append(value)
        return result

    def _another(self, schema: object, value: object, seen: set[str]) -> Any:
        """Return a value unlike those already seen, if the schema has room for one."""
        flat = self._flat(schema, 0)
        options = flat.get("enum") or []
        self._budget.spend(len(options))
        left = (option for option in options if json_text(option) not in seen)
        if (option := next(left, None)) is not None:
            return option
        match value:
            case bool():
                return not value
            case str():
                return f"{value} {len(seen) + 1}"
            case int() | float():
                distance = len(seen) * flat.get("multipleOf", 1)
                fits = value + distance <= flat.get("maximum", math.inf)
                return value + distance if fits else value - distance
            case _:
                return value

    def _string(self, schema: Schema, name: str, _depth: int) -> str:
        if text := _FORMATS.get(schema.get("format", "")):
            return text
        low, high = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        if pattern := schema.get("pattern"):
            longest = min(high, _MAX_CANDIDATE_LENGTH)
            quoted = self._quoted[:_MAX_CANDIDATES]
            fitting = (text for text in quoted if len(text) <= longest)
            return text_matching(pattern, self._budget, low, fitting)
        text = next(self._texts, "") or f"sample {name.replace('_', ' ') or 'text'}"
        if len(text) < low:
            self._budget.write(low)
            text = (f"{text} " * math.ceil(low / (len(text) + 1)))[:low]
        return text[: int(min(high, len(text)))]


def _type(schema: Schema) -> str:
    """Return the type of a schema, or the one that its other keywords suggest."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((one for one in kind if one != "null"), "null")
    if kind:
        return str(kind)
    return next((_TYPE_OF_KEYWORD[key] for key in schema if key in _TYPE_OF_KEYWORD), "string")


def _nesting(schema: Schema) -> int:
    """Estimate how deep an alternative nests."""
    if schema.get("type") in {"object", "array"} or "$ref" in schema or "properties" in schema:
        return 1 + len(schema.get("required") or []) + 10 * ("$ref" in schema)
    return 0

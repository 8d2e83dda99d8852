"""JSON schema -> a value that conforms to it, the same one every time.

The value is as full as it can be without being silly: optional properties are filled in for a
few levels, then only what is required; an array has what `minItems` asks for, and one item if
it asks for nothing. Text comes from what the prompt puts in quoted_texts, as far as that goes round,
else from the property's name. Integers are 3, unless the schema forbids it.

Not followed: `not`, `if`/`then`/`else`, `propertyNames` and references to other documents.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_aimlapi.sandbox.answers.pattern_text import text_matching

Schema = Mapping[str, Any]

_QUOTED = re.compile(
    r"\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|「([^」\n]+)」|`([^`\n]+)`|(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)"
)
_FULL_DEPTH, _MAX_DEPTH, _MAX_STEPS = 3, 40, 20_000
_MAX_ITEMS, _MAX_LETTERS = 1000, 100_000
_DEFAULT_NUMBER = 3
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


def quoted_texts(prompt: str) -> list[str]:
    """List what a text puts in quoted_texts or backticks."""
    return ["".join(match) for match in _QUOTED.findall(prompt)]


class UnusableSchemaError(ValueError):
    """The JSON schema is not valid: a keyword has a value of the wrong type."""


def value_for(schema: Schema, prompt: str = "") -> Any:
    """Return a value that conforms to a JSON schema.

    Raises:
        UnusableSchemaError: The schema is not valid.
    """
    try:
        return _Generator(schema, quoted_texts(prompt)).value(schema, "")
    except (TypeError, ValueError, AttributeError, LookupError, re.error) as error:
        raise UnusableSchemaError(f"Invalid JSON schema: {error}") from error


class _Generator:
    """One value in the making: the root for references, and the quoted_texts not yet used."""

    def __init__(self, root: Schema, quoted: list[str]) -> None:
        self._root = root
        self._steps = 0
        self._quoted = quoted
        self._words: Iterator[str] = iter(quoted)
        self._generators: dict[str, Callable[[Schema, str, int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": lambda schema, _name, _depth: int(_number(schema, whole=True)),
            "number": lambda schema, _name, _depth: _number(schema, whole=False),
            "boolean": lambda _schema, _name, _depth: True,
        }

    def value(self, schema: Any, name: str, depth: int = 0) -> Any:
        schema = self._flat(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return _preferred(schema["enum"])
        if schema.get("default") is not None:
            return schema["default"]
        generate = self._generators.get(_type(schema))
        return generate(schema, name, depth) if generate and depth <= _MAX_DEPTH else None

    def _flat(self, schema: Any, depth: int) -> dict[str, Any]:
        """Follow references, choose among alternatives, and merge what must all hold."""
        flat = dict(schema) if isinstance(schema, Mapping) else {}
        self._steps += 1
        if (
            self._steps > _MAX_STEPS or depth > 2 * _MAX_DEPTH
        ):  # a schema that grows without end is cut off
            return {"type": "null"}
        for _ in range(_MAX_DEPTH):
            if "$ref" in flat:
                flat = _merged(self._resolve(flat.pop("$ref")), flat)
            elif "allOf" in flat:
                for part in flat.pop("allOf"):
                    flat = _merged(flat, self._flat(part, depth + 1))
            elif "anyOf" in flat or "oneOf" in flat:
                options = flat.pop("anyOf", None) or flat.pop("oneOf")
                flat = _merged(flat, self._choose(options, depth))
            else:
                break
        return flat

    def _resolve(self, ref: str) -> Schema:
        """Look up a reference within the schema."""
        found: Any = self._root
        for step in ref.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found.get(key, {})
        return found if isinstance(found, Mapping) else {}

    def _choose(self, options: list[Any], depth: int) -> Schema:
        """Choose among alternatives: the first that is not null, and at depth the shallowest."""
        usable = [option for option in options if isinstance(option, Mapping)]
        if depth > _FULL_DEPTH:
            usable.sort(key=_depth_of)
            return usable[0] if usable else {}
        return next((option for option in usable if option.get("type") != "null"), {"type": "null"})

    def _object(self, schema: Schema, _name: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        names = list(properties) if depth < _FULL_DEPTH else []
        names += [name for name in required if name not in names]
        result = {name: self.value(properties.get(name), name, depth + 1) for name in names}
        more = schema.get("additionalProperties")
        least = min(schema.get("minProperties", 0), _MAX_ITEMS)
        free = (key for at in itertools.count(1) if (key := f"key_{at}") not in result)
        while len(result) < least:
            key = next(free)
            result[key] = self.value(more if isinstance(more, Mapping) else None, key, depth + 1)
        return result

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        first = schema.get("prefixItems") or []
        items = schema.get("items")
        if isinstance(items, list):  # the older spelling of prefixItems
            first, items = items, schema.get("additionalItems")
        length = schema.get("minItems", max(len(first), int(depth <= _FULL_DEPTH)))
        length = min(max(length, len(first)), schema.get("maxItems", math.inf), _MAX_ITEMS)
        if items is False:
            length = min(length, len(first))
        single = name.removesuffix("s")
        result: list[Any] = []
        for index in range(int(length)):
            kind = first[index] if index < len(first) else items
            if "contains" in schema and kind is None:
                kind = schema["contains"]
            one = self.value(kind, single, depth + 1)
            unique = schema.get("uniqueItems") and one in result
            result.append(self._another(kind, one, result) if unique else one)
        return result

    def _another(self, schema: Any, one: Any, result: list[Any]) -> Any:
        """Return a value unlike those already there, if the schema has room for one."""
        flat = self._flat(schema, 0)
        left = [option for option in flat.get("enum") or [] if option not in result]
        if left:
            return left[0]
        if isinstance(one, bool):
            return not one
        if isinstance(one, str):
            return f"{one} {len(result) + 1}"
        if isinstance(one, (int, float)):
            step = flat.get("multipleOf", 1)
            fits = one + len(result) * step <= flat.get("maximum", math.inf)
            return one + len(result) * step if fits else one - len(result) * step
        return one

    def _string(self, schema: Schema, name: str, _depth: int) -> str:
        if text := _FORMATS.get(schema.get("format", "")):
            return text
        low, high = (
            min(schema.get("minLength", 0), _MAX_LETTERS),
            schema.get("maxLength", math.inf),
        )
        if pattern := schema.get("pattern"):
            fitting = (word for word in self._quoted if re.search(pattern, word))
            return next(fitting, "") or text_matching(pattern, low)
        text = next(self._words, "") or f"sample {name.replace('_', ' ') or 'text'}"
        while len(text) < low:
            text = f"{text} {text}"[: max(low, len(text))]
        return text[: int(min(high, len(text)))]


def _preferred(options: list[Any]) -> Any:
    return next((option for option in options if option is not None), None)


_HINTS = {
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


def _type(schema: Schema) -> str:
    """Return the type of a schema, or the one that its other keywords suggest."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((one for one in kind if one != "null"), "null")
    if kind:
        return str(kind)
    return next((_HINTS[key] for key in schema if key in _HINTS), "string")


def _depth_of(schema: Schema) -> int:
    """Estimate how deep an alternative nests."""
    if schema.get("type") in {"object", "array"} or "$ref" in schema or "properties" in schema:
        return 1 + len(schema.get("required") or []) + 10 * ("$ref" in schema)
    return 0


def _merged(one: Schema, other: Schema) -> dict[str, Any]:
    """Merge two schemas that must both hold."""
    merged = {**one, **other}
    for key in ("properties", "$defs"):
        if key in one and key in other:
            merged[key] = {**one[key], **other[key]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    if "enum" in one and "enum" in other:
        merged["enum"] = [option for option in one["enum"] if option in other["enum"]]
    for key, stricter in _STRICTER.items():
        if key in one and key in other:
            merged[key] = stricter(one[key], other[key])
    return merged


_STRICTER = {
    "minimum": max,
    "minLength": max,
    "minItems": max,
    "maximum": min,
    "maxLength": min,
    "maxItems": min,
}


def _number(schema: Schema, *, whole: bool) -> float:
    """Choose 3, or a number near it that the bounds and steps allow."""
    step = schema.get("multipleOf") or (1 if whole else 0)
    low, above = _bound(schema, "minimum", -math.inf, max)
    high, below = _bound(schema, "maximum", math.inf, min)
    if step:
        low, high = low + step * above, high - step * below
        number = math.ceil(min(max(_DEFAULT_NUMBER, low), high) / step) * step
        return number if number <= high else math.floor(high / step) * step
    if low + above / 2 <= _DEFAULT_NUMBER <= high - below / 2:
        return float(_DEFAULT_NUMBER)
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

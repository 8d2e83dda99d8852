"""JSON schemas of tools, rewritten to the subset that some back ends accept.

Gemini's function declarations take a subset of OpenAPI's schemas and refuse a whole request for
one keyword beyond it (`$ref`, `additionalProperties`, `exclusiveMinimum`, `const`, numbers in an
`enum`, types in a list, …). `clean_schema` says the same within it:

- References are put in where they stand. One that leads back into itself is put in once more and
  then ends in a description.
- `allOf` is merged, `oneOf` and lists of types are `anyOf`, a null among them is `nullable`.
- `const` is an `enum` of one, alternatives of fixed texts are one `enum`, bounds of whole numbers
  include themselves.
- What has no counterpart is told in the description, in words a model can follow
  (`schema_words`).

So every value that fits the schema as it was fits the cleaned one, as long as types are named; and
the other way round wherever nothing had to be told. One thing is neither kept nor told, since
models write only properties they know: that others are forbidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from langchain_aimlapi._codec.json_schema.keywords import SAME, kind_of, tell, words_of
from langchain_aimlapi._codec.json_schema.merge import Schema, merged
from langchain_aimlapi._codec.json_schema.values import bounded, chosen, kinds_of
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi.errors import ConfigurationError

MOST_SCHEMAS = 5000
"""How many parts a schema may grow into: references within references multiply."""

MORE_ROUNDS = 1
"""How often a schema may stand within itself before it ends in a description, if there is room."""

Path = tuple[str, ...]
"""The references that lead to a place, in order."""

_ANNOTATIONS = frozenset({"default", "description", "example", "examples", "title"})


def clean_schema(schema: Mapping[str, object], *, keep: Iterable[str] = ()) -> dict[str, object]:
    """Rewrite a tool's schema for back ends that know few keywords.

    Args:
        schema: A JSON schema of any draft.
        keep: Keywords that the back end knows after all; they stay as they are.

    Raises:
        ConfigurationError: For a reference that leads nowhere or out of the schema, and for those
            that make it grow beyond all bounds.
    """
    for rounds in range(MORE_ROUNDS, 0, -1):
        with suppress(_TooManyPartsError):
            return _Cleaner(schema, frozenset(keep), rounds).clean(schema, ())
    return _Cleaner(schema, frozenset(keep), 0).clean(schema, ())


class _TooManyPartsError(ConfigurationError):
    """A schema grows beyond all bounds when its references are put in."""


class _Cleaner:
    """Cleans one schema; `seen` are the references that lead to the place in question."""

    def __init__(self, root: Mapping[str, object], keep: frozenset[str], rounds: int) -> None:
        self._root = root
        self._keep = keep
        self._rounds = rounds
        self._count = 0

    def clean(self, schema: Any, seen: Path) -> Schema:
        self._count += 1
        if self._count > MOST_SCHEMAS:
            raise _TooManyPartsError(
                f"A tool's schema grows beyond {MOST_SCHEMAS} parts when its references are put in."
            )
        whole, seen = self._whole(schema if isinstance(schema, Mapping) else {}, seen)
        for keyword in ("anyOf", "oneOf"):
            if isinstance(whole.get(keyword), list):
                return self._union(whole, keyword, seen)
        kinds = whole.get("type") or kinds_of(whole.get("enum"))
        if isinstance(kinds, list) and kinds:
            ways = [{"type": kind} for kind in kinds]
            rest = {key: value for key, value in whole.items() if key != "type"}
            return self._union({**rest, "anyOf": ways}, "anyOf", seen)
        return self._plain(whole, seen)

    # --- references and allOf -------------------------------------------------------------------

    def _whole(self, schema: Mapping[str, Any], seen: Path) -> tuple[Schema, Path]:
        """A schema with what `$ref` and `allOf` add to it."""
        rest = merged(schema, {})
        reference, parts = rest.pop("$ref", None), rest.pop("allOf", ())
        if isinstance(reference, str):
            if seen.count(reference) > self._rounds:
                return merged(rest, self._again(reference)), seen
            target, seen = self._whole(self._target(reference), (*seen, reference))
            rest = merged(rest, target)
        for part in parts:
            whole, seen = self._whole(part if isinstance(part, Mapping) else {}, seen)
            rest = merged(rest, whole)
        return rest, seen

    def _target(self, reference: str) -> Mapping[str, object]:
        found: object = self._root if reference.startswith("#") else None
        for step in filter(None, reference.removeprefix("#").split("/")):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise ConfigurationError(
                f"A tool's schema refers to {reference!r}, which is not in it; with "
                "clean_tool_schemas='never' schemas are sent as they are."
            )
        return found

    def _again(self, reference: str) -> Schema:
        """What stands for a schema within itself."""
        kind = self._target(reference).get("type")
        name = reference.rpartition("/")[2].removeprefix("#")
        again = {"description": f"The same form again as {name or 'the whole'} above."}
        return again | ({"type": kind} if isinstance(kind, str) else {})

    # --- alternatives ---------------------------------------------------------------------------

    def _union(self, schema: Schema, keyword: str, seen: Path) -> Schema:
        rest = {key: value for key, value in schema.items() if key != keyword}
        ways = [way if isinstance(way, Mapping) else {} for way in schema[keyword]]
        if rest.get("type") == "object" and not any(map(_names_a_form, ways)):
            also = f"It must also fit one of {to_json(ways)}."
            return self.clean(merged(rest, {"description": also}), seen)
        whole = [self._whole(way, seen) for way in ways]
        real = [(way, way_seen) for way, way_seen in whole if not _is_null(way)]
        nullable = len(real) < len(whole) and None in rest.get("enum", [None])
        cleaned: list[Schema] = []
        for way, way_seen in real:
            # What is told of all ways is told once.
            common = _without_annotations(rest) if cleaned else rest
            form = self.clean(merged(common, way), way_seen)
            cleaned += form.get("anyOf", [form])
        if keyword == "oneOf" and "discriminator" not in rest and _may_overlap(cleaned):
            tell(cleaned[0], ["Exactly one of the alternatives fits."])
        return _joined(cleaned, nullable=nullable) or self._plain({**rest, "type": "null"}, seen)

    # --- one form -------------------------------------------------------------------------------

    def _plain(self, schema: Schema, seen: Path) -> Schema:
        kind = kind_of(schema)
        told = words_of(schema, kind, self._keep)
        words = [phrase.format(to_json(self._inlined(value, seen))) for phrase, value in told]
        if kind is None:
            return {"anyOf": _anything([str(schema.get("description") or ""), *words])}
        if kind == "null":
            form: Schema = {"type": "string", "nullable": True}
            words.append("Always null.")
        else:
            form = {"type": kind}
            form |= {key: schema[key] for key in (*SAME[kind], *self._keep) if key in schema}
            form |= {"nullable": True} if schema.get("nullable") is True else {}
            words += self._filled(form, schema, seen)
        tell(form, [str(schema.get("description") or ""), *words])
        return form

    def _filled(self, form: Schema, schema: Schema, seen: Path) -> list[str]:
        """Put into a form what its type has of its own; return what has to be told."""
        words: list[str] = []
        if form["type"] == "object":
            words += self._properties(form, schema, seen)
        elif form["type"] == "array":
            words += self._items(form, schema, seen)
        elif form["type"] in {"integer", "number"}:
            words += bounded(form, schema)
        return words + list(chosen(form, schema))

    def _properties(self, form: Schema, schema: Schema, seen: Path) -> Iterator[str]:
        properties = schema.get("properties") or {}
        if properties:
            cleaned = {name: self.clean(value, seen) for name, value in properties.items()}
            form["properties"] = cleaned
        required = schema.get("required") or ()
        if known := [name for name in required if name in properties]:
            form["required"] = known
        if others := [name for name in required if name not in properties]:
            yield f"Required too: {', '.join(others)}."

    def _items(self, form: Schema, schema: Schema, seen: Path) -> Iterator[str]:
        """The form of items; those of a tuple may each have any of the forms, and are told."""
        items = schema.get("items", {})
        places = items if isinstance(items, list) else schema.get("prefixItems")
        if not places:
            form["items"] = self.clean(items, seen)
            return
        others = [items] if isinstance(items, Mapping) and items else []
        form["items"] = self.clean({"anyOf": [*places, *others]}, seen)
        if items is False or schema.get("additionalItems") is False:
            form["maxItems"] = min(len(places), form.get("maxItems", len(places)))
        if "anyOf" in form["items"]:
            yield f"Its items in order: {to_json([self.clean(place, seen) for place in places])}."

    def _inlined(self, value: object, seen: Path) -> object:
        """A value that is to be told, without references."""
        if isinstance(value, Mapping) and "$ref" in value:
            return self.clean(value, seen)
        if isinstance(value, Mapping):
            return {key: self._inlined(inner, seen) for key, inner in value.items()}
        return [self._inlined(inner, seen) for inner in value] if isinstance(value, list) else value


def _names_a_form(way: Mapping[str, Any]) -> bool:
    keywords = {"$ref", "allOf", "anyOf", "const", "enum", "oneOf", "properties", "type"}
    return not keywords.isdisjoint(way)


def _is_null(way: Mapping[str, Any]) -> bool:
    return way.get("type") in ("null", ["null"]) or way.get("enum") == [None]


def _may_overlap(forms: list[Schema]) -> bool:
    return len({form["type"] for form in forms}) < len(forms)


def _without_annotations(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in _ANNOTATIONS}


def _joined(forms: list[Schema], *, nullable: bool) -> Schema | None:
    """Alternatives as one form: alone, as a list of texts, or beside one another."""
    if not forms:
        return None
    first = forms[0]
    if nullable:
        first["nullable"] = True
    unlike = [form for at, form in enumerate(forms) if form not in forms[:at]]
    listed = "enum" in first and first.keys() <= {"description", "enum", "nullable", "type"}
    if listed and all(form.keys() == {"enum", "type"} for form in unlike[1:]):
        texts = [text for form in unlike for text in form["enum"]]
        return {**first, "enum": list(dict.fromkeys(texts))}
    return first if len(unlike) == 1 else {"anyOf": unlike}


def _anything(words: list[str]) -> list[Schema]:
    """Forms that together take any value, since each has to name a type."""
    forms: list[Schema] = [{"type": kind} for kind in ("string", "number", "boolean", "object")]
    forms.append({"type": "array", "items": {"type": "string"}})
    forms[0]["nullable"] = True
    tell(forms[0], [*words, "Any JSON value will do."])
    return forms

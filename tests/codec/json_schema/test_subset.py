"""Tool schemas in the few words of some back ends: what each keyword becomes, and that nothing changes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field

from langchain_aimlapi._codec.encode.chat import Options
from langchain_aimlapi._codec.encode.responses import encode_responses
from langchain_aimlapi._codec.encode.tools import fit_tools
from langchain_aimlapi._codec.json_schema.subset import MOST_SCHEMAS, clean_schema
from langchain_aimlapi.errors import ConfigurationError

from ..samples import CLAUDE, HYBRID, written

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
NULL = {"type": "null"}

KNOWN = frozenset(
    {
        "anyOf",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "nullable",
        "pattern",
        "properties",
        "required",
        "type",
    }
)
"""All that the strictest of the back ends take."""


def keywords(schema):
    """Every keyword of a cleaned schema, at any depth."""
    yield from schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    for part in [*inner, *([schema["items"]] if "items" in schema else [])]:
        yield from keywords(part)


# --- one keyword at a time ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        STRING,
        {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "a+"},
        {"type": "string", "enum": ["a", "b"], "description": "Which."},
        {"type": "string", "nullable": True},
        {"type": "integer", "minimum": 1, "maximum": 3},
        {"type": "array", "items": STRING, "minItems": 1},
        {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
        {"anyOf": [STRING, INTEGER]},
    ],
)
def test_what_is_known_stays(schema):
    """Schemas within the subset are not touched."""
    assert clean_schema(schema) == schema


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"anyOf": [STRING, NULL]}, {"type": "string", "nullable": True}),
        ({"oneOf": [NULL, STRING]}, {"type": "string", "nullable": True}),
        ({"anyOf": [STRING]}, STRING),
        ({"anyOf": [STRING, STRING]}, STRING),
        ({"type": ["string"]}, STRING),
        (
            {"type": ["string", "integer", "null"], "minimum": 1, "minLength": 2},
            {
                "anyOf": [
                    {"type": "string", "minLength": 2, "nullable": True},
                    {"type": "integer", "minimum": 1},
                ]
            },
        ),
        (
            {"anyOf": [{"anyOf": [STRING, NULL]}, INTEGER]},
            {"anyOf": [{"type": "string", "nullable": True}, INTEGER]},
        ),
        ({"oneOf": [STRING, INTEGER]}, {"anyOf": [STRING, INTEGER]}),
        (
            {"anyOf": [STRING, INTEGER], "description": "Which."},
            {"anyOf": [{"type": "string", "description": "Which."}, INTEGER]},
        ),
        ({"allOf": [{"type": "string", "minLength": 1}]}, {"type": "string", "minLength": 1}),
        (
            {
                "allOf": [
                    {"type": "number", "minimum": 1, "maximum": 9},
                    {"type": "integer", "minimum": 3, "maximum": 5},
                ]
            },
            {"type": "integer", "minimum": 3, "maximum": 5},
        ),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"minLength": 1}}, "required": ["a"]},
                    {"properties": {"a": STRING, "b": INTEGER}, "required": ["b"]},
                ]
            },
            {
                "type": "object",
                "properties": {"a": {"type": "string", "minLength": 1}, "b": INTEGER},
                "required": ["a", "b"],
            },
        ),
        (
            {"allOf": [{"type": ["string", "null"]}, {"type": ["null", "string", "integer"]}]},
            {"type": "string", "nullable": True},
        ),
        (
            {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
            {"type": "string", "enum": ["b"]},
        ),
        (
            {"allOf": [{"items": STRING}, {"items": {"minLength": 1}}]},
            {"type": "array", "items": {"type": "string", "minLength": 1}},
        ),
        (
            {
                "allOf": [
                    {"type": "string", "nullable": True},
                    {"type": "string", "nullable": False},
                ]
            },
            STRING,
        ),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"enum": ["a", None]}, {"type": "string", "enum": ["a"], "nullable": True}),
        (
            {"type": ["string", "null"], "enum": ["a", None]},
            {"type": "string", "enum": ["a"], "nullable": True},
        ),
        ({"type": ["string", "null"], "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"type": "string", "enum": ["a", "b"]}),
        ({"enum": [1, 2, 3]}, {"type": "integer", "minimum": 1, "maximum": 3}),
        ({"enum": [True, False]}, {"type": "boolean"}),
        (
            {"enum": [1, 2.0]},
            {"type": "number", "minimum": 1, "maximum": 2.0, "description": "One of 1, 2.0."},
        ),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 2.5}, {"type": "integer", "maximum": 2}),
        (
            {"type": "integer", "minimum": 3, "exclusiveMinimum": 0},
            {"type": "integer", "minimum": 3},
        ),
        (
            {"type": "integer", "minimum": 3, "exclusiveMinimum": True},
            {"type": "integer", "minimum": 4},
        ),
        (
            {"type": "object", "properties": {"a": STRING}, "additionalProperties": False},
            {"type": "object", "properties": {"a": STRING}},
        ),
        (
            {"properties": {"a": {"title": "A", **STRING}}},
            {"type": "object", "properties": {"a": STRING}},
        ),
        ({"items": STRING}, {"type": "array", "items": STRING}),
        ({"title": "S", "$schema": "x", "$id": "y", "default": None, **STRING}, STRING),
        ({"type": "string", "format": "date-time"}, STRING),
        (
            {"prefixItems": [STRING, STRING], "items": False},
            {"type": "array", "items": STRING, "maxItems": 2},
        ),
    ],
)
def test_what_can_be_said(schema, cleaned):
    """Keywords with a counterpart become it."""
    assert clean_schema(schema) == cleaned


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "email"}, 'Format: "email".'),
        ({"type": "string", "default": "x"}, 'Default: "x".'),
        ({"type": "boolean", "default": False}, "Default: false."),
        ({"type": "integer", "examples": [1, 2]}, "Examples: [1,2]."),
        ({"type": "integer", "multipleOf": 5}, "A multiple of 5."),
        ({"type": "number", "exclusiveMinimum": 0}, "More than 0."),
        ({"type": "number", "exclusiveMaximum": 1.5}, "Less than 1.5."),
        ({"type": "array", "items": STRING, "uniqueItems": True}, "No item occurs twice."),
        ({"enum": [1, 5]}, "One of 1, 5."),
        ({"const": True}, "One of true."),
        ({"type": "string", "enum": [1]}, "No value fits."),
        (NULL, "Always null."),
        ({"const": None}, "Always null."),
        (
            {"type": "object", "additionalProperties": INTEGER},
            'Any other property must fit {"type":"integer"}.',
        ),
        (
            {"type": "object", "patternProperties": {"^a": STRING}},
            'Properties whose names match: {"^a":{"type":"string"}}.',
        ),
        ({"type": "string", "not": {"const": "a"}}, 'It must not fit {"const":"a"}.'),
        ({"type": "object", "required": ["a", "b"]}, "Required too: a, b."),
        ({"type": "string", "x-order": 3}, "x-order: 3."),
        ({"allOf": [STRING, INTEGER]}, 'It must also fit [{"type":"integer"}].'),
        (
            {"allOf": [{"allOf": [STRING, INTEGER]}, {"allOf": [STRING, NULL]}]},
            'It must also fit [{"type":"integer"},{"type":"null"}].',
        ),
        ({"anyOf": [NULL]}, "Always null."),
    ],
)
def test_what_has_to_be_told(schema, words):
    """Keywords without a counterpart are told, after what was said already."""
    cleaned = clean_schema(schema)
    described = clean_schema({**schema, "description": "Which."})

    assert cleaned["description"] == words
    assert described["description"] == f"Which. {words}"
    assert set(keywords(cleaned)) <= KNOWN


@pytest.mark.parametrize("schema", [True, {}, {"title": "Any"}])
def test_anything(schema):
    """Where any value will do, the forms it may have are named."""
    cleaned = clean_schema({"type": "object", "properties": {"a": schema}})

    forms = cleaned["properties"]["a"]["anyOf"]
    assert [form["type"] for form in forms] == ["string", "number", "boolean", "object", "array"]


def test_tuples():
    """Items of different forms may have any of them; their order is told."""
    cleaned = clean_schema({"type": "array", "prefixItems": [INTEGER, STRING], "maxItems": 2})

    assert cleaned["items"] == {"anyOf": [INTEGER, STRING]}
    assert "in order" in cleaned["description"]


def test_alternatives_that_only_add():
    """Alternatives that name no form of their own are told, for an object must stay one."""
    schema = {
        "type": "object",
        "properties": {"a": STRING, "b": STRING},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }

    cleaned = clean_schema(schema)

    assert cleaned["type"] == "object"
    assert (
        cleaned["description"] == 'It must also fit one of [{"required":["a"]},{"required":["b"]}].'
    )


@pytest.mark.parametrize("marked", [True, False])
def test_exactly_one(marked):
    """That alternatives exclude one another is told unless a mark tells them apart."""
    ways = [{"type": "object", "properties": {name: STRING}} for name in "ab"]
    schema = {"oneOf": ways} | ({"discriminator": {"propertyName": "a"}} if marked else {})

    assert ("description" in clean_schema(schema)["anyOf"][0]) != marked


def test_keep():
    """Keywords that a back end knows after all stay as they are."""
    schema = {"type": "string", "title": "S", "default": "x", "format": "email"}

    assert clean_schema(schema, keep={"title", "default", "format"}) == schema


def test_the_schema_is_not_changed():
    """The caller's schema is the caller's."""
    schema = {"anyOf": [{"type": "string", "default": "x"}, NULL], "description": "d"}
    copied = {**schema, "anyOf": [dict(way) for way in schema["anyOf"]]}

    clean_schema(schema)

    assert schema == copied


# --- references -----------------------------------------------------------------------------------


def test_references_are_put_in():
    """A definition stands where it was meant, with what was said beside the reference."""
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A%20b", "description": "First."},
            "b": {"$ref": "#/definitions/x~1y"},
            "c": {"$ref": "#/properties/a"},
        },
        "$defs": {"A b": {"type": "string", "description": "An A."}},
        "definitions": {"x/y": {"allOf": [{"$ref": "#/$defs/A%20b"}], "maxLength": 3}},
    }

    assert clean_schema(schema)["properties"] == {
        "a": {"type": "string", "description": "First. An A."},
        "b": {"type": "string", "maxLength": 3, "description": "An A."},
        "c": {"type": "string", "description": "First. An A."},
    }


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (
            {
                "$ref": "#/$defs/N",
                "$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}}},
            },
            ("properties", "n") * 2,
        ),
        (
            {"type": "object", "properties": {"n": {"$ref": "#"}}},
            ("properties", "n") * 3,
        ),
        (
            {"type": "array", "items": {"$ref": "#/items"}},
            ("items",),
        ),
        (
            {
                "type": "object",
                "properties": {"n": {"anyOf": [{"$ref": "#/$defs/N"}, NULL]}},
                "$defs": {"N": {"type": "array", "items": {"$ref": "#/$defs/N"}}},
            },
            ("properties", "n", "items", "items"),
        ),
    ],
)
def test_references_in_circles_end(schema, path):
    """A form within itself is put in once more, and then described."""
    found = clean_schema(schema)
    for step in path:
        found = found[step]

    told = found.get("description") or found["anyOf"][0]["description"]
    assert told.startswith("The same form again as ")


def test_references_in_words():
    """What is told holds no references either."""
    schema = {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/A"},
        "$defs": {"A": INTEGER},
    }

    assert clean_schema(schema)["description"] == 'Any other property must fit {"type":"integer"}.'


@pytest.mark.parametrize(
    "reference", ["#/$defs/B", "#/$defs/A/type/0", "https://a.test/s.json", "other.json#/A"]
)
def test_references_that_lead_nowhere(reference):
    """A reference that cannot be put in is named."""
    schema = {"properties": {"a": {"$ref": reference}}, "$defs": {"A": STRING}}

    with pytest.raises(ConfigurationError, match="refers to"):
        clean_schema(schema)


def test_references_that_multiply():
    """Definitions that double over and over are refused, not written out."""
    defs = {
        f"d{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "ab"}}
        for n in range(30)
    }
    defs["d30"] = STRING

    with pytest.raises(ConfigurationError, match=str(MOST_SCHEMAS)):
        clean_schema({"$ref": "#/$defs/d0", "$defs": defs})


# --- a real one -----------------------------------------------------------------------------------


class Circle(BaseModel):
    """A circle."""

    shape: Literal["circle"]
    radius: Annotated[float, Field(gt=0)]


class Square(BaseModel):
    """A square."""

    shape: Literal["square"]
    side: Annotated[int, Field(gt=0, le=9)]


class Drawing(BaseModel):
    """A drawing."""

    title: str | None = None
    figures: list[Annotated[Circle | Square, Field(discriminator="shape")]]
    within: "Drawing | None" = Field(None, description="What it is a part of.")
    marks: dict[str, Any] = {}


PROPERTIES = {
    "title": {"type": "string", "nullable": True},
    "figures": {
        "type": "array",
        "items": {
            "anyOf": [
                {
                    "type": "object",
                    "description": "A circle.",
                    "properties": {
                        "shape": {"type": "string", "enum": ["circle"]},
                        "radius": {
                            "type": "number",
                            "minimum": 0,
                            "description": "More than 0.",
                        },
                    },
                    "required": ["shape", "radius"],
                },
                {
                    "type": "object",
                    "description": "A square.",
                    "properties": {
                        "shape": {"type": "string", "enum": ["square"]},
                        "side": {"type": "integer", "minimum": 1, "maximum": 9},
                    },
                    "required": ["shape", "side"],
                },
            ]
        },
    },
    "marks": {"type": "object", "description": "Default: {}."},
}


def test_a_pydantic_class():
    """A class with unions, bounds, defaults and itself within comes out readable."""

    def drawing(description, within, **more):
        properties = {**PROPERTIES, "within": within}
        form = {"type": "object", "description": description, "properties": properties}
        return {**form, "required": ["figures"], **more}

    own = "What it is a part of."
    last = {
        "type": "object",
        "nullable": True,
        "description": f"{own} The same form again as Drawing above.",
    }
    assert clean_schema(Drawing.model_json_schema()) == drawing(
        "A drawing.", drawing(f"{own} A drawing.", last, nullable=True)
    )


# --- any one --------------------------------------------------------------------------------------

_words = st.text("ab", max_size=3)
_bounds = st.integers(-3, 3)
_halves = st.integers(-6, 6).map(lambda n: n / 2)
_leaves = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"minLength": st.integers(0, 2), "title": _words}
    ),
    st.lists(_words, min_size=1, unique=True).map(lambda texts: {"enum": texts}),
    _words.map(lambda text: {"const": text, "type": "string"}),
    st.fixed_dictionaries(
        {"type": st.just("integer")},
        optional={
            "minimum": _bounds,
            "maximum": _bounds,
            "exclusiveMinimum": _halves,
            "exclusiveMaximum": _halves,
        },
    ),
    st.fixed_dictionaries({"type": st.just("number")}, optional={"minimum": _halves}),
    st.just({"type": "boolean"}),
)


def _containers(inner):
    properties = st.dictionaries(st.sampled_from("ab"), inner)
    return st.one_of(
        st.builds(lambda way: {"anyOf": [way, NULL]}, inner),
        st.builds(lambda way: {"allOf": [way]}, inner),
        st.builds(lambda way: {"type": "array", "items": way, "maxItems": 2}, inner),
        st.builds(lambda ways: {"anyOf": ways}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda named, some: {
                "type": "object",
                "properties": named,
                "required": sorted(named)[:some],
            },
            properties,
            st.integers(0, 2),
        ),
    )


sayable = st.recursive(_leaves, _containers, max_leaves=6)
"""Schemas that the subset can say in full."""

tellable = st.recursive(
    st.one_of(
        _leaves,
        st.fixed_dictionaries(
            {"type": st.just("number")},
            optional={"exclusiveMinimum": _halves, "multipleOf": st.just(0.5)},
        ),
        st.just({"enum": [1, 3, "a", None, True]}),
        st.just({"type": ["integer", "null", "string"], "not": {"const": "a"}}),
    ),
    lambda inner: st.one_of(
        _containers(inner),
        st.builds(lambda ways: {"oneOf": ways}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda ways: {"allOf": ways}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda way: {"type": "object", "additionalProperties": way}, inner),
        st.builds(lambda way: {"type": "array", "items": way, "uniqueItems": True}, inner),
    ),
    max_leaves=6,
)
"""Schemas of which something has to be told."""

values = st.recursive(
    st.one_of(st.none(), st.booleans(), _bounds, _halves, _words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=5,
)


def fits(value, schema):
    """Whether a value fits a schema; a cleaned one is put back into the words of JSON schema."""
    return Draft202012Validator(_standard(schema)).is_valid(value)


def _standard(schema):
    if not isinstance(schema, dict):
        return [_standard(part) for part in schema] if isinstance(schema, list) else schema
    plain = {key: _standard(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [plain, NULL]} if schema.get("nullable") is True else plain


@settings(deadline=None, max_examples=300)
@given(sayable, st.lists(values, min_size=5, max_size=20))
def test_the_meaning_is_kept(schema, found):
    """A value fits the cleaned schema if and only if it fits the schema."""
    cleaned = clean_schema(schema)

    assert [fits(value, cleaned) for value in found] == [fits(value, schema) for value in found]


@settings(deadline=None, max_examples=300)
@given(tellable, st.lists(values, min_size=5, max_size=20))
def test_nothing_is_forbidden(schema, found):
    """What fits a schema fits the cleaned one, also where something had to be told."""
    cleaned = clean_schema(schema)

    assert all(fits(value, cleaned) for value in found if fits(value, schema))


@settings(deadline=None)
@given(tellable)
def test_only_known_keywords_are_left(schema):
    """Whatever comes in, nothing beyond the subset comes out, and alternatives stand alone."""
    cleaned = clean_schema({"type": "object", "properties": {"a": schema}})["properties"]["a"]

    assert set(keywords(cleaned)) <= KNOWN
    assert "anyOf" not in cleaned or cleaned.keys() == {"anyOf"}
    assert all(isinstance(text, str) for text in cleaned.get("enum", []))


MAYBE = {"anyOf": [{"type": "boolean"}, {"type": "null"}]}


@settings(deadline=None)
@given(sayable)
@example({"anyOf": [{"anyOf": [{"type": "boolean"}, MAYBE]}, {"type": "null"}]})
def test_clean_schemas_stay(schema):
    """Cleaning twice is cleaning once."""
    assert clean_schema(clean_schema(schema)) == clean_schema(schema)


@settings(deadline=None)
@given(sayable)
def test_a_reference_is_what_it_refers_to(schema):
    """It makes no difference whether a schema is referred to or written out."""
    referring = {"type": "array", "items": {"$ref": "#/$defs/S"}, "$defs": {"S": schema}}

    assert clean_schema(referring) == clean_schema({"type": "array", "items": schema})


# --- tools ----------------------------------------------------------------------------------------

STRICT = {
    "type": "function",
    "function": {
        "name": "f",
        "strict": True,
        "parameters": {"type": "object", "properties": {"a": {"const": "x"}}},
    },
}


def test_cleaned_tools():
    """Functions are cleaned and no longer strict; other tools pass."""
    search = {"type": "web_search_preview", "parameters": {"const": 1}}

    function, other = fit_tools([STRICT, search], None, None, clean=True).fields["tools"]

    assert function["function"] == {
        "name": "f",
        "description": "",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "string", "enum": ["x"]}},
        },
    }
    assert other == search


def test_tools_are_not_cleaned_unasked():
    """Schemas are sent as they are, if nobody wants them cleaned."""
    (function,) = fit_tools([STRICT], None, None).fields["tools"]

    assert function["function"]["parameters"] == STRICT["function"]["parameters"]
    assert function["function"]["strict"] is True


@pytest.mark.parametrize("spec", [None, CLAUDE, HYBRID])
@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_every_request_can_be_cleaned(spec, dialect):
    """Cleaning is the same in every shape of request."""
    dialect = "anthropic" if spec is CLAUDE else dialect
    body = written(HumanMessage("hi"), spec=spec, dialect=dialect, tools=[STRICT], clean_tools=True)

    assert "const" not in str(body["tools"])
    assert "'enum': ['x']" in str(body["tools"])


def test_a_request_of_responses_can_be_cleaned():
    """So it is on the other route."""
    options = Options(clean_tools=True)
    body = encode_responses("m", [HumanMessage("hi")], {"tools": [STRICT]}, options).body

    assert body["tools"][0]["parameters"]["properties"] == {"a": {"type": "string", "enum": ["x"]}}
    assert body["tools"][0]["strict"] is False

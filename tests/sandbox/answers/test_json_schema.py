"""JSON schema -> a value that conforms."""

from __future__ import annotations

import json
import math
import reprlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi.sandbox.answers.json_schema.quotes import quoted_texts
from langchain_aimlapi.sandbox.answers.json_schema.values import UnusableSchemaError, value_for
from langchain_aimlapi.sandbox.answers.json_text import json_text
from tests.sandbox.conformance import conforms

TREE = {
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
                "next": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
            },
            "required": ["name", "children", "next"],
        }
    },
    "$ref": "#/$defs/Tree",
}
SHAPES = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}},
            "required": ["kind", "radius"],
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"kind": {"const": "dot"}}, "required": ["kind"]},
    ]
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": "string", "minLength": 40},
        {"type": "string", "maxLength": 3},
        {"type": "string", "minLength": 5, "maxLength": 5},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "unheard-of"},
        {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
        {"type": "integer"},
        {"type": "integer", "minimum": 10},
        {"type": "integer", "maximum": -10},
        {"type": "integer", "exclusiveMinimum": 3},
        {"type": "integer", "exclusiveMaximum": 3},
        {"type": "integer", "minimum": 3, "exclusiveMinimum": True},
        {"type": "integer", "minimum": 5, "maximum": 100, "multipleOf": 7},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"type": "number", "exclusiveMinimum": 100},
        {"type": "number", "exclusiveMaximum": -100},
        {"type": "number", "multipleOf": 0.25, "minimum": 0.1, "maximum": 0.6},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["null", "integer"]},
        {"type": ["string", "null"]},
        {"enum": ["red", "green"]},
        {"enum": [None, "green"]},
        {"enum": [None]},
        {"const": {"a": [1]}},
        {"const": None},
        {"type": "string", "default": "given"},
        {"type": "array"},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "array", "items": {"type": "integer"}, "maxItems": 0},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 4},
            "minItems": 3,
            "uniqueItems": True,
        },
        {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}], "items": False},
        {"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 3},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "b"]},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
        {"type": "object", "properties": {"key_2": {}}, "minProperties": 3},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"type": "array", "items": {"type": "null"}, "minItems": 2, "uniqueItems": False},
        {"properties": {"a": {"minimum": 5}}},
        {"items": {"type": "string"}},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {"anyOf": [{"type": "integer", "minimum": 9}, {"type": "string"}]},
        {"anyOf": [{"type": "null"}]},
        {"type": "object", "oneOf": SHAPES["oneOf"]},
        SHAPES,
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                {"properties": {"b": {"type": "string"}}, "required": ["b"]},
            ]
        },
        {"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 5}, {"maximum": 9}]},
        {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
        TREE,
        {
            "definitions": {"D": {"type": "integer"}},
            "properties": {"d": {"$ref": "#/definitions/D"}},
        },
    ],
    ids=str,
)
def test_conforms(schema):
    """The value made of a schema conforms to it."""
    assert conforms(value_for(schema), schema), value_for(schema)


def test_references_are_pointers():
    """A reference may name keys with slashes and tildes, and places in lists."""
    defs = {"a/b": {"oneOf": [{"type": "null"}, {"type": "boolean"}]}}

    assert value_for({"$ref": "#/$defs/a~1b/oneOf/1", "$defs": defs}) is True


_LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 30},
        {"type": "integer", "minimum": 7},
        {"type": "number", "exclusiveMaximum": 1},
        {"type": "boolean"},
        {"type": "null"},
        {"enum": ["x", 7]},
        {"type": "string", "pattern": "[a-c]+z"},
    ]
)


def _nested(inner):
    names = st.sampled_from(["name", "city", "items", "left_over"])
    properties = st.dictionaries(names, inner, min_size=1)
    return st.one_of(
        st.builds(
            lambda given, need: {
                "type": "object",
                "properties": given,
                "required": sorted(given)[:need],
                "additionalProperties": False,
            },
            properties,
            st.integers(0, 4),
        ),
        st.builds(
            lambda item, n: {"type": "array", "items": item, "minItems": n},
            inner,
            st.integers(0, 2),
        ),
        st.builds(lambda ways: {"anyOf": ways}, st.lists(inner, min_size=1, max_size=3)),
    )


@given(st.recursive(_LEAVES, _nested, max_leaves=12))
def test_any_nesting_conforms(schema):
    """However schemas are nested, the value conforms."""
    assert conforms(value_for(schema), schema)


MANY = 10**9
DOUBLED = {"$defs": {"n0": {"type": "object", "required": ["a"]}}, "$ref": "#/$defs/n40"}
DOUBLED["$defs"] |= {
    f"n{at}": {"allOf": [{"$ref": f"#/$defs/n{at - 1}"}] * 2} for at in range(1, 41)
}
WIDE_NAMES = [f"p{at}" for at in range(9)]
WIDE = {"properties": {name: {"$ref": "#"} for name in WIDE_NAMES}, "required": WIDE_NAMES}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": MANY},
        {"type": "object", "minProperties": MANY},
        {"type": "string", "minLength": MANY},
        {"type": "string", "minLength": MANY, "pattern": "^[a-z]+$"},
        {"type": "string", "pattern": "^a{1000000000}$"},
        {"type": "string", "pattern": "((a{1000}){1000}){1000}"},
        {"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000}},
        {"type": "array", "minItems": 1000, "items": {"type": "string", "minLength": 10_000}},
        {"type": "array", "minItems": 10_000, "items": {"const": "x" * 10_000}},
        {"type": "array", "minItems": 10_000, "uniqueItems": True, "items": {"default": "x" * 99}},
        {"properties": {"x" * 100_000 + str(at): {} for at in range(20)}},
        DOUBLED,
        WIDE,
        {"allOf": [{"required": [str(at) for at in range(1000)]}] * 1000},
        {"anyOf": [{"type": "null"}] * 1_000_000},
    ],
    ids=lambda schema: reprlib.repr(schema)[:60],
)
def test_schemas_that_ask_for_too_much(schema):
    """A schema that takes too much work or output is refused, after little of either."""
    start = time.process_time()

    with pytest.raises(UnusableSchemaError, match="The sandbox cannot answer: the schema"):
        value_for(schema)
    assert time.process_time() - start < 10  # a second on an idle machine


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 1e300, "multipleOf": 3},
        {"type": "number", "multipleOf": 1e-300},
        {"type": "integer", "minimum": 10**30},
    ],
    ids=str,
)
def test_numbers_of_any_size(schema):
    """Bounds beyond 64 bits are kept."""
    value = value_for(schema)

    assert value >= schema.get("minimum", 0)
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": math.inf},
        {"type": "number", "minimum": 1e308, "multipleOf": 1e-308},
        {"type": "array", "minItems": "many"},
        {"enum": 7},
    ],
    ids=str,
)
def test_schemas_that_are_not_valid(schema):
    """They are refused by name."""
    with pytest.raises(UnusableSchemaError, match="Invalid JSON schema"):
        value_for(schema)


def test_lists_of_schemas():
    """Older and rarer ways to say what an array holds are followed."""
    older = {"type": "array", "items": [{"type": "integer"}, {"type": "null"}]}
    within = {"type": "array", "contains": {"const": 7}}
    alike = {"type": "array", "items": {"const": [1]}, "minItems": 2, "uniqueItems": True}

    assert value_for(older) == [3, None]
    assert value_for(within) == [7]
    assert value_for(alike) == [[1], [1]]


def test_deep_schemas_end():
    """A schema that refers to itself gives a value of a few levels."""
    text = str(value_for(TREE))

    assert 1 <= text.count("children") <= 12


def test_a_schema_without_end_ends():
    """Even one no finite value conforms to does not hang."""
    endless = {"$defs": {"L": {"properties": {"n": {"$ref": "#/$defs/L"}}, "required": ["n"]}}}

    assert value_for({**endless, "$ref": "#/$defs/L"})
    assert value_for({"$ref": "#"}) is not None
    with pytest.raises(UnusableSchemaError):
        value_for({"allOf": [{"$ref": "#"}, {"$ref": "#"}]})


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a \"double\" and 'single' and `tick`", ["double", "single", "tick"]),
        ("“curly” «angled» 「corner」", ["curly", "angled", "corner"]),
        ("what's my sister's favorite", []),
        ("named '你好啊集团' (Hello Group)", ["你好啊集团"]),
        ("it's 'it's' here", ["it's"]),
        ('an "open one', []),
        ("''", []),
    ],
)
def test_quotes(prompt, found):
    """Quoted parts are found; an apostrophe is no quote."""
    assert quoted_texts(prompt) == found


def test_text_comes_from_the_prompt():
    """Strings are taken from the quoted parts of the prompt in turn, then from the property's name."""
    schema = {"properties": {name: {"type": "string"} for name in ("first", "last", "home_town")}}

    assert value_for(schema, "She is 'Ada' 'Lovelace'.") == {
        "first": "Ada",
        "last": "Lovelace",
        "home_town": "sample home town",
    }


def test_a_quote_goes_where_its_pattern_fits():
    """A property with a pattern takes the quote that matches, not the first."""
    schema = {"properties": {"zip": {"type": "string", "pattern": "^\\d{5}$"}}}

    assert value_for(schema, "'Ada' lives in '12345'") == {"zip": "12345"}


def test_integers_are_three():
    """The usual number is 3, and 3.0 where any number will do."""
    assert value_for({"properties": {"a": {"type": "integer"}, "b": {"type": "number"}}}) == {
        "a": 3,
        "b": 3.0,
    }


@pytest.mark.parametrize(
    "prompt",
    ["“" * 200_000, "'" * 200_000, " '" * 100_000, "'a" * 100_000, '"a' * 100_000, "«'`" * 70_000],
    ids=lambda text: text[:6],
)
def test_quotes_are_found_in_one_pass(prompt):
    """A long prompt of opening quotes takes a time that grows with its length."""
    start = time.process_time()
    quoted_texts(prompt)

    assert time.process_time() - start < 10  # quadratic work would take minutes


def test_many_patterns_and_many_quotes():
    """Trying the quoted texts takes no more than its share: every property gets its text."""
    pattern = {"type": "string", "pattern": r"^(\w+\s?)*$", "minLength": 50}
    schema = {"properties": {f"p{number}": pattern for number in range(100)}}
    prompt = " ".join(
        f'"the quick brown fox jumps over the lazy dog again {at}!"' for at in range(30)
    )
    value = value_for(schema, prompt)

    assert len(value) == 100
    assert all(len(text) >= 50 and text.replace(" ", "").isalnum() for text in value.values())

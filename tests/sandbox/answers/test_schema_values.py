"""JSON schema -> a value that conforms."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_aimlapi.sandbox.answers.pattern_text import text_matching
from langchain_aimlapi.sandbox.answers.schema_values import quoted_texts, value_for
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


def test_huge_schemas_are_cut_short():
    """A schema that asks for a billion of anything gets some of it."""
    many = 10**9

    assert len(value_for({"type": "array", "minItems": many})) < many
    assert len(value_for({"type": "object", "minProperties": many})) < many
    assert len(value_for({"type": "string", "minLength": many})) < many


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
    assert value_for({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}) is None
    names = [f"p{at}" for at in range(9)]
    wide = {"properties": {name: {"$ref": "#"} for name in names}, "required": names}
    assert len(value_for(wide)) == 9


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
    """What stands in quoted_texts is found; an apostrophe is no quote."""
    assert quoted_texts(prompt) == found


def test_text_comes_from_the_prompt():
    """Free text is taken from the prompt's quoted_texts in turn, then made of the property's name."""
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
    "pattern",
    [
        r"^\d{3}-\d{4}$",
        r"^[A-Z]{2,4}\d+$",
        r"^(foo|bar)baz?$",
        r"^(?:ab){2}$",
        r"(?P<year>\d{4})-\d\d",
        r"^[^abc]+$",
        r"^\+?[1-9]\d{1,14}$",
        r"^[\w.+-]+@[\w-]+\.[\w.]+$",
        r"^#[0-9a-fA-F]{6}$",
        r"^[a-z]+(-[a-z]+)*$",
        r"^\S+\s\D\W$",
        r"^.*$",
        r"^a\.b\\c\n$",
        r"[]x]-[a\]b]",
        r"^a{,3}b{2,}?$",
        r"^x*+y$",
        r"",
        r"^[a-]$",
        r"\bword\b",
        r"^(?=.*\d)a1$",
    ],
)
def test_patterns(pattern):
    """The text made of a pattern matches it."""
    assert re.search(pattern, text_matching(pattern))


@pytest.mark.parametrize("length", [0, 1, 5, 30])
def test_patterns_at_length(length):
    """A pattern that leaves room is filled up to the length that is asked for."""
    text = text_matching(r"^[a-z]+$", length)

    assert len(text) >= length
    assert re.search(r"^[a-z]+$", text)


@pytest.mark.parametrize("pattern", [r"(", r"[", r"^(a)\1$", r"(?!a)b(?<=b)", r"\p{L}", r"(?i)a"])
def test_patterns_beyond_us(pattern):
    """Where a pattern cannot be followed there is a plain word, and no error."""
    assert text_matching(pattern)

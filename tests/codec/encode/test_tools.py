"""Tools, the choice among them and the form of an answer, as services and models want them."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from langchain_aimlapi._codec.encode.formats import json_schema_format, schema_name
from langchain_aimlapi._codec.encode.tools import (
    convert_choice,
    convert_tool,
    fit_tools,
    tool_name,
)
from langchain_aimlapi.errors import ConfigurationError

from ..samples import OPEN, TOOL

CACHED = {"type": "ephemeral"}
CITY = {"city": {"type": "string"}}


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return city


class Weather(BaseModel):
    """The weather in a city."""

    city: str = Field(description="Its name.")


class WeatherDict(TypedDict):
    """The weather in a city."""

    city: str


def plain(city: str) -> str:
    """The weather in a city."""
    return city


CONVERTIBLE = {
    "LangChain tool": weather,
    "pydantic class": Weather,
    "TypedDict": WeatherDict,
    "function": plain,
    "JSON schema": {
        "title": "weather",
        "description": "The weather in a city.",
        "type": "object",
        "properties": CITY,
        "required": ["city"],
    },
    "OpenAI function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": CITY, "required": ["city"]},
    },
    "Anthropic tool": {
        "name": "weather",
        "description": "The weather in a city.",
        "input_schema": {"type": "object", "properties": CITY, "required": ["city"]},
    },
}


@pytest.mark.parametrize("given", CONVERTIBLE.values(), ids=CONVERTIBLE.keys())
def test_tools_are_functions(given):
    """Every form of tool becomes OpenAI's function, with its schema."""
    converted = convert_tool(given)

    function = converted["function"]
    assert converted["type"] == "function"
    assert function["description"] == "The weather in a city."
    assert function["parameters"]["required"] == ["city"]
    assert tool_name(converted).lower() in {"plain", "weather", "weatherdict"}


@pytest.mark.parametrize(
    "given",
    [
        TOOL,
        {"type": "custom", "custom": {"name": "code"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "builtin_function", "function": {"name": "$web_search"}},
        {"google_search": {}},
    ],
    ids=lambda given: given.get("type", "google"),
)
def test_ready_tools_pass(given):
    """A tool in its final form, or of the service's own, is not touched."""
    assert convert_tool(given) == given


def test_marks_on_tools_are_kept():
    """LangChain's converter would forget the cache mark of an Anthropic tool."""
    converted = convert_tool({**CONVERTIBLE["Anthropic tool"], "cache_control": CACHED})

    assert converted["cache_control"] == CACHED


@pytest.mark.parametrize("strict", [True, False])
def test_strictness_is_passed_on(strict):
    """Whether the schema binds to the letter is said on the function."""
    assert convert_tool(weather, strict=strict)["function"]["strict"] is strict
    assert "strict" not in convert_tool(weather)["function"]


NAMED = {"type": "function", "function": {"name": "weather"}}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        (False, None),
        (True, "required"),
        ("any", "required"),
        ("required", "required"),
        ("auto", "auto"),
        ("none", "none"),
        ("weather", NAMED),
        (NAMED, NAMED),
    ],
)
def test_choices(choice, sent):
    """Each way to choose has OpenAI's form."""
    assert convert_choice(choice, [TOOL]) == sent


def test_a_tools_name_wins_over_a_word():
    """A tool may be called "auto"."""
    odd = {"type": "function", "function": {"name": "auto"}}

    assert convert_choice("auto", [odd]) == odd


def test_a_choice_of_no_tool_is_refused():
    """A name that is not bound is a slip, and the bound names are told."""
    with pytest.raises(ConfigurationError, match=r"'wether' names no bound tool.*'weather'"):
        convert_choice("wether", [TOOL])


# --- as a model wants them ----------------------------------------------------------------------------


@pytest.mark.parametrize("choice", [None, "auto", NAMED])
def test_no_tools_means_no_word_on_them(choice):
    """An empty list of tools, and a choice among none, would be refused."""
    assert fit_tools([], choice, None).fields == {}


def test_functions_are_complete():
    """Some schemas require `description` and `parameters`: both always stand there."""
    (sent,) = fit_tools([{"type": "function", "function": {"name": "now"}}], None, None).fields[
        "tools"
    ]

    assert sent["function"] == {
        "name": "now",
        "description": "",
        "parameters": {"type": "object", "properties": {}},
    }


def test_custom_tools_have_a_format():
    """Free text is the format unless a grammar is given."""
    custom = {"type": "custom", "custom": {"name": "code"}}

    (sent,) = fit_tools([custom], None, None).fields["tools"]

    assert sent["custom"] == {"name": "code", "format": {"type": "text"}}


def test_strict_is_left_out_where_it_is_refused():
    """The oldest schemas close the function object."""
    strict = {"type": "function", "function": {**TOOL["function"], "strict": True}}
    old = dataclasses.replace(OPEN, strict_tools=False)

    assert fit_tools([strict], None, OPEN).fields["tools"] == [strict]
    assert fit_tools([strict], None, old).fields["tools"] == [TOOL]


def test_marks_are_left_out_where_they_are_refused():
    """A cache mark on a tool goes only to models documented to take it."""
    marked = {**TOOL, "cache_control": CACHED}
    taking = dataclasses.replace(OPEN, takes_cache_control=True)

    assert fit_tools([marked], None, OPEN).fields["tools"] == [TOOL]
    assert fit_tools([marked], None, taking).fields["tools"] == [marked]
    assert fit_tools([marked], None, None).fields["tools"] == [marked]


def test_models_without_a_choice_by_name():
    """Where a schema knows words only, the model is left the one tool and must call."""
    spec = dataclasses.replace(OPEN, tool_choice_forms=frozenset({"auto", "none", "required"}))
    other = {"type": "function", "function": {**TOOL["function"], "name": "other"}}

    fitted = fit_tools([other, TOOL], NAMED, spec).fields

    assert fitted == {"tools": [TOOL], "tool_choice": "required"}


@pytest.mark.parametrize(("choice", "sent"), [("any", "required"), ("weather", NAMED)])
def test_choices_given_at_the_call_are_converted_too(choice, sent):
    """`tool_choice` as an argument of a call knows the same words as `bind_tools`."""
    assert fit_tools([TOOL], choice, None).fields["tool_choice"] == sent


# --- the form of an answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("Person", "Person"),
        ("a person (v2)", "a_person_v2"),
        ("x" * 80, "x" * 55 + "_d929cdee"),
        ("ü", "u"),
        ("天気", "response_bc79d84d"),
        ("", "response"),
        (None, "response"),
    ],
)
def test_schema_names_are_legal(name, legal):
    """The service takes letters, digits, `_` and `-`, at most 64 of them."""
    assert schema_name(name) == legal


@pytest.mark.parametrize("schema", [Weather, WeatherDict, CONVERTIBLE["JSON schema"]])
def test_answers_in_a_schema(schema):
    """Every form of schema becomes a named `json_schema` format."""
    form = json_schema_format(schema, strict=True)

    assert form["type"] == "json_schema"
    assert form["json_schema"]["name"].lower().startswith("weather")
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["properties"].keys() == {"city"}


def test_a_schema_without_a_title_gets_a_name():
    """A name is required; a schema need not have one."""
    form = json_schema_format({"type": "object", "properties": CITY})

    assert form["json_schema"]["name"] == "response"
    assert "strict" not in form["json_schema"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        ({"type": "text"}, {"type": "text"}),
        (
            {"type": "json_schema", "json_schema": {"name": "a b", "schema": {}, "strict": None}},
            {"type": "json_schema", "json_schema": {"name": "a_b", "schema": {}}},
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "", "schema": {}, "strict": True}},
            {
                "type": "json_schema",
                "json_schema": {"name": "response", "schema": {}, "strict": True},
            },
        ),
    ],
)
def test_ready_formats_pass_with_a_legal_name(given, sent):
    """A format in its final form keeps all it says; null is not sent, for some schemas refuse it."""
    assert json_schema_format(given) == sent


@pytest.mark.parametrize(("own", "strict"), [(None, True), (True, False)])
def test_strictness_of_a_ready_format(own, strict):
    """A format's own word on strictness wins over the argument."""
    given = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": own}}

    assert json_schema_format(given, strict=strict)["json_schema"]["strict"] is True

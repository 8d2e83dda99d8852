"""Schemas in the forms in which APIs want them: each is the schema that stands within it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from typing_extensions import ReadOnly, TypedDict

from langchain_aimlapi import ConfigurationError

INNER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NAMED = {"name": "place", "schema": INNER}
FORMS = {
    "chat completions": {"type": "json_schema", "json_schema": NAMED},
    "responses": {"type": "json_schema", **NAMED},
    "what stands within": NAMED,
    "OpenAI's tool": {"type": "function", "function": {"name": "place", "parameters": INNER}},
    "MCP's tool": {"name": "place", "inputSchema": INNER, "annotations": {"title": "Place"}},
    "reference": {"$ref": "#/$defs/P", "$defs": {"P": {**INNER, "title": "place"}}},
    "references in a row": {
        "title": "place",
        "$ref": "#/definitions/A",
        "definitions": {"A": {"$ref": "#/definitions/B"}, "B": INNER},
    },
    "all of": {"title": "place", "allOf": [{"$ref": "#/$defs/P"}, INNER], "$defs": {"P": INNER}},
}


@pytest.mark.parametrize("method", [None, "function_calling", "json_schema"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", ["gpt-4o", "claude-sonnet-4-5"])
def test_a_form_is_its_schema(ask, model, aimlapi_sandbox, form, method, name):
    """By whatever method it is asked for; the sandbox answers what it was asked for."""
    chain = model(model=name).with_structured_output(
        form, include_raw=True, **({"method": method} if method else {})
    )

    answer = ask(chain, "Where?")

    assert answer["parsing_error"] is None
    assert answer["parsed"].keys() == {"city"}
    assert '"place"' in str(aimlapi_sandbox.requests[-1].body).replace("'", '"')


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
@pytest.mark.parametrize("given", [None, False])
def test_strictness_of_the_form_holds_unless_said_otherwise(model, aimlapi_sandbox, method, given):
    """What the form says of it is kept."""
    schema = {**INNER, "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {**NAMED, "schema": schema, "strict": True}}

    model().with_structured_output(form, method=method, strict=given).invoke("Where?")

    body = aimlapi_sandbox.requests[-1].body
    held = (
        body["tools"][0]["function"]
        if method == "function_calling"
        else body["response_format"]["json_schema"]
    )
    assert held["strict"] is (given is None)


def test_a_schema_with_a_property_of_that_name_is_no_form(model):
    """`schema` is a word like others."""
    schema = {
        "title": "Row",
        "type": "object",
        "properties": {"schema": {"type": "string"}, "name": {"type": "string"}},
        "required": ["schema", "name"],
    }

    answer = model().with_structured_output(schema).invoke("?")
    assert answer.keys() == {"schema", "name"}


class Node(BaseModel):
    """Contains itself."""

    value: int
    inner: list[Node] = []


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_a_schema_of_what_contains_itself(model, aimlapi_sandbox, method):
    """Pydantic's begins with a reference; services want to see the object."""
    model().with_structured_output(Node.model_json_schema(), method=method).invoke("?")

    body = aimlapi_sandbox.requests[-1].body
    held = (
        body["tools"][0]["function"]["parameters"]
        if method == "function_calling"
        else body["response_format"]["json_schema"]["schema"]
    )
    assert held["properties"].keys() == {"value", "inner"}
    assert held["$defs"]["Node"]["properties"].keys() == {"value", "inner"}


def test_a_reference_that_leads_nowhere(model):
    """It is said before anything is sent."""
    with pytest.raises(ConfigurationError, match="'#/\\$defs/Gone'"):
        model().with_structured_output({"$ref": "#/$defs/Gone"})


def test_an_object_that_may_be_null(ask, model):
    """Its answer may be null, so it stands in an object of its own; as a tool it is an object."""
    schema = {"title": "place", **INNER, "type": ["object", "null"]}

    answer = ask(model().with_structured_output(schema, include_raw=True), "Where?")

    assert answer["parsing_error"] is None
    bound = model().bind_tools([schema])
    assert bound.kwargs["tools"][0]["function"]["parameters"]["type"] == "object"


class Place(TypedDict):
    city: ReadOnly[str]


class Trip(TypedDict):
    ends: list[Place]


@pytest.mark.parametrize("kind", [Place, Trip])
def test_a_typed_dict_without_words_has_no_description(model, kind):
    """It inherits those of `dict`, which tell a model nothing."""
    function = model().bind_tools([kind]).kwargs["tools"][0]["function"]

    assert function["name"] == kind.__name__
    assert "dictionary" not in str(function)

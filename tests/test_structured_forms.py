"""Schemas in the forms in which APIs want them: each is the schema that stands within it."""

from __future__ import annotations

import pytest

INNER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NAMED = {"name": "place", "schema": INNER}
FORMS = {
    "chat completions": {"type": "json_schema", "json_schema": NAMED},
    "responses": {"type": "json_schema", **NAMED},
    "what stands within": NAMED,
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

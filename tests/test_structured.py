"""`with_structured_output`: every method with every kind of schema, and answers that do not fit."""

from __future__ import annotations

import itertools
import json
import warnings
from typing import TypedDict

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from pydantic.v1 import BaseModel as OldBaseModel

from langchain_aimlapi import (
    ChatAimlapi,
    ConfigurationError,
    ServerError,
    UnsupportedFormatError,
)
from tests.scripted import Scripted
from tests.ways import WAYS, merged, run_async

PROMPT = 'Answer in JSON with the keys "city" and "mood".'


class Place(BaseModel):
    """A place."""

    city: str = Field(description="Name of the city")
    mood: str


class OldPlace(OldBaseModel):
    """A place."""

    city: str
    mood: str


class PlaceDict(TypedDict):
    """A place."""

    city: str
    mood: str


_PROPERTIES = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "mood": {"type": "string"}},
    "required": ["city", "mood"],
}
SCHEMAS = {
    "pydantic": Place,
    "pydantic v1": OldPlace,
    "typed dict": PlaceDict,
    "json schema": {"title": "Place", "description": "A place.", **_PROPERTIES},
    "untitled json schema": _PROPERTIES,
    "openai function": {"name": "Place", "description": "A place.", "parameters": _PROPERTIES},
}
METHODS = ["function_calling", "json_schema", "json_mode"]


def outcomes(way, runnable, prompt):
    """All that a structured model gives out, in one of the four ways."""
    if way == "invoke":
        return [runnable.invoke(prompt)]
    if way == "ainvoke":
        return [run_async(runnable.ainvoke(prompt))]
    if way == "stream":
        return list(runnable.stream(prompt))

    async def listed():
        return [each async for each in runnable.astream(prompt)]

    return run_async(listed())


def last(way, runnable, prompt):
    """The final object."""
    return outcomes(way, runnable, prompt)[-1]


def body(sandbox):
    """The body of the last request."""
    return sandbox.requests[-1].body


def structured(llm, schema, method, **kwargs):
    """A structured model, without the warning about old classes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A pydantic v1 class")
        return llm.with_structured_output(schema, method=method, **kwargs)


class TestMethods:
    """Each way to hold a model to a schema."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", [*METHODS, None])
    @pytest.mark.parametrize("kind", SCHEMAS)
    def test_every_schema_by_every_method(self, model, way, method, kind):
        """Classes give instances, everything else dicts, in all four ways."""
        schema = SCHEMAS[kind]

        answer = last(way, structured(model(), schema, method), PROMPT)

        if isinstance(schema, type) and schema is not PlaceDict:
            assert isinstance(answer, schema)
            assert answer.city
        else:
            assert set(answer) == {"city", "mood"}
            assert isinstance(answer["mood"], str)

    @pytest.mark.parametrize("way", WAYS)
    def test_json_mode_needs_no_schema(self, model, aimlapi_sandbox, way):
        """Without a schema the object comes as it is."""
        answer = last(way, model().with_structured_output(None, method="json_mode"), PROMPT)

        assert set(answer) == {"city", "mood"}
        assert body(aimlapi_sandbox)["response_format"] == {"type": "json_object"}

    @pytest.mark.parametrize("kind", SCHEMAS)
    def test_function_calling_on_the_wire(self, model, aimlapi_sandbox, kind):
        """One tool, forced by name, called once."""
        structured(model(), SCHEMAS[kind], "function_calling").invoke(PROMPT)

        sent = body(aimlapi_sandbox)
        (bound,) = sent["tools"]
        name = bound["function"]["name"]
        assert sent["tool_choice"] == {"type": "function", "function": {"name": name}}
        assert sent["parallel_tool_calls"] is False
        assert "response_format" not in sent

    @pytest.mark.parametrize("kind", [kind for kind in SCHEMAS if kind != "pydantic v1"])
    def test_json_schema_on_the_wire(self, model, aimlapi_sandbox, kind):
        """A named schema, and no tools."""
        structured(model(), SCHEMAS[kind], "json_schema").invoke(PROMPT)

        form = body(aimlapi_sandbox)["response_format"]
        assert form["type"] == "json_schema"
        assert form["json_schema"]["name"]
        assert set(form["json_schema"]["schema"]["properties"]) == {"city", "mood"}
        assert "tools" not in body(aimlapi_sandbox)

    def test_old_classes_have_no_json_schema(self, model, aimlapi_sandbox):
        """A class of pydantic v1 goes as a tool instead, and the caller is told."""
        with pytest.warns(UserWarning, match="pydantic v1 class"):
            llm = model().with_structured_output(OldPlace, method="json_schema")

        assert llm.invoke(PROMPT).city
        assert "tools" in body(aimlapi_sandbox)

    @pytest.mark.parametrize("strict", [None, True, False])
    @pytest.mark.parametrize("method", ["function_calling", "json_schema"])
    def test_strict_is_passed_on(self, model, aimlapi_sandbox, method, strict):
        """Set it is sent, unset it is not."""
        model().with_structured_output(Place, method=method, strict=strict).invoke(PROMPT)

        sent = body(aimlapi_sandbox)
        schema = (
            sent["tools"][0]["function"]
            if method == "function_calling"
            else sent["response_format"]["json_schema"]
        )
        assert schema.get("strict") is strict

    def test_strict_json_mode_is_refused(self, model):
        """There is nothing it could be strict about."""
        with pytest.raises(ConfigurationError, match="strict"):
            model().with_structured_output(Place, method="json_mode", strict=True)

    @pytest.mark.parametrize("method", ["json", "tools", ""])
    def test_unknown_methods_are_refused(self, model, method):
        """The error names the three there are."""
        with pytest.raises(ConfigurationError, match=r"function_calling.*json_schema.*json_mode"):
            model().with_structured_output(Place, method=method)

    @pytest.mark.parametrize("method", ["function_calling", "json_schema"])
    def test_a_missing_schema_is_refused(self, model, method):
        """These methods are nothing without one."""
        with pytest.raises(ConfigurationError, match="schema is needed"):
            model().with_structured_output(None, method=method)

    @pytest.mark.parametrize(
        ("name", "key"),
        [
            ("gpt-4o", "response_format"),
            ("some/new-model", "tools"),
            ("anthropic/claude-haiku-4.5", "tools"),
        ],
    )
    def test_the_default_follows_the_documentation(self, model, aimlapi_sandbox, name, key):
        """A schema where the model documents it for itself, else a tool."""
        model(model=name).with_structured_output(Place).invoke(PROMPT)

        assert key in body(aimlapi_sandbox)

    def test_what_langsmith_shows(self, model):
        """The method and the schema reach the run's options, and not the wire."""
        bound = model().with_structured_output(Place, method="json_schema", strict=True).first

        form = bound.kwargs["ls_structured_output_format"]
        assert form["kwargs"] == {"method": "json_schema", "strict": True}
        assert form["schema"] is Place


class TestStreaming:
    """Objects as they grow."""

    @pytest.mark.parametrize("way", ["stream", "astream"])
    @pytest.mark.parametrize("method", METHODS)
    def test_dicts_grow(self, model, way, method):
        """Each object holds what the one before it held, and the last is whole."""
        grown = outcomes(way, structured(model(), SCHEMAS["json schema"], method), PROMPT)

        assert len(grown) > 1
        assert set(grown[-1]) == {"city", "mood"}
        for before, after in itertools.pairwise(grown):
            assert all(after[key].startswith(before[key]) for key in before)

    @pytest.mark.parametrize("way", ["stream", "astream"])
    @pytest.mark.parametrize("method", METHODS)
    def test_instances_are_whole(self, model, way, method):
        """Of a class only instances come, and the last is the invoked one."""
        chain = structured(model(), Place, method)
        given = outcomes(way, chain, PROMPT)

        assert all(isinstance(each, Place) for each in given)
        assert given[-1] == chain.invoke(PROMPT)


BAD_TEXTS = {
    "prose": "I would rather not.",
    "cut JSON": '{"city": "Pari',
    "wrong fields": '{"town": "Paris"}',
    "nothing": "",
}
GOOD = json.dumps({"city": "Paris", "mood": "fine"})
WRAPPED = {
    "bare": GOOD,
    "fenced": f"```json\n{GOOD}\n```",
    "fenced without a word": f"```\n{GOOD}\n```",
    "behind a sentence": f"Here you are:\n```json\n{GOOD}\n```\nAnything else?",
    "with white space": f"\n\n  {GOOD}  \n",
}


def call(arguments, name="Place"):
    """A message that calls the tool."""
    function = {"name": name, "arguments": arguments}
    return {"content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]}


class TestAnswers:
    """What models really say."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", ["json_schema", "json_mode"])
    @pytest.mark.parametrize("text", WRAPPED)
    def test_wrapped_json_is_found(self, model, way, method, text):
        """A fence, a sentence or white space around it does no harm."""
        with Scripted({"content": WRAPPED[text]}) as service:
            chain = structured(model(base_url=service.url), Place, method)

            assert last(way, chain, PROMPT) == Place(city="Paris", mood="fine")

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("text", BAD_TEXTS)
    def test_include_raw_never_raises_for_an_answer(self, model, way, method, text):
        """The message is there, nothing is parsed, and the error says why."""
        message = {"content": BAD_TEXTS[text]}
        with Scripted(message) as service:
            chain = structured(model(base_url=service.url), Place, method, include_raw=True)
            parts = outcomes(way, chain, PROMPT)
        answer = {key: value for part in parts for key, value in part.items() if key != "raw"}
        raw = merged([part["raw"] for part in parts if "raw" in part])

        assert raw.text == BAD_TEXTS[text]
        assert answer["parsed"] is None
        assert isinstance(answer["parsing_error"], OutputParserException)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("arguments", ['{"city": "Par', '{"town": 1}', "[]", ""])
    def test_include_raw_with_broken_arguments(self, model, way, arguments):
        """The same of a call whose arguments are no JSON or do not fit."""
        with Scripted(call(arguments), finish="tool_calls") as service:
            chain = structured(
                model(base_url=service.url), Place, "function_calling", include_raw=True
            )
            parts = outcomes(way, chain, PROMPT)

        assert next(part["parsed"] for part in reversed(parts) if "parsed" in part) is None
        assert any(part.get("parsing_error") for part in parts)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", METHODS)
    def test_include_raw_with_a_good_answer(self, model, way, method):
        """The message, the object, and no error."""
        chain = structured(model(), Place, method, include_raw=True)
        answer = {}
        for part in outcomes(way, chain, PROMPT):
            answer |= part

        assert isinstance(answer["parsed"], Place)
        assert answer["parsing_error"] is None

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("text", BAD_TEXTS)
    def test_a_bad_answer_is_an_error(self, model, way, method, text):
        """It is never a silent `None`."""
        with Scripted({"content": BAD_TEXTS[text]}) as service:
            chain = structured(model(base_url=service.url), Place, method)

            with pytest.raises(OutputParserException):
                outcomes(way, chain, PROMPT)

    @pytest.mark.parametrize("way", WAYS)
    def test_failed_calls_raise_even_with_raw(self, model, aimlapi_sandbox, way):
        """`include_raw` forgives answers, not failures."""
        aimlapi_sandbox.fail_next("status_500", 9)
        chain = structured(model(), Place, "json_schema", include_raw=True)

        with pytest.raises(ServerError):
            outcomes(way, chain, PROMPT)


class Picky(Scripted):
    """A service whose model knows some forms of answers only.

    Args:
        message: What it says at last.
        known: The methods that are served.
    """

    def __init__(self, message, known):
        super().__init__(message)
        self.known = known

    def refuses(self, body):
        """Refuse a form that is not known, in the words services use."""
        form = (body.get("response_format") or {}).get("type")
        asked = (
            "function_calling" if "tools" in body else {"json_object": "json_mode"}.get(form, form)
        )
        self.refusal = {"message": f"{asked}: this response_format is not supported"}
        return 0 if asked in {None, *self.known} else 400

    @property
    def asked(self):
        """The methods that were tried."""
        forms = [(body.get("response_format") or {}).get("type") for body in self.bodies]
        return [
            "function_calling" if "tools" in body else form
            for body, form in zip(self.bodies, forms, strict=True)
        ]


class TestFallbacks:
    """Without a method, the next one is tried when the service refuses the form."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize(
        ("name", "known", "asked"),
        [
            ("gpt-4o", ["json_schema"], ["json_schema"]),
            ("gpt-4o", ["function_calling"], ["json_schema", "function_calling"]),
            ("gpt-4o", ["json_mode"], ["json_schema", "function_calling", "json_object"]),
            ("some/new-model", ["json_schema"], ["function_calling", "json_schema"]),
        ],
    )
    def test_each_method_is_tried_once(self, model, way, name, known, asked):
        """In the order the model documents, until one is taken; which one is on the message."""
        message = call(GOOD) if known == ["function_calling"] else {"content": GOOD}
        with Picky(message, known) as service:
            llm = model(model=name, base_url=service.url)
            chain = llm.with_structured_output(Place, include_raw=True)
            parts = outcomes(way, chain, PROMPT)
            tried = service.asked

        answer = {key: value for part in parts for key, value in part.items() if key != "raw"}
        raw = merged([part["raw"] for part in parts if "raw" in part])
        assert answer["parsed"] == Place(city="Paris", mood="fine")
        assert tried == asked
        note = raw.response_metadata["structured_output"]
        assert note["method"] == known[0]
        assert len(note.get("refused", [])) == len(asked) - 1

    @pytest.mark.parametrize("way", WAYS)
    def test_a_chosen_method_is_not_changed(self, model, way):
        """Who asks for one method gets it, or the refusal."""
        with Picky({"content": GOOD}, []) as service:
            llm = model(base_url=service.url)
            chain = llm.with_structured_output(Place, method="json_schema")

            with pytest.raises(UnsupportedFormatError, match="not supported"):
                outcomes(way, chain, PROMPT)
            assert service.asked == ["json_schema"]

    @pytest.mark.parametrize("way", WAYS)
    def test_a_model_that_takes_no_form(self, model, way):
        """When all are refused, the refusal is raised and not swallowed."""
        with Picky({"content": GOOD}, []) as service:
            chain = model(base_url=service.url).with_structured_output(Place)

            with pytest.raises(UnsupportedFormatError):
                outcomes(way, chain, PROMPT)
            assert len(service.asked) == 3

    def test_other_errors_end_it(self, model, aimlapi_sandbox):
        """Only a refused form is a reason to try another."""
        aimlapi_sandbox.fail_next("status_500")

        with pytest.raises(ServerError):
            model().with_structured_output(Place).invoke(PROMPT)
        assert len(aimlapi_sandbox.requests) == 1


@tool
def look_up(city: str) -> str:
    """Look a city up."""
    return city


class TestTools:
    """Tools, and the choice among them."""

    def test_tools_beside_a_schema(self, model, aimlapi_sandbox):
        """With "json_schema" the model may call tools before it answers in the form."""
        llm = model().with_structured_output(
            Place, method="json_schema", include_raw=True, tools=[look_up]
        )

        answer = llm.invoke("Use look_up for 'Paris'.")

        assert body(aimlapi_sandbox)["response_format"]["json_schema"]["name"] == "Place"
        assert answer["raw"].tool_calls[0]["name"] == "look_up"
        assert answer["parsed"] is None

    @pytest.mark.parametrize(
        ("choice", "sent"),
        [
            ("look_up", {"type": "function", "function": {"name": "look_up"}}),
            ("any", "required"),
            ("required", "required"),
            (True, "required"),
            ("auto", "auto"),
            ("none", "none"),
            ({"type": "function", "function": {"name": "Place"}},) * 2,
            (None, None),
            (False, None),
        ],
    )
    def test_choices(self, ask, model, aimlapi_sandbox, choice, sent):
        """Names, words and ready dicts become the service's form."""
        ask(model().bind_tools([look_up, Place], tool_choice=choice), "Hi")

        assert body(aimlapi_sandbox).get("tool_choice") == sent

    @pytest.mark.parametrize("choice", ["look-up", "Plaice"])
    def test_a_choice_must_be_bound(self, model, choice):
        """A name that no tool has is refused with the names there are."""
        with pytest.raises(ConfigurationError, match=r"look_up.*Place"):
            model().bind_tools([look_up, Place], tool_choice=choice)

    def test_a_tool_may_be_called_like_a_word(self, model, aimlapi_sandbox):
        """A bound tool's name goes before the words."""
        schema = {"title": "auto", "type": "object", "properties": {}}
        model().bind_tools([schema], tool_choice="auto").invoke("Hi")

        assert body(aimlapi_sandbox)["tool_choice"]["function"]["name"] == "auto"

    def test_no_tools_are_no_tools(self, ask, model, aimlapi_sandbox):
        """Agents bind an empty list now and then, which services refuse."""
        form = {"type": "json_object"}
        llm = model().bind_tools(
            [], tool_choice="any", parallel_tool_calls=False, response_format=form
        )

        ask(llm, PROMPT)

        sent = body(aimlapi_sandbox)
        assert sent["response_format"] == form
        assert sent.keys().isdisjoint({"tools", "tool_choice", "parallel_tool_calls"})

    def test_a_response_format_may_be_a_class(self, model, aimlapi_sandbox):
        """`bind_tools` takes what `with_structured_output` takes."""
        model().bind_tools([look_up], response_format=Place).invoke("Hi")

        assert body(aimlapi_sandbox)["response_format"]["json_schema"]["name"] == "Place"

    def test_construction_asks_nobody(self, aimlapi_sandbox):
        """Binding sends nothing."""
        ChatAimlapi(model="gpt-4o").with_structured_output(Place)

        assert aimlapi_sandbox.requests == []

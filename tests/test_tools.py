"""Tools in every form, under every name and with every choice, in each dialect and on each route."""

from __future__ import annotations

import re
import sys
import warnings
from functools import partial
from typing import Annotated, Any, Generic, NotRequired, Required, TypeVar

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.tools import StructuredTool, tool
from pydantic import BaseModel, create_model

from langchain_aimlapi import ConfigurationError
from tests.scripted import Scripted

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict

MODELS = {
    "openai dialect": {"model": "gpt-4o"},
    "anthropic dialect": {"model": "claude-sonnet-4-5"},
    "both dialects": {"model": "anthropic/claude-opus-4-8"},
    "responses route": {"model": "gpt-4o", "use_responses_api": True},
}
LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
T = TypeVar("T")


@pytest.fixture(params=MODELS.values(), ids=MODELS)
def llm(request, aimlapi_sandbox, model):
    """A model of each dialect and route."""
    return model(**request.param)


def tools_of(sandbox):
    """Name -> schema of the tools in the latest request, whatever its form."""
    inner = [tool.get("function", tool) for tool in sandbox.requests[-1].body["tools"]]
    return {one["name"]: one.get("parameters") or one.get("input_schema") for one in inner}


# --- names ----------------------------------------------------------------------------------------


class Page(BaseModel, Generic[T]):
    """A page of results."""

    value: T


SIZE = create_model("Größe", value=(int, ...))


def named(name):
    """A tool of this name."""
    return StructuredTool.from_function(lambda value: value, name=name, description="Do it.")


ODD = [
    Page[int],
    SIZE,
    {"title": "My answer: v1.0", "type": "object", "properties": {"value": {"type": "integer"}}},
    {"name": "server.look up", "parameters": {"type": "object", "properties": {}}},
    {"type": "function", "function": {"name": "天気"}},
    {"name": "x" * 80, "input_schema": {"type": "object", "properties": {}}},
]
NAMES = ["Page[int]", "Größe", "My answer: v1.0", "server.look up", "天気", "x" * 80]


def test_tools_of_any_name_are_called_by_it(ask, llm, aimlapi_sandbox):
    """The service gets a legal name; whoever runs the call finds the one that was bound."""
    for given, name in zip(ODD, NAMES, strict=True):
        answer = ask(llm.bind_tools([given], tool_choice=name), "Please.")

        (sent,) = tools_of(aimlapi_sandbox)
        assert LEGAL.fullmatch(sent), sent
        assert [call["name"] for call in answer.tool_calls] == [name]
        assert [b["name"] for b in answer.content_blocks if b["type"] == "tool_call"] == [name]


def test_a_renamed_tool_works_in_an_agent(llm, aimlapi_sandbox):
    """Its call is run, and goes back under the name that the service knows."""
    look = named("look up")

    done = create_agent(llm, [look]).invoke({"messages": [("human", "Look up 'x' for me.")]})

    assert [m.name for m in done["messages"] if m.type == "tool"] == ["look up"]
    assert '"look up"' not in str(aimlapi_sandbox.requests[-1].body).replace("'", '"')
    assert "look_up" in str(
        aimlapi_sandbox.requests[-1].body[
            "messages" if "messages" in aimlapi_sandbox.requests[-1].body else "input"
        ]
    )


def test_no_two_tools_are_sent_alike(llm, aimlapi_sandbox):
    """Names that would become the same stay apart, and a legal name is never changed."""
    llm.bind_tools([named("a b"), named("a_b"), named("a.b")]).invoke("Please.")

    sent = list(tools_of(aimlapi_sandbox))
    assert sent[1] == "a_b"
    assert len(set(sent)) == 3


def test_events_tell_the_bound_name(llm):
    """Content-block events too."""
    bound = llm.bind_tools([Page[int]], tool_choice="any")

    events = list(bound.stream_events("Please.", version="v3"))

    blocks = [
        event["content"]
        for event in events
        if event["event"].startswith("content-block-") and "content" in event
    ]
    assert {block["name"] for block in blocks if "name" in block} == {"Page[int]"}


# --- schemas --------------------------------------------------------------------------------------


class Node(BaseModel):
    """A folder with folders in it."""

    name: str
    children: list["Node"] = []


class Branch(TypedDict):
    """A folder with folders in it."""

    name: str
    children: list[Branch]


@tool
def store(tree: Node) -> str:
    """Store a tree."""
    return tree.name


def grown(tree: Node) -> str:
    """Store a tree."""
    return tree.name


def child_of(schema):
    """The schema of the children of a schema's tree."""

    def at(place):
        while "$ref" in place:
            _, *steps = place["$ref"].split("/")
            place = schema
            for step in steps:
                place = place[step]
        return place

    place = at(schema)
    if "tree" in place["properties"]:
        place = at(place["properties"]["tree"])
    return at(place["properties"]["children"]["items"])


@pytest.mark.parametrize("strict", [None, True])
@pytest.mark.parametrize("given", [Node, Branch, store, grown, Node.model_json_schema()])
def test_schemas_that_contain_themselves(llm, aimlapi_sandbox, given, strict):
    """A tree reaches the model as a tree, whatever it is described by."""
    if isinstance(given, dict):
        given = {"title": "Node", **given["$defs"]["Node"], "$defs": given["$defs"]}
    llm.bind_tools([given], strict=strict).invoke("Please.")

    (schema,) = tools_of(aimlapi_sandbox).values()
    child = child_of(schema)
    assert child.keys() >= {"properties"}
    assert "name" in child["properties"]
    assert child.get("additionalProperties") is (False if strict else None)


def test_schemas_that_contain_themselves_for_models_of_few_keywords(ask, model, aimlapi_sandbox):
    """Gemini knows no reference: the tree is put in once more, then told."""
    ask(model(model="google/gemini-3-5-flash").bind_tools([Node]), "Please.")

    (schema,) = tools_of(aimlapi_sandbox).values()
    assert "$ref" not in str(schema)
    assert "name" in child_of(schema)["properties"]


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_answers_that_contain_themselves(ask, model, aimlapi_sandbox, method):
    """The same as the form of an answer."""
    answer = model().with_structured_output(Node, method=method).invoke("Please.")

    body = aimlapi_sandbox.requests[-1].body
    tools = body.get("tools")
    schema = (
        tools[0]["function"]["parameters"]
        if tools
        else body["response_format"]["json_schema"]["schema"]
    )
    assert "name" in child_of(schema)["properties"]
    assert isinstance(answer, Node)


class Inner(TypedDict, total=False):
    """What is within."""

    unit: Required[str]
    note: str


class Wish(TypedDict):
    """A wish."""

    city: str
    day: NotRequired[Annotated[str, ..., "When."]]
    parts: list[Inner]
    other: Inner | None


def test_optional_keys_are_optional(llm, aimlapi_sandbox):
    """`NotRequired` and `total=False` say what they say, at every depth."""
    llm.bind_tools([Wish]).invoke("Please.")

    (schema,) = tools_of(aimlapi_sandbox).values()
    assert schema["required"] == ["city", "parts", "other"]
    assert schema["properties"]["day"] == {"type": "string", "description": "When."}
    assert schema["$defs"]["Inner"]["required"] == ["unit"]


def test_strict_tools_are_closed_and_need_all(model, aimlapi_sandbox):
    """So strict mode asks: no other properties, and each of them required."""
    model().bind_tools([Wish], strict=True).invoke("Please.")

    (schema,) = tools_of(aimlapi_sandbox).values()
    for part in (schema, schema["$defs"]["Inner"]):
        assert part["required"] == list(part["properties"])
        assert part["additionalProperties"] is False


# --- forms ----------------------------------------------------------------------------------------

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORMS = {
    "chat completions": {"type": "function", "function": {"name": "f", "parameters": SCHEMA}},
    "Responses": {"type": "function", "name": "f", "parameters": SCHEMA},
    "Responses, strict": {"type": "function", "name": "f", "parameters": SCHEMA, "strict": False},
    "Anthropic": {"name": "f", "input_schema": SCHEMA},
    "Anthropic, typed": {"type": "custom", "name": "f", "input_schema": SCHEMA},
    "Bedrock": {"toolSpec": {"name": "f", "inputSchema": {"json": SCHEMA}}},
    "a JSON schema": {"title": "f", **SCHEMA},
}
CHOICES = {
    "a word": "any",
    "a name": "f",
    "chat completions": {"type": "function", "function": {"name": "f"}},
    "Responses": {"type": "function", "name": "f"},
    "Anthropic": {"type": "tool", "name": "f"},
    "Anthropic's any": {"type": "any"},
    "some of the tools": {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "f"}],
    },
    "some, nested": {
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "required",
            "tools": [{"type": "function", "function": {"name": "f"}}],
        },
    },
}


def test_tools_in_every_form_mean_the_same(ask, llm, aimlapi_sandbox):
    """Whatever dialect a tool was written for, at `bind_tools` and at the call."""
    for name, form in FORMS.items():
        for bound in (llm.bind_tools([form]), llm.bind(tools=[form])):
            answer = ask(bound, "Please.")

            assert tools_of(aimlapi_sandbox) == {"f": SCHEMA}, name
            assert [call["name"] for call in answer.tool_calls] == ["f"], name


def test_choices_in_every_form_mean_the_same(ask, llm):
    """A forced call comes back as a call, whatever dialect the choice was written for."""
    for name, choice in CHOICES.items():
        bound = llm.bind_tools([FORMS["Responses"]], tool_choice=choice)
        for forced in (bound, llm.bind(tools=[FORMS["Anthropic"]], tool_choice=choice)):
            assert [call["name"] for call in ask(forced, "Hello").tool_calls] == ["f"], name


@pytest.mark.parametrize("choice", ["none", {"type": "none"}])
def test_no_call_in_every_form(ask, llm, choice):
    """Nor does one come where none may."""
    bound = llm.bind_tools([FORMS["Responses"]], tool_choice=choice)

    assert ask(bound, "How is the weather?").tool_calls == []


def test_one_call_at_a_time_in_anthropics_words(model, aimlapi_sandbox):
    """It has a parameter of its own in the other dialect."""
    choice = {"type": "auto", "disable_parallel_tool_use": True}

    model().bind_tools([FORMS["Anthropic"]], tool_choice=choice).invoke("Please.")
    openai = aimlapi_sandbox.requests[-1].body
    model(model="claude-sonnet-4-5").bind_tools([FORMS["Anthropic"]], tool_choice=choice).invoke(
        "Hi"
    )

    assert (openai["tool_choice"], openai["parallel_tool_calls"]) == ("auto", False)
    assert aimlapi_sandbox.requests[-1].body["tool_choice"] == choice


@pytest.mark.parametrize("way", ["bind_tools", "with_structured_output"])
def test_parallel_tool_calls_only_where_documented(model, aimlapi_sandbox, way):
    """A model that documents no such parameter gets none, from structured output either."""
    for name, sent in (
        ("gpt-4o", True),
        ("claude-haiku-4-5", None),
        ("alibaba/qwen3.8-2.4t-a95b", None),
    ):
        llm = model(model=name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if way == "bind_tools":
                llm.bind_tools([FORMS["Responses"]], parallel_tool_calls=False).invoke("Hi")
            else:
                llm.with_structured_output(Node, method="function_calling").invoke("Hi")

        assert ("parallel_tool_calls" in aimlapi_sandbox.requests[-1].body) is bool(sent), name


# --- a forced call while the model reasons --------------------------------------------------------


class Report(BaseModel):
    """What was found."""

    city: str


THINKERS = {
    "claude-sonnet-4-5": {"reasoning_effort": "high"},
    "anthropic/claude-opus-4-8": {"thinking": {"type": "adaptive"}},
    "deepseek/deepseek-v4-pro": {"reasoning_effort": "high"},
    "alibaba/qwen3-32b": {"extra_body": {"enable_thinking": True}},
    "deepseek/deepseek-v4-flash": {},
    "deepseek-reasoner": {},
    "moonshot/kimi-k2-6": {},
}


@pytest.mark.parametrize("choice", ["any", "Report", {"type": "tool", "name": "Report"}])
@pytest.mark.parametrize("name", THINKERS)
def test_a_forced_call_is_free_while_the_model_reasons(ask, model, aimlapi_sandbox, name, choice):
    """These models refuse to be forced then; one warning says what became of the choice."""
    bound = model(model=name, **THINKERS[name]).bind_tools([Report], tool_choice=choice)

    with pytest.warns(UserWarning, match=f"{name} takes no forced tool call"):
        ask(bound, "Hi")
    ask(bound, "Hi")  # says nothing more: warnings are errors here
    assert aimlapi_sandbox.requests[-1].body["tool_choice"] in ("auto", {"type": "auto"})


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("claude-sonnet-4-5", {}),
        ("anthropic/claude-opus-4-8", {"thinking": {"type": "disabled"}}),
        ("deepseek/deepseek-v4-pro", {"extra_body": {"reasoning": {"enabled": False}}}),
        ("moonshot/kimi-k2-6", {"extra_body": {"thinking": {"type": "disabled"}}}),
        ("moonshot/kimi-k2-preview", {}),
        ("openai/gpt-5-1", {"reasoning_effort": "high"}),
        ("google/gemini-3-5-flash", {"reasoning_effort": "high"}),
    ],
)
def test_a_forced_call_is_forced_otherwise(ask, model, name, settings):
    """Without reasoning, and for vendors who let it be, nothing changes."""
    bound = model(model=name, **settings).bind_tools([Report], tool_choice="any")

    assert [call["name"] for call in ask(bound, "Hello").tool_calls] == ["Report"]


@pytest.mark.parametrize("name", THINKERS)
def test_agents_with_a_form_work_on_models_that_reason(model, name):
    """`ToolStrategy` forces its call, and gets its answer all the same."""
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "Report", "arguments": '{"city": "Rome"}'},
    }
    with Scripted({"tool_calls": [call]}, finish="tool_calls") as service:
        llm = model(model=name, base_url=service.url, **THINKERS[name])
        agent = create_agent(llm, [], response_format=ToolStrategy(Report))
        with pytest.warns(UserWarning, match="no forced tool call"):
            done: Any = agent.invoke({"messages": [("human", "Hi")]})

    assert done["structured_response"] == Report(city="Rome")


# --- what is no tool ------------------------------------------------------------------------------


class Callable:
    """An object that can be called, and has no name."""

    def __call__(self, city: str) -> str:
        """Tell the weather."""
        return city


def no_name(city: str) -> str:
    """Tell the weather."""
    return city


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        (Report, r"takes a list of tools, not Report: pass \[Report\]"),
        ("get_weather", "takes a list of tools, not str"),
        ({"type": "function"}, "takes a list of tools, not dict"),
        (5, "takes a list of tools, not int"),
        (StructuredTool.from_function(no_name), "takes a list of tools, not StructuredTool"),
        ([Callable()], "has no name.*StructuredTool.from_function"),
        ([partial(no_name, city="Rome")], "has no name.*StructuredTool.from_function"),
        ([{"type": "function", "function": {}}], "it has no name"),
        ([5], "No tool can be made of 5"),
    ],
)
def test_what_is_no_tool_is_refused_at_once(llm, tools, words):
    """By an error of ours, which says what to pass."""
    with pytest.raises(ConfigurationError, match=words):
        llm.bind_tools(tools)


@pytest.mark.parametrize("choice", [[], 5, object()])
def test_what_is_no_choice_is_refused_at_once(llm, choice):
    """Likewise."""
    with pytest.raises(ConfigurationError, match="tool_choice is a tool's name"):
        llm.bind_tools([Report], tool_choice=choice)


def test_a_class_is_a_choice(ask, llm):
    """The one that is bound, by its name."""
    answer = ask(llm.bind_tools([Report, Inner], tool_choice=Report), "Hi")

    assert answer.tool_calls[0]["name"] == "Report"


def test_tools_of_any_iterable(llm, aimlapi_sandbox):
    """A tuple or a generator is a list, too."""
    llm.bind_tools(each for each in (Report,)).invoke("Hi")

    assert set(tools_of(aimlapi_sandbox)) == {"Report"}

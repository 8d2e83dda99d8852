"""When the sandbox calls tools, which, and with what."""

from __future__ import annotations

import json

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import StructuredTool

from langchain_aimlapi import ChatAimlapi
from tests.sandbox.http_client import calls, chat, function

WEATHER = function("get_weather", "Get the weather at a place.", location={"type": "string"})
ADD = function("add", "Add two numbers.", a={"type": "integer"}, b={"type": "integer"})
NOTHING = function("ping", "Ping.")


def _history(*steps):
    """A conversation: text of the user, names of tools that were called and answered."""
    messages = []
    for at, step in enumerate(steps):
        if step.startswith("call:"):
            made = {"id": f"c{at}", "type": "function"}
            made["function"] = {"name": step[5:], "arguments": "{}"}
            messages.append({"role": "assistant", "content": "", "tool_calls": [made]})
            messages.append({"role": "tool", "tool_call_id": f"c{at}", "content": "done"})
        elif step.startswith("assistant:"):
            messages.append({"role": "assistant", "content": step[10:]})
        else:
            messages.append({"role": "user", "content": step})
    return messages


def _named(name):
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize(
    ("history", "choice", "names"),
    [
        (["What is the weather in Paris?"], "auto", ["get_weather"]),
        (["What is the weather in Paris?"], None, ["get_weather"]),
        (["Please add two numbers"], "auto", ["add"]),
        (["Tell me something"], "auto", ["get_weather"]),
        (["Hello!"], "auto", []),
        (["Hi there"], "auto", []),
        (["Thank you very much"], "auto", []),
        (["Hello, what is the weather in San Francisco today?"], "auto", ["get_weather"]),
        (["What is the weather in Paris?"], "none", []),
        (["Hello!"], "required", ["get_weather"]),
        (["Hello!"], {"type": "any"}, ["get_weather"]),
        (["Hello!"], {"type": "auto"}, []),
        (["Weather?"], {"type": "none"}, []),
        (["Hello!"], _named("add"), ["add"]),
        (["Hello!"], {"type": "tool", "name": "add"}, ["add"]),
        (["weather?", "call:get_weather"], "auto", ["add", "ping"]),
        (["weather?", "call:get_weather", "call:add"], "auto", ["ping"]),
        (["weather?", "call:get_weather", "call:add", "call:ping"], "auto", []),
        (["weather?", "call:get_weather"], "required", ["add"]),
        (["weather?", "call:get_weather", "call:add"], "required", ["ping"]),
        (["?", "call:get_weather", "call:add", "call:ping"], "required", ["get_weather"]),
        (["weather?", "call:get_weather"], _named("get_weather"), ["get_weather"]),
        (["weather?", "call:get_weather", "assistant:Sunny.", "And add?"], "auto", ["add"]),
        (["weather?", "assistant:Sunny."], "auto", []),
        (["Use get_weather, then add."], "auto", ["get_weather", "add"]),
        (["Use add, then get_weather."], "required", ["add", "get_weather"]),
        (["Use get_weather, then add.", "call:get_weather"], "auto", ["add"]),
        (["Use get_weather, then add.", "call:get_weather", "call:add"], "auto", ["ping"]),
        (
            ["Weather?"],
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [_named("add")]},
            },
            ["add"],
        ),
        (
            ["Hello"],
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [_named("add")]}},
            [],
        ),
    ],
)
def test_the_rule(shared_sandbox, history, choice, names):
    """The choice of tools follows the rule that the module states, step by step."""
    options = {} if choice is None else {"tool_choice": choice}
    reply = chat(shared_sandbox, _history(*history), tools=[WEATHER, ADD, NOTHING], **options)

    assert [name for name, _ in calls(reply)] == names
    finish = "tool_calls" if names else "stop"
    assert reply.json["choices"][0]["finish_reason"] == finish
    assert (reply.message["content"] is None) == bool(names)


@pytest.mark.parametrize(
    "options",
    [
        {"parallel_tool_calls": False},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ],
)
def test_one_call_at_a_time(shared_sandbox, options):
    """Parallel calls can be forbidden, in either shape."""
    tools = [WEATHER, ADD]
    reply = chat(shared_sandbox, "Use add and get_weather.", tools=tools, **options)

    assert [name for name, _ in calls(reply)] == ["add"]


def test_arguments_conform(shared_sandbox):
    """Arguments are generated from the schema and from what the prompt quotes."""
    reply = chat(shared_sandbox, "Weather in 'Köln'? And use add.", tools=[WEATHER, ADD])

    assert calls(reply) == [("add", {"a": 3, "b": 3})]


def test_arguments_are_not_escaped(shared_sandbox):
    """Letters of any script go out as they are."""
    reply = chat(shared_sandbox, "Weather in '東京'?", tools=[WEATHER])

    assert reply.message["tool_calls"][0]["function"]["arguments"] == '{"location":"東京"}'


def test_no_arguments(shared_sandbox):
    """A tool without parameters is called with an empty object."""
    bare = {"type": "function", "function": {"name": "ping"}}
    for tool in (NOTHING, bare):
        assert calls(chat(shared_sandbox, "ping", tools=[tool])) == [("ping", {})]


def test_anthropic_tools(shared_sandbox):
    """A tool in Anthropic's dialect is called in OpenAI's."""
    schema = {"type": "object", "properties": {"fav_color": {"type": "string"}}}
    tool = {"name": "color_picker", "description": "Pick.", "input_schema": schema}

    assert calls(chat(shared_sandbox, "Pick 'blue'", tools=[tool])) == [
        ("color_picker", {"fav_color": "blue"})
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_custom_tools(shared_sandbox, stream):
    """A custom tool gets text, not arguments."""
    tool = {"type": "custom", "custom": {"name": "code"}}
    reply = chat(shared_sandbox, "code 'print(1)'", tools=[tool], stream=stream)
    if stream:
        parts = [delta["tool_calls"][0] for delta in reply.deltas if "tool_calls" in delta]
        said = "".join(part["custom"]["input"] for part in parts)
    else:
        (call,) = reply.message["tool_calls"]
        assert call["type"] == "custom"
        said = call["custom"]["input"]

    assert said == "print(1)"


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "builtin_function", "function": {"name": "$web_search"}},
        {"type": "web_search", "web_search": {"enable": True}},
    ],
)
def test_server_tools_are_not_called(shared_sandbox, tool):
    """What the service would run itself is not handed to the caller."""
    assert "tool_calls" not in chat(shared_sandbox, "search the web", tools=[tool]).message


def test_images_of_a_tool_do_not_count_as_a_question(shared_sandbox):
    """A tool's image in a user message behind its answer gets text, not another call."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    parts = [{"type": "text", "text": "The image of the tool:"}, image]
    messages = [*_history("weather?", "call:get_weather"), {"role": "user", "content": parts}]
    message = chat(shared_sandbox, messages, tools=[WEATHER]).message

    assert "tool_calls" not in message
    assert "The tool get_weather said" in message["content"]
    assert "I received 1 image (linked)." in message["content"]


def test_streamed_calls(shared_sandbox):
    """A call comes with its id and name first, then its arguments piece by piece."""
    reply = chat(shared_sandbox, "Use add and get_weather.", tools=[WEATHER, ADD], stream=True)
    parts = [delta["tool_calls"][0] for delta in reply.deltas if "tool_calls" in delta]
    arguments = {0: "", 1: ""}
    for part in parts:
        arguments[part["index"]] += part["function"]["arguments"]
    heads = [part for part in parts if "id" in part]

    assert [(part["index"], part["function"]["name"]) for part in heads] == [
        (0, "add"),
        (1, "get_weather"),
    ]
    assert len({part["id"] for part in heads}) == 2
    assert json.loads(arguments[0]) == {"a": 3, "b": 3}
    assert len(parts) > 6


def test_ids_differ_from_turn_to_turn(shared_sandbox):
    """No two replies give the same id to a call."""
    replies = [chat(shared_sandbox, "weather", tools=[WEATHER]) for _ in range(3)]

    assert len({reply.message["tool_calls"][0]["id"] for reply in replies}) == 3


def test_a_limit_cuts_arguments(shared_sandbox):
    """Too small a limit leaves arguments that are no JSON, and says so."""
    reply = chat(shared_sandbox, "weather", tools=[WEATHER], max_tokens=4)
    (call,) = reply.message["tool_calls"]

    assert reply.json["choices"][0]["finish_reason"] == "length"
    with pytest.raises(ValueError, match=r".+"):
        json.loads(call["function"]["arguments"])


def test_tools_go_before_the_format(shared_sandbox):
    """With tools and a format, the tool is called first, and the format is for the answer."""
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    first = chat(shared_sandbox, "weather?", tools=[WEATHER], response_format=wanted)
    history = _history("weather?", "call:get_weather")
    second = chat(shared_sandbox, history, tools=[WEATHER], response_format=wanted)

    assert calls(first)
    assert second.message["content"] == "{}"


@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize("prompt", ["Do what you can.", "Use tool_2.", "What is the weather?"])
def test_an_agent_reaches_every_tool_once(aimlapi_sandbox, prompt, parallel):
    """LangChain's own agent loop, unscripted: each tool is called once, and then it answers."""
    called = []

    def make(number):
        def run(text: str) -> str:
            called.append(number)
            return f"done {text}"

        return StructuredTool.from_function(run, name=f"tool_{number}", description="A tool.")

    llm = ChatAimlapi(model="gpt-4o")
    options = {} if parallel else {"parallel_tool_calls": False}
    agent = create_agent(llm.model_copy(update={"model_kwargs": options}), [*map(make, range(5))])
    messages = agent.invoke({"messages": [HumanMessage(prompt)]})["messages"]
    answer = messages[-1]
    at_once = [len(one.tool_calls) for one in messages if isinstance(one, AIMessage)]

    assert sorted(called) == list(range(5))
    assert at_once == ([1, 4, 0] if parallel else [1, 1, 1, 1, 1, 0])
    assert "The tool tool_4 said" in answer.text

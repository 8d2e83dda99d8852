"""Histories that vendors refuse, in both dialects and on both routes."""

from __future__ import annotations

import pytest

from tests.sandbox.http_client import chat, request

PROMPT = {"role": "user", "content": "Weather?"}


def _openai(ref="c1", name="f", arguments="{}"):
    """A call as OpenAI writes it."""
    return {"id": ref, "type": "function", "function": {"name": name, "arguments": arguments}}


def _asks(*calls, content=None):
    return {"role": "assistant", "content": content, "tool_calls": list(calls)}


def _tool(ref="c1"):
    return {"role": "tool", "tool_call_id": ref, "content": "sunny"}


def _uses(*refs, name="f"):
    """Calls as Anthropic writes them."""
    blocks = [{"type": "tool_use", "id": ref, "name": name, "input": {}} for ref in refs]
    return {"role": "assistant", "content": blocks}


def _results(*refs):
    blocks = [{"type": "tool_result", "tool_use_id": ref, "content": "x"} for ref in refs]
    return {"role": "user", "content": blocks}


BROKEN = ["", "{", "[]", "7", "null", '{"a": 1', "{'a': 1}", '{"a": NaN}', "{}{}"]


@pytest.mark.parametrize("arguments", BROKEN)
def test_broken_arguments(shared_sandbox, arguments):
    """Arguments that are not the text of a JSON object are refused, by their place."""
    reply = chat(shared_sandbox, [PROMPT, _asks(_openai(arguments=arguments)), _tool()])

    assert reply.status == 400
    assert "messages.1.tool_calls.0.arguments: Expected the text of" in reply.json["message"]


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([_asks(_openai())], "messages.1.tool_calls.0: no tool result for 'c1'"),
        ([_uses("c1")], "messages.1.content.0: no tool result for 'c1'"),
        ([_asks(_openai()), PROMPT], "no tool result for 'c1'"),
        ([_asks(_openai()), PROMPT, _tool()], "no tool result for 'c1'"),
        ([_asks(_openai("c1"), _openai("c2")), _tool("c2")], "no tool result for 'c1'"),
        ([_uses("c1", "c2"), _results("c1")], "messages.1.content.1: no tool result for 'c2'"),
        ([_asks(_openai()), _tool(), _tool()], "'c1' has a result already"),
        ([_uses("c1"), _results("c1", "c1")], "'c1' has a result already"),
        ([_asks(_openai(), _openai()), _tool()], "several calls have the id 'c1'"),
        ([_uses("c1", "c1"), _results("c1")], "several calls have the id 'c1'"),
        ([_tool("c9")], "no earlier tool call has the id 'c9'"),
    ],
)
def test_calls_and_results_belong_together(shared_sandbox, messages, named):
    """Each call has exactly one result, in the messages right after it."""
    reply = chat(shared_sandbox, [PROMPT, *messages])

    assert reply.status == 400
    assert named in reply.json["message"]


@pytest.mark.parametrize(
    "messages",
    [
        [_asks(_openai("c1"), _openai("c2")), _tool("c2"), _tool("c1")],
        [_uses("c1", "c2"), _results("c2", "c1")],
        [_uses("c1", "c2"), _results("c1"), _results("c2")],
        [_asks(_openai()), _tool(), _asks(_openai()), _tool()],
        [_asks(_openai("c" * 40)), _tool("c" * 40)],
        [_asks({"id": "c1", "type": "custom", "custom": {"name": "f", "input": "{"}}), _tool()],
    ],
)
@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5"])
def test_histories_that_are_right(shared_sandbox, messages, model):
    """Any order of results, an id that comes again in a later turn, free text of custom tools."""
    reply = chat(shared_sandbox, [PROMPT, *messages], model=model)

    assert (reply.status, reply.text if reply.status != 200 else "") == (200, "")


@pytest.mark.parametrize(
    ("model", "ref", "status"),
    [
        ("gpt-4o", "c" * 41, 400),
        ("claude-sonnet-4-5", "c" * 41, 400),
        ("gpt-4o", "call.1:ü", 200),
        ("claude-sonnet-4-5", "call.1", 400),
        ("anthropic/claude-opus-4", "call:1", 400),
        ("claude-sonnet-4-5", "toolu_-1", 200),
    ],
)
@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_ids(shared_sandbox, model, ref, status, dialect):
    """At most 40 characters, and for Claude only those of its pattern."""
    messages = {
        "openai": [_asks(_openai(ref)), _tool(ref)],
        "anthropic": [_uses(ref), _results(ref)],
    }
    reply = chat(shared_sandbox, [PROMPT, *messages[dialect]], model=model)

    assert reply.status == status
    assert status == 200 or ".id: String" in reply.json["message"]


@pytest.mark.parametrize("name", ["a b", "größe", "a.b", "x" * 65, "Page[int]"])
def test_names_in_a_history(shared_sandbox, name):
    """A tool name that no tool may have is refused in a call, too."""
    for messages in (
        [_asks(_openai(name=name)), _tool()],
        [_uses("c1", name=name), _results("c1")],
    ):
        reply = chat(shared_sandbox, [PROMPT, *messages])
        assert reply.status == 400
        assert ".name: Expected 1 to 64 letters" in reply.json["message"]


def _items(*refs, arguments="{}"):
    kind = {"type": "function_call", "name": "f", "arguments": arguments}
    return [{**kind, "call_id": ref} for ref in refs]


def _outputs(*refs):
    return [{"type": "function_call_output", "call_id": ref, "output": "x"} for ref in refs]


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ([*_items("c1", "c2"), *_outputs("c2", "c1")], ""),
        ([*_items("c1"), *_outputs("c1"), *_items("c1"), *_outputs("c1")], ""),
        ([*_items("c" * 64), *_outputs("c" * 64)], ""),
        (_items("c1"), "no tool result for 'c1'"),
        ([*_items("c1", "c2"), *_outputs("c1")], "no tool result for 'c2'"),
        ([*_items("c1", arguments="{"), *_outputs("c1")], "Expected the text of a JSON object"),
        ([*_items("c" * 65), *_outputs("c" * 65)], "at most 64"),
    ],
)
def test_the_responses_route(shared_sandbox, items, named):
    """The same holds for the items of `/responses`, where an id may be longer."""
    body = {"model": "gpt-5", "input": [PROMPT, *items]}
    reply = request(shared_sandbox, "POST", "/responses", body)

    assert reply.status == (400 if named else 200)
    assert not named or named in reply.json["message"]

"""What is rejected with 400, and what is accepted."""

from __future__ import annotations

import pytest

from tests.sandbox.http_client import USER, chat, function, request

PNG = "data:image/png;base64,iVBORw0KGgo="
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
WEATHER = function(city={"type": "string"})


def _user(*parts):
    return {"messages": [{"role": "user", "content": list(parts)}]}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages: Required"),
        ({"messages": []}, "messages: Array must contain at least 1"),
        ({"messages": "hi"}, "messages: Expected array"),
        ({"messages": ["hi"]}, "messages.0.Expected object"),
        ({"messages": [{"role": "human", "content": "hi"}]}, "messages.0.role: Invalid enum value"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Required"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content: Expected string"),
        ({"messages": [{"role": "user", "content": []}]}, "messages.0.content: Array"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature: Expected number"),
        ({"temperature": True}, "temperature: Expected number"),
        ({"top_p": 0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"seed": 0}, "seed: Number must be greater than or equal to 1"),
        ({"seed": 1.5}, "seed: Expected integer"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n: Number must be less than or equal to 128"),
        ({"system": 7}, "system: Expected string or array"),
        ({"system": [{"type": "image"}]}, "system.content.0.type"),
        ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "tool_calls: Expected array"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"frequency_penalty": 3}, "frequency_penalty"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"logit_bias": []}, "logit_bias: Expected object"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop: Array must contain at most 4"),
        ({"stop": [1]}, "stop: Expected string"),
        ({"stream": "yes"}, "stream: Expected boolean"),
        ({"stream_options": {}}, "stream_options"),
        ({"provider": {"order": []}}, "provider: Expected string"),
        ({"reasoning_effort": "minimal"}, "reasoning_effort: Invalid enum value"),
        ({"reasoning": "high"}, "reasoning: Expected object"),
        ({"reasoning": {"effort": "low", "max_tokens": 5}}, "exclude each other"),
        ({"thinking": {"type": "on"}}, "thinking: Invalid enum value"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "thinking"),
        ({"thinking": True}, "thinking: Expected object"),
        ({"response_format": "json"}, "response_format: Expected object"),
        ({"response_format": {"type": "json"}}, "response_format: Invalid enum value"),
        ({"response_format": {"type": "json_schema"}}, "json_schema.name: Required"),
        ({"modalities": ["video"]}, "modalities"),
        ({"modalities": ["text", "audio"]}, "audio: Required"),
        ({"audio": {"format": "wav"}}, "audio: voice: Required"),
        ({"audio": {"voice": "a", "format": "midi"}}, "audio: Invalid enum value"),
        ({"tool_choice": "required"}, "tool_choice: only allowed with tools"),
        ({"tool_choice": {"type": "any"}}, "tool_choice: only allowed with tools"),
        ({"tools": {}}, "tools: Expected array"),
        ({"tools": [WEATHER] * 129}, "tools: Expected array of at most 128"),
        ({"tools": ["f"]}, "tools.0.type: Required"),
        ({"tools": [{}]}, "tools.0.type: Required"),
        ({"tools": [{"type": "function"}]}, "tools.0.function: Required"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools.0.function.name"),
        ({"tools": [{"name": "", "input_schema": {}}]}, "tools.0.name"),
        ({"tools": [{"name": "f", "input_schema": []}]}, "tools.0.parameters: Expected object"),
        ({"tools": [WEATHER], "tool_choice": "any"}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": 7}, "tool_choice: Expected string or object"),
        ({"tools": [WEATHER], "tool_choice": "maybe"}, "tool_choice: Expected"),
        ({"tools": [WEATHER], "tool_choice": "REQUIRED"}, "tool_choice: Expected"),
        ({"tools": [WEATHER], "tool_choice": {"type": "required"}}, "tool_choice: type"),
        (
            {
                "tools": [WEATHER],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "none", "tools": [WEATHER]},
                },
            },
            "allowed_tools: Expected mode and tools",
        ),
        ({"tools": [WEATHER], "tool_choice": {"type": "maybe"}}, "tool_choice: type"),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "there is no tool named 'g'",
        ),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "allowed_tools"}},
            "allowed_tools: Expected mode and tools",
        ),
        (_user({"type": "picture"}), "received 'picture'"),
        (_user("text"), "received None"),
        (_user({"type": "text"}), "messages.0.content.0: Invalid text part"),
        (_user({"type": "image_url", "image_url": PNG}), "Invalid image_url part"),
        (_user({"type": "image_url", "image_url": {"url": "data:image/png,x"}}), "image_url"),
        (_user({"type": "image_url", "image_url": {"url": "not base64!"}}), "image_url"),
        (_user({"type": "image_url", "image_url": {"url": ""}}), "image_url"),
        (_user({"type": "input_audio", "input_audio": {"format": "wav"}}), "input_audio"),
        (_user({"type": "file", "file": {"filename": "a.pdf"}}), "Invalid file part"),
        (_user({"type": "file", "file": None}), "Invalid file part"),
        (_user({"type": "image", "source": None}), "Invalid image part"),
        (_user({"type": "image", "source": {"type": "base64", "data": "AAAA"}}), "image part"),
        (_user({"type": "document", "source": {"type": "tape"}}), "Invalid document part"),
        (_user({"type": "tool_use", "id": "1", "name": "f"}), "received 'tool_use'"),
        (
            {"messages": [{"role": "system", "content": [{"type": "file", "file": {}}]}]},
            "received 'file'",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]},
            "tool_calls.0: Expected id and function.name",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {}}}],
                    }
                ]
            },
            "arguments: Expected string",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "tool_call_id: Required"),
        (
            {"messages": [*USER, {"role": "tool", "tool_call_id": "call_9", "content": "x"}]},
            "messages.1: no earlier tool call has the id 'call_9'",
        ),
        (
            _user({"type": "tool_result", "tool_use_id": "call_9", "content": "x"}),
            "messages.0: no earlier tool call has the id 'call_9'",
        ),
        (
            {
                "messages": [
                    {"role": "tool", "tool_call_id": "call_1", "content": "early"},
                    {"role": "assistant", "tool_calls": [CALL]},
                ]
            },
            "messages.0: no earlier tool call",
        ),
    ],
)
def test_refused(shared_sandbox, wrong, named):
    """What no documented schema allows is 400, and the message names it."""
    body = {"model": "gpt-4o", "messages": USER, **wrong}
    reply = request(shared_sandbox, "POST", "/chat/completions", body)

    assert reply.status == 400
    headline, *lines = reply.json["message"].splitlines()
    assert headline == "Body validation error"
    assert any(named in line for line in lines)


def test_all_faults_are_named_at_once(shared_sandbox):
    """Each fault has a line of its own."""
    reply = chat(shared_sandbox, seed=0, top_p=7, n=0)

    assert len(reply.json["message"].splitlines()) == 4


@pytest.mark.parametrize(
    "right",
    [
        {"temperature": 0, "top_p": 1, "top_k": 0, "min_p": 0.5, "seed": 1, "n": 2},
        {"temperature": None, "stop": None, "max_tokens": None, "tools": None},
        {"max_tokens": 100.0, "max_completion_tokens": 100},
        {"frequency_penalty": -2, "presence_penalty": 2, "repetition_penalty": 1.1},
        {"logit_bias": {"50256": -100}, "provider": "auto", "metadata": {"a": "b"}},
        {"stop": "END"},
        {"stop": ["a", "b", "c", "d"]},
        {"stream_options": {"include_usage": True}},
        {"reasoning": {"effort": "high"}},
        {"reasoning": {"max_tokens": 100, "exclude": True}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "disabled"}},
        {"enable_thinking": True, "thinking_budget": 100},
        {"tool_choice": "none"},
        {"response_format": {"type": "text"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        {"unheard_of": {"anything": 1}},
        {"tools": []},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}]},
        {"tools": [{"type": "custom", "custom": {"name": "code"}}]},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tools": [WEATHER], "tool_choice": {"type": "any"}},
        {"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "get_weather"}},
        {"system": "Be brief.", "stop_sequences": ["END"]},
        {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
        {"messages": [{"role": "developer", "content": "Be brief."}, *USER]},
        {
            "messages": [
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_1", "content": "x"},
                *USER,
            ]
        },
        {"messages": [{"role": "assistant", "tool_calls": []}, *USER]},
        {"messages": [{"role": "function", "name": "f", "content": "x"}]},
        {"messages": [{"role": "user", "content": "hi", "name": "example_user"}]},
        _user({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}),
        _user({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
        _user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        _user({"type": "input_audio", "input_audio": {"data": "https://example.com/a.wav"}}),
        _user({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}),
        _user({"type": "file", "file": {"file_id": "file-1"}}),
        _user({"type": "document", "source": {"type": "text", "data": "Hello"}}),
        _user({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
        _user({"type": "search_result", "source": "s", "title": "t", "content": []}),
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}]},
                *USER,
            ]
        },
        {"messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]},
    ],
)
def test_accepted(shared_sandbox, right):
    """What some documented schema allows is answered, and so is what is merely unknown."""
    reply = chat(shared_sandbox, **right)

    assert (reply.status, reply.text if reply.status != 200 else "") == (200, "")

"""Whatever a body holds, the sandbox answers or rejects it; it does not fail."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.http_client import function, request

TOOL = function(city={"type": "string"})
CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "t", "cache_control": {}}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_data": "AAAA"}}]},
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "i", "data": "AAAA"}}
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c2", "name": "f", "input": {}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c2",
                    "content": [{"type": "text", "text": "x"}],
                }
            ],
        },
    ],
    "tools": [
        TOOL,
        {"name": "g", "input_schema": {"type": "object"}},
        {"type": "custom", "custom": {"name": "h"}},
    ],
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "object"}},
    },
    "reasoning": {"effort": "low"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "modalities": ["text", "audio"],
    "audio": {"voice": "v", "format": "wav"},
    "stop": ["x"],
    "stream_options": {"include_usage": True},
    "system": [{"type": "text", "text": "s"}],
    "max_tokens": 5,
    "n": 1,
    "logprobs": True,
    "top_logprobs": 2,
    "parallel_tool_calls": True,
    "stream": False,
}
RESPONSE = {
    "model": "m",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "t"}]},
        {"role": "user", "content": [{"type": "input_image", "image_url": "https://x/y"}]},
        {"role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "f", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": ["x"]},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    "tool_choice": {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "f"}],
    },
    "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
    "reasoning": {"effort": "low"},
    "include": ["message.output_text.logprobs"],
    "max_output_tokens": 16,
    "previous_response_id": None,
    "instructions": "s",
    "store": True,
    "stream": False,
}
EMBEDDING = {"model": "m", "input": ["a", "b"], "dimensions": 8, "encoding_format": "float"}
BODIES = {"/chat/completions": CHAT, "/responses": RESPONSE, "/embeddings": EMBEDDING}
ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "any", [], ["x"], [[]], {}, {"type": "x"}, {"type": []}]
)


def _places(body, at=()):
    """List the way to every value of a body."""
    items = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in items:
        yield (*at, key)
        if isinstance(value, (dict, list)):
            yield from _places(value, (*at, key))


PLACES = {path: sorted(_places(body), key=str) for path, body in BODIES.items()}


def _put(body, place, value):
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value


@pytest.mark.parametrize("path", BODIES)
def test_the_unchanged_bodies_are_answered(shared_sandbox, path):
    """The valid bodies, which the next test changes, are answered."""
    reply = request(shared_sandbox, "POST", path, BODIES[path])

    assert (reply.status, reply.text if reply.status != 200 else "") == (200, "")


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_anywhere(shared_sandbox, path, data):
    """A value of any kind in any place is understood or refused by name, never a failure."""
    body = copy.deepcopy(BODIES[path])
    _put(body, data.draw(st.sampled_from(PLACES[path])), data.draw(ODD))
    reply = request(shared_sandbox, "POST", path, body)

    assert reply.status in {200, 400}, reply.text

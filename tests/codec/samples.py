"""Messages, spec and bytes that the tests of the codec share."""

from __future__ import annotations

import base64

from langchain_aimlapi._catalogue.spec import ModelSpec
from langchain_aimlapi._codec.encode.chat import Options, encode

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(24)).decode()
WAV = base64.b64encode(b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(8)).decode()
MP4 = base64.b64encode(b"\x00\x00\x00\x18ftypmp42" + bytes(8)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n" + bytes(16)).decode()
UNKNOWN = base64.b64encode(bytes(range(200, 230))).decode()
URL = "https://pictures.test/cat.png"

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}

OPEN = ModelSpec(
    id="acme/open",
    parameters=frozenset({"max_tokens", "stop", "stream", "stream_options", "temperature"}),
    roles=frozenset({"assistant", "developer", "system", "tool", "user"}),
    assistant_keys=frozenset({"content", "name", "role", "tool_calls"}),
    tool_choice_forms=frozenset({"auto", "function", "none", "required"}),
)
"""A model of the OpenAI dialect that takes little, so that what it does not take is seen."""

CLAUDE = ModelSpec(
    id="acme/claude",
    dialects=frozenset({"anthropic"}),
    parameters=frozenset(
        {
            "max_tokens",
            "stop_sequences",
            "stream",
            "system",
            "temperature",
            "thinking",
            "tool_choice",
            "tools",
        }
    ),
    ranges={"max_tokens": {"default": 32000}},
    thinking=frozenset({"budget_tokens", "enabled"}),
    roles=frozenset({"assistant", "user"}),
    tool_choice_forms=frozenset({"anthropic:any", "anthropic:auto", "anthropic:tool"}),
    tool_shapes=frozenset({"anthropic"}),
)
"""A model of the Anthropic dialect only."""

HYBRID = ModelSpec(
    id="acme/claude-next",
    dialects=frozenset({"anthropic", "openai"}),
    parameters=frozenset({"max_tokens", "stop_sequences", "stream", "system", "thinking", "tools"}),
    thinking=frozenset({"adaptive", "budget_tokens", "disabled", "enabled"}),
    roles=frozenset({"assistant", "developer", "system", "tool", "user"}),
    takes_cache_control=True,
)
"""A model that takes both shapes."""


def written(*messages, spec=None, dialect="openai", model="acme/model", **settings):
    """The body of a request, without the model's name."""
    options = {name: settings.pop(name) for name in _OPTIONS if name in settings}
    options = Options(spec=spec, dialect=dialect, **options)
    body = encode(model, list(messages), settings, options).body
    assert body.pop("model") == model
    return body


_OPTIONS = (
    "unsupported",
    "echo_reasoning",
    "clean_tools",
    "stream",
    "stream_usage",
    "vendor_of",
    "reasons_unasked",
)


def turns(*messages, **how):
    """The messages of a request."""
    return written(*messages, **how)["messages"]

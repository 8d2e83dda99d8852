"""Counting tokens: tools of every kind, media at a flat price, and trimming by the count."""

from __future__ import annotations

import base64
from typing import TypedDict

import pytest
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    trim_messages,
)
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_aimlapi import ChatAimlapi

BYTES = base64.b64encode(bytes(300_000)).decode()
DATA = f"data:image/png;base64,{BYTES}"


@pytest.fixture
def llm():
    return ChatAimlapi(model="gpt-4o", api_key="k")


class Weather(BaseModel):
    """The weather."""

    city: str


class WeatherDict(TypedDict):
    """The weather."""

    city: str


def weather(city: str) -> str:
    """The weather."""
    return city


FUNCTION = {"name": "weather", "description": "The weather.", "parameters": {"type": "object"}}
TOOLS = {
    "function": weather,
    "LangChain's": tool(weather),
    "class": Weather,
    "TypedDict": WeatherDict,
    "JSON schema": {"title": "weather", "type": "object", "properties": {}},
    "OpenAI's": {"type": "function", "function": FUNCTION},
    "Anthropic's": {"name": "weather", "description": "d", "input_schema": {"type": "object"}},
    "the service's own": {"type": "web_search_20250305", "name": "web_search"},
}


@pytest.mark.parametrize("kind", TOOLS)
def test_tools_of_every_kind_count(llm, kind):
    """All that `bind_tools` takes adds to a prompt."""
    messages = [HumanMessage("Hi")]
    bare = llm.get_num_tokens_from_messages(messages)

    one = llm.get_num_tokens_from_messages(messages, tools=[TOOLS[kind]])
    two = llm.get_num_tokens_from_messages(messages, tools=[TOOLS[kind], TOOLS["class"]])
    assert bare < one < two < 200


MEDIA = {
    "OpenAI's picture": {"type": "image_url", "image_url": {"url": DATA}},
    "picture": {"type": "image", "base64": BYTES, "mime_type": "image/png"},
    "picture by address": {"type": "image", "url": "https://example.com/a.png"},
    "Anthropic's picture": {"type": "image", "source": {"type": "base64", "data": BYTES}},
    "picture of the Responses route": {"type": "input_image", "image_url": DATA},
    "v0 picture": {"type": "image", "source_type": "base64", "data": BYTES},
    "audio": {"type": "audio", "base64": BYTES, "mime_type": "audio/wav"},
    "OpenAI's audio": {"type": "input_audio", "input_audio": {"data": BYTES, "format": "wav"}},
    "video": {"type": "video", "base64": BYTES, "mime_type": "video/mp4"},
    "file": {"type": "file", "base64": BYTES, "mime_type": "application/pdf"},
    "OpenAI's file": {"type": "file", "file": {"file_data": DATA, "filename": "a.pdf"}},
    "Anthropic's document": {"type": "document", "source": {"type": "base64", "data": BYTES}},
    "raw bytes": {"type": "media", "mime_type": "image/png", "data": bytes(300_000)},
}


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("role", [HumanMessage, AIMessage, SystemMessage, "tool", "tool result"])
def test_media_have_a_flat_price(llm, kind, role):
    """Whatever their size, in any message, also within a tool's result."""
    content = [{"type": "text", "text": "What is this?"}, MEDIA[kind]]
    if role == "tool":
        message = ToolMessage(content, tool_call_id="c1")
    elif role == "tool result":
        message = HumanMessage([{"type": "tool_result", "tool_use_id": "c1", "content": content}])
    else:
        message = role(content)

    assert 85 < llm.get_num_tokens_from_messages([message]) < 400
    assert message.content in (content, [{**message.content[0]}])


@pytest.mark.parametrize("kind", MEDIA)
def test_trimming_keeps_a_turn_with_media(llm, kind):
    """A picture or a PDF is not taken for a novel."""
    messages = [
        HumanMessage("word " * 4000),
        AIMessage("Indeed."),
        HumanMessage([{"type": "text", "text": "And this?"}, MEDIA[kind]]),
    ]
    kept = trim_messages(messages, max_tokens=500, token_counter=llm, start_on="human")

    assert kept == messages[2:]


def test_what_is_text_counts_as_text(llm):
    """Documents that are text, and rows that only look like media."""
    text = "word " * 400
    said = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": text},
    }
    row = {"type": "document", "pages": 3, "title": text}
    for block in (said, row, {"type": "text", "text": text}):
        assert llm.get_num_tokens_from_messages([HumanMessage([block])]) > 400


def test_pieces_add_up(llm):
    """Two pictures cost twice as much as one."""
    one = llm.get_num_tokens_from_messages([HumanMessage([MEDIA["picture"]])])
    two = llm.get_num_tokens_from_messages([HumanMessage([MEDIA["picture"]] * 2)])
    assert two - one == 85

"""What a model said in one turn is in the next request, to the letter."""

from __future__ import annotations

import pytest

from langchain_aimlapi._codec.json_text import to_json

from .samples import turns
from .shapes import SHAPES, chunks_of, merged, read, streamed

ECHOED = ("reasoning", "reasoning_content", "reasoning_details", "refusal")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("way", ["whole", "streamed"])
def test_the_next_request_holds_the_reply(shape, way):
    """Same keys, same values: reasoning, details, refusals, and calls with their signatures."""
    said = shape.reply["choices"][0]["message"]
    message = read(shape.reply) if way == "whole" else merged(chunks_of(streamed(shape.reply)))

    turn, *_ = turns(message)

    assert {key: turn[key] for key in ECHOED if key in turn} == {
        key: said[key] for key in ECHOED if said.get(key)
    } | (
        {"reasoning_content": turn["reasoning_content"]}
        if isinstance(said["content"], list)
        else {}
    )
    sent = [(call["id"], call.get("extra_content")) for call in turn.get("tool_calls", [])]
    calls = said.get("tool_calls") or []
    assert [extra for _, extra in sent if extra] == [
        call["extra_content"] for call in calls if "extra_content" in call
    ]


@pytest.mark.parametrize("way", ["whole", "streamed"])
def test_arguments_go_back_as_they_are(way):
    """Valid arguments go back as the same object, broken ones as the same text within one."""
    shape = SHAPES["cut arguments"]
    message = read(shape.reply) if way == "whole" else merged(chunks_of(streamed(shape.reply)))

    (turn,) = turns(message)

    functions = [call["function"] for call in turn["tool_calls"]]
    assert functions == [
        {"name": "now", "arguments": "{}"},
        {"name": "weather", "arguments": to_json({"invalid_json": '{"city": "Par'})},
    ]


def test_tags_go_back():
    """Reasoning that came inside the text goes back inside the text."""
    (turn,) = turns(read(SHAPES["MiniMax"].reply))

    assert turn["content"] == "<think>\nCapital of France.\n</think>Paris."


def test_custom_calls_go_back():
    """The text of a custom tool's call is the same text."""
    shape = SHAPES["a custom tool"]

    for message in (read(shape.reply), merged(chunks_of(streamed(shape.reply)))):
        assert turns(message)[0]["tool_calls"] == shape.reply["choices"][0]["message"]["tool_calls"]

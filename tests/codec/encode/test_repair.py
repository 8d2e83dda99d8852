"""Turns that say nothing."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_aimlapi._codec.encode.repair import without_empty_turns

CALL = {"name": "f", "args": {}, "id": "1", "type": "tool_call"}
FIRST, LAST = HumanMessage("Hi"), HumanMessage("And?")


@pytest.mark.parametrize(
    "empty",
    [
        AIMessage(""),
        AIMessage("  \n"),
        AIMessage([]),
        AIMessage([{"type": "text", "text": " "}]),
        HumanMessage(""),
        SystemMessage([""]),
    ],
    ids=repr,
)
def test_what_says_nothing_is_left_out(empty):
    """Blank text in any form, from anybody who may be silent."""
    assert without_empty_turns([FIRST, empty, LAST]) == [FIRST, LAST]


@pytest.mark.parametrize(
    "turn",
    [
        AIMessage("Hello"),
        AIMessage("", tool_calls=[CALL]),
        AIMessage("", additional_kwargs={"reasoning_content": "Hm."}),
        AIMessage("", additional_kwargs={"refusal": "No."}),
        AIMessage([{"type": "tool_call", **CALL}]),
        AIMessage([{"type": "reasoning", "reasoning": "Hm."}]),
        HumanMessage([{"type": "image", "url": "https://example.org/a.png"}]),
        ToolMessage("", tool_call_id="1"),
    ],
    ids=repr,
)
def test_what_carries_something_stays(turn):
    """Calls, results, reasoning and media keep a turn without text."""
    assert without_empty_turns([FIRST, turn, LAST]) == [FIRST, turn, LAST]


def test_the_last_turn_stays():
    """It is what the model is to answer."""
    assert without_empty_turns([HumanMessage("")]) == [HumanMessage("")]
    assert without_empty_turns([]) == []

"""Calls and results, paired as services want them."""

from __future__ import annotations

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_aimlapi._codec.encode.conversation import read_conversation
from langchain_aimlapi._codec.encode.pairing import pair_calls

from ..samples import turns
from .test_messages import BROKEN, call

HI = HumanMessage("h")


def result(identity="call_1", content="t"):
    """The result of a call."""
    return ToolMessage(content, tool_call_id=identity)


def roles(*messages):
    """Who speaks, with the ids of calls and results."""
    found = []
    for turn in turns(*messages):
        ids = [one["id"] for one in turn.get("tool_calls", [])]
        ids += [turn["tool_call_id"]] if "tool_call_id" in turn else []
        found.append(" ".join([turn["role"], *ids]))
    return found


def test_open_calls_are_left_out_once_the_conversation_has_gone_on():
    """With their turn, if nothing else was in it."""
    assert roles(HI, AIMessage("", tool_calls=[call()]), HI) == ["user", "user"]
    assert roles(HI, AIMessage("a", tool_calls=[call()]), HI) == ["user", "assistant", "user"]
    assert roles(HI, AIMessage("", invalid_tool_calls=[BROKEN]), HI) == ["user", "user"]


def test_reasoning_that_led_to_nothing_goes_with_the_call():
    """A turn of nothing but reasoning is refused by some."""
    said = AIMessage("", tool_calls=[call()], additional_kwargs={"reasoning_content": "hm"})

    assert roles(HI, said, HI) == ["user", "user"]


def test_answered_calls_stay():
    """Of two calls, the one that was answered."""
    said = AIMessage("", tool_calls=[call(), call("c2")])

    assert roles(HI, said, result(), HI) == ["user", "assistant call_1", "tool call_1", "user"]
    assert roles(HI, said, result(), result("c2")) == [
        "user",
        "assistant call_1 c2",
        "tool call_1",
        "tool c2",
    ]


def test_calls_of_the_last_turn_stay():
    """Whoever forgot the result must hear it."""
    assert roles(HI, AIMessage("", tool_calls=[call()])) == ["user", "assistant call_1"]


def test_late_results_stand_after_their_call():
    """A user spoke while the tool ran."""
    said = AIMessage("", tool_calls=[call(), call("c2")])

    assert roles(HI, said, result("c2"), HI, AIMessage("a"), result()) == [
        "user",
        "assistant call_1 c2",
        "tool c2",
        "tool call_1",
        "user",
        "assistant",
    ]


def test_a_second_result_is_joined_to_the_first():
    """Nothing is lost, and the same is not said twice."""
    said = AIMessage("", tool_calls=[call()])

    found = turns(HI, said, result(), result(), result(content="more"))

    assert [turn["content"] for turn in found] == ["h", "", "t\nmore"]


def test_results_of_removed_calls_are_left_out():
    """A history that was trimmed, or whose calls were taken away, goes on."""
    asked = AIMessage("", tool_calls=[call()])

    assert roles(result("c9"), HI) == ["user"]
    assert roles(HI, AIMessage("a"), result("c9"), HI) == ["user", "assistant", "user"]
    assert roles(result("c9"), HI, asked, result()) == ["user", "assistant call_1", "tool call_1"]


def test_results_with_a_wrong_id_stay():
    """Whoever mistyped it must hear it."""
    asked = AIMessage("", tool_calls=[call()])

    assert roles(HI, result("c9")) == ["user", "tool c9"]
    assert "tool c9" in roles(HI, asked, result("c9"), HI)


def test_results_without_a_call_stay_where_the_service_may_know_it():
    """As where `previous_response_id` is given."""
    turns_of = read_conversation([result("c9"), HI])

    assert pair_calls(turns_of, stored=True) == turns_of
    assert len(pair_calls(turns_of, stored=False)) == 1


def test_a_broken_call_without_an_id_is_left_out():
    """No result can name it, and no tool has run."""
    broken = {**BROKEN, "id": None}

    said = AIMessage("a", invalid_tool_calls=[broken])
    assert roles(HI, said, HI) == ["user", "assistant", "user"]


def test_a_result_belongs_to_the_latest_call_of_its_id():
    """Back ends that count from zero use an id anew in every turn."""
    first, second = (AIMessage("", tool_calls=[call("0")]) for _ in range(2))

    assert roles(HI, first, HI, second, result("0")) == [
        "user",
        "user",
        "assistant 0",
        "tool 0",
    ]

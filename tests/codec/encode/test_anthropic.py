"""The request in the Anthropic dialect: system lifted, blocks for calls and results, turns that alternate."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
)

from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

from ..samples import CLAUDE, JPEG, TOOL, URL, written
from .test_messages import call

CACHED = {"type": "ephemeral"}


def body(*messages, spec=CLAUDE, **settings):
    """The body of a request in the Anthropic dialect."""
    return written(*messages, spec=spec, dialect="anthropic", **settings)


def turns(*messages, **settings):
    """Its messages."""
    return body(*messages, **settings)["messages"]


def user(*blocks):
    """A user turn."""
    return {"role": "user", "content": blocks[0] if blocks[1:] == () else list(blocks)}


@pytest.mark.parametrize(
    ("messages", "system"),
    [
        ([SystemMessage("s")], "s"),
        ([SystemMessage("s"), SystemMessage(["t", {"type": "text", "text": "u"}])], "s\n\nt\n\nu"),
        ([ChatMessage("d", role="developer")], "d"),
        ([SystemMessageChunk("s")], "s"),
        ([], None),
    ],
    ids=["one", "several", "developer", "chunk", "none"],
)
def test_system_text_is_lifted_out(messages, system):
    """Instructions stand at the top of the body, wherever they stood in the conversation."""
    sent = body(HumanMessage("h"), *messages)

    assert sent.get("system") == system
    assert sent["messages"] == [{"role": "user", "content": "h"}]


def test_a_system_message_holds_text_only():
    """A picture among the instructions is refused, not forgotten."""
    with pytest.raises(UnsupportedContentError, match=r"messages\[0\] \(system\)"):
        body(SystemMessage([{"type": "image", "url": URL}]), HumanMessage("h"))


@pytest.mark.parametrize("messages", [[], [SystemMessage("s")]], ids=["none", "system only"])
def test_someone_must_have_spoken(messages):
    """Without a turn there is nothing to answer."""
    with pytest.raises(ConfigurationError):
        body(*messages)


def test_function_messages_have_no_form():
    """The legacy kind is refused by its place."""
    with pytest.raises(ConfigurationError, match=r"messages\[1\] \(function\)"):
        body(HumanMessage("h"), FunctionMessage("f", name="f"))


def test_turns_alternate():
    """What follows from the same side is one turn."""
    sent = turns(
        HumanMessage("a"),
        HumanMessage("b"),
        AIMessage("c"),
        AIMessage("d"),
        ChatMessage("e", role="user"),
    )

    assert [(turn["role"], turn["content"]) for turn in sent] == [
        ("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        ("assistant", [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]),
        ("user", "e"),
    ]


def test_empty_turns_are_left_out():
    """The dialect refuses empty text; its neighbours then are one turn."""
    sent = turns(HumanMessage("a"), AIMessage(" \n"), HumanMessage("b"))

    assert sent == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    ]


def test_calls_and_results_are_blocks():
    """A call is `tool_use`; its result comes in the next user turn, with what was said after."""
    sent = turns(
        HumanMessage("h"),
        AIMessage("Let me see.", tool_calls=[call(city="Rome"), call("call_2")]),
        ToolMessage("sunny", tool_call_id="call_1"),
        ToolMessage("broken", tool_call_id="call_2", status="error"),
        HumanMessage("and?"),
    )

    assert sent[1] == {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}},
            {"type": "tool_use", "id": "call_2", "name": "weather", "input": {}},
        ],
    }
    assert sent[2:] == [
        user(
            {"type": "tool_result", "tool_use_id": "call_1", "content": "sunny"},
            {
                "type": "tool_result",
                "tool_use_id": "call_2",
                "content": "broken",
                "is_error": True,
            },
            {"type": "text", "text": "and?"},
        )
    ]


def test_pictures_stay_in_their_result():
    """This dialect has room for pictures in a result."""
    source = {"type": "base64", "media_type": "image/jpeg", "data": JPEG}
    content = [{"type": "text", "text": "map"}, {"type": "image", "base64": JPEG}]

    (turn,) = turns(ToolMessage(content, tool_call_id="c"))

    assert turn["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": [{"type": "text", "text": "map"}, {"type": "image", "source": source}],
        }
    ]


def test_results_in_anthropics_own_words_stay_blocks():
    """A `tool_result` block of the caller's is sent as one."""
    result = {"type": "tool_result", "tool_use_id": "c", "content": "x", "is_error": True}

    asked = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "c"}])
    (*_, turn) = turns(asked, HumanMessage([result, {"type": "text", "text": "and?"}]))

    assert turn["content"] == [
        result,
        {"type": "text", "text": "and?"},
    ]


def test_broken_arguments_are_kept_as_text():
    """The dialect wants an object: what was no JSON goes in one, as it was."""
    broken = {"type": "invalid_tool_call", "id": "c", "name": "f", "args": '{"a": ', "error": ""}

    (_, turn) = turns(HumanMessage("h"), AIMessage("", invalid_tool_calls=[broken]))

    assert turn["content"] == [
        {"type": "tool_use", "id": "c", "name": "f", "input": {"invalid_json": '{"a": '}}
    ]


@pytest.mark.parametrize("arguments", ["[1]", '"x"', "7"])
def test_arguments_that_are_no_object_are_kept_as_text(arguments):
    """JSON that is no object is not one by being sent."""
    broken = {"type": "invalid_tool_call", "id": "c", "name": "f", "args": arguments, "error": ""}

    (_, turn) = turns(HumanMessage("h"), AIMessage("", invalid_tool_calls=[broken]))

    assert turn["content"][0]["input"] == {"invalid_json": arguments}


SIGNED = [{"type": "thinking", "thinking": "hm", "signature": "sig"}, {"type": "text", "text": "a"}]


def test_signed_reasoning_go_back_first():
    """Reasoning with its signature is the first block of its turn."""
    assert turns(HumanMessage("h"), AIMessage(SIGNED))[1]["content"] == SIGNED


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (AIMessage(SIGNED), {"echo_reasoning": False}),
        (AIMessage("a", additional_kwargs={"reasoning_content": "hm"}), {}),
    ],
    ids=["switched off", "unsigned"],
)
def test_other_reasoning_stay_here(message, how):
    """Without a signature reasoning would be refused."""
    assert turns(HumanMessage("h"), message, **how)[1] == {"role": "assistant", "content": "a"}


# --- schemas of limited messages --------------------------------------------------------------------

LIMITED = dataclasses.replace(CLAUDE, max_blocks=2)


def test_long_turns_are_split():
    """Where a message may hold so many blocks, a longer turn goes as several."""
    sent = turns(HumanMessage([{"type": "image", "base64": JPEG} for _ in range(5)]), spec=LIMITED)

    assert [(turn["role"], len(turn["content"])) for turn in sent] == [
        ("user", 2),
        ("user", 2),
        ("user", 1),
    ]


def test_texts_are_joined_before_a_turn_is_split():
    """Neighbouring texts are one block, which says the same and spares a split."""
    sent = turns(HumanMessage(["a", "b", "c"]), spec=LIMITED)

    assert sent == [{"role": "user", "content": "a\n\nb\n\nc"}]


def test_closed_blocks_carry_no_marks():
    """Where the schema closes its blocks, a cache mark would fail the request."""
    block = {"type": "text", "text": "a", "cache_control": CACHED}

    assert turns(HumanMessage([block]), spec=LIMITED) == [{"role": "user", "content": "a"}]
    assert turns(HumanMessage([block])) == [{"role": "user", "content": [block]}]


# --- tools --------------------------------------------------------------------------------------------

WEATHER = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("tool", "sent"),
    [
        (TOOL, WEATHER),
        ({**TOOL, "cache_control": CACHED}, WEATHER),
        (
            {"type": "function", "function": {"name": "now"}},
            {"name": "now", "input_schema": {"type": "object", "properties": {}}},
        ),
        (
            {"type": "web_search_20250305", "name": "web_search"},
            {"type": "web_search_20250305", "name": "web_search"},
        ),
        (WEATHER, WEATHER),
    ],
    ids=["function", "marked", "bare", "server tool", "Anthropic's own"],
)
def test_tools_have_an_input_schema(tool, sent):
    """Functions are written in Anthropic's form; other tools pass as they are."""
    assert body(HumanMessage("h"), tools=[tool])["tools"] == [sent]


def test_marks_on_tools_survive_where_they_are_taken():
    """A model documented to take cache marks gets them on tools too."""
    spec = dataclasses.replace(CLAUDE, takes_cache_control=True)

    sent = body(HumanMessage("h"), tools=[{**TOOL, "cache_control": CACHED}], spec=spec)

    assert sent["tools"] == [{**WEATHER, "cache_control": CACHED}]


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("none", None, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("any", None, {"type": "any"}),
        ("weather", None, {"type": "tool", "name": "weather"}),
        (
            {"type": "function", "function": {"name": "weather"}},
            None,
            {"type": "tool", "name": "weather"},
        ),
        ({"type": "tool", "name": "weather"}, None, {"type": "tool", "name": "weather"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
        ("none", False, {"type": "none"}),
        ("required", True, {"type": "any"}),
    ],
)
def test_choices(choice, parallel, sent):
    """Each way to choose among tools has its form, and one call at a time is part of it."""
    body_ = body(HumanMessage("h"), tools=[TOOL], tool_choice=choice, parallel_tool_calls=parallel)

    assert body_.get("tool_choice") == sent
    assert "parallel_tool_calls" not in body_


# --- parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [CLAUDE, None], ids=["documented", "undocumented"])
def test_parameters_go_by_anthropics_names(spec):
    """The dialect has its own names, also for a model nobody has documented."""
    sent = body(HumanMessage("h"), spec=spec, stop="END", max_completion_tokens=9000)

    assert sent["stop_sequences"] == ["END"]
    assert sent["max_tokens"] == 9000
    assert not {"stop", "max_completion_tokens"} & sent.keys()


@pytest.mark.parametrize("spec", [CLAUDE, None], ids=["documented", "undocumented"])
def test_effort_is_a_budget(spec):
    """Thinking is switched on with a number of tokens."""
    sent = body(HumanMessage("h"), spec=spec, reasoning_effort="low")

    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2048}


def test_streams_are_asked_for_without_options():
    """The dialect has no stream options; usage comes unasked."""
    sent = body(HumanMessage("h"), stream=True)

    assert sent["stream"] is True
    assert "stream_options" not in sent


def test_closed_blocks_carry_no_marks_in_results_either():
    """A result's own blocks are closed too."""
    block = {"type": "text", "text": "a", "cache_control": CACHED}

    (turn,) = turns(ToolMessage([block], tool_call_id="c"), spec=LIMITED)

    assert turn["content"][0]["content"] == [{"type": "text", "text": "a"}]

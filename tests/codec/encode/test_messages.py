"""Messages of the OpenAI dialect: one rule per kind of message, and what moves where."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)

from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

from ..samples import OPEN, PNG, URL, WAV, turns

IMAGE = {"type": "image", "url": URL}
IMAGE_PART = {"type": "image_url", "image_url": {"url": URL}}


def text_part(words):
    """A part of text."""
    return {"type": "text", "text": words}


DEVELOPER = SystemMessage("d", additional_kwargs={"__openai_role__": "developer"})


def call(identity="call_1", name="weather", **args):
    """A tool call as LangChain holds it."""
    return {"type": "tool_call", "id": identity, "name": name, "args": args}


def wire_call(identity="call_1", name="weather", arguments="{}", **more):
    """A tool call as it is sent."""
    function = {"name": name, "arguments": arguments}
    return {"id": identity, "type": "function", "function": function, **more}


KINDS = {
    "system": (SystemMessage("s"), {"role": "system", "content": "s"}),
    "developer": (DEVELOPER, {"role": "developer", "content": "d"}),
    "human": (HumanMessage("h"), {"role": "user", "content": "h"}),
    "ai": (AIMessage("a"), {"role": "assistant", "content": "a"}),
    "tool": (
        ToolMessage("t", tool_call_id="call_1"),
        {"role": "tool", "tool_call_id": "call_1", "content": "t"},
    ),
    "failed tool": (
        ToolMessage("t", tool_call_id="call_1", status="error", artifact=object(), name="weather"),
        {"role": "tool", "tool_call_id": "call_1", "content": "t"},
    ),
    "chat": (ChatMessage("c", role="critic"), {"role": "critic", "content": "c"}),
    "function": (
        FunctionMessage("f", name="weather"),
        {"role": "function", "name": "weather", "content": "f"},
    ),
    "human chunk": (HumanMessageChunk("h"), {"role": "user", "content": "h"}),
    "system chunk": (SystemMessageChunk("s"), {"role": "system", "content": "s"}),
    "ai chunk": (AIMessageChunk("a"), {"role": "assistant", "content": "a"}),
    "tool chunk": (
        ToolMessageChunk("t", tool_call_id="call_1"),
        {"role": "tool", "tool_call_id": "call_1", "content": "t"},
    ),
    "a list of one text": (HumanMessage(["h"]), {"role": "user", "content": "h"}),
    "a list of texts": (
        HumanMessage(["g", {"type": "text", "text": "h"}]),
        {"role": "user", "content": [{"type": "text", "text": t} for t in "gh"]},
    ),
    "an assistant's list of texts": (
        AIMessage(["g", {"type": "text", "text": "h"}]),
        {"role": "assistant", "content": "gh"},
    ),
    "a tool's list of texts": (
        ToolMessage(["g", {"type": "text", "text": "h"}], tool_call_id="c"),
        {"role": "tool", "tool_call_id": "c", "content": "g\nh"},
    ),
    "a tool's non-standard block": (
        ToolMessage([{"type": "non_standard", "value": {"x": "é"}}], tool_call_id="c"),
        {"role": "tool", "tool_call_id": "c", "content": '{"x":"é"}'},
    ),
}


@pytest.mark.parametrize(("message", "turn"), KINDS.values(), ids=KINDS.keys())
def test_each_kind_of_message(message, turn):
    """Each kind of message is one turn of its role, text as a string, and nothing else in it."""
    assert turns(message) == [turn]


@pytest.mark.parametrize(
    "message",
    [HumanMessage(""), HumanMessage([]), SystemMessage(""), AIMessage(""), AIMessage([])],
    ids=lambda message: f"{message.type} {message.content!r}",
)
def test_empty_messages_keep_their_place(message):
    """Nothing said is sent as an empty string, never as null or an empty list."""
    (turn,) = turns(message)

    assert turn["content"] == ""


def test_an_empty_conversation_is_refused():
    """There must be a message to send."""
    with pytest.raises(ConfigurationError, match="no messages"):
        turns()


def test_a_removal_cannot_be_sent():
    """An instruction to a graph's state is no message for a model."""
    with pytest.raises(ConfigurationError, match=r"messages\[0\] \(remove\).*RemoveMessage"):
        turns(RemoveMessage(id="1"))


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_tool_message_without_an_id_is_refused(dialect):
    """A result that answers no call cannot be placed."""
    with pytest.raises(UnsupportedContentError, match=r"messages\[1\] \(tool\).*tool_call_id"):
        turns(HumanMessage("h"), ToolMessage("t", tool_call_id=""), dialect=dialect)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HumanMessage, AIMessage, SystemMessage])
def test_names_are_sent(kind):
    """A speaker's name goes along."""
    assert turns(kind("x", name="Bob_2"))[0]["name"] == "Bob_2"


@pytest.mark.parametrize("name", ["Bob Smith", "", "ü", "x" * 65])
def test_names_the_service_would_refuse_stay_here(name):
    """A name of other characters than the documented ones would fail the whole request."""
    assert "name" not in turns(HumanMessage("x", name=name))[0]


def test_models_without_names_get_none():
    """Where the schema has no `name`, none is sent."""
    spec = dataclasses.replace(OPEN, assistant_keys=frozenset({"content", "role"}))

    assert "name" not in turns(HumanMessage("x", name="Bob"), spec=spec)[0]


# --- tool calls -----------------------------------------------------------------------------------


def test_calls_go_back():
    """Calls go back beside empty text, their arguments as compact JSON in plain Unicode."""
    asked = AIMessage("", tool_calls=[call(city="Zürich"), call("call_2", "now")])

    assert turns(asked) == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                wire_call(arguments='{"city":"Zürich"}'),
                wire_call("call_2", "now"),
            ],
        }
    ]


BROKEN = {"type": "invalid_tool_call", "id": "c", "name": "f", "args": '{"a": ', "error": "x"}
KEPT = wire_call("c", "f", r"""{"invalid_json":"{\"a\": "}""")


def test_broken_arguments_go_back_in_an_object():
    """The model sees what it wrote, as JSON that every back end can read."""
    asked = AIMessage("", invalid_tool_calls=[BROKEN])

    assert turns(asked, ToolMessage("no", tool_call_id="c"))[0]["tool_calls"] == [KEPT]
    assert turns(asked)[0]["tool_calls"] == [KEPT]


def test_calls_are_not_sent_twice():
    """Anthropic's history holds a call both in its content and beside it."""
    content = [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}},
    ]

    assert turns(AIMessage(content, tool_calls=[call(city="Rome")])) == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [wire_call(arguments='{"city":"Rome"}')],
        }
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"a": 1}},
        {"type": "tool_call", "id": "call_1", "name": "weather", "args": {"a": 1}},
        {"type": "invalid_tool_call", "id": "call_1", "name": "weather", "args": '{"a":1}'},
    ],
    ids=lambda block: block["type"],
)
def test_calls_are_found_in_content_alone(block):
    """A message rebuilt from blocks may have its calls nowhere else."""
    message = AIMessage("")
    message.content = [block]

    assert turns(message)[0]["tool_calls"] == [wire_call(arguments='{"a":1}')]


def test_a_call_without_id_is_refused():
    """Without an id no result could name the call."""
    with pytest.raises(UnsupportedContentError, match="'weather' has no id"):
        turns(AIMessage("", tool_calls=[call(None)]))


def test_huge_numbers_survive():
    """Numbers beyond 64 bits are written as they are."""
    asked = AIMessage("", tool_calls=[call(n=2**70)])

    assert (
        turns(asked)[0]["tool_calls"][0]["function"]["arguments"] == '{"n": 1180591620717411303424}'
    )


def test_anthropic_results_in_a_user_turn_become_tool_turns():
    """Anthropic's way to answer calls is told apart, and what else the user said follows."""
    content = [
        {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"},
        {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "9"}]},
        {"type": "text", "text": "and?"},
    ]

    asked = AIMessage("", tool_calls=[call("c1"), call("c2")])

    assert turns(asked, HumanMessage(content))[1:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "c2", "content": "9"},
        {"role": "user", "content": "and?"},
    ]


def test_results_alone_add_no_user_turn():
    """A user turn of nothing but results is tool turns only."""
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}

    assert [turn["role"] for turn in turns(HumanMessage([result]))] == ["tool"]


# --- media that have to move ------------------------------------------------------------------------


def test_media_of_tools_follow_the_run_of_tool_turns():
    """Pictures go into one user turn after all results, so that calls and results stay together."""
    conversation = [
        AIMessage("", tool_calls=[call("c1"), call("c2")]),
        ToolMessage([{"type": "text", "text": "the map"}, IMAGE], tool_call_id="c1"),
        ToolMessage([{"type": "audio", "base64": WAV}], tool_call_id="c2"),
        HumanMessage("well?"),
    ]

    sent = turns(*conversation)

    assert [turn["role"] for turn in sent] == ["assistant", "tool", "tool", "user", "user"]
    assert sent[1]["content"] == "the map"
    assert sent[2]["content"] == "The result (audio) is in the next user message."
    assert sent[3]["content"] == [
        {"type": "text", "text": "Result of tool call c1:"},
        IMAGE_PART,
        {"type": "text", "text": "Result of tool call c2:"},
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    ]


def test_media_of_a_last_tool_turn_come_last():
    """A conversation that ends with a tool's picture ends with the user turn that shows it."""
    sent = turns(HumanMessage("h"), ToolMessage([IMAGE], tool_call_id="c"))

    assert [turn["role"] for turn in sent] == ["user", "tool", "user"]


def test_media_of_an_assistant_follow_it():
    """What a model drew is shown to it by the next user turn, after the results of its calls."""
    drawn = AIMessage(
        [{"type": "text", "text": "Here."}, {"type": "image", "base64": PNG}],
        tool_calls=[call()],
    )

    assert turns(drawn, ToolMessage("t", tool_call_id="call_1")) == [
        {"role": "assistant", "content": "Here.", "tool_calls": [wire_call()]},
        {"role": "tool", "tool_call_id": "call_1", "content": "t"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "From the assistant's last message:"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            ],
        },
    ]


# --- roles ------------------------------------------------------------------------------------------

NO_DEVELOPER = dataclasses.replace(OPEN, roles=OPEN.roles - {"developer"})
NO_SYSTEM = dataclasses.replace(OPEN, roles=frozenset({"assistant", "user"}))


def test_developer_becomes_system_where_it_is_unknown():
    """Many models know only the older word for it."""
    assert [turn["role"] for turn in turns(DEVELOPER, spec=NO_DEVELOPER)] == ["system"]
    assert [turn["role"] for turn in turns(DEVELOPER, spec=OPEN)] == ["developer"]


@pytest.mark.parametrize(
    ("conversation", "sent"),
    [
        (
            [SystemMessage("s"), DEVELOPER, HumanMessage("h"), AIMessage("a")],
            [{"role": "user", "content": "s\n\nd\n\nh"}, {"role": "assistant", "content": "a"}],
        ),
        (
            [AIMessage("a"), SystemMessage("s")],
            [{"role": "user", "content": "s"}, {"role": "assistant", "content": "a"}],
        ),
        (
            [SystemMessage(["s", "t"]), HumanMessage([IMAGE])],
            [{"role": "user", "content": [*map(text_part, "st"), IMAGE_PART]}],
        ),
        (
            [SystemMessage("s"), HumanMessage("")],
            [{"role": "user", "content": "s"}],
        ),
        ([SystemMessage(""), HumanMessage("h")], [{"role": "user", "content": "h"}]),
        ([HumanMessage("h")], [{"role": "user", "content": "h"}]),
    ],
    ids=["with text", "without a user turn", "with a picture", "before nothing", "empty", "none"],
)
def test_system_text_is_folded_where_there_is_no_system_role(conversation, sent):
    """Instructions stand at the head of the first user turn, and are never lost."""
    assert turns(*conversation, spec=NO_SYSTEM) == sent


def test_models_of_plain_strings_get_plain_strings():
    """Where a schema takes nothing but strings, several texts are one."""
    spec = dataclasses.replace(OPEN, user_parts={"openai": frozenset({"string"})})

    assert turns(HumanMessage(["g", "h"]), spec=spec) == [{"role": "user", "content": "g\nh"}]

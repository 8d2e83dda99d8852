"""What a model said goes back to it unchanged, in whichever form LangChain kept it."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.messages import AIMessage

from langchain_aimlapi._codec.encode.assistant import read_assistant
from langchain_aimlapi._codec.encode.turns import Reasoning

from ..samples import OPEN, turns
from .test_messages import call, wire_call

DETAILS = [
    {"type": "reasoning.text", "text": "hm", "signature": "sig", "format": "v1", "index": 0},
    {"type": "reasoning.encrypted", "data": "EjQK", "index": 1},
]
SIGNED = {"google": {"thought_signature": "AY89"}}

ECHOES = {
    "reasoning_content": (
        {"reasoning_content": "hm"},
        {"content": "a", "reasoning_content": "hm"},
    ),
    "reasoning": (
        {"reasoning_content": "hm", "reasoning_key": "reasoning"},
        {"content": "a", "reasoning": "hm"},
    ),
    "reasoning with details": (
        {
            "reasoning_content": "hm",
            "reasoning_key": "reasoning",
            "reasoning_details": DETAILS,
        },
        {"content": "a", "reasoning": "hm", "reasoning_details": DETAILS},
    ),
    "details alone": (
        {
            "reasoning_content": "hm",
            "reasoning_key": "reasoning_details",
            "reasoning_details": DETAILS,
        },
        {"content": "a", "reasoning_details": DETAILS},
    ),
    "encrypted details": (
        {"reasoning_details": DETAILS[1:]},
        {"content": "a", "reasoning_details": DETAILS[1:]},
    ),
    "tags": (
        {"reasoning_content": "hm", "reasoning_key": "<think>"},
        {"content": "<think>hm</think>a"},
    ),
    "nothing": ({}, {"content": "a"}),
    "no text": ({"reasoning_content": None}, {"content": "a"}),
}


@pytest.mark.parametrize(("kept", "sent"), ECHOES.values(), ids=ECHOES.keys())
def test_reasoning_go_back_by_the_key_they_came_by(kept, sent):
    """Same key, same value: back ends refuse or forget reasoning under another one."""
    assert turns(AIMessage("a", additional_kwargs=kept)) == [{"role": "assistant", **sent}]


@pytest.mark.parametrize(("kept", "sent"), ECHOES.values(), ids=ECHOES.keys())
def test_reasoning_go_back_from_blocks_alone(kept, sent):
    """A message rebuilt from its content blocks says the same."""
    metadata = {"model_provider": "aimlapi"}
    blocks = AIMessage("a", additional_kwargs=kept, response_metadata=metadata).content_blocks

    assert turns(AIMessage(content_blocks=blocks)) == [{"role": "assistant", **sent}]


@pytest.mark.parametrize(
    "how",
    [{"echo_reasoning": False}, {"spec": dataclasses.replace(OPEN, closed_messages=True)}],
    ids=["switched off", "refused by the schema"],
)
@pytest.mark.parametrize("kept", [kept for kept, _ in ECHOES.values()], ids=ECHOES.keys())
def test_reasoning_stay_here_where_they_must(kept, how):
    """The echo can be switched off, and is off for schemas that refuse further keys."""
    assert turns(AIMessage("a", additional_kwargs=kept), **how) == [
        {"role": "assistant", "content": "a"}
    ]


def test_other_providers_reasoning_are_read_too():
    """Anthropic's thinking blocks carry their signature along."""
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "a"},
    ]

    said = read_assistant(AIMessage(content), "here")

    assert said.reasoning == Reasoning("hm", signed=(content[0],))
    assert said.text == "a"


def test_several_reasoning_blocks_are_one():
    """Reasoning between words are joined, and their extras put together."""
    content = [
        {"type": "reasoning", "reasoning": "one "},
        {"type": "text", "text": "a"},
        {"type": "reasoning", "reasoning": "two", "extras": {"reasoning_key": "reasoning"}},
    ]

    assert turns(AIMessage(content)) == [
        {"role": "assistant", "content": "a", "reasoning": "one two"}
    ]


def test_extra_content_goes_back_from_a_v0_message():
    """Gemini's thought signature is on the call it came with, unchanged."""
    message = AIMessage(
        "",
        tool_calls=[call(), call("call_2")],
        additional_kwargs={"tool_call_extras": {"call_1": {"extra_content": SIGNED}}},
    )

    assert turns(message)[0]["tool_calls"] == [
        wire_call(extra_content=SIGNED),
        wire_call("call_2"),
    ]


def test_extra_content_goes_back_from_blocks_alone():
    """The same after a conversation was kept as content blocks."""
    message = AIMessage(
        "",
        tool_calls=[call()],
        additional_kwargs={"tool_call_extras": {"call_1": {"extra_content": SIGNED}}},
        response_metadata={"model_provider": "aimlapi"},
    )

    rebuilt = AIMessage(content_blocks=message.content_blocks)

    assert turns(rebuilt)[0]["tool_calls"] == [wire_call(extra_content=SIGNED)]


def test_calls_of_custom_tools_go_back_as_text():
    """Free text that a custom tool was given is no JSON on the wire."""
    message = AIMessage(
        "",
        tool_calls=[call(__arg1="print('ü')")],
        additional_kwargs={"tool_call_extras": {"call_1": {"type": "custom"}}},
    )

    assert turns(message)[0]["tool_calls"] == [
        {"id": "call_1", "type": "custom", "custom": {"name": "weather", "input": "print('ü')"}}
    ]


def test_arguments_of_a_custom_tool_that_are_none_go_back_as_they_are():
    """A call that was cut has no text to take out."""
    message = AIMessage(
        "",
        invalid_tool_calls=[
            {"type": "invalid_tool_call", "id": "c", "name": "f", "args": '{"__a', "error": ""}
        ],
        additional_kwargs={"tool_call_extras": {"c": {"type": "custom"}}},
    )

    assert turns(message)[0]["tool_calls"][0]["custom"] == {"name": "f", "input": '{"__a'}


REFUSAL = {"type": "refusal", "refusal": "I will not."}


@pytest.mark.parametrize(
    "message",
    [
        AIMessage("", additional_kwargs={"refusal": "I will not."}),
        AIMessage([REFUSAL]),
        AIMessage([{"type": "non_standard", "value": REFUSAL}]),
    ],
    ids=["beside the content", "as a block", "as a non-standard block"],
)
def test_refusals_go_back(message):
    """A refusal has a field of its own in the turn."""
    assert turns(message) == [{"role": "assistant", "content": "", "refusal": "I will not."}]


@pytest.mark.parametrize(
    "message",
    [
        AIMessage("a", additional_kwargs={"audio": {"id": "audio_1", "data": "UklG"}}),
        AIMessage([{"type": "audio", "base64": "UklG", "extras": {"id": "audio_1"}}, "a"]),
    ],
    ids=["beside the content", "as a block"],
)
def test_spoken_answers_go_back_by_id(message):
    """The service keeps the audio; its id is enough."""
    assert turns(message) == [{"role": "assistant", "content": "a", "audio": {"id": "audio_1"}}]


def test_marks_for_the_cache_survive():
    """A cache mark needs a list of parts, and gets one."""
    part = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}

    assert turns(AIMessage([part])) == [{"role": "assistant", "content": [part]}]


def test_tags_stand_before_marked_text():
    """Reasoning in tags come first also where the text is a list of parts."""
    part = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    kept = {"reasoning_content": "hm", "reasoning_key": "<think>"}

    assert turns(AIMessage([part], additional_kwargs=kept))[0]["content"] == [
        {"type": "text", "text": "<think>hm</think>"},
        part,
    ]

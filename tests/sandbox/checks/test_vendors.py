"""What single vendors refuse although the service's schemas allow it."""

from __future__ import annotations

import pytest

from tests.sandbox.http_client import chat, function

CLAUDE, GPT = "claude-sonnet-4-5", "gpt-4o"
TOOLS = [function(city={"type": "string"})]
NAMED = {"type": "function", "function": {"name": "get_weather"}}


def _text(text):
    return {"type": "text", "text": text}


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
@pytest.mark.parametrize(
    "place",
    [
        lambda text: {"messages": [{"role": "user", "content": [_text(text), _text("Hi")]}]},
        lambda text: {"system": [_text(text)]},
        lambda text: {
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [_text(text)]},
                {"role": "user", "content": "Hi"},
            ]
        },
        lambda text: {
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "c", "content": [_text(text)]}
                    ],
                },
            ]
        },
    ],
    ids=["user", "system", "assistant", "tool result"],
)
def test_empty_texts_for_claude(shared_sandbox, place, text):
    """Claude takes no text block without a letter; others do."""
    refused = chat(shared_sandbox, model=CLAUDE, **place(text))

    assert refused.status == 400
    assert "content.0: text content blocks must be non-empty" in refused.json["message"]
    assert chat(shared_sandbox, model=GPT, **place(text)).status == 200
    assert chat(shared_sandbox, model=CLAUDE, **place("x")).status == 200


FORCED = ["required", {"type": "any"}, {"type": "tool", "name": "get_weather"}, NAMED]
REASONING = [
    {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    {"thinking": {"type": "adaptive"}},
    {"reasoning_effort": "low"},
    {"reasoning": {"max_tokens": 2000}},
    {"enable_thinking": True},
]

OFF = {"reasoning": {"enabled": False}}

PAIRS = [(choice, REASONING[0]) for choice in FORCED]
PAIRS += [(FORCED[0], reasoning) for reasoning in REASONING[1:]]


@pytest.mark.parametrize(("choice", "reasoning"), PAIRS, ids=str)
@pytest.mark.parametrize(
    "model", [CLAUDE, "deepseek/deepseek-v4-pro", "moonshot/kimi-k2-5", "qwen3-32b"]
)
def test_a_forced_call_while_reasoning(shared_sandbox, model, choice, reasoning):
    """Claude, DeepSeek, Kimi and Qwen refuse it, and others do not."""
    refused = chat(shared_sandbox, model=model, tools=TOOLS, tool_choice=choice, **reasoning)

    assert refused.status == 400
    assert "Thinking may not be enabled when tool_choice forces" in refused.json["message"]
    assert chat(shared_sandbox, model=GPT, tools=TOOLS, tool_choice=choice).status == 200


@pytest.mark.parametrize(
    ("model", "options", "status"),
    [
        (CLAUDE, {"tool_choice": "required"}, 200),
        (CLAUDE, {"tool_choice": "required", "thinking": {"type": "disabled"}}, 200),
        (CLAUDE, {"tool_choice": "auto", "reasoning_effort": "high"}, 200),
        (CLAUDE, {"tool_choice": {"type": "auto"}, "reasoning_effort": "high"}, 200),
        ("deepseek/deepseek-r1", {"tool_choice": "required"}, 400),
        ("deepseek-reasoner", {"tool_choice": "required"}, 400),
        ("deepseek/deepseek-r1", {"tool_choice": "auto"}, 200),
        ("deepseek/deepseek-v4-pro", {"tool_choice": "required"}, 400),
        ("deepseek/deepseek-v4-pro", {"tool_choice": "required", **OFF}, 200),
        ("moonshot/kimi-k2-6", {"tool_choice": "required"}, 400),
        ("moonshot/kimi-k2-preview", {"tool_choice": "required"}, 200),
        ("alibaba/qwen3-vl-32b-thinking", {"tool_choice": "required"}, 400),
        ("deepseek/deepseek-non-thinking-v3.2-exp", {"tool_choice": "required"}, 200),
    ],
)
def test_a_choice_that_is_free_or_a_model_that_does_not_reason(
    shared_sandbox, model, options, status
):
    """Only the two together are refused; some models always reason."""
    assert chat(shared_sandbox, model=model, tools=TOOLS, **options).status == status


def _thread(**said):
    """A thread in which a model has spoken."""
    spoken = {"role": "assistant", "content": "Hm.", **said}
    return [{"role": "user", "content": "Hi"}, spoken, {"role": "user", "content": "Hi"}]


def test_mistral_takes_no_reasoning_back(shared_sandbox):
    """Its messages have no such key; those of others pass it over."""
    thread = _thread(reasoning_content="Why")
    refused = chat(shared_sandbox, model="mistralai/mistral-nemo", messages=thread)

    assert refused.status == 400
    assert "messages.1.reasoning_content" in refused.json["message"]
    assert chat(shared_sandbox, model=GPT, messages=thread).status == 200
    assert chat(shared_sandbox, model="mistralai/mistral-nemo", messages=_thread()).status == 200


def test_deepseek_wants_reasoning_back_while_it_thinks(shared_sandbox):
    """An empty one will do, for what another model said."""
    asked = {"model": "deepseek/deepseek-v4-pro", "reasoning_effort": "high"}
    refused = chat(shared_sandbox, messages=_thread(), **asked)

    assert refused.status == 400
    assert "must be passed back" in refused.json["message"]
    assert chat(shared_sandbox, messages=_thread(reasoning_content=""), **asked).status == 200
    assert chat(shared_sandbox, model=asked["model"], messages=_thread(), **OFF).status == 200

"""Who makes a model, by any name it is given."""

from __future__ import annotations

import pytest

from langchain_aimlapi import _catalogue


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("gpt-4o", "OpenAI"),
        ("openai/gpt-5-5", "OpenAI"),
        ("gpt-4o-2024-08-06", "OpenAI"),
        ("o3-2025-04-16", "OpenAI"),
        ("claude-opus-9", "Anthropic"),
        ("anthropic/whatever", "Anthropic"),
        ("us.anthropic.claude-sonnet-4-5-v1:0", "Anthropic"),
        ("seed-2-0-pro-260328", "ByteDance"),
        ("stepfun/step-3.7-flash-20260528", "StepFun"),
        ("models/gemini-2.5-pro", "Google"),
        ("Llama-3.3-70B", "Meta"),
        ("deepseek-v4-pro-0813", "DeepSeek"),
        ("mistralai/", "Mistral AI"),
        ("acme/model", None),
        ("scripted", None),
        ("", None),
    ],
)
def test_vendors(name, vendor):
    """Back ends leave prefixes out and add dates; what a name does not tell is not guessed."""
    assert _catalogue.vendor(name) == vendor


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("deepseek-reasoner", True),
        ("deepseek/deepseek-reasoner-v3.1", True),
        ("deepseek/deepseek-r1", True),
        ("deepseek-ai/DeepSeek-R1-0528", True),
        ("deepseek/deepseek-v4-pro", True),
        ("deepseek/deepseek-thinking-v3.2-exp", True),
        ("deepseek/deepseek-non-thinking-v3.2-exp", False),
        ("deepseek/deepseek-non-reasoner-v3.1-terminus", False),
        ("deepseek-chat", False),
        ("moonshot/kimi-k2-6", True),
        ("kimi-k2.5", True),
        ("moonshotai/kimi-k2-thinking", True),
        ("moonshot/kimi-k2-preview", False),
        ("alibaba/qwen3-vl-32b-thinking", True),
        ("Qwen/QwQ-32B", True),
        ("qwen-max", False),
        ("gpt-4o", False),
        ("claude-sonnet-4-5", False),
    ],
)
def test_models_that_reason_unasked(name, reasons):
    """Told by the name, which is all that is known of it."""
    assert _catalogue.reasons_unasked(name) is reasons


def test_ids_of_the_catalogue_have_the_vendor_they_name():
    """The names of a family never overrule the catalogue."""
    for model in _catalogue.ids():
        assert _catalogue.vendor(model) == _catalogue.entry(model).vendor

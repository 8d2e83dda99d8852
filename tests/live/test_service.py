"""What only the live service can tell. Run by hand: pytest -m live tests/live."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from langchain_aimlapi import ChatAimlapi, NotFoundError

pytestmark = pytest.mark.live

FAMILIES = [
    "gpt-4o-mini",
    "anthropic/claude-haiku-4.5",
    "anthropic/claude-opus-4-8",
    "google/gemini-3-5-flash",
    "deepseek/deepseek-v4-pro",
    "alibaba/qwen3-32b",
    "x-ai/grok-4-20-0309-reasoning",
]


class Film(BaseModel):
    """A film."""

    title: str
    year: int


@pytest.mark.parametrize("model", FAMILIES)
def test_each_family_answers(ask, model):
    """In all four ways, with usage and ids, and with its cost."""
    answer = ask(ChatAimlapi(model=model, max_tokens=2000, timeout=120), "Say hello.")

    assert answer.text
    assert answer.usage_metadata["total_tokens"] > 0
    assert answer.response_metadata["inference_id"]
    assert answer.response_metadata["cost_details"]["credits_used"] >= 0


@pytest.mark.parametrize("model", FAMILIES)
def test_each_family_keeps_to_a_schema(model):
    """By the method that its spec chooses."""
    llm = ChatAimlapi(model=model, max_tokens=4000, timeout=120)

    assert llm.with_structured_output(Film).invoke("Name a film about the sea.").title


def test_an_unknown_model_is_not_found():
    """And near ids are named."""
    with pytest.raises(NotFoundError, match="Ids near"):
        ChatAimlapi(model="openai/gpt-4oo").invoke("Hi")

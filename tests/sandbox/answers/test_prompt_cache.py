"""The prompt cache, as far as usage shows it."""

from __future__ import annotations

import pytest

from langchain_aimlapi.sandbox.answers.prompt_cache import PromptCache
from langchain_aimlapi.sandbox.parsing.request import Message, ParsedRequest, Part
from tests.sandbox.http_client import chat

LONG = "The text that is worth keeping. " * 300


def _system(mark):
    part = {"type": "text", "text": LONG}
    return {"role": "system", "content": [{**part, **mark}]}


def _details(sandbox, *messages, **options):
    asked = [
        message if isinstance(message, dict) else {"role": "user", "content": message}
        for message in messages
    ]
    usage = chat(sandbox, asked, **options).json["usage"]
    details = usage["prompt_tokens_details"]
    assert details["cached_tokens"] + details["cache_write_tokens"] <= usage["prompt_tokens"]
    return details["cached_tokens"], details["cache_write_tokens"]


def test_a_mark_writes_then_reads(sandbox):
    """What `cache_control` covers is written first and found the next time."""
    marked = _system({"cache_control": {"type": "ephemeral"}})
    first = _details(sandbox, marked, "one")
    second = _details(sandbox, marked, "two")

    assert first == (0, second[0])
    assert second[1] == 0 < second[0]


def test_short_marked_prompts_count(sandbox):
    """A mark counts however short the text is."""
    part = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    marked = {"role": "user", "content": [part]}

    assert [_details(sandbox, marked) for _ in range(2)] == [(0, 3), (3, 0)]


def test_a_growing_conversation_is_found(sandbox):
    """Without a mark a long beginning that was sent before is found."""
    history = [LONG, {"role": "assistant", "content": "Yes."}]
    first = _details(sandbox, *history[:1])
    second = _details(sandbox, *history, "Go on.")

    assert first == (0, 0)
    assert second[0] > 1024
    assert second[1] == 0


@pytest.mark.parametrize("other", [{"model": "other"}, {}])
def test_short_or_foreign_prompts_are_not_found(sandbox, other):
    """A short prompt is not cached, nor is another model's."""
    text = LONG if other else "hi"
    _details(sandbox, text)

    assert _details(sandbox, text, **other) == (0, 0)


def test_cached_tokens_are_cheaper(sandbox):
    """What was found in the cache costs less."""
    costs = [chat(sandbox, LONG).json["meta"]["usage"]["credits_used"] for _ in range(2)]

    assert costs[1] < costs[0]


def test_old_prompts_are_forgotten():
    """The cache has an end, so that a long run does not fill the memory."""
    cache = PromptCache(limit=3)
    asks = [
        ParsedRequest("m", (Message("user", (Part("text", f"{at} {LONG}"),)),)) for at in range(5)
    ]
    for ask in asks:
        assert cache.look_up(ask) == (0, 0)

    assert cache.look_up(asks[4])[0] > 1024
    assert cache.look_up(asks[0]) == (0, 0)

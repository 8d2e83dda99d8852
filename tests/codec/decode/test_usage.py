"""Tokens and cost: what was counted, as LangChain counts it, and nothing made up."""

from __future__ import annotations

import pytest
from langchain_core.messages.ai import add_usage

from langchain_aimlapi._codec.decode.usage import usage_metadata


def counts(prompt, completion, total, **more):
    """A reply's usage."""
    triple = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    return triple | more


def counted(prompt, output, **more):
    """LangChain's."""
    return {
        "input_tokens": prompt,
        "output_tokens": output,
        "total_tokens": prompt + output,
        **more,
    }


USAGES = {
    "plain": (counts(10, 4, 14), counted(10, 4)),
    "reasoning counted within": (
        counts(10, 9, 19, completion_tokens_details={"reasoning_tokens": 5}),
        counted(10, 9, output_token_details={"reasoning": 5}),
    ),
    "reasoning counted beside": (
        counts(133, 278, 823, completion_tokens_details={"reasoning_tokens": 412}),
        counted(133, 690, output_token_details={"reasoning": 412}),
    ),
    "price-scaled": (
        counts(13, 2010, 2023, completion_tokens_details={"reasoning_tokens": 8200}),
        counted(13, 2010, output_token_details={"reasoning": 8200}),
    ),
    "a wrong total": (counts(10, 4, 0), counted(10, 4)),
    "no total": ({"prompt_tokens": 10, "completion_tokens": 4}, counted(10, 4)),
    "zeros": (counts(0, 0, 0), counted(0, 0)),
    "no completion": (counts(10, 0, 10), counted(10, 0)),
    "all details": (
        counts(
            10,
            4,
            14,
            prompt_tokens_details={
                "cached_tokens": 3,
                "cache_write_tokens": 2,
                "audio_tokens": 1,
                "text_tokens": 6,
            },
            completion_tokens_details={
                "reasoning_tokens": 2,
                "audio_tokens": 1,
                "accepted_prediction_tokens": 0,
            },
        ),
        counted(
            10,
            4,
            input_token_details={"cache_read": 3, "cache_creation": 2, "audio": 1},
            output_token_details={"reasoning": 2, "audio": 1},
        ),
    ),
    "reported zeros": (
        counts(10, 4, 14, prompt_tokens_details={"cached_tokens": 0}),
        counted(10, 4, input_token_details={"cache_read": 0}),
    ),
    "null details": (
        counts(10, 4, 14, prompt_tokens_details=None, completion_tokens_details={}),
        counted(10, 4),
    ),
    "null counts": (
        counts(10, 4, 14, prompt_tokens_details={"cached_tokens": None}),
        counted(10, 4),
    ),
    "DeepSeek's cache": (
        counts(10, 4, 14, prompt_cache_hit_tokens=7, prompt_cache_miss_tokens=3),
        counted(10, 4, input_token_details={"cache_read": 7}),
    ),
    "Anthropic's names": (
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "cache_read_input_tokens": 3,
            "cache_creation_input_tokens": 2,
        },
        counted(15, 4, input_token_details={"cache_read": 3, "cache_creation": 2}),
    ),
    "Anthropic's names, a large cache": (
        {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2000},
        counted(2003, 4, input_token_details={"cache_read": 2000}),
    ),
    "Anthropic's names with a total of all": (
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 19,
            "cache_read_input_tokens": 5,
        },
        counted(15, 4, input_token_details={"cache_read": 5}),
    ),
    "Anthropic's names, counted within": (
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 14,
            "cache_read_input_tokens": 5,
        },
        counted(10, 4, input_token_details={"cache_read": 5}),
    ),
    "Anthropic's cache within OpenAI's prompt": (
        counts(10, 4, 14, cache_read_input_tokens=5, cache_creation_input_tokens=5),
        counted(10, 4, input_token_details={"cache_read": 5, "cache_creation": 5}),
    ),
    "Anthropic's cache beside OpenAI's prompt": (
        counts(10, 4, 14, cache_read_input_tokens=50),
        counted(60, 4, input_token_details={"cache_read": 50}),
    ),
    "Perplexity's flat names": (
        counts(20, 100, 120, reasoning_tokens=60, citation_tokens=30),
        counted(20, 100, output_token_details={"reasoning": 60}),
    ),
    "a flat cache": (
        counts(10, 4, 14, cached_tokens=7),
        counted(10, 4, input_token_details={"cache_read": 7}),
    ),
    "flat names and details": (
        counts(10, 4, 14, reasoning_tokens=1, completion_tokens_details={"reasoning_tokens": 2}),
        counted(10, 4, output_token_details={"reasoning": 2}),
    ),
    "Responses' details": (
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 14,
            "input_tokens_details": {"cached_tokens": 3},
            "output_tokens_details": {"reasoning_tokens": 2},
        },
        counted(
            10, 4, input_token_details={"cache_read": 3}, output_token_details={"reasoning": 2}
        ),
    ),
    "floats": (counts(10.0, 4.0, 14.0), counted(10, 4)),
    "costs beside": (counts(10, 4, 14, cost=0.1, num_sources_used=2), counted(10, 4)),
    "nothing": ({}, None),
    "null": (None, None),
    "other things alone": ({"cost": 0.1}, None),
}


@pytest.mark.parametrize(("usage", "expected"), USAGES.values(), ids=USAGES.keys())
def test_usage(usage, expected):
    """Counts are whole numbers that add up; details are kept where they were reported."""
    assert usage_metadata(usage) == expected


def test_usages_can_be_added():
    """LangChain's own callbacks add usage up over calls, which floats would break."""
    each = [usage_metadata(usage) for usage, expected in USAGES.values() if expected]

    assert add_usage(each[0], each[8])["total_tokens"] == 28

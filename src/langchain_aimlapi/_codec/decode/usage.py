"""Tokens, as the vendors behind the gateway count them.

Two habits of counting are about: most vendors count reasoning among the completion tokens, a few
(xAI, Gemini) beside them, so that only the total tells. Output is therefore what the total
leaves over the prompt, whichever is larger; both habits come out right (recorded replies). Anthropic
counts what came out of its cache, or went into it, beside the input; LangChain counts all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROMPT_DETAILS = {
    "cached_tokens": "cache_read",
    "cache_write_tokens": "cache_creation",
    "cache_creation_tokens": "cache_creation",
    "audio_tokens": "audio",
}
_COMPLETION_DETAILS = {"reasoning_tokens": "reasoning", "audio_tokens": "audio"}
_FLAT_PROMPT_DETAILS = {
    "cached_tokens": "cache_read",
    "prompt_cache_hit_tokens": "cache_read",
    "cache_read_input_tokens": "cache_read",
    "cache_creation_input_tokens": "cache_creation",
}
_FLAT_COMPLETION_DETAILS = {"reasoning_tokens": "reasoning"}
_INNER_PROMPT = ("prompt_tokens_details", "input_tokens_details")
_INNER_COMPLETION = ("completion_tokens_details", "output_tokens_details")
_CACHED_BESIDE = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Anthropic's names, by which it counts cached tokens beside `input_tokens` and not in it."""


def reported_usage(reply: Mapping[str, Any], choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the usage of a reply: beside its choices, in one (Kimi), or under `x_groq` (Groq)."""
    for place in (reply, choice, reply.get("x_groq")):
        usage = place.get("usage") if isinstance(place, dict) else None
        if usage and isinstance(usage, dict):
            return usage
    return None


def token_counts(usage: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Tokens of the input and of the output; `None` if the reply held none.

    Args:
        usage: The reply's `usage`: `prompt_tokens`, `completion_tokens` and `total_tokens`, or
            Anthropic's `input_tokens` and `output_tokens`.
    """
    if not usage:
        return None
    prompt = _count(usage, "prompt_tokens", "input_tokens")
    completion = _count(usage, "completion_tokens", "output_tokens")
    total = _count(usage, "total_tokens")
    if prompt is None and completion is None and total is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    if not usage.keys().isdisjoint(_CACHED_BESIDE):
        prompt += _cached_beside(usage, prompt, completion, total)
    return prompt, max(completion, (total or 0) - prompt)


def usage_metadata(usage: Mapping[str, Any] | None) -> UsageMetadata | None:
    """Token counts in LangChain's form; `None` if the reply held none.

    Args:
        usage: The reply's `usage`, as for `token_counts`, with details where reported.
    """
    counts = token_counts(usage)
    if not usage or counts is None:
        return None
    prompt, output = counts
    counted = UsageMetadata(input_tokens=prompt, output_tokens=output, total_tokens=prompt + output)
    received = _details(usage, _FLAT_PROMPT_DETAILS)
    received |= _details(_inner(usage, _INNER_PROMPT), _PROMPT_DETAILS)
    if received:
        counted["input_token_details"] = InputTokenDetails(**received)  # type: ignore[typeddict-item]
    produced = _details(usage, _FLAT_COMPLETION_DETAILS)
    produced |= _details(_inner(usage, _INNER_COMPLETION), _COMPLETION_DETAILS)
    if produced:
        counted["output_token_details"] = OutputTokenDetails(**produced)  # type: ignore[typeddict-item]
    return counted


def _cached_beside(
    usage: Mapping[str, object], prompt: int, completion: int, total: int | None
) -> int:
    """Cached tokens that are not in the input yet, where LangChain has them.

    Gateways take over Anthropic's names for them, and either habit of counting: they are beside
    the input if it has Anthropic's name as well and no total contradicts it, and wherever they
    are more than all of the input.
    """
    cached = sum(_count(usage, name) or 0 for name in _CACHED_BESIDE)
    within = "prompt_tokens" in usage or total == prompt + completion
    return 0 if within and cached <= prompt else cached


def _inner(usage: Mapping[str, object], names: tuple[str, str]) -> Mapping[str, object]:
    found = usage.get(names[0]) or usage.get(names[1])
    return found if isinstance(found, dict) else {}


_NUMBER = (int, float)


def _count(usage: Mapping[str, object], name: str, other: str = "") -> int | None:
    value = usage.get(name)
    if type(value) is int:
        return value
    for number in (value, usage.get(other)):
        if isinstance(number, _NUMBER) and number is not True:
            return int(number)
    return None


def _details(counts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, int]:
    """Reported details by LangChain's names; a reported zero is kept, an absent one is not made."""
    if counts.keys().isdisjoint(names):
        return {}
    return {
        ours: int(counts[theirs])
        for theirs, ours in names.items()
        if theirs in counts and isinstance(counts[theirs], _NUMBER)
    }

"""Tokens as the sandbox counts them, and their cost.

A token is a slice of text of at most seven characters, cut where words begin. The same tokens
are sent one by one in a stream, counted by `max_tokens`, described by `logprobs` and added up in
`usage`. There are about four characters to a token, as in real models.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

CREDITS_PER_USD = 2_000_000
"""The documented rate."""

_TOKEN = re.compile(r"\s?\w{1,6}|\s{1,6}|[^\w\s]{1,4}")
_CREDITS_IN, _CREDITS_CACHED, _CREDITS_OUT = 5, 1, 20


def tokenize(text: str) -> list[str]:
    """Cut a text into tokens; joined, they are the text again."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Count the tokens of a text."""
    return len(tokenize(text))


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one reply; the details are parts of the totals."""

    prompt: int
    completion: int
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    reported: bool = True
    """Whether the reply tells them."""
    cost: float | None = None
    """US dollars instead of the computed cost."""

    @property
    def credits(self) -> int:
        """The price in credits, a cached token at a fifth of the price of a fresh one."""
        if self.cost is not None:
            return round(self.cost * CREDITS_PER_USD)
        fresh = self.prompt - self.cached
        return fresh * _CREDITS_IN + self.cached * _CREDITS_CACHED + self.completion * _CREDITS_OUT

    @property
    def usd(self) -> float:
        """The price in US dollars."""
        return self.credits / CREDITS_PER_USD if self.cost is None else self.cost

    def as_chat(self) -> dict[str, Any]:
        """Write the `usage` object of a chat completion."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {
                "cached_tokens": self.cached,
                "cache_write_tokens": self.cache_written,
                "audio_tokens": self.audio_in,
            },
            "completion_tokens_details": {
                "reasoning_tokens": self.reasoning,
                "audio_tokens": self.audio_out,
            },
        }

    def as_response(self) -> dict[str, Any]:
        """Write the `usage` object of `/v1/responses`."""
        return {
            "input_tokens": self.prompt,
            "input_tokens_details": {"cached_tokens": self.cached},
            "output_tokens": self.completion,
            "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.prompt + self.completion,
        }

    def as_meta(self) -> dict[str, Any]:
        """Write the `meta` object: the cost block the gateway adds to every reply."""
        return {"usage": {"credits_used": self.credits, "usd_spent": self.usd}}


def logprob(token: str, top: int, value: float | None = None) -> dict[str, Any]:
    """Describe one token as `logprobs.content[]` does, with `top` alternatives.

    The values are computed from the token's bytes, so the same token has the same values, streamed
    or not.
    """
    likely = -(zlib.crc32(token.encode()) % 1000) / 1000 if value is None else value
    options = [_entry(token, likely)]
    options += [_entry(f"{token.rstrip()}{chr(97 + i)}", likely - i - 1) for i in range(top - 1)]
    return {**options[0], "top_logprobs": options[:top]}


def _entry(token: str, value: float) -> dict[str, object]:
    return {"token": token, "logprob": round(value, 3), "bytes": list(token.encode())}

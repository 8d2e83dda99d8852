"""How much of a prompt would be found in a prompt cache.

A prompt is cached part by part: each prefix that was sent before is known by its digest. A prefix
marked with `cache_control` is written to the cache and found there the next time; without any
mark, a prefix of at least 1,024 tokens that was sent before is found.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.tokens import count_tokens

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest

_MIN_UNMARKED = 1024


class PromptCache:
    """The prefixes of the last prompts, at most `limit` of them."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def look_up(self, request: ParsedRequest) -> tuple[int, int]:
        """Count the tokens found in the cache and those written to it, and remember the prompt."""
        digest = hashlib.blake2b(request.model.encode(), digest_size=16)
        tokens = found = marked = 0
        fresh = []
        for message in request.messages:
            for part in message.parts:
                digest.update(f"\0{message.role}\0{part.kind}\0{part.text}".encode())
                tokens += count_tokens(part.text)
                if digest.digest() in self._seen:
                    found = tokens
                fresh.append(digest.digest())
                marked = tokens if part.marked else marked
        self._remember(fresh)
        found = min(found, marked) if marked else found
        if found < _MIN_UNMARKED and not marked:
            found = 0
        return found, max(marked - found, 0)

    def _remember(self, digests: list[bytes]) -> None:
        self._seen.update(dict.fromkeys(digests))
        while len(self._seen) > self._limit:
            self._seen.popitem(last=False)

"""How much of a prompt a model would have found in its cache.

A prompt is cached part by part: each beginning that was sent before is known by its digest. What
a `cache_control` mark covers is written to the cache and found there the next time; without any
mark, a beginning of at least 1,024 tokens that was sent before is found.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.tokens import count

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.ask import Ask

_LEAST_UNMARKED = 1024


class PromptCache:
    """The beginnings of the last prompts seen, `most` of them."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def look_up(self, ask: Ask) -> tuple[int, int]:
        """Count the tokens found in the cache and those written to it, and remember the prompt."""
        digest = hashlib.blake2b(ask.model.encode(), digest_size=16)
        tokens = found = marked = 0
        fresh = []
        for turn in ask.turns:
            for part in turn.parts:
                digest.update(f"\0{turn.role}\0{part.kind}\0{part.text}".encode())
                tokens += count(part.text)
                if digest.digest() in self._seen:
                    found = tokens
                fresh.append(digest.digest())
                marked = tokens if part.marked else marked
        self._remember(fresh)
        found = min(found, marked) if marked else found
        if found < _LEAST_UNMARKED and not marked:
            found = 0
        return found, max(marked - found, 0)

    def _remember(self, digests: list[bytes]) -> None:
        self._seen.update(dict.fromkeys(digests))
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)

"""Sends a reply at the pace that was asked for, in whole or event by event."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


@dataclass(frozen=True, slots=True)
class Event:
    """Bytes that are sent together."""

    data: bytes
    token: bool = False
    """Whether the event is one token of the answer, and so takes its time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the model seems to be."""

    ttft: float = 0.0
    """Seconds until the first token."""
    tokens_per_second: float | None = None
    """None for as fast as it goes."""

    async def wait(self, tokens: int) -> None:
        """Take the time of a whole reply of so many tokens."""
        delay = self.ttft
        if self.tokens_per_second:
            delay += max(tokens - 1, 0) / self.tokens_per_second
        if delay:
            await asyncio.sleep(delay)

    async def stream(self, events: Iterable[Event]) -> AsyncIterator[bytes]:
        """Yield the events when they are due.

        Each token is due at a fixed time after the beginning, so that a slow reader or a late
        wake-up is made good and the rate holds on the whole.
        """
        clock = asyncio.get_running_loop().time
        start = clock() + self.ttft
        if self.ttft:
            await asyncio.sleep(self.ttft)
        sent = 0
        for event in events:
            if event.token and self.tokens_per_second:
                delay = start + sent / self.tokens_per_second - clock()
                sent += 1
                if delay > 0:
                    await asyncio.sleep(delay)
            yield event.data

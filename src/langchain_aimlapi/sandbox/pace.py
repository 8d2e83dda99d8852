"""Sends a reply at the requested pace, whole or event by event."""

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
    """Whether the event is one token of the answer, which counts for the pace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The simulated speed of the model."""

    ttft: float = 0.0
    """Seconds until the first token."""
    tokens_per_second: float | None = None
    """None for no delay."""

    async def wait(self, tokens: int) -> None:
        """Wait as long as a reply of so many tokens takes."""
        delay = self.ttft
        if self.tokens_per_second:
            delay += max(tokens - 1, 0) / self.tokens_per_second
        if delay:
            await asyncio.sleep(delay)

    async def stream(self, events: Iterable[Event]) -> AsyncIterator[bytes]:
        """Yield the events when they are due.

        Each token is due at a fixed time after the start, so that the delay of a slow reader or a
        late wake-up does not add up.
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

"""Runnables that answer as a test says, and small inputs."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda


def answered(text: str, usd: float = 0.001) -> AIMessage:
    """An answer as `ChatAimlapi` gives it."""
    return AIMessage(
        text,
        usage_metadata={"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
        response_metadata={"finish_reason": "stop", "model_name": "m", "cost": usd},
    )


@dataclass
class World:
    """Counts calls, and answers each by `how`."""

    how: Any = None
    calls: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0
    seconds: float = 0.0

    def runnable(self) -> RunnableLambda:
        """What a job can run."""
        return RunnableLambda(self._sync, afunc=self._answer, name="world")

    async def reached(self, calls: int) -> None:
        """Wait for the world to have been called so often."""
        while self.calls.total() < calls:  # noqa: ASYNC110  # calls come from many tasks
            await asyncio.sleep(0.001)

    def _sync(self, text: str) -> AIMessage:
        return asyncio.run(self._answer(text))

    async def _answer(self, text: str) -> AIMessage:
        self.calls[text] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            found = self.how(text, self.calls[text]) if self.how else answered(text.upper())
            if isinstance(found, Exception):
                raise found
            return found
        finally:
            self.at_once -= 1


def lines(path, rows):
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read_lines(path):
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

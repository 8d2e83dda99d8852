"""One chat request, from its body to its reply: checked, understood, answered, counted, paced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers import answer, obedient
from langchain_aimlapi.sandbox.caching import PromptCache
from langchain_aimlapi.sandbox.chat import Exchange, completion, events
from langchain_aimlapi.sandbox.checks import check_chat
from langchain_aimlapi.sandbox.counting import measure
from langchain_aimlapi.sandbox.envelope import Reply, StreamReply, invalid, priced
from langchain_aimlapi.sandbox.reading import read_ask
from langchain_aimlapi.sandbox.schema import UnusableSchemaError
from langchain_aimlapi.sandbox.streaming import Pace

if TYPE_CHECKING:
    from collections import deque

    from langchain_aimlapi.sandbox.answers import Answer
    from langchain_aimlapi.sandbox.ask import Ask
    from langchain_aimlapi.sandbox.settings import Settings


class Chats:
    """Answers chat requests, and remembers of them only what a prompt cache would.

    Args:
        settings: The pace.
        script: Answers to give before any of its own; each is taken off as it is given.
    """

    def __init__(self, settings: Settings, script: deque[Answer]) -> None:
        self._script = script
        self._cache = PromptCache()
        self.pace = Pace(settings.ttft, settings.tokens_per_second)

    def exchange(self, body: Any, number: int, pad_to: int = 0) -> Exchange:
        """Check a body in chat form and decide what to answer.

        Raises:
            RefusedError: The service would not take the request.
        """
        check_chat(body)
        ask = replace(read_ask(body), pad_to=pad_to)
        answers = self._answers(ask)
        usage = measure(ask, answers, self._cache.look_up(ask))
        return Exchange(ask, answers, usage, number)

    def _answers(self, ask: Ask) -> list[Answer]:
        if self._script:
            return [obedient(self._script.popleft(), ask)] * ask.n
        try:
            return [answer(ask, index) for index in range(ask.n)]
        except UnusableSchemaError as error:
            raise invalid(str(error)) from error

    async def reply(self, body: Any, number: int, pad_to: int = 0) -> Reply | StreamReply:
        """Answer `/chat/completions`."""
        exchange = self.exchange(body, number, pad_to)
        if exchange.ask.stream:
            return StreamReply(self.pace.stream(events(exchange)))
        await self.pace.wait(exchange.usage.completion)
        return priced(completion(exchange))

"""`/chat/completions`: one request from its body to its reply.

Check, parse, answer, count, and send at the pace of the settings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.answer import apply_limits
from langchain_aimlapi.sandbox.answers.default import default_answers
from langchain_aimlapi.sandbox.answers.json_schema.values import UnusableSchemaError
from langchain_aimlapi.sandbox.answers.prompt_cache import PromptCache
from langchain_aimlapi.sandbox.answers.usage import count_usage
from langchain_aimlapi.sandbox.checks import check_chat
from langchain_aimlapi.sandbox.pace import Pace
from langchain_aimlapi.sandbox.parsing.chat import parse_chat
from langchain_aimlapi.sandbox.replies import Reply, StreamReply, reply_with_cost, validation_error
from langchain_aimlapi.sandbox.routes.chat_completion import Exchange, completion, events

if TYPE_CHECKING:
    from collections import deque

    from langchain_aimlapi.sandbox.answers.answer import Answer
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest
    from langchain_aimlapi.sandbox.settings import Settings


class ChatRoute:
    """Answers chat requests; keeps nothing of them but the prompt cache.

    Args:
        settings: Hold the pace.
        script: Scripted answers, used before default ones; each is used once.
    """

    def __init__(self, settings: Settings, script: deque[Answer]) -> None:
        self._script = script
        self._cache = PromptCache()
        self.pace = Pace(settings.ttft, settings.tokens_per_second)

    def exchange(self, body: Any, number: int, pad_to: int = 0, longest_id: int = 40) -> Exchange:
        """Check a chat body and decide on the answers.

        Raises:
            ApiError: The service would reject the request.
        """
        check_chat(body, longest_id)
        request = replace(parse_chat(body), pad_to=pad_to)
        answers = self._answers(request)
        usage = count_usage(request, answers, self._cache.look_up(request))
        return Exchange(request, answers, usage, number)

    def _answers(self, request: ParsedRequest) -> list[Answer]:
        if self._script:
            return [apply_limits(self._script.popleft(), request)] * request.n
        try:
            return default_answers(request)
        except UnusableSchemaError as error:
            raise validation_error(str(error)) from error

    async def reply(self, body: Any, number: int, pad_to: int = 0) -> Reply | StreamReply:
        """Answer `/chat/completions`."""
        exchange = self.exchange(body, number, pad_to)
        if exchange.request.stream:
            return StreamReply(self.pace.stream(events(exchange)))
        await self.pace.wait(exchange.usage.completion)
        return reply_with_cost(completion(exchange))

"""`/chat/completions`: one request from its body to its reply.

Check, parse, answer, count, and send at the pace of the settings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.default import default_answers
from langchain_aimlapi.sandbox.answers.json_schema.values import UnusableSchemaError
from langchain_aimlapi.sandbox.answers.limits import apply_limits
from langchain_aimlapi.sandbox.answers.prompt_cache import PromptCache
from langchain_aimlapi.sandbox.answers.script import Asked
from langchain_aimlapi.sandbox.answers.usage import count_usage
from langchain_aimlapi.sandbox.checks import check_chat
from langchain_aimlapi.sandbox.pace import Pace
from langchain_aimlapi.sandbox.parsing.chat import parse_chat
from langchain_aimlapi.sandbox.replies import Reply, StreamReply, reply_with_cost, validation_error
from langchain_aimlapi.sandbox.routes.chat_completion import Exchange, completion, events

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.answer import Answer
    from langchain_aimlapi.sandbox.answers.script import Script
    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest
    from langchain_aimlapi.sandbox.settings import Settings


class ChatRoute:
    """Answers chat requests; keeps nothing of them but the prompt cache.

    Args:
        settings: Hold the pace.
        script: Scripted answers, used before default ones.
    """

    def __init__(self, settings: Settings, script: Script) -> None:
        self._script = script
        self._cache = PromptCache()
        self._pace = Pace(settings.ttft, settings.tokens_per_second)

    async def exchange(self, inference: Inference, body: Any, longest_id: int = 40) -> Exchange:
        """Check a chat body and decide on the answers.

        Raises:
            ApiError: The service would reject the request.
        """
        check_chat(body, longest_id)
        request = replace(parse_chat(body), pad_to=inference.pad_to)
        answers = await self._answers(request, inference)
        usage = count_usage(request, answers, self._cache.look_up(request))
        inference.usage = usage
        return Exchange(request, answers, usage, inference.number)

    def pace(self, exchange: Exchange) -> Pace:
        """Return the pace of a reply: the answer's own, or that of the settings."""
        answer = exchange.answers[0]
        ttft = self._pace.ttft if answer.ttft is None else answer.ttft
        return Pace(ttft, answer.tokens_per_second or self._pace.tokens_per_second)

    async def reply(self, inference: Inference) -> Reply | StreamReply:
        """Answer `/chat/completions`."""
        exchange = await self.exchange(inference, inference.body)
        pace = self.pace(exchange)
        if exchange.request.stream:
            return StreamReply(pace.stream(events(exchange)))
        await pace.wait(exchange.usage.completion)
        return reply_with_cost(completion(exchange))

    async def _answers(self, request: ParsedRequest, inference: Inference) -> list[Answer]:
        scripted = await self._script.answer_to(_asked(request, inference))
        if scripted is not None:
            inference.source = "script"
            inference.fault = scripted.fault or inference.fault
            return [apply_limits(scripted, request)] * request.n
        try:
            return default_answers(request)
        except UnusableSchemaError as error:
            raise validation_error(str(error)) from error


def _asked(request: ParsedRequest, inference: Inference) -> Asked:
    newest = [part for message in request.newest for part in message.parts]
    calls = {part.ref: part.name for part in request.parts if part.kind == "call"}
    results = {calls.get(part.ref, "") for part in newest if part.kind == "result"}
    return Asked(
        inference.record,
        request.model,
        "\n".join(part.text for part in newest if part.kind in {"text", "result"}),
        tools=frozenset(tool.name for tool in request.tools),
        results=frozenset(results),
    )

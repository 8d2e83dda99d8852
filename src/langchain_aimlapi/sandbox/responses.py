"""`/responses`: OpenAI's newer shape, put in terms of a chat and back.

Text, media, function tools, `text.format` and reasoning are understood, and what was said before
is remembered for `previous_response_id`. Tools the service would run itself are let pass and not
called.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.checks import check_model
from langchain_aimlapi.sandbox.checks.values import Kind, Number
from langchain_aimlapi.sandbox.envelope import Reply, StreamReply, invalid, priced
from langchain_aimlapi.sandbox.responses_events import events
from langchain_aimlapi.sandbox.responses_reading import as_chat
from langchain_aimlapi.sandbox.tokens import logprob, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_aimlapi.sandbox.chat import Exchange
    from langchain_aimlapi.sandbox.chats import Chats

Json = dict[str, Any]

_MOST_KEPT = 1000
_ECHOED: Json = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""What a response repeats of its request, with what stands there when nothing was said."""
_TEXT, _OBJECT, _ARRAY = Kind(str, "string"), Kind(dict, "object"), Kind(list, "array")
_PARAMETERS: dict[str, Callable[[Any], str]] = {
    "include": _ARRAY,
    "instructions": _TEXT,
    "max_output_tokens": Number(16, whole=True),
    "previous_response_id": _TEXT,
    "reasoning": _OBJECT,
    "store": Kind(bool, "boolean"),
    "text": _OBJECT,
    "tools": _ARRAY,
}
"""What is not checked as part of a chat."""


class Responses:
    """Answers `/responses`, and remembers what was said for those that refer to it."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self._said: OrderedDict[str, list[Json]] = OrderedDict()

    async def reply(self, body: Any, number: int, pad_to: int = 0) -> Reply | StreamReply:
        """Answer a request.

        Raises:
            RefusedError: The service would not take it.
        """
        check_model(body)
        _check(body)
        chat = as_chat(body, self._before(body.get("previous_response_id")))
        exchange = self._chats.exchange(chat, number, pad_to)
        response = _response(exchange, body)
        if body.get("store") is not False:
            self._remember(response["id"], chat["messages"], exchange)
        if exchange.ask.stream:
            return StreamReply(self._chats.pace.stream(events(response)))
        await self._chats.pace.wait(exchange.usage.completion)
        return priced(response)

    def _before(self, name: str | None) -> list[Json]:
        if name is None:
            return []
        if name not in self._said:
            raise invalid(f"previous_response_id: there is no response {name!r}")
        return self._said[name]

    def _remember(self, name: str, messages: list[Json], exchange: Exchange) -> None:
        """Keep the conversation, without the instructions, which hold for one request only."""
        said = exchange.answers[0]
        calls = [
            {
                "id": exchange.name("call_", 0, at),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for at, call in enumerate(said.calls)
        ]
        answer = {"role": "assistant", "content": said.text, "tool_calls": calls}
        kept = [message for message in messages if message["role"] != "system"]
        self._said[name] = [*kept, answer]
        if len(self._said) > _MOST_KEPT:
            self._said.popitem(last=False)


def _check(body: Json) -> None:
    lines = [
        f"{name}: {fault}"
        for name, check in _PARAMETERS.items()
        if body.get(name) is not None and (fault := check(body[name]))
    ]
    if lines:
        raise invalid(*lines)


def _response(exchange: Exchange, body: Json) -> Json:
    """Write the whole response."""
    said = exchange.answers[0]
    short = said.finish == "length"
    return {
        "id": exchange.name("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if short else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if short else None,
        "model": exchange.ask.model,
        "output": _output(exchange),
        "output_text": said.text,
        "parallel_tool_calls": exchange.ask.choice.parallel,
        **{name: body.get(name, default) for name, default in _ECHOED.items()},
        "usage": exchange.usage.as_response(),
        "meta": exchange.usage.as_meta(),
    }


def _output(exchange: Exchange) -> list[Json]:
    """List the items: the thoughts, then the calls or the message."""
    said = exchange.answers[0]
    items: list[Json] = []
    if said.reasoning:
        summary = [{"type": "summary_text", "text": said.reasoning}]
        items.append({"type": "reasoning", "id": exchange.name("rs_"), "summary": summary})
    for at, call in enumerate(said.calls):
        kind, key = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
        ids = {"id": exchange.name("fc_", 0, at), "call_id": exchange.name("call_", 0, at)}
        item = {"type": kind, **ids, "name": call.name, key: call.arguments}
        items.append({**item, "status": "completed"})
    if not said.calls:
        items.append(_message(exchange))
    return items


def _message(exchange: Exchange) -> Json:
    ask, text = exchange.ask, exchange.answers[0].text
    part: Json = {"type": "output_text", "text": text, "annotations": []}
    if ask.logprobs:
        part["logprobs"] = [logprob(token, ask.top_logprobs) for token in pieces(text)]
    head = {"type": "message", "id": exchange.name("msg_"), "role": "assistant"}
    return {**head, "status": "completed", "content": [part]}

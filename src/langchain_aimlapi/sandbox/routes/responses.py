"""`/responses`: OpenAI's newer API, converted to a chat request and back.

Text, media, function tools, `text.format` and reasoning are supported, and earlier responses are
kept for `previous_response_id`. Tools that the service runs itself are accepted and not called.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.checks import check_model
from langchain_aimlapi.sandbox.checks.values import Kind, Number
from langchain_aimlapi.sandbox.parsing.responses import as_chat
from langchain_aimlapi.sandbox.replies import Reply, StreamReply, reply_with_cost, validation_error
from langchain_aimlapi.sandbox.routes.chat_completion import describe_tokens, locate
from langchain_aimlapi.sandbox.routes.responses_events import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_aimlapi.sandbox.inference import Inference
    from langchain_aimlapi.sandbox.routes.chat import ChatRoute
    from langchain_aimlapi.sandbox.routes.chat_completion import Exchange

Json = dict[str, Any]

_MAX_KEPT, _LONGEST_ID = 1000, 64
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
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
"""Request fields that a response repeats, with their defaults."""
_TEXT, _OBJECT, _ARRAY = Kind(str, "string"), Kind(dict, "object"), Kind(list, "array")
_PARAMETERS: dict[str, Callable[[object], str]] = {
    "include": _ARRAY,
    "instructions": _TEXT,
    "max_output_tokens": Number(16, whole=True),
    "previous_response_id": _TEXT,
    "reasoning": _OBJECT,
    "store": Kind(bool, "boolean"),
    "text": _OBJECT,
    "tools": _ARRAY,
}
"""Parameters that are not checked as part of a chat."""


class ResponsesRoute:
    """Answers `/responses` and keeps the conversations for `previous_response_id`."""

    def __init__(self, chat_route: ChatRoute) -> None:
        self._chat_route = chat_route
        self._conversations: OrderedDict[str, list[Json]] = OrderedDict()

    async def reply(self, inference: Inference) -> Reply | StreamReply:
        """Answer a request.

        Raises:
            ApiError: The service would reject it.
        """
        body = inference.body
        check_model(body)
        _check(body)
        chat = as_chat(body, self._earlier(body.get("previous_response_id")))
        exchange = await self._chat_route.exchange(inference, chat, _LONGEST_ID)
        response = _response(exchange, body)
        if body.get("store") is not False:
            self._remember(response["id"], chat["messages"], exchange)
        pace = self._chat_route.pace(exchange)
        if exchange.request.stream:
            return StreamReply(pace.stream(events(response, exchange.answers[0])))
        await pace.wait(exchange.usage.completion)
        return reply_with_cost(response)

    def _earlier(self, name: str | None) -> list[Json]:
        if name is None:
            return []
        if name not in self._conversations:
            raise validation_error(f"previous_response_id: there is no response {name!r}")
        return self._conversations[name]

    def _remember(self, name: str, messages: list[Json], exchange: Exchange) -> None:
        """Keep the conversation without the instructions, which apply to one request only."""
        answer = exchange.answers[0]
        calls = [
            {
                "id": exchange.call_id(0, at),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for at, call in enumerate(answer.tool_calls)
        ]
        message = {"role": "assistant", "content": answer.text, "tool_calls": calls}
        kept = [message for message in messages if message["role"] != "system"]
        self._conversations[name] = [*kept, message]
        if len(self._conversations) > _MAX_KEPT:
            self._conversations.popitem(last=False)


def _check(body: Json) -> None:
    lines = [
        f"{name}: {fault}"
        for name, check in _PARAMETERS.items()
        if body.get(name) is not None and (fault := check(body[name]))
    ]
    if lines:
        raise validation_error(*lines)


def _response(exchange: Exchange, body: Json) -> Json:
    """Return the whole response."""
    answer = exchange.answers[0]
    reason = _INCOMPLETE.get(answer.finish_reason)
    return {
        "id": exchange.make_id("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": exchange.request.model,
        "output": _output(exchange),
        "output_text": answer.text,
        "parallel_tool_calls": exchange.request.tool_choice.parallel,
        **{name: body.get(name, default) for name, default in _ECHOED.items()},
        "usage": exchange.usage.as_response() if exchange.usage.reported else None,
        "meta": exchange.usage.as_meta(),
    }


def _output(exchange: Exchange) -> list[Json]:
    """List the output items: reasoning, then the tool calls or the message."""
    answer = exchange.answers[0]
    items: list[Json] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        items.append({"type": "reasoning", "id": exchange.make_id("rs_"), "summary": summary})
    if answer.text or not answer.tool_calls:
        items.append(_message(exchange))
    for at, image in enumerate(answer.images):
        items.append(_image(image, exchange.make_id("ig_", at)))
    for at, call in enumerate(answer.tool_calls):
        kind, key = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
        ids = {"id": exchange.make_id("fc_", 0, at), "call_id": exchange.call_id(0, at)}
        item = {"type": kind, **ids, "name": call.name, key: call.arguments}
        items.append({**item, "status": "completed"})
    return items


def _image(url: str, name: str) -> Json:
    """Write an image as the image tool's output: its base64, or the URL if it is linked only."""
    head, _, data = url.partition(";base64,")
    item = {"type": "image_generation_call", "id": name, "status": "completed"}
    return {**item, "output_format": head.rpartition("/")[2], "result": data or url}


def _message(exchange: Exchange) -> Json:
    request, answer = exchange.request, exchange.answers[0]
    cited = [{"type": "url_citation", **locate(one, answer.text)} for one in answer.citations]
    part: Json = {"type": "output_text", "text": answer.text, "annotations": cited}
    if request.logprobs or answer.logprobs is not None:
        part["logprobs"] = describe_tokens(request, answer, answer.text_chunks())
    head = {"type": "message", "id": exchange.make_id("msg_"), "role": "assistant"}
    return {**head, "status": "completed", "content": [part]}

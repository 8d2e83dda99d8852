"""`Answer` -> `/chat/completions` JSON, whole or as the events of a stream."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.answers.answer import SOURCE_TITLE, SOURCE_URL, Answer
from langchain_aimlapi.sandbox.answers.tokens import Usage, logprob, tokenize
from langchain_aimlapi.sandbox.pace import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.sandbox.answers.answer import ToolCall
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest

Json = dict[str, Any]
_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its answers: everything that a reply is written from."""

    request: ParsedRequest
    answers: list[Answer]
    usage: Usage
    number: int
    """Number of the request; part of the ids, so that no two replies share one."""

    def make_id(self, prefix: str, *more: object) -> str:
        """Make an id that is the same for the same request in the same place."""
        seed = f"{self.number}|{self.request.prompt}|{more}"
        return prefix + hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()


def completion(exchange: Exchange) -> Json:
    """Return the whole reply."""
    return {
        **_head(exchange, "chat.completion"),
        "choices": [_choice(exchange, index) for index in range(len(exchange.answers))],
        "usage": exchange.usage.as_chat(),
        "meta": exchange.usage.as_meta(),
    }


def _head(exchange: Exchange, kind: str) -> Json:
    return {
        "id": exchange.make_id("chatcmpl-"),
        "object": kind,
        "created": int(time.time()),
        "model": exchange.request.model,
        "system_fingerprint": "fp_sandbox",
    }


def _choice(exchange: Exchange, index: int) -> Json:
    answer = exchange.answers[index]
    return {
        "index": index,
        "message": _message(exchange, index),
        "logprobs": _logprobs(exchange.request, tokenize(answer.text)),
        "finish_reason": answer.finish,
    }


def _message(exchange: Exchange, index: int) -> Json:
    answer = exchange.answers[index]
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.reasoning and exchange.request.show_reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["content"] = None
        message["tool_calls"] = [
            _call(call, exchange.make_id("call_", index, at))
            for at, call in enumerate(answer.tool_calls)
        ]
    if answer.audio:
        message["content"] = ""
        message["audio"] = {
            "id": exchange.make_id("audio_", index),
            "data": answer.audio,
            "transcript": answer.text,
            "expires_at": int(time.time()) + _AN_HOUR,
        }
    return message | {"annotations": _annotations(answer)}


def _call(call: ToolCall, ref: str) -> Json:
    if call.custom:
        custom = {"name": call.name, "input": call.arguments}
        return {"id": ref, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": ref, "type": "function", "function": function}


def _annotations(answer: Answer) -> list[Json]:
    if not answer.cited:
        return []
    start = answer.text.find(answer.cited)
    citation = {
        "start_index": start,
        "end_index": start + len(answer.cited),
        "title": SOURCE_TITLE,
        "url": SOURCE_URL,
    }
    return [{"type": "url_citation", "url_citation": citation}]


def _logprobs(request: ParsedRequest, tokens: list[str]) -> Json | None:
    if not request.logprobs:
        return None
    return {"content": [logprob(token, request.top_logprobs) for token in tokens], "refusal": None}


def events(exchange: Exchange) -> Iterator[Event]:
    """Yield the stream: the choices one after another, then usage, cost and the end marker."""
    head = _head(exchange, "chat.completion.chunk")
    for index, answer in enumerate(exchange.answers):
        for delta, token in _deltas(exchange, index):
            logs = _logprobs(exchange.request, [token]) if "content" in delta and token else None
            yield _chunk(head, _part(index, delta, logs), token=bool(token))
        yield _chunk(head, _part(index, {}, None, answer.finish))
    yield _event({**head, "choices": [], "usage": exchange.usage.as_chat()})
    yield _event({**head, "choices": [], "meta": exchange.usage.as_meta()})
    yield Event(b"data: [DONE]\n\n")


def _event(chunk: Json, *, token: bool = False) -> Event:
    return Event(b"data: " + orjson.dumps(chunk) + b"\n\n", token=token)


def _chunk(head: Json, choice: Json, *, token: bool = False) -> Event:
    return _event({**head, "choices": [choice], "usage": None}, token=token)


def _part(index: int, delta: Json, logs: Json | None, finish: str | None = None) -> Json:
    return {"index": index, "delta": delta, "logprobs": logs, "finish_reason": finish}


def _deltas(exchange: Exchange, index: int) -> Iterator[tuple[Json, str]]:
    """Yield each delta of a choice with its token, or with an empty string."""
    answer = exchange.answers[index]
    yield {"role": "assistant", "content": "", "refusal": None}, ""
    if exchange.request.show_reasoning:
        for token in tokenize(answer.reasoning):
            yield {"reasoning_content": token}, token
    for at, call in enumerate(answer.tool_calls):
        yield from _call_deltas(at, call, exchange.make_id("call_", index, at))
    if answer.audio:
        yield from _audio_deltas(exchange.make_id("audio_", index), answer)
    else:
        for token in tokenize(answer.text):
            yield {"content": token}, token
    if cited := _annotations(answer):
        yield {"annotations": cited}, ""


def _call_deltas(at: int, call: ToolCall, ref: str) -> Iterator[tuple[Json, str]]:
    """Yield the id and the name first, then the arguments in slices."""
    kind, key = ("custom", "input") if call.custom else ("function", "arguments")
    first = {"index": at, "id": ref, "type": kind, kind: {"name": call.name, key: ""}}
    yield {"tool_calls": [first]}, call.name
    for token in tokenize(call.arguments):
        yield {"tool_calls": [{"index": at, kind: {key: token}}]}, token


def _audio_deltas(ref: str, answer: Answer) -> Iterator[tuple[Json, str]]:
    yield {"audio": {"id": ref}}, ""
    for token in tokenize(answer.text):
        yield {"audio": {"transcript": token}}, token
    yield {"audio": {"data": answer.audio}}, ""
    yield {"audio": {"expires_at": int(time.time()) + _AN_HOUR}}, ""

"""`Answer` -> `/chat/completions` JSON, whole or as the events of a stream."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.answers.tokens import Usage, logprob
from langchain_aimlapi.sandbox.pace import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.sandbox.answers.answer import Answer, Citation, ToolCall
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

    def call_id(self, index: int, at: int) -> str:
        """Return the id of tool call number `at` of a choice: the scripted one, or one made up."""
        return self.answers[index].tool_calls[at].ref or self.make_id("call_", index, at)

    def make_id(self, prefix: str, *more: object) -> str:
        """Make an id that is the same for the same request in the same place."""
        seed = f"{self.number}|{self.request.prompt}|{more}"
        return prefix + hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()


def completion(exchange: Exchange) -> Json:
    """Return the whole reply."""
    return {
        **_head(exchange, "chat.completion"),
        "choices": [_choice(exchange, index) for index in range(len(exchange.answers))],
        **({"usage": exchange.usage.as_chat()} if exchange.usage.reported else {}),
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
        "logprobs": _logprobs(exchange.request, answer, answer.text_chunks()),
        "finish_reason": answer.finish_reason,
    }


def _message(exchange: Exchange, index: int) -> Json:
    answer = exchange.answers[index]
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.reasoning and exchange.request.show_reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["content"] = answer.text or None
        message["tool_calls"] = [
            _call(call, exchange.call_id(index, at)) for at, call in enumerate(answer.tool_calls)
        ]
    if answer.audio:
        message["content"] = ""
        message["audio"] = {
            "id": exchange.make_id("audio_", index),
            "data": answer.audio,
            "transcript": answer.text,
            "expires_at": int(time.time()) + _AN_HOUR,
        }
    if answer.images:
        message["images"] = _images(answer)
    return message | {"annotations": _annotations(answer)}


def _images(answer: Answer) -> list[Json]:
    return [{"type": "image_url", "image_url": {"url": url}} for url in answer.images]


def _call(call: ToolCall, ref: str) -> Json:
    if call.custom:
        custom = {"name": call.name, "input": call.arguments}
        return {"id": ref, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": ref, "type": "function", "function": function}


def _annotations(answer: Answer) -> list[Json]:
    return [
        {"type": "url_citation", "url_citation": locate(citation, answer.text)}
        for citation in answer.citations
    ]


def locate(citation: Citation, text: str) -> Json:
    """Return the source of a citation and the place in the text that cites it."""
    cited = citation.text or text
    start = max(text.find(cited), 0)
    place = {"start_index": start, "end_index": start + len(cited)}
    return {**place, "title": citation.title, "url": citation.url}


def _logprobs(
    request: ParsedRequest, answer: Answer, tokens: list[str], first: int = 0
) -> Json | None:
    """Describe some tokens of the text, the first of them being number `first` of all."""
    if not request.logprobs and answer.logprobs is None:
        return None
    return {"content": describe_tokens(request, answer, tokens, first), "refusal": None}


def describe_tokens(
    request: ParsedRequest, answer: Answer, tokens: list[str], first: int = 0
) -> list[Json]:
    """Return the log probabilities of tokens: the scripted ones, as far as they go, or computed."""
    values = [*(answer.logprobs or ())[first:], *[None] * len(tokens)]
    top = request.top_logprobs
    return [logprob(token, top, value) for token, value in zip(tokens, values, strict=False)]


def events(exchange: Exchange) -> Iterator[Event]:
    """Yield the stream: the choices one after another, then usage, cost and the end marker."""
    head = _head(exchange, "chat.completion.chunk")
    for index, answer in enumerate(exchange.answers):
        sent = 0
        for delta, token in _deltas(exchange, index):
            logs = None
            if "content" in delta and token:
                logs = _logprobs(exchange.request, answer, [token], sent)
                sent += 1
            yield _chunk(head, _part(index, delta, logs), token=bool(token))
        yield _chunk(head, _part(index, {}, None, answer.finish_reason))
    if exchange.usage.reported:
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
        for token in answer.cut(answer.reasoning):
            yield {"reasoning_content": token}, token
    if answer.audio:
        yield from _audio_deltas(exchange.make_id("audio_", index), answer)
    else:
        for token in answer.text_chunks():
            yield {"content": token}, token
    for at, call in enumerate(answer.tool_calls):
        yield from _call_deltas(at, call, exchange.call_id(index, at), answer)
    if answer.images:
        yield {"images": _images(answer)}, ""
    if cited := _annotations(answer):
        yield {"annotations": cited}, ""


def _call_deltas(at: int, call: ToolCall, ref: str, answer: Answer) -> Iterator[tuple[Json, str]]:
    """Yield the id and the name first, then the arguments in slices."""
    kind, key = ("custom", "input") if call.custom else ("function", "arguments")
    first = {"index": at, "id": ref, "type": kind, kind: {"name": call.name, key: ""}}
    yield {"tool_calls": [first]}, call.name
    for token in answer.cut(call.arguments):
        yield {"tool_calls": [{"index": at, kind: {key: token}}]}, token


def _audio_deltas(ref: str, answer: Answer) -> Iterator[tuple[Json, str]]:
    yield {"audio": {"id": ref}}, ""
    for token in answer.text_chunks():
        yield {"audio": {"transcript": token}}, token
    yield {"audio": {"data": answer.audio}}, ""
    yield {"audio": {"expires_at": int(time.time()) + _AN_HOUR}}, ""

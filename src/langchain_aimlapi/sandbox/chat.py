"""`Answer` -> `/chat/completions` JSON, whole or as the events of a stream."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.answers import SOURCE_TITLE, SOURCE_URL, Answer
from langchain_aimlapi.sandbox.streaming import Event
from langchain_aimlapi.sandbox.tokens import Usage, logprob, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.sandbox.ask import Ask
    from langchain_aimlapi.sandbox.choosing import Call

Json = dict[str, Any]
_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with the answers to it: all that a reply is written from."""

    ask: Ask
    answers: list[Answer]
    usage: Usage
    number: int
    """Which request of the sandbox it is; ids are made of it, so that no two replies share one."""

    def name(self, prefix: str, *more: object) -> str:
        """Make an id that is the same for the same request in the same place."""
        seed = f"{self.number}|{self.ask.prompt}|{more}"
        return prefix + hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()


def completion(exchange: Exchange) -> Json:
    """Write the whole reply."""
    return {
        **_head(exchange, "chat.completion"),
        "choices": [_choice(exchange, index) for index in range(len(exchange.answers))],
        "usage": exchange.usage.as_chat(),
        "meta": exchange.usage.as_meta(),
    }


def _head(exchange: Exchange, kind: str) -> Json:
    return {
        "id": exchange.name("chatcmpl-"),
        "object": kind,
        "created": int(time.time()),
        "model": exchange.ask.model,
        "system_fingerprint": "fp_sandbox",
    }


def _choice(exchange: Exchange, index: int) -> Json:
    said = exchange.answers[index]
    return {
        "index": index,
        "message": _message(exchange, index),
        "logprobs": _logprobs(exchange.ask, pieces(said.text)),
        "finish_reason": said.finish,
    }


def _message(exchange: Exchange, index: int) -> Json:
    said = exchange.answers[index]
    message: Json = {"role": "assistant", "content": said.text, "refusal": None}
    if said.reasoning and exchange.ask.show_thoughts:
        message["reasoning_content"] = said.reasoning
    if said.calls:
        message["content"] = None
        message["tool_calls"] = [
            _call(call, exchange.name("call_", index, at)) for at, call in enumerate(said.calls)
        ]
    if said.audio:
        message["content"] = ""
        message["audio"] = {
            "id": exchange.name("audio_", index),
            "data": said.audio,
            "transcript": said.text,
            "expires_at": int(time.time()) + _AN_HOUR,
        }
    return message | {"annotations": _annotations(said)}


def _call(call: Call, ref: str) -> Json:
    if call.custom:
        custom = {"name": call.name, "input": call.arguments}
        return {"id": ref, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": ref, "type": "function", "function": function}


def _annotations(said: Answer) -> list[Json]:
    if not said.cited:
        return []
    start = said.text.find(said.cited)
    citation = {
        "start_index": start,
        "end_index": start + len(said.cited),
        "title": SOURCE_TITLE,
        "url": SOURCE_URL,
    }
    return [{"type": "url_citation", "url_citation": citation}]


def _logprobs(ask: Ask, tokens: list[str]) -> Json | None:
    if not ask.logprobs:
        return None
    return {"content": [logprob(token, ask.top_logprobs) for token in tokens], "refusal": None}


def events(exchange: Exchange) -> Iterator[Event]:
    """Write the stream: the choices one after another, then usage, cost and the end mark."""
    head = _head(exchange, "chat.completion.chunk")
    for index, said in enumerate(exchange.answers):
        for delta, token in _deltas(exchange, index):
            logs = _logprobs(exchange.ask, [token]) if "content" in delta and token else None
            yield _chunk(head, _part(index, delta, logs), token=bool(token))
        yield _chunk(head, _part(index, {}, None, said.finish))
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
    """Yield each delta of a choice with the token it stands for, if it stands for one."""
    said = exchange.answers[index]
    yield {"role": "assistant", "content": "", "refusal": None}, ""
    if exchange.ask.show_thoughts:
        for token in pieces(said.reasoning):
            yield {"reasoning_content": token}, token
    for at, call in enumerate(said.calls):
        yield from _call_deltas(at, call, exchange.name("call_", index, at))
    if said.audio:
        yield from _audio_deltas(exchange.name("audio_", index), said)
    else:
        for token in pieces(said.text):
            yield {"content": token}, token
    if cited := _annotations(said):
        yield {"annotations": cited}, ""


def _call_deltas(at: int, call: Call, ref: str) -> Iterator[tuple[Json, str]]:
    """Yield the id and name first, then the arguments piece by piece."""
    kind, key = ("custom", "input") if call.custom else ("function", "arguments")
    first = {"index": at, "id": ref, "type": kind, kind: {"name": call.name, key: ""}}
    yield {"tool_calls": [first]}, call.name
    for token in pieces(call.arguments):
        yield {"tool_calls": [{"index": at, kind: {key: token}}]}, token


def _audio_deltas(ref: str, said: Answer) -> Iterator[tuple[Json, str]]:
    yield {"audio": {"id": ref}}, ""
    for token in pieces(said.text):
        yield {"audio": {"transcript": token}}, token
    yield {"audio": {"data": said.audio}}, ""
    yield {"audio": {"expires_at": int(time.time()) + _AN_HOUR}}, ""

"""One run: several models answer the same question at once, and all they do becomes events.

An event is a small JSON object with `type`, and `index` for the model that it is about:

    start                              the model is asked
    text, reasoning        `text`      what it adds to its answer
    tool                   `call`, `name`, `args`     a chunk of a tool call
    request, reply, data, failure      what went over the wire (`wire.py`), with `attempt`
    done                   `figures`   its answer is whole
    error                  `message`   it is not, and why
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._errors.secrets import Redactor
from langchain_aimlapi.errors import AimlapiError
from langchain_aimlapi.ui.blanking import BlankedStream
from langchain_aimlapi.wire import (
    WireData,
    WireError,
    WireEvent,
    WireReply,
    WireRequest,
    watch_wire,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from langchain_core.messages.ai import UsageMetadata

    from langchain_aimlapi.ui.outbox import Outbox
    from langchain_aimlapi.ui.question import Question

Event: TypeAlias = dict[str, Any]
_WIRE_TYPES: Mapping[type[Any], str] = {
    WireRequest: "request",
    WireReply: "reply",
    WireData: "data",
    WireError: "failure",
}
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{2048,}")
_SHOWN_CHARS = 64


class Run:
    """One question to several models.

    Args:
        question: What to ask.
        arguments: What a model object is made with: key and address.
        key: What must not be shown.
        outbox: Where the events go.
    """

    def __init__(
        self, question: Question, arguments: Mapping[str, Any], key: str, outbox: Outbox
    ) -> None:
        self._question = question
        self._arguments = arguments
        self._key = key
        self._outbox = outbox

    async def ask_all(self) -> None:
        """Ask all models at once, until each has answered or failed."""
        async with asyncio.TaskGroup() as tasks:
            for index, model in enumerate(self._question.models):
                tasks.create_task(self._ask(index, model))

    async def _ask(self, index: int, model: str) -> None:
        answer = _Answer(self._key)
        self._tell(index, "start", model=model)
        try:
            with watch_wire(lambda event: self._show_wire(index, event)):
                await self._stream(index, model, answer)
        except AimlapiError as error:
            self._end(index, "error", answer, **_described(error))
        except Exception as error:  # noqa: BLE001  # one model's failure must not end the others
            message = Redactor([self._key]).text(f"{type(error).__name__}: {error}")
            self._end(index, "error", answer, message=message)
        else:
            self._end(index, "done", answer)

    async def _stream(self, index: int, model: str, answer: _Answer) -> None:
        asked, question = dict(self._arguments), self._question
        for name in ("temperature", "max_tokens"):
            if (value := getattr(question, name)) is not None:
                asked[name] = value
        chat = ChatAimlapi(model=model, **asked)
        llm = chat.bind_tools(question.tools) if question.tools else chat
        async with contextlib.aclosing(_chunks(llm, question)) as chunks:
            async for chunk in chunks:
                for event in answer.add(chunk):
                    self._tell(index, **event)
                await self._outbox.room()

    def _end(self, index: int, kind: str, answer: _Answer, **fields: object) -> None:
        for event in answer.rest():
            self._tell(index, **event)
        self._tell(index, kind, figures=answer.figures(), **fields)

    def _tell(self, index: int, type: str, **fields: object) -> None:  # noqa: A002  # its name on the page
        self._outbox.add({"type": type, "index": index, **fields})

    def _show_wire(self, index: int, event: WireEvent) -> None:
        fields = dataclasses.asdict(event)
        for name in ("body", "text"):
            if name in fields:
                fields[name] = shortened(fields[name])
        self._tell(index, _WIRE_TYPES[type(event)], **fields)


async def _chunks(llm: Any, question: Question) -> AsyncGenerator[AIMessageChunk]:
    async for chunk in llm.astream(question.messages):
        yield chunk


class _Answer:
    """Adds an answer up, and says what each chunk adds to it.

    Args:
        key: What must not be shown.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._start = time.monotonic()
        self._first: float | None = None
        self._message: AIMessageChunk | None = None
        self._texts: dict[tuple[str, object], BlankedStream] = {}

    def add(self, chunk: AIMessageChunk) -> list[Event]:
        """Take a chunk; return events about it."""
        self._message = chunk if self._message is None else self._message + chunk
        reasoning = chunk.additional_kwargs.get("reasoning_content") or ""
        events = [*self._text("reasoning", reasoning), *self._text("text", str(chunk.text))]
        for call in chunk.tool_call_chunks:
            args = self._blanked("tool", call["index"]).feed(call["args"] or "")
            events.append(
                {"type": "tool", "call": call["index"], "name": call["name"], "args": args}
            )
        if self._first is None and (reasoning or chunk.text or chunk.tool_call_chunks):
            self._first = time.monotonic()
        return events

    def rest(self) -> list[Event]:
        """Events about what was held back."""
        events: list[Event] = []
        for (kind, call), stream in self._texts.items():
            if text := stream.rest():
                tool = {"call": call, "name": None, "args": text}
                events.append({"type": kind, **(tool if kind == "tool" else {"text": text})})
        return events

    def _text(self, kind: str, text: str) -> list[Event]:
        shown = self._blanked(kind, None).feed(text) if text else ""
        return [{"type": kind, "text": shown}] if shown else []

    def _blanked(self, kind: str, call: object) -> BlankedStream:
        return self._texts.setdefault((kind, call), BlankedStream(self._key))

    def figures(self) -> dict[str, object]:
        """Times in seconds, tokens as the service counted them, and USD as billed."""
        now = time.monotonic()
        message = self._message or AIMessage("")
        usage, metadata = message.usage_metadata, message.response_metadata
        tokens = usage["output_tokens"] if usage else None
        pause = None if self._first is None else now - self._first
        return {
            "first_token": None if self._first is None else self._first - self._start,
            "seconds": now - self._start,
            "tokens_per_second": tokens / pause if tokens and pause else None,
            "input_tokens": usage["input_tokens"] if usage else None,
            "output_tokens": tokens,
            "reasoning_tokens": _reasoning_tokens(usage),
            "usd": metadata.get("cost"),
            "served_by": metadata.get("model_name"),
            "finish_reason": metadata.get("finish_reason"),
            "inference_id": metadata.get("inference_id"),
        }


def _reasoning_tokens(usage: UsageMetadata | None) -> int | None:
    return usage.get("output_token_details", {}).get("reasoning") if usage else None


def _described(error: AimlapiError) -> dict[str, object]:
    return {
        "message": f"{type(error).__name__}: {error}",
        "status": error.status_code,
        "inference_id": error.inference_id,
    }


def shortened(text: str) -> str:
    """Leave out the middle of base64: a picture of megabytes is of no use to a reader."""

    def cut(found: re.Match[str]) -> str:
        left_out = len(found[0]) - _SHOWN_CHARS
        return f"{found[0][:_SHOWN_CHARS]}…[{left_out:,} more characters of base64]"

    return _BASE64.sub(cut, text)

"""One call of one model: the chunks of its answer added up, with the times that they came at."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.runnables import Runnable

from langchain_aimlapi.compare.events import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
)
from langchain_aimlapi.compare.results import Result

_AT_ONCE = 0.01
"""Seconds: what arrives within is one piece of the network, whose time says nothing of speed."""
_SHOWN_BLOCKS = {
    *("text", "reasoning", "refusal"),
    *("tool_call", "tool_call_chunk", "invalid_tool_call"),
}


class Answer:
    """The answer of a model, from the call to its end or failure.

    Args:
        model: The model that is asked.
        run: Which run, from 1.
        column: Place of the model among those that are compared.
    """

    def __init__(self, model: str, run: int = 1, column: int = 0) -> None:
        self._model, self._run, self._column = model, run, column
        self._start = time.monotonic()
        self._first: float | None = None
        self._first_text: float | None = None
        self._last: float | None = None
        self._chunks: list[AIMessageChunk] = []
        self._reasoning: list[str] = []

    async def astream(
        self, llm: Runnable[LanguageModelInput, AIMessage], messages: LanguageModelInput
    ) -> AsyncGenerator[Event]:
        """Ask, and yield what happens. The last event is `Finished`, also after an error.

        Args:
            llm: The model, or a chain that streams its chunks.
            messages: What to send.

        Yields:
            Events. If the caller stops, there are no more, and `result` has what came.
        """
        self._start = time.monotonic()
        yield Started(self._column, self._run, self._model)
        error: str | None = None
        try:
            async with contextlib.aclosing(_chunks(llm, messages)) as chunks:
                async for chunk in chunks:
                    for event in self.add(chunk):
                        yield event
        except Exception as raised:  # noqa: BLE001  # a model that fails must not end the others
            error = f"{type(raised).__name__}: {raised}"
        yield Finished(self._column, self._run, self.result(error=error))

    def add(self, chunk: AIMessageChunk) -> list[Event]:
        """Add a chunk.

        Args:
            chunk: The next one.

        Returns:
            Events about it.
        """
        self._chunks.append(chunk)
        text, reasoning = str(chunk.text), _reasoning(chunk)
        place = (self._column, self._run)
        events: list[Event] = []
        if reasoning:
            self._reasoning.append(reasoning)
            events.append(ReasoningDelta(*place, reasoning))
        if text:
            events.append(TextDelta(*place, text))
        events += [
            ToolCallDelta(*place, call["index"], call["name"], call["args"] or "")
            for call in chunk.tool_call_chunks
        ]
        if events or chunk.content or chunk.additional_kwargs.get("audio"):
            self._note_time(is_text=bool(text))
        return events

    def _note_time(self, *, is_text: bool) -> None:
        self._last = time.monotonic()
        if self._first is None:
            self._first = self._last
        if is_text and self._first_text is None:
            self._first_text = self._last

    def result(self, *, error: str | None = None, is_interrupted: bool = False) -> Result:
        """Return all that is known by now.

        Args:
            error: Why the answer is not whole.
            is_interrupted: Whether the caller stopped it.

        Returns:
            The result.
        """
        message = _added(self._chunks)
        usage, metadata = message.usage_metadata, message.response_metadata
        blocks = _blocks(message)
        return Result(
            model=self._model,
            run=self._run,
            text=str(message.text),
            reasoning="".join(self._reasoning),
            refusal=_refusal(blocks),
            tool_calls=_tool_calls(message),
            sources=_sources(blocks),
            other_content=sorted({str(block["type"]) for block in blocks} - _SHOWN_BLOCKS),
            ttft=self._since_start(self._first),
            first_text=self._since_start(self._first_text),
            seconds=time.monotonic() - self._start,
            tokens_per_second=self._speed(usage),
            input_tokens=usage["input_tokens"] if usage else None,
            output_tokens=usage["output_tokens"] if usage else None,
            reasoning_tokens=_reasoning_tokens(usage),
            usd=metadata.get("cost"),
            finish_reason=metadata.get("finish_reason") or metadata.get("stop_reason"),
            served_by=metadata.get("model_name"),
            inference_id=metadata.get("inference_id"),
            error=error,
            is_interrupted=is_interrupted,
        )

    def _since_start(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self._start

    def _speed(self, usage: UsageMetadata | None) -> float | None:
        if self._first is None or self._last is None or usage is None:
            return None
        seconds = self._last - self._first
        unseen = 0 if self._reasoning else _reasoning_tokens(usage) or 0
        after_first = usage["output_tokens"] - unseen - 1
        return after_first / seconds if seconds >= _AT_ONCE and after_first > 0 else None


def _added(chunks: list[AIMessageChunk]) -> AIMessage:
    if not chunks:
        return AIMessage("")
    whole: Any = chunks[0]
    return cast("AIMessage", whole + chunks[1:])  # all at once: one by one is quadratic


async def _chunks(llm: Any, messages: LanguageModelInput) -> AsyncGenerator[AIMessageChunk]:
    async for chunk in llm.astream(messages):
        yield chunk


def _reasoning(chunk: AIMessageChunk) -> str:
    """More of the reasoning, where this package has it, or in LangChain's blocks."""
    if reasoning := chunk.additional_kwargs.get("reasoning_content"):
        return str(reasoning)
    if isinstance(chunk.content, str):
        return ""
    blocks = (dict(block) for block in chunk.content_blocks)
    return "".join(str(block.get("reasoning") or "") for block in blocks)


def _reasoning_tokens(usage: UsageMetadata | None) -> int | None:
    return usage.get("output_token_details", {}).get("reasoning") if usage else None


def _tool_calls(message: AIMessage) -> list[Mapping[str, Any]]:
    calls = (*message.tool_calls, *message.invalid_tool_calls)
    return [{"name": call["name"], "args": call["args"]} for call in calls]


def _blocks(message: AIMessage) -> list[dict[str, Any]]:
    """What the content holds; langchain-core 1.7 wraps what it does not know, such as refusals."""
    blocks = [dict(block) for block in message.content_blocks]
    wrapped = [one.get("value") if one["type"] == "non_standard" else None for one in blocks]
    return [
        value if isinstance(value, dict) and "type" in value else block
        for block, value in zip(blocks, wrapped, strict=True)
    ]


def _refusal(blocks: list[dict[str, Any]]) -> str | None:
    found = (str(block.get("refusal") or "") for block in blocks if block["type"] == "refusal")
    return next(found, None)


def _sources(blocks: list[dict[str, Any]]) -> list[Mapping[str, str]]:
    """What the answer cites, each address once."""
    found: dict[str, Mapping[str, str]] = {}
    for block in blocks:
        for each in block.get("annotations") or ():
            if each.get("type") == "citation" and (url := each.get("url")):
                found.setdefault(url, {"url": url, "title": each.get("title") or ""})
    return list(found.values())

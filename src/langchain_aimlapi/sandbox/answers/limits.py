"""What a request asks of any answer, scripted or not: stop sequences, token limit, audio."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.answer import (
    SOURCE_TITLE,
    SOURCE_URL,
    Answer,
    Citation,
    ToolCall,
)
from langchain_aimlapi.sandbox.answers.audio import tone
from langchain_aimlapi.sandbox.answers.tokens import count_tokens, tokenize

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest


def apply_limits(answer: Answer, request: ParsedRequest) -> Answer:
    """Apply the stop sequences, the token limit, web search and audio of a request."""
    given = answer.finish_reason
    text = _stopped(answer.text, request.stops)
    usual = "tool_calls" if answer.tool_calls else "stop"
    answer = _limited(replace(answer, text=text, finish_reason=usual), request.max_tokens)
    if request.search and answer.text and not answer.citations:
        answer = replace(answer, citations=(Citation(SOURCE_URL, SOURCE_TITLE),))
    if request.audio_format and not answer.tool_calls:
        answer = replace(answer, audio=tone(request.audio_format))
    return replace(answer, finish_reason=given) if given else answer


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    """Cut a text before the first stop sequence."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _limited(answer: Answer, limit: int | None) -> Answer:
    """Cut an answer at so many tokens: reasoning counts first, then the text, then tool calls."""
    if limit is None or answer.tokens <= limit:
        return answer
    reasoning = tokenize(answer.reasoning)[:limit]
    left = limit - len(reasoning)
    text = tokenize(answer.text)[:left]
    left -= len(text)
    calls: list[ToolCall] = []
    for call in answer.tool_calls:
        room = left - sum(kept.tokens for kept in calls) - count_tokens(call.name)
        if room > 0:
            calls.append(replace(call, arguments="".join(tokenize(call.arguments)[:room])))
    return replace(
        answer,
        reasoning="".join(reasoning),
        text="".join(text),
        tool_calls=tuple(calls),
        finish_reason="length",
    )

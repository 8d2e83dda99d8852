"""The answer to one choice, and the limits of the request that hold for every answer.

Stop sequences, token limits, citations and spoken audio apply to a scripted answer as they do
to a default one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from langchain_aimlapi.sandbox.answers.audio import tone
from langchain_aimlapi.sandbox.answers.tokens import count_tokens, tokenize

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest

SOURCE_URL, SOURCE_TITLE = "https://example.com/sandbox", "An example source"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call of the answer."""

    name: str
    arguments: str
    """JSON, or free text for a custom tool."""
    custom: bool = False

    @property
    def tokens(self) -> int:
        """Tokens of the name and the arguments."""
        return count_tokens(self.name) + count_tokens(self.arguments)


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of one choice."""

    reasoning: str = ""
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Literal["stop", "length", "tool_calls"] = "stop"
    cited: str = ""
    """The part of the text that cites a web source."""
    audio: str = ""
    """Spoken audio in base64; the text is then its transcript."""

    @property
    def tokens(self) -> int:
        """Tokens of the whole answer."""
        text = count_tokens(self.reasoning) + count_tokens(self.text)
        return text + sum(call.tokens for call in self.tool_calls)


def apply_limits(answer: Answer, request: ParsedRequest) -> Answer:
    """Apply what the request asks of any answer: stop sequences, token limit, citations, audio."""
    if answer.tool_calls:
        return _limited(replace(answer, finish="tool_calls"), request.max_tokens)
    text = _stopped(answer.text, request.stops)
    answer = _limited(replace(answer, text=text), request.max_tokens)
    if request.search and answer.text:
        answer = replace(answer, cited=answer.text)
    if request.audio_format:
        answer = replace(answer, audio=tone(request.audio_format))
    return answer


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    """Cut a text before the first stop sequence."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _limited(answer: Answer, limit: int | None) -> Answer:
    """Cut an answer at so many tokens: reasoning counts first, then the text or the tool calls."""
    if limit is None or answer.tokens <= limit:
        return answer
    reasoning = tokenize(answer.reasoning)[:limit]
    left = limit - len(reasoning)
    calls: list[ToolCall] = []
    for call in answer.tool_calls:
        room = left - sum(kept.tokens for kept in calls) - count_tokens(call.name)
        if room > 0:
            calls.append(replace(call, arguments="".join(tokenize(call.arguments)[:room])))
    return replace(
        answer,
        reasoning="".join(reasoning),
        text="".join(tokenize(answer.text)[:left]),
        tool_calls=tuple(calls),
        finish="length",
    )

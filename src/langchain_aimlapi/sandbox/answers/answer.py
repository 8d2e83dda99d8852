"""The content of an answer: what one choice of a reply holds, scripted or by default."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal

from langchain_aimlapi.sandbox.answers.tokens import count_tokens, tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.sandbox.faults.table import Fault

SOURCE_URL, SOURCE_TITLE = "https://example.com/sandbox", "An example source"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call of the answer."""

    name: str
    arguments: str
    """JSON, or free text for a custom tool."""
    custom: bool = False
    ref: str = ""
    """The id; empty for one that the sandbox makes."""

    @property
    def tokens(self) -> int:
        """Tokens of the name and the arguments."""
        return count_tokens(self.name) + count_tokens(self.arguments)


@dataclass(frozen=True, slots=True)
class Citation:
    """A web source of a part of the text."""

    url: str
    title: str = ""
    text: str = ""
    """The part of the answer that cites the source; empty for all of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of one choice, and how it is sent."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    """Empty for the one that fits."""
    citations: tuple[Citation, ...] = ()
    images: tuple[str, ...] = ()
    """URLs, `data:` URLs among them."""
    audio: str = ""
    """Spoken audio in base64; the text is then its transcript."""
    usage: Mapping[str, int] | Literal[False] | None = None
    """Token counts instead of the counted ones; False for a reply without usage."""
    cost: float | None = None
    """US dollars instead of the computed cost."""
    logprobs: tuple[float, ...] | None = None
    """Log probabilities of the first tokens of the text; they are sent even if not asked for."""
    chunks: tuple[str, ...] | int | None = None
    """The chunks of the streamed text, or the characters of every chunk; None for tokens."""
    ttft: float | None = None
    """Seconds until the first token, instead of the sandbox's."""
    tokens_per_second: float | None = None
    """Pace, instead of the sandbox's."""
    fault: Fault | None = None
    """What goes wrong with the reply."""
    embeddings: tuple[tuple[float, ...], ...] | None = None
    """The embeddings of an embeddings reply; such an answer is for no chat."""

    @property
    def tokens(self) -> int:
        """Tokens of the whole answer."""
        text = count_tokens(self.reasoning) + count_tokens(self.text)
        return text + sum(call.tokens for call in self.tool_calls)

    def text_chunks(self) -> list[str]:
        """Cut the text as it is streamed."""
        if not isinstance(self.chunks, tuple):
            return self.cut(self.text)
        bounds = [0, *accumulate(map(len, self.chunks))]
        cut = [self.text[start:end] for start, end in pairwise(bounds)]
        return [chunk for chunk in (*cut, self.text[bounds[-1] :]) if chunk]

    def cut(self, text: str) -> list[str]:
        """Cut reasoning or arguments as they are streamed."""
        if not isinstance(self.chunks, int):
            return tokenize(text)
        return [text[at : at + self.chunks] for at in range(0, len(text), self.chunks)]

"""A request as the sandbox understands it, whichever of the two shapes it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PartKind = Literal["text", "image", "audio", "video", "file", "call", "result", "other"]

MEDIA: frozenset[PartKind] = frozenset({"image", "audio", "video", "file"})


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a message: some text, a medium, a tool call, or what a tool answered."""

    kind: PartKind
    text: str = ""
    """The text; of a call its arguments, of a result what the tool said, of a medium its URL."""
    media_type: str = ""
    size: int | None = None
    """Bytes of an inline medium; None for one that is only linked."""
    name: str = ""
    """The tool's name, or the file's."""
    ref: str = ""
    """The id of the call, or of the call that is answered."""
    marked: bool = False
    """Whether the prompt shall be cached up to here (`cache_control`)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message."""

    role: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The message's text alone."""
        return "\n".join(part.text for part in self.parts if part.kind == "text")

    def has(self, *kinds: PartKind) -> bool:
        """Tell whether any part is of one of these kinds."""
        return any(part.kind in kinds for part in self.parts)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the sandbox may call."""

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = False
    """Whether it takes free text instead of arguments."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What `tool_choice` asks for."""

    mode: Literal["auto", "none", "required"] = "auto"
    only: frozenset[str] | None = None
    """The tools that may be called; None for all."""
    named: bool = False
    """Whether one tool was named, which is then called whatever was said before."""
    parallel: bool = True


@dataclass(frozen=True, slots=True)
class Format:
    """What `response_format` asks for."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, understood."""

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: Choice = Choice()
    format: Format = Format()
    n: int = 1
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    logprobs: bool = False
    top_logprobs: int = 0
    effort: Literal["", "low", "medium", "high"] = ""
    """How long to think; empty for not at all."""
    show_thoughts: bool = True
    audio_format: str = ""
    """The format of the spoken answer; empty when none is wanted."""
    search: bool = False
    stream: bool = False
    pad_to: int = 0
    """Tokens the answer shall have at least."""

    @property
    def last(self) -> Turn | None:
        """The last message that is not an instruction."""
        spoken = [turn for turn in self.turns if turn.role not in {"system", "developer"}]
        return spoken[-1] if spoken else None

    @property
    def prompt(self) -> str:
        """What the user said last."""
        said = (turn.text for turn in reversed(self.turns) if turn.role == "user")
        return next((text for text in said if text), "")

    @property
    def round(self) -> tuple[Turn, ...]:
        """The messages since the user last said something: the tool calls of this task."""
        for index in range(len(self.turns) - 1, -1, -1):
            turn = self.turns[index]
            if turn.role == "user" and not self._carries_results(index):
                return self.turns[index + 1 :]
        return self.turns

    @property
    def answers_a_tool(self) -> bool:
        """Whether the request brings back what a tool said."""
        return any(turn.has("result") for turn in self.round[-2:]) and bool(
            self.last and self.last.role != "assistant"
        )

    def _carries_results(self, index: int) -> bool:
        """Tell whether a user message is a tool's answer, or the media that belong to one.

        A tool message holds text only, so clients send the image a tool returned in a user
        message right behind it.
        """
        turn = self.turns[index]
        if turn.has("result"):
            return True
        before = self.turns[index - 1] if index else None
        return bool(before and before.has("result") and turn.has(*MEDIA))

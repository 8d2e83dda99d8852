"""A request after parsing: the same values whichever dialect or endpoint it came by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PartKind = Literal["text", "image", "audio", "video", "file", "call", "result", "other"]

MEDIA: frozenset[PartKind] = frozenset({"image", "audio", "video", "file"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message: text, a medium, a tool call or a tool result."""

    kind: PartKind
    text: str = ""
    """The text; of a call its arguments, of a result its text, of a medium its URL."""
    media_type: str = ""
    size: int | None = None
    """Bytes of an inline medium; None for a linked one."""
    name: str = ""
    """The name of the tool or the file."""
    ref: str = ""
    """The id of the call, or of the call that is answered."""
    marked: bool = False
    """Whether the prompt is to be cached up to here (`cache_control`)."""


@dataclass(frozen=True, slots=True)
class Message:
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
class ToolChoice:
    """What `tool_choice` asks for."""

    mode: Literal["auto", "none", "required"] = "auto"
    only: frozenset[str] | None = None
    """Names of the tools that may be called; None for all."""
    named: bool = False
    """Whether one tool was forced by name; it is then called in any case."""
    parallel: bool = True


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """What `response_format` asks for."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """One chat request after parsing."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    format: ResponseFormat = ResponseFormat()
    n: int = 1
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    logprobs: bool = False
    top_logprobs: int = 0
    effort: Literal["", "low", "medium", "high"] = ""
    """Reasoning effort; empty for no reasoning."""
    show_reasoning: bool = True
    audio_format: str = ""
    """Format of the spoken answer; empty for none."""
    search: bool = False
    stream: bool = False
    pad_to: int = 0
    """Minimum number of tokens of the answer."""

    @property
    def parts(self) -> list[Part]:
        """The parts of all messages."""
        return [part for message in self.messages for part in message.parts]

    @property
    def newest(self) -> tuple[Message, ...]:
        """The messages since the last answer: the prompt, or the results of tools."""
        answers = [at for at, one in enumerate(self.messages) if one.role == "assistant"]
        messages = self.messages[answers[-1] + 1 :] if answers else self.messages
        return tuple(one for one in messages if one.role not in {"system", "developer"})

    @property
    def last(self) -> Message | None:
        """The last message that is not an instruction."""
        others = [
            message for message in self.messages if message.role not in {"system", "developer"}
        ]
        return others[-1] if others else None

    @property
    def prompt(self) -> str:
        """The text of the last user message that has any."""
        texts = (message.text for message in reversed(self.messages) if message.role == "user")
        return next((text for text in texts if text), "")

    @property
    def since_prompt(self) -> tuple[Message, ...]:
        """The messages after the last user message: tool calls and results of this task."""
        for index in range(len(self.messages) - 1, -1, -1):
            message = self.messages[index]
            if message.role == "user" and not self._carries_results(index):
                return self.messages[index + 1 :]
        return self.messages

    @property
    def answers_a_tool(self) -> bool:
        """Whether the request brings tool results."""
        return any(message.has("result") for message in self.since_prompt[-2:]) and bool(
            self.last and self.last.role != "assistant"
        )

    def _carries_results(self, index: int) -> bool:
        """Tell whether a user message holds tool results, or the media that belong to them.

        A tool message holds text only, so clients send an image that a tool returned in a user
        message right after it.
        """
        message = self.messages[index]
        if message.has("result"):
            return True
        previous = self.messages[index - 1] if index else None
        return bool(previous and previous.has("result") and message.has(*MEDIA))

"""A conversation as values: one per turn, the same for every dialect and route.

`conversation` makes them out of LangChain's messages and `handover` fits them to the model that
is asked; `messages`, `anthropic` and `responses_input` write them. So what a history may hold is
decided once, and how it looks three times.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi._codec.encode.content import Media, Part, Text, joined_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reasoning(NamedTuple):
    """What a model reasoned, and how it arrived."""

    text: str = ""
    key: str = "reasoning_content"
    details: tuple[Mapping[str, object], ...] = ()
    """`reasoning_details` as received: parts with signatures, or encrypted ones."""
    signed: tuple[Mapping[str, object], ...] = ()
    """Anthropic's blocks for it, with their signatures."""
    required: bool = False
    """Whether its key is sent though there is no text."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.text or self.details or self.signed)


class ToolCall(NamedTuple):
    """One tool call; `arguments` is JSON text, as it goes over the wire."""

    id: str
    name: str
    arguments: str
    extras: Mapping[str, Any] = MappingProxyType({})
    """Fields beside `function` (such as `extra_content`), to go back unchanged."""
    broken: bool = False
    """Whether the model wrote arguments that are no JSON object."""

    @property
    def custom(self) -> bool:
        """Whether it calls a custom tool, which takes free text."""
        return self.extras.get("type") == "custom"


class MessageTurn(NamedTuple):
    """What the system, the developer, the user or anybody else said."""

    role: str
    parts: tuple[Part, ...]
    where: str
    """Its place in the conversation, for error messages."""
    name: str | None = None


class AssistantTurn(NamedTuple):
    """What a model said."""

    parts: tuple[Part, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: Reasoning | None = None
    refusal: str | None = None
    audio_id: str | None = None
    transcript: str | None = None
    """What it said aloud, in words."""
    items: tuple[Mapping[str, Any], ...] = ()
    """The items of a turn that came as such (`additional_kwargs["output_items"]`), in order."""
    own: bool = True
    """Whether a model of the same vendor said it as is asked now."""
    echoed: bool = True
    """Whether its reasoning goes back."""
    where: str = ""
    name: str | None = None
    model: str | None = None
    """The model that said it, as its metadata name it."""
    provider: str | None = None
    """The LangChain integration it came by."""

    @property
    def text(self) -> str:
        """All text, run together as it was streamed."""
        return joined_text(self.parts)

    @property
    def media(self) -> list[Media]:
        """What it drew or said aloud."""
        return [part for part in self.parts if isinstance(part, Media)]

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it to send."""
        said = any(not isinstance(part, Text) or part.text.strip() for part in self.parts)
        more = (self.tool_calls, self.reasoning, self.refusal, self.audio_id, self.items)
        return not said and not any(more)


class ToolTurn(NamedTuple):
    """The result of a tool call."""

    tool_call_id: str
    parts: tuple[Part, ...]
    where: str
    is_error: bool = False


Turn = MessageTurn | AssistantTurn | ToolTurn

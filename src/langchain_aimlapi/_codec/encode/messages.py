"""LangChain messages -> messages of the OpenAI shape.

Order is kept, with two exceptions the wire demands: media out of a tool's or an assistant's
message go into a user message after it and the tool messages that follow (both hold text only),
and system text moves into the first user message for the few models without a system role.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import orjson

from langchain_aimlapi._codec.encode.assistant import Assistant, Call, Reasoning, read_assistant
from langchain_aimlapi._codec.encode.content import Media, Piece, Raw, Text, read_content
from langchain_aimlapi._codec.encode.parts import openai_part
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi._codec.keys import REASONING_KEYS, THINK_TAG
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

    from langchain_aimlapi._catalogue.spec import ModelFacts

Turn = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How messages are to look: the model's facts and the caller's wishes."""

    facts: ModelFacts | None = None
    echo_reasoning: bool = True

    @property
    def plain_strings(self) -> bool:
        """Whether the model takes messages of nothing but a role and a string."""
        if self.facts is None:
            return False
        return self.facts.user_parts.get("openai") == frozenset({"string"})

    @property
    def echoes(self) -> bool:
        """Whether a model's thoughts go back to it; the oldest schemas refuse further keys."""
        return self.echo_reasoning and not (self.facts and self.facts.closed_messages)

    @property
    def takes_names(self) -> bool:
        """Whether messages may carry `name`."""
        return self.facts is None or "name" in self.facts.assistant_keys


def encode_messages(messages: Sequence[BaseMessage], shape: Shape) -> list[Turn]:
    """Write a conversation in the OpenAI shape.

    Raises:
        ConfigurationError: For an empty conversation or a message of unknown kind.
        UnsupportedContentError: For content that cannot be sent; it names type and place.
    """
    if not messages:
        raise ConfigurationError("There are no messages to send.")
    turns: list[Turn] = []
    waiting: list[Piece] = []
    for position, message in enumerate(messages):
        where = f"messages[{position}] ({message.type})"
        kind = kind_of(message)
        if kind != "tool":
            turns += _carried_over(waiting, shape)
            waiting = []
        if kind == "ai":
            turn, media = _ai(cast("AIMessage", message), where, shape)
        elif kind == "tool":
            turn, media = _tool(cast("ToolMessage", message), where)
        else:
            turns += _encoder(message, where)(message, where, shape)
            continue
        turns.append(turn)
        waiting += media
    turns += _carried_over(waiting, shape)
    return _with_known_roles(turns, shape.facts)


def _carried_over(media: list[Piece], shape: Shape) -> list[Turn]:
    return [{"role": "user", "content": _content(media, shape)}] if media else []


def kind_of(message: BaseMessage) -> str:
    """A message's type ("ai", "human", "tool", …), the same for a message and its chunks."""
    return message.type.removesuffix("MessageChunk").lower()


def _encoder(message: BaseMessage, where: str) -> Callable[[Any, str, Shape], list[Turn]]:
    encoder = _ENCODERS.get(kind_of(message))
    if encoder is None:
        raise ConfigurationError(f"{where}: a {type(message).__name__} cannot be sent.")
    return encoder


# --- one function per kind of message ---------------------------------------------------------


def _system(message: BaseMessage, where: str, shape: Shape) -> list[Turn]:
    role = message.additional_kwargs.get("__openai_role__") or "system"
    pieces = read_content(message.content, where)
    return [_named({"role": role, "content": _content(pieces, shape)}, message, shape)]


def _human(message: BaseMessage, where: str, shape: Shape) -> list[Turn]:
    """A user turn; Anthropic's `tool_result` blocks in it become tool turns before it."""
    blocks = message.content if isinstance(message.content, list) else [message.content]
    results = [block for block in blocks if _is_tool_result(block)]
    turns, media = _tool_results(results, where)
    pieces = media + read_content([block for block in blocks if not _is_tool_result(block)], where)
    if not pieces and turns:
        return turns
    return [*turns, _named({"role": "user", "content": _content(pieces, shape)}, message, shape)]


def _is_tool_result(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "tool_result"


def _tool_results(blocks: Sequence[Any], where: str) -> tuple[list[Turn], list[Piece]]:
    turns: list[Turn] = []
    media: list[Piece] = []
    for block in blocks:
        pieces = read_content(block.get("content") or "", where)
        turn, found = _tool_turn(block.get("tool_use_id"), pieces, where)
        turns.append(turn)
        media += found
    return turns, media


def _ai(message: AIMessage, where: str, shape: Shape) -> tuple[Turn, list[Piece]]:
    """An assistant turn of text and calls, and the media that have to follow it."""
    said = read_assistant(message, where)
    # Beside tool calls too: `null` and absence are each refused by some schemas, "" by none.
    turn: Turn = {"role": "assistant", "content": _assistant_content(said, shape)}
    if said.calls:
        turn["tool_calls"] = [_wire_call(call) for call in said.calls]
    if said.refusal:
        turn["refusal"] = said.refusal
    if said.audio_id:
        turn["audio"] = {"id": said.audio_id}
    if said.reasoning and shape.echoes:
        turn |= _echo(said.reasoning)
    media: list[Piece] = [piece for piece in said.pieces if isinstance(piece, Media)]
    if media:
        media.insert(0, Text("From the assistant's last message:"))
    return _named(turn, message, shape), media


def _assistant_content(said: Assistant, shape: Shape) -> str | list[dict[str, Any]]:
    """Text as one string, unless a cache mark or a part of the caller's own needs a list."""
    thought = said.reasoning
    before = ""
    if thought and thought.key == THINK_TAG and shape.echoes:
        before = f"<think>{thought.text}</think>"
    pieces = [piece for piece in said.pieces if not isinstance(piece, Media)]
    if all(isinstance(piece, Text) and not piece.cache_control for piece in pieces):
        return before + said.text
    parts = [openai_part(piece) for piece in pieces]
    return [{"type": "text", "text": before}, *parts] if before else parts


def _echo(reasoning: Reasoning) -> Turn:
    """The thoughts under the key they came by."""
    turn: Turn = {}
    if reasoning.text and reasoning.key in REASONING_KEYS:
        turn[reasoning.key] = reasoning.text
    if reasoning.details:
        turn["reasoning_details"] = [dict(detail) for detail in reasoning.details]
    return turn


def _wire_call(call: Call) -> dict[str, Any]:
    if call.extras.get("type") == "custom":
        rest = {key: value for key, value in call.extras.items() if key != "type"}
        custom = {"name": call.name, "input": custom_input(call.arguments)}
        return {"id": call.id, "type": "custom", "custom": custom, **rest}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **call.extras}


def custom_input(arguments: str) -> str:
    """Custom tools take free text, which LangChain holds as the one argument `__arg1`."""
    try:
        return str(orjson.loads(arguments)["__arg1"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return arguments


def _tool(message: ToolMessage, where: str) -> tuple[Turn, list[Piece]]:
    return _tool_turn(message.tool_call_id, read_content(message.content, where), where)


def _tool_turn(
    call_id: str | None, pieces: Sequence[Piece], where: str
) -> tuple[Turn, list[Piece]]:
    """A tool turn of text, and the media that have to follow it in a user turn."""
    if not call_id:
        raise UnsupportedContentError(
            f"{where}: a tool message needs the id of the call it answers (tool_call_id)."
        )
    media = [piece for piece in pieces if isinstance(piece, Media)]
    texts = [piece.text for piece in pieces if isinstance(piece, Text)]
    texts += [to_json(dict(piece.part)) for piece in pieces if isinstance(piece, Raw)]
    if not media:
        return {"role": "tool", "tool_call_id": call_id, "content": "\n".join(texts)}, []
    kinds = ", ".join(piece.kind for piece in media)
    texts = texts or [f"The result ({kinds}) is in the next user message."]
    turn = {"role": "tool", "tool_call_id": call_id, "content": "\n".join(texts)}
    return turn, [Text(f"Result of tool call {call_id}:"), *media]


def _function(message: BaseMessage, where: str, shape: Shape) -> list[Turn]:
    content = _content(read_content(message.content, where), shape)
    return [{"role": "function", "name": message.name, "content": content}]


def _chat(message: Any, where: str, shape: Shape) -> list[Turn]:
    content = _content(read_content(message.content, where), shape)
    return [_named({"role": message.role, "content": content}, message, shape)]


_ENCODERS: Mapping[str, Callable[[Any, str, Shape], list[Turn]]] = {
    "chat": _chat,
    "function": _function,
    "human": _human,
    "system": _system,
}


# --- content and roles ------------------------------------------------------------------------


def _content(pieces: Sequence[Piece], shape: Shape) -> str | list[dict[str, Any]]:
    """A string where one will do, a list of parts otherwise."""
    if not pieces:
        return ""
    plain = [piece.text for piece in pieces if isinstance(piece, Text) and not piece.cache_control]
    if len(pieces) == len(plain) and (len(plain) == 1 or shape.plain_strings):
        return "\n".join(plain)
    return [openai_part(piece) for piece in pieces]


_LEGAL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def _named(turn: Turn, message: BaseMessage, shape: Shape) -> Turn:
    """Add the speaker's name where the service takes it; it refuses other characters."""
    if message.name and shape.takes_names and _LEGAL_NAME.fullmatch(message.name):
        turn["name"] = message.name
    return turn


def _with_known_roles(turns: list[Turn], facts: ModelFacts | None) -> list[Turn]:
    if facts is None or not facts.roles:
        return turns
    for turn in turns:
        if turn["role"] == "developer" and "developer" not in facts.roles:
            turn["role"] = "system"
    if "system" in facts.roles:
        return turns
    return _folded(turns)


def _folded(turns: list[Turn]) -> list[Turn]:
    """System text at the head of the first user turn."""
    instructions = [turn["content"] for turn in turns if turn["role"] == "system"]
    rest = [turn for turn in turns if turn["role"] != "system"]
    if not instructions:
        return turns
    parts = [part for content in instructions for part in as_parts(content)]
    first = next((turn for turn in rest if turn["role"] == "user"), None)
    if first is None:
        first = {"role": "user", "content": ""}
        rest.insert(0, first)
    texts = [part.get("text", "") for part in parts]
    if isinstance(first["content"], str):
        first["content"] = "\n\n".join(filter(None, [*texts, first["content"]]))
    else:
        first["content"] = [*parts, *first["content"]]
    return rest


def as_parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content as a list of parts."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content

"""A conversation -> messages of the OpenAI dialect.

Order is kept, with two exceptions the wire demands: media out of a tool's or an assistant's
message go into a user message after it and the tool messages that follow (both hold text only),
and system text moves into the first user message for the few models without a system role.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi._codec.encode.content import Media, Part, Raw, Text
from langchain_aimlapi._codec.encode.parts import openai_part
from langchain_aimlapi._codec.encode.turns import (
    AssistantTurn,
    MessageTurn,
    Reasoning,
    ToolCall,
    ToolTurn,
    Turn,
)
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi._codec.keys import REASONING_KEYS, THINK_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_aimlapi._catalogue.spec import ModelSpec

Message = dict[str, Any]


def encode_messages(turns: Sequence[Turn], spec: ModelSpec | None = None) -> list[Message]:
    """Write a conversation in the OpenAI dialect.

    Args:
        turns: The conversation, fitted to the model that is asked.
        spec: What is known of that model.

    Raises:
        UnsupportedContentError: For content that cannot be sent; it names type and place.
    """
    messages: list[Message] = []
    waiting: list[Part] = []
    for turn in turns:
        if isinstance(turn, ToolTurn):
            message, media = _tool(turn)
            messages.append(message)
            waiting += media
            continue
        messages += _carried_over(waiting, spec)
        waiting = []
        if isinstance(turn, AssistantTurn):
            messages.append(_assistant(turn, spec))
            waiting += carried_media(turn)
        else:
            messages.append(_message(turn, spec))
    messages += _carried_over(waiting, spec)
    return _with_known_roles(messages, spec)


def carried_media(turn: AssistantTurn) -> list[Part]:
    """What a model drew, for the user message after it."""
    return [Text("From the assistant's last message:"), *turn.media] if turn.media else []


def _carried_over(media: list[Part], spec: ModelSpec | None) -> list[Message]:
    return [{"role": "user", "content": _content(media, spec)}] if media else []


# --- one function per kind of turn --------------------------------------------------------------


def _message(turn: MessageTurn, spec: ModelSpec | None) -> Message:
    message = {"role": turn.role, "content": _content(turn.parts, spec)}
    if turn.role == "function":
        return {**message, "name": turn.name}
    return _named(message, turn.name, spec)


def _assistant(turn: AssistantTurn, spec: ModelSpec | None) -> Message:
    """An assistant message of text and calls; media follow it in a user message."""
    # Beside tool calls too: `null` and absence are each refused by some schemas, "" by none.
    message: Message = {"role": "assistant", "content": _assistant_content(turn)}
    if turn.tool_calls:
        message["tool_calls"] = [_wire_call(call) for call in turn.tool_calls]
    if turn.refusal:
        message["refusal"] = turn.refusal
    if turn.audio_id:
        message["audio"] = {"id": turn.audio_id}
    if turn.reasoning:
        message |= _echo(turn.reasoning)
    return _named(message, turn.name, spec)


def _assistant_content(turn: AssistantTurn) -> str | list[Message]:
    """Text as one string, unless a cache mark or a part of the caller's own needs a list."""
    reasoning = turn.reasoning
    before = ""
    if reasoning and reasoning.key == THINK_TAG:
        before = f"<think>{reasoning.text}</think>"
    rest = [part for part in turn.parts if not isinstance(part, Media)]
    if all(isinstance(part, Text) and not part.cache_control for part in rest):
        return before + turn.text
    parts = [openai_part(part) for part in rest]
    return [{"type": "text", "text": before}, *parts] if before else parts


def _echo(reasoning: Reasoning) -> Message:
    """The reasoning under the key it came by."""
    fields: Message = {}
    if (reasoning.text or reasoning.required) and reasoning.key in REASONING_KEYS:
        fields[reasoning.key] = reasoning.text
    if reasoning.details:
        fields["reasoning_details"] = [dict(detail) for detail in reasoning.details]
    return fields


def _wire_call(call: ToolCall) -> Message:
    if call.custom:
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


def _tool(turn: ToolTurn) -> tuple[Message, list[Part]]:
    """A tool message of text, and the media that have to follow it in a user message."""
    text, media = result_text(turn)
    return {"role": "tool", "tool_call_id": turn.tool_call_id, "content": text}, media


def result_text(turn: ToolTurn) -> tuple[str, list[Part]]:
    """A tool's result as text, and what has to be shown in a user message instead."""
    media = [part for part in turn.parts if isinstance(part, Media)]
    texts = [part.text for part in turn.parts if isinstance(part, Text)]
    texts += [to_json(dict(part.part)) for part in turn.parts if isinstance(part, Raw)]
    if not media:
        return "\n".join(texts), []
    kinds = ", ".join(part.kind for part in media)
    texts = texts or [f"The result ({kinds}) is in the next user message."]
    return "\n".join(texts), [Text(f"Result of tool call {turn.tool_call_id}:"), *media]


# --- content and roles ------------------------------------------------------------------------


def _content(parts: Sequence[Part], spec: ModelSpec | None) -> str | list[Message]:
    """A string where one will do, a list of parts otherwise."""
    if not parts:
        return ""
    plain = [part.text for part in parts if isinstance(part, Text) and not part.cache_control]
    if len(parts) == len(plain) and (len(plain) == 1 or _strings_only(spec)):
        return "\n".join(plain)
    return [openai_part(part) for part in parts]


def _strings_only(spec: ModelSpec | None) -> bool:
    """Whether the model takes messages of nothing but a role and a string."""
    return spec is not None and spec.user_parts.get("openai") == frozenset({"string"})


_LEGAL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def _named(message: Message, name: str | None, spec: ModelSpec | None) -> Message:
    """Add the speaker's name where the service takes it; it refuses other characters."""
    takes_names = spec is None or "name" in spec.assistant_keys
    if name and takes_names and _LEGAL_NAME.fullmatch(name):
        message["name"] = name
    return message


def _with_known_roles(messages: list[Message], spec: ModelSpec | None) -> list[Message]:
    if spec is None or not spec.roles:
        return messages
    for message in messages:
        if message["role"] == "developer" and "developer" not in spec.roles:
            message["role"] = "system"
    if "system" in spec.roles:
        return messages
    return _folded(messages)


def _folded(messages: list[Message]) -> list[Message]:
    """System text at the head of the first user turn."""
    instructions = [message["content"] for message in messages if message["role"] == "system"]
    rest = [message for message in messages if message["role"] != "system"]
    if not instructions:
        return messages
    parts = [part for content in instructions for part in as_parts(content)]
    first = next((message for message in rest if message["role"] == "user"), None)
    if first is None:
        first = {"role": "user", "content": ""}
        rest.insert(0, first)
    texts = [part.get("text", "") for part in parts]
    if isinstance(first["content"], str):
        first["content"] = "\n\n".join(filter(None, [*texts, first["content"]]))
    else:
        first["content"] = [*parts, *first["content"]]
    return rest


def as_parts(content: str | list[dict[str, object]]) -> list[dict[str, Any]]:
    """Content as a list of parts."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content

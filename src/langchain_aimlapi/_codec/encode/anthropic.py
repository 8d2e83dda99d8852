"""The request in the Anthropic dialect, for the Claude ids that are documented in it alone.

Replies to it come in the OpenAI dialect all the same (documented and recorded), so only the way
out needs this file. System text is lifted to the top, tool calls and results are blocks, and
turns alternate: what follows from the same side is one turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_aimlapi._codec.encode.content import Kind, Media, Part, Raw, Text
from langchain_aimlapi._codec.encode.tools import tool_name
from langchain_aimlapi._codec.encode.turns import (
    AssistantTurn,
    MessageTurn,
    ToolCall,
    ToolTurn,
    Turn,
)
from langchain_aimlapi._codec.json_text import parse_arguments
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

Block = dict[str, Any]


def anthropic_body(
    turns: Sequence[Turn],
    sent: Mapping[str, object],
    tools: Mapping[str, object],
    *,
    max_blocks: int | None = None,
) -> dict[str, object]:
    """Write a conversation, parameters and tools in the Anthropic dialect, without `model`.

    Args:
        turns: The conversation, fitted to the model that is asked.
        sent: Parameters by their names on the wire.
        tools: `tools` and `tool_choice` in the OpenAI form, or neither.
        max_blocks: Most blocks of one message; a longer turn goes as several messages.

    Raises:
        ConfigurationError: For a conversation without a user's or a model's turn.
        UnsupportedContentError: For content without an Anthropic form; blank turns alone are such.
    """
    system: list[str] = []
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if isinstance(turn, MessageTurn) and turn.role in _SYSTEM:
            system += _system_text(turn)
            continue
        role, blocks = _blocks_of(turn)
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        elif blocks:
            messages.append({"role": role, "content": blocks})
    if not messages:
        raise _nothing_said(turns)
    parameters = dict(sent)
    one_call = parameters.pop("parallel_tool_calls", None) is False
    split = [part for message in messages for part in _split(message, max_blocks)]
    body: dict[str, object] = {"messages": [_compact(message) for message in split], **parameters}
    if system:
        body["system"] = _joined_system(parameters.get("system"), "\n\n".join(system))
    return body | _tools(tools, one_call=one_call)


def _joined_system(given: object, said: str) -> object:
    """The parameter `system`, a text or blocks, and behind it what the system messages say."""
    if isinstance(given, list):
        return [*given, {"type": "text", "text": said}]
    return f"{given}\n\n{said}" if given else said


_SYSTEM = frozenset({"developer", "system"})


def _nothing_said(turns: Sequence[Turn]) -> ConfigurationError | UnsupportedContentError:
    """What is wrong with a conversation that comes to no message: how it was made, or its content."""
    if all(isinstance(turn, MessageTurn) and turn.role in _SYSTEM for turn in turns):
        return ConfigurationError("There is no user message to send beside the system message.")
    return UnsupportedContentError(
        "The message is blank, which the Anthropic dialect has no form for."
    )


def _split(turn: dict[str, Any], most: int | None) -> list[dict[str, object]]:
    """A turn in messages of at most so many blocks; schemas with that limit refuse marks too."""
    if most is None:
        return [turn]
    blocks = [_unmarked(block) for block in turn["content"]]
    if len(blocks) > most:
        blocks = _texts_joined(blocks)
    starts = range(0, len(blocks), most)
    return [{"role": turn["role"], "content": blocks[at : at + most]} for at in starts]


def _unmarked(block: Block) -> Block:
    kept = {key: value for key, value in block.items() if key != "cache_control"}
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        kept["content"] = [_unmarked(inner) for inner in block["content"]]
    return kept


def _texts_joined(blocks: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in blocks:
        if joined and joined[-1].get("type") == block.get("type") == "text":
            joined[-1] = {"type": "text", "text": f"{joined[-1]['text']}\n\n{block['text']}"}
        else:
            joined.append(block)
    return joined


def _compact(turn: dict[str, Any]) -> dict[str, object]:
    """A lone plain text is sent as a string."""
    return {"role": turn["role"], "content": _lone_text(turn["content"])}


def _system_text(turn: MessageTurn) -> list[str]:
    texts = [part.text for part in turn.parts if isinstance(part, Text)]
    if len(texts) < len(turn.parts):
        raise UnsupportedContentError(f"{turn.where}: a system message holds text only.")
    return [text for text in texts if text.strip()]


def _blocks_of(turn: Turn) -> tuple[str, list[Block]]:
    """The side that a turn is on, and its blocks."""
    if isinstance(turn, AssistantTurn):
        return "assistant", _assistant(turn)
    if isinstance(turn, ToolTurn):
        return "user", [_tool_result(turn)]
    if turn.role == "function":
        raise ConfigurationError(f"{turn.where}: a FunctionMessage cannot be sent.")
    role = "assistant" if turn.role == "assistant" else "user"
    return role, _blocks(turn.parts, turn.where)


def _assistant(turn: AssistantTurn) -> list[Block]:
    # Reasoning goes back only with its signature; without one it would be refused.
    signed = turn.reasoning.signed if turn.reasoning else ()
    blocks = [dict(block) for block in signed]
    return blocks + _blocks(turn.parts, turn.where) + [_tool_use(call) for call in turn.tool_calls]


def _tool_use(call: ToolCall) -> Block:
    arguments = parse_arguments(call.arguments)
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}


def _tool_result(turn: ToolTurn) -> Block:
    content = _lone_text(_blocks(turn.parts, turn.where))
    result = {"type": "tool_result", "tool_use_id": turn.tool_call_id, "content": content}
    return result | ({"is_error": True} if turn.is_error else {})


def _lone_text(blocks: list[Block]) -> str | list[Block]:
    """A lone plain text as a string."""
    if not blocks:
        return ""
    plain = len(blocks) == 1 and blocks[0].keys() == {"type", "text"}
    return blocks[0]["text"] if plain else blocks


# --- content ------------------------------------------------------------------------------------


def _blocks(parts: Sequence[Part], where: str) -> list[Block]:
    """Blocks of a turn; blank text is left out, since the dialect refuses it."""
    kept = [part for part in parts if not (isinstance(part, Text) and not part.text.strip())]
    return [_block(part, where) for part in kept]


def _block(part: Part, where: str) -> Block:
    if isinstance(part, Raw):
        return dict(part.part)
    if isinstance(part, Text):
        block: Block = {"type": "text", "text": part.text}
    else:
        writer = _MEDIA.get(part.kind)
        if writer is None:
            raise UnsupportedContentError(
                f"{part.where or where}: the Anthropic dialect of this model has no {part.kind} "
                "block; nothing was sent. Send text about it, or ask a model that takes "
                f"{part.kind}."
            )
        block = writer(part)
    if part.cache_control:
        block["cache_control"] = dict(part.cache_control)
    return block


def _source(media: Media) -> Block:
    if media.data is not None:
        return {"type": "base64", "media_type": media.mime_type, "data": media.data}
    if media.url is not None:
        return {"type": "url", "url": media.url}
    return {"type": "file", "file_id": media.file_id}


def _image(media: Media) -> Block:
    return {"type": "image", "source": _source(media)}


def _document(media: Media) -> Block:
    return {"type": "document", "source": _source(media)}


_MEDIA: Mapping[Kind, Callable[[Media], Block]] = {"image": _image, "file": _document}


# --- tools --------------------------------------------------------------------------------------


def _tools(tools: Mapping[str, Any], *, one_call: bool) -> dict[str, object]:
    if not tools:
        return {}
    written: dict[str, object] = {"tools": [_tool(tool) for tool in tools["tools"]]}
    choice = _choice(tools.get("tool_choice"))
    if one_call and choice != {"type": "none"}:
        choice = {"type": "auto"} | (choice or {}) | {"disable_parallel_tool_use": True}
    return written | ({"tool_choice": choice} if choice else {})


def _tool(tool: Mapping[str, object]) -> Block:
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return dict(tool)
    written: Block = {"name": function["name"]}
    if function.get("description"):
        written["description"] = function["description"]
    written["input_schema"] = {"type": "object", **(function.get("parameters") or {})}
    if tool.get("cache_control"):
        written["cache_control"] = tool["cache_control"]
    return written


_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def _choice(choice: str | Mapping[str, object] | None) -> Block | None:
    if choice is None:
        return None
    if isinstance(choice, str):
        return {"type": _CHOICES[choice]}
    if choice.get("type") == "function":
        return {"type": "tool", "name": tool_name(choice)}
    return dict(choice)

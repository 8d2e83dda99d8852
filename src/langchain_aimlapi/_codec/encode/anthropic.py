"""The Anthropic-shaped request, for the Claude ids that are documented in that shape alone.

Replies to it come in the OpenAI shape all the same (documented and recorded), so only the way
out needs this file. System text is lifted to the top, tool calls and results are blocks, and
turns alternate: what follows from the same side is one turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain_aimlapi._codec.encode.assistant import Call, read_assistant
from langchain_aimlapi._codec.encode.content import Kind, Media, Piece, Raw, Text, read_content
from langchain_aimlapi._codec.encode.messages import kind_of
from langchain_aimlapi._codec.encode.tools import tool_name
from langchain_aimlapi._codec.json_text import parse_arguments
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

Block = dict[str, Any]


def anthropic_body(
    messages: Sequence[BaseMessage],
    sent: Mapping[str, Any],
    tools: Mapping[str, Any],
    *,
    echo_reasoning: bool = True,
    max_blocks: int | None = None,
) -> dict[str, Any]:
    """Write messages, parameters and tools in the Anthropic shape, without `model`.

    Args:
        messages: The conversation.
        sent: Parameters by their names on the wire.
        tools: `tools` and `tool_choice` in the OpenAI form, or neither.
        echo_reasoning: Whether signed thoughts go back to the model.
        max_blocks: Most blocks of one message; a longer turn goes as several messages.

    Raises:
        ConfigurationError: For an empty conversation.
        UnsupportedContentError: For content without an Anthropic form.
    """
    if not messages:
        raise ConfigurationError("There are no messages to send.")
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        where = f"messages[{position}] ({message.type})"
        if _is_system(message):
            system += _system_text(message, where)
            continue
        role, blocks = _turn(message, where, echo_reasoning=echo_reasoning)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns:
        raise ConfigurationError("There is no user message to send beside the system message.")
    parameters = dict(sent)
    one_call = parameters.pop("parallel_tool_calls", None) is False
    split = [part for turn in turns for part in _split(turn, max_blocks)]
    body: dict[str, Any] = {"messages": [_compact(turn) for turn in split], **parameters}
    if system:
        body["system"] = "\n\n".join(system)
    return body | _tools(tools, one_call=one_call)


def _split(turn: dict[str, Any], most: int | None) -> list[dict[str, Any]]:
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


def _compact(turn: dict[str, Any]) -> dict[str, Any]:
    """A lone plain text is sent as a string."""
    blocks = turn["content"]
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return {"role": turn["role"], "content": blocks[0]["text"]}
    return turn


def _is_system(message: BaseMessage) -> bool:
    return kind_of(message) == "system" or getattr(message, "role", None) in {"system", "developer"}


def _system_text(message: BaseMessage, where: str) -> list[str]:
    pieces = read_content(message.content, where)
    if not all(isinstance(piece, Text) for piece in pieces):
        raise UnsupportedContentError(f"{where}: a system message holds text only.")
    return [piece.text for piece in pieces if isinstance(piece, Text)]


def _turn(message: BaseMessage, where: str, *, echo_reasoning: bool) -> tuple[str, list[Block]]:
    kind = kind_of(message)
    if kind == "ai":
        said = _assistant(cast("AIMessage", message), where, echo_reasoning=echo_reasoning)
        return "assistant", said
    if kind == "tool":
        return "user", [_tool_result(cast("ToolMessage", message), where)]
    if kind in {"human", "chat"}:
        role = "assistant" if getattr(message, "role", None) == "assistant" else "user"
        return role, _user_blocks(message, where)
    raise ConfigurationError(f"{where}: a {type(message).__name__} cannot be sent.")


def _user_blocks(message: BaseMessage, where: str) -> list[Block]:
    content = message.content if isinstance(message.content, list) else [message.content]
    blocks: list[Block] = []
    for block in content:
        if isinstance(block, Mapping) and block.get("type") == "tool_result":
            blocks.append(_result_block(block, where))
        else:
            blocks += _blocks(read_content([block], where), where)
    return blocks


def _result_block(block: Mapping[str, Any], where: str) -> Block:
    content = _blocks(read_content(block.get("content") or "", where), where)
    result = {"type": "tool_result", "tool_use_id": block.get("tool_use_id"), "content": content}
    return result | ({"is_error": True} if block.get("is_error") else {})


def _assistant(message: AIMessage, where: str, *, echo_reasoning: bool) -> list[Block]:
    said = read_assistant(message, where)
    blocks: list[Block] = []
    thought = said.reasoning
    if echo_reasoning and thought and thought.signature:
        # A thought goes back only with its signature; without one it would be refused.
        signed = {"thinking": thought.text, "signature": thought.signature}
        blocks.append({"type": "thinking", **signed})
    blocks += _blocks(said.pieces, where)
    return blocks + [_tool_use(call) for call in said.calls]


def _tool_use(call: Call) -> Block:
    try:
        arguments = parse_arguments(call.arguments)
    except ValueError:
        arguments = {"__raw": call.arguments}
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}


def _tool_result(message: ToolMessage, where: str) -> Block:
    if not message.tool_call_id:
        raise UnsupportedContentError(
            f"{where}: a tool message needs the id of the call it answers (tool_call_id)."
        )
    content: Any = message.content
    if not isinstance(content, str):
        content = _blocks(read_content(content, where), where)
    result = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": content}
    return result | ({"is_error": True} if message.status == "error" else {})


# --- content ------------------------------------------------------------------------------------


def _blocks(pieces: Sequence[Piece], where: str) -> list[Block]:
    """Blocks of a turn; empty text is left out, since the shape refuses it."""
    kept = [piece for piece in pieces if not (isinstance(piece, Text) and not piece.text.strip())]
    return [_block(piece, where) for piece in kept]


def _block(piece: Piece, where: str) -> Block:
    if isinstance(piece, Raw):
        return dict(piece.part)
    if isinstance(piece, Text):
        block: Block = {"type": "text", "text": piece.text}
    else:
        writer = _MEDIA.get(piece.kind)
        if writer is None:
            raise UnsupportedContentError(
                f"{piece.where or where}: the Anthropic shape of this model has no {piece.kind} block; "
                "nothing was sent."
            )
        block = writer(piece)
    if piece.cache_control:
        block["cache_control"] = dict(piece.cache_control)
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


def _tools(tools: Mapping[str, Any], *, one_call: bool) -> dict[str, Any]:
    if not tools:
        return {}
    written: dict[str, Any] = {"tools": [_tool(tool) for tool in tools["tools"]]}
    choice = _choice(tools.get("tool_choice"))
    if one_call and choice != {"type": "none"}:
        choice = {"type": "auto"} | (choice or {}) | {"disable_parallel_tool_use": True}
    return written | ({"tool_choice": choice} if choice else {})


def _tool(tool: Mapping[str, Any]) -> Block:
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


def _choice(choice: str | Mapping[str, Any] | None) -> Block | None:
    if choice is None:
        return None
    if isinstance(choice, str):
        return {"type": _CHOICES[choice]}
    if choice.get("type") == "function":
        return {"type": "tool", "name": tool_name(choice)}
    return dict(choice)

"""LangChain's messages -> a conversation that the model asked can be sent, as values.

Reading, pairing calls with results (`pairing`) and fitting to the model (`handover`) happen here, once for every
dialect and route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from langchain_aimlapi._codec.encode.assistant import read_assistant
from langchain_aimlapi._codec.encode.blocks import read_content, read_result
from langchain_aimlapi._codec.encode.handover import Recipient, hand_over
from langchain_aimlapi._codec.encode.model_side import is_model_side
from langchain_aimlapi._codec.encode.pairing import pair_calls
from langchain_aimlapi._codec.encode.turns import MessageTurn, ToolTurn, Turn
from langchain_aimlapi.errors import ConfigurationError, UnsupportedContentError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage


def prepare(
    messages: Sequence[BaseMessage], recipient: Recipient, *, stored: bool = False
) -> list[Turn]:
    """Read a conversation and fit it to the model that is asked.

    Args:
        messages: The conversation.
        recipient: The model.
        stored: Whether the service may know what came before.

    Raises:
        ConfigurationError: For an empty conversation or a message of unknown kind.
        UnsupportedContentError: For content that cannot be sent; it names type and place.
    """
    if not messages:
        raise ConfigurationError("There are no messages to send.")
    return hand_over(pair_calls(read_conversation(messages), stored=stored), recipient)


def read_conversation(messages: Sequence[BaseMessage]) -> list[Turn]:
    """Read a conversation; turns of nothing but a vendor's own blocks are left out."""
    answered = partial(_answered_ids, messages)
    names: dict[str, str] = {}
    turns: list[Turn] = []
    for position, message in enumerate(messages):
        kind = kind_of(message)
        where = f"messages[{position}] ({_label(message, kind, names)})"
        if kind == "ai":
            turn = read_assistant(cast("AIMessage", message), where, answered)
            if turn.tool_calls:
                names |= {call.id: call.name for call in turn.tool_calls}
            elif _had_blocks(message) and turn.empty and position + 1 < len(messages):
                continue
            turns.append(turn)
        elif kind == "tool":
            turns.append(_result(cast("ToolMessage", message), where))
        else:
            turns += _message(message, kind, where)
    return turns


def kind_of(message: BaseMessage) -> str:
    """A message's type ("ai", "human", "tool", …), the same for a message and its chunks."""
    return _KINDS.get(message.type) or message.type.removesuffix("MessageChunk").lower()


_KINDS: Mapping[str, str] = {kind: kind for kind in ("ai", "human", "system", "tool")}


def _label(message: BaseMessage, kind: str, names: Mapping[str, str]) -> str:
    """What an error calls a message: its kind, and for a result the tool it is of."""
    if kind != "tool":
        return message.type
    tool = message.name or names.get(getattr(message, "tool_call_id", None) or "")
    return f"tool, {tool!r}" if tool else "tool"


def _answered_ids(messages: Sequence[BaseMessage]) -> frozenset[str]:
    ids: list[object] = [getattr(message, "tool_call_id", None) for message in messages]
    for message in messages:
        blocks: list[Any] = message.content if isinstance(message.content, list) else []
        ids += [block.get("tool_use_id") for block in blocks if _is_result(block)]
    return frozenset(identity for identity in ids if isinstance(identity, str))


def _had_blocks(message: BaseMessage) -> bool:
    content = message.content if isinstance(message.content, list) else ()
    return any(isinstance(block, Mapping) and is_model_side(block.get("type")) for block in content)


# --- one function per kind of message -----------------------------------------------------------


def _message(message: BaseMessage, kind: str, where: str) -> list[Turn]:
    """A turn of anybody but a model; Anthropic's `tool_result` blocks in it are turns before it."""
    role, said = _role(message, kind, where), message.content
    turns: list[Turn] = []
    if isinstance(said, list) and (results := [block for block in said if _is_result(block)]):
        turns += [_block_result(cast("dict[str, Any]", block), where) for block in results]
        said = [block for block in said if not _is_result(block)]
    parts = tuple(read_content(said, where))
    if parts or not turns:
        turns.append(MessageTurn(role, parts, where, message.name))
    return turns


def _role(message: BaseMessage, kind: str, where: str) -> str:
    if kind == "system":
        return str(message.additional_kwargs.get("__openai_role__") or "system")
    if kind == "chat":
        return str(getattr(message, "role", "user"))
    if kind not in _ROLES:
        raise ConfigurationError(f"{where}: a {type(message).__name__} cannot be sent.")
    return _ROLES[kind]


_ROLES: Mapping[str, str] = {"function": "function", "human": "user"}


def _result(message: ToolMessage, where: str) -> ToolTurn:
    content = message.content
    return _tool_turn(message.tool_call_id, content, where, is_error=message.status == "error")


def _block_result(block: Mapping[str, object], where: str) -> ToolTurn:
    return _tool_turn(
        block.get("tool_use_id"),
        block.get("content") or "",
        where,
        is_error=bool(block.get("is_error")),
    )


def _tool_turn(identity: object, content: object, where: str, *, is_error: bool) -> ToolTurn:
    if not identity:
        raise UnsupportedContentError(
            f"{where}: a tool message needs the id of the call it answers (tool_call_id)."
        )
    return ToolTurn(str(identity), tuple(read_result(content, f"{where}.content")), where, is_error)


def _is_result(block: object) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "tool_result"

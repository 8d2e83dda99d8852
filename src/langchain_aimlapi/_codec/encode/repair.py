"""What back ends refuse a whole conversation for, taken out or put right before it is written.

Turns that say nothing: agents leave them behind, an answer that was only a finished tool loop, a
prompt template with an empty slot. Whatever a turn could carry beside text (tool calls, results,
reasoning, media) keeps it; the last turn stays as well, for it is what the model is to answer.

Tool calls that nobody answered: a run was interrupted, or the arguments were no JSON, so that no
tool could run. The conversation has gone on, and no service takes a call without its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.encode.turns import AssistantTurn, ToolCall, ToolTurn, Turn
from langchain_aimlapi._codec.json_text import to_json

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_MAY_BE_EMPTY = frozenset({"ai", "AIMessageChunk", "human", "HumanMessageChunk", "system"})
_SAYS_MORE = ("audio", "images", "reasoning_content", "reasoning_details", "refusal")


def without_empty_turns(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The conversation without turns that say nothing; at least its last one is left."""
    return [
        message
        for position, message in enumerate(messages, start=1)
        if position == len(messages) or not _is_empty(message)
    ]


def _is_empty(message: BaseMessage) -> bool:
    if message.type not in _MAY_BE_EMPTY or not _is_blank(message.content):
        return False
    calls = getattr(message, "tool_calls", None) or getattr(message, "invalid_tool_calls", None)
    return not calls and not any(message.additional_kwargs.get(key) for key in _SAYS_MORE)


def _is_blank(content: str | list[Any]) -> bool:
    if isinstance(content, str):
        return not content.strip()
    return all(_is_blank_block(block) for block in content)


def _is_blank_block(block: Any) -> bool:
    if isinstance(block, Mapping) and block.get("type") == "text":
        block = block.get("text")
    return isinstance(block, str) and not block.strip()


# --- tool calls ---------------------------------------------------------------------------------

INVALID_ARGUMENTS = "invalid_json"
"""Key of the object in which arguments go back that are none."""


def without_unanswered_calls(turns: Sequence[Turn]) -> list[Turn]:
    """The conversation without calls that have no result, and with arguments that are JSON.

    The calls of the last turn stay: they are still to be answered, and a program that forgot to do
    so should hear it from the service. A call that names no tool goes with its result.
    """
    nameless = {
        call.id
        for turn in turns
        if isinstance(turn, AssistantTurn)
        for call in turn.tool_calls
        if not call.name
    }
    answered: set[str] = set()
    kept: list[Turn] = []
    for position, turn in reversed(list(enumerate(turns, start=1))):
        if isinstance(turn, ToolTurn):
            answered.add(turn.tool_call_id)
            kept += [] if turn.tool_call_id in nameless else [turn]
        elif isinstance(turn, AssistantTurn) and turn.tool_calls:
            left = _with_answered_calls(turn, None if position == len(turns) else answered)
            kept += [left] if left else []
            answered -= {call.id for call in turn.tool_calls}
        else:
            kept.append(turn)
    return kept[::-1]


def _with_answered_calls(turn: AssistantTurn, answered: set[str] | None) -> AssistantTurn | None:
    """A turn with its calls that have results (all, for `None`); `None` if nothing is left."""
    named = [call for call in turn.tool_calls if call.name]
    calls = [_repaired(call) for call in named if answered is None or call.id in answered]
    left = replace(turn, tool_calls=tuple(calls))
    silent = not calls and replace(left, reasoning=None, items=()).empty
    return None if silent and answered is not None else left


def _repaired(call: ToolCall) -> ToolCall:
    """A call whose arguments are a JSON object; what was none stands in one, as it was."""
    if not call.broken:
        return call
    return replace(call, arguments=to_json({INVALID_ARGUMENTS: call.arguments}), broken=False)

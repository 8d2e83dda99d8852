"""Turns that say nothing, taken out of a conversation before it is written.

Agents leave them behind: an answer that was only a finished tool loop, a prompt template with an
empty slot. Back ends behind the gateway refuse a conversation over one. Whatever a turn could
carry beside text (tool calls, results, reasoning, media) keeps it, so calls and results stay
paired; the last turn stays as well, for it is what the model is to answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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


def _is_blank_block(block: object) -> bool:
    if isinstance(block, Mapping) and block.get("type") == "text":
        block = block.get("text")
    return isinstance(block, str) and not block.strip()

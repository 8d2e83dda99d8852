"""Chunks that, added up, tell a whole call of a tool from one that was cut off.

LangChain completes half-written arguments, for those who watch a stream: `{"a": 1` reads as
`{"a": 1}`. It does so to the last, and what was cut off (by a token limit, say) ends as a valid
call, ready to be carried out. Our chunks are LangChain's in everything but their sum: once the
last one is in it, arguments are read to the letter, as those of a whole reply are, and the sum is
a plain chunk of LangChain's, which needs nothing of ours to be stored or loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core import messages as core
from langchain_core.messages.ai import add_ai_message_chunks

from langchain_aimlapi._codec.decode.tool_calls import Calls, add_call


class _Whole:
    """Stands where LangChain looks for the class of a whole message: second in a chunk's MRO."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is _Whole:
            return core.AIMessage(*args, **kwargs)
        return super().__new__(cls)


class AIMessageChunk(_Whole, core.AIMessageChunk):
    """LangChain's chunk, by its name and in its serialised form."""

    def __add__(self, other: Any) -> Any:
        return settled(super().__add__(other))

    def __radd__(self, other: Any) -> Any:
        """A plain chunk before one of ours."""
        if not isinstance(other, core.AIMessageChunk):
            return NotImplemented
        return settled(add_ai_message_chunks(other, self))


def settled(message: Any) -> Any:
    """A sum of chunks, with its calls read to the letter if the last chunk is in it."""
    if not isinstance(message, core.AIMessageChunk) or message.chunk_position != "last":
        return message
    return read_strictly(core.AIMessageChunk(**message.__dict__))


def read_strictly(message: core.AIMessageChunk) -> core.AIMessageChunk:
    """Sort a message's calls into valid and invalid ones anew, in place."""
    if not message.tool_call_chunks:
        return message
    calls = Calls()
    for piece in message.tool_call_chunks:
        add_call(calls, piece["id"] or "", piece["name"], piece["args"] or "")
    message.tool_calls, message.invalid_tool_calls = calls.valid, calls.invalid
    if isinstance(message.content, list):
        by_id = {call["id"]: call for call in (*calls.valid, *calls.invalid)}
        message.content = [_whole_block(block, by_id) for block in message.content]
    return message


def _whole_block(block: str | dict[Any, Any], by_id: Mapping[str | None, Any]) -> Any:
    """A block of a call that may be half written, as the call that it is."""
    if not isinstance(block, Mapping) or block.get("type") not in {"tool_call", "tool_call_chunk"}:
        return block
    call = by_id.get(block.get("id"))
    if call is None:
        return block
    return {**call, **{key: block[key] for key in ("extras",) if key in block}}

"""Deltas -> the chunks that LangChain's `stream` yields.

`model_provider` stands on every chunk, for `content_blocks` looks it up there; everything else
that describes the message stands on the last one, which has no content of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core import messages as core
from langchain_core.outputs import ChatGenerationChunk
from pydantic import BaseModel

from langchain_aimlapi._codec.merging import AIMessageChunk, read_strictly
from langchain_aimlapi._codec.metadata import PROVIDER
from langchain_aimlapi._codec.stream import Delta

if TYPE_CHECKING:
    from langchain_aimlapi._codec.fragments import ToolFragment
    from langchain_aimlapi._codec.responses_stream import ResponsesDecoder
    from langchain_aimlapi._codec.stream import Final, StreamDecoder


def as_chunk(item: Delta | Final) -> ChatGenerationChunk:
    """An item of a stream as a chunk."""
    return delta_chunk(item) if isinstance(item, Delta) else final_chunk(item)


def delta_chunk(delta: Delta) -> ChatGenerationChunk:
    """One delta as a chunk."""
    metadata: dict[str, Any] = {"model_provider": PROVIDER}
    if delta.logprobs:
        metadata["logprobs"] = delta.logprobs
    kwargs: dict[str, Any] | None = None
    if delta.reasoning or delta.audio:
        kwargs = _kwargs(delta)
    make = _prepared if _PREPARED else _validated
    return make(delta.text, metadata, kwargs, delta.tools)


def _kwargs(delta: Delta) -> dict[str, Any]:
    kwargs: dict[str, Any] = {}
    if delta.reasoning:
        kwargs["reasoning_content"] = delta.reasoning
    if delta.audio:
        kwargs["audio"] = delta.audio
    return kwargs


def _validated(
    text: str,
    metadata: dict[str, Any],
    kwargs: dict[str, Any] | None,
    tools: list[ToolFragment] | None,
) -> ChatGenerationChunk:
    fields: dict[str, Any] = {"content": text, "response_metadata": metadata}
    if kwargs is not None:
        fields["additional_kwargs"] = kwargs
    if tools:
        fields["tool_call_chunks"] = tools
    return ChatGenerationChunk(message=AIMessageChunk(**fields))


_MESSAGE = dict(AIMessageChunk(content="", response_metadata={"model_provider": PROVIDER}).__dict__)
_GENERATION = dict(ChatGenerationChunk(message=core.AIMessageChunk(content="")).__dict__)
_read_pieces: Any = getattr(AIMessageChunk, "init_tool_calls", None)
"""LangChain's own reading of pieces of calls."""
_PREPARED = _read_pieces is not None and {
    name for name, value in _MESSAGE.items() if isinstance(value, list | dict)
} == {
    "additional_kwargs",
    "invalid_tool_calls",
    "response_metadata",
    "tool_call_chunks",
    "tool_calls",
}
"""Whether chunks can be copies of one made beforehand: a langchain-core with other fields of its
own to fill gets the validated way."""

_new = object.__new__
# What an object of pydantic's consists of; `object.__setattr__` looks each up anew.
_set_fields, _set_said, _set_extra, _set_private = (
    vars(BaseModel)[slot].__set__
    for slot in (
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    )
)


def _prepared(
    text: str,
    metadata: dict[str, Any],
    kwargs: dict[str, Any] | None,
    tools: list[ToolFragment] | None,
) -> ChatGenerationChunk:
    """The chunk that `_validated` makes, a sixth of the cost: there is nothing to validate.

    What pydantic's `model_construct` sets is set here too, without a look at each field.
    """
    message = _new(AIMessageChunk)
    fields = {
        **_MESSAGE,
        "content": text,
        "additional_kwargs": {} if kwargs is None else kwargs,
        "response_metadata": metadata,
        "tool_calls": [],
        "invalid_tool_calls": [],
        "tool_call_chunks": [piece.copy() for piece in tools] if tools else [],
    }
    said = {"content", "response_metadata"}
    if kwargs is not None:
        said.add("additional_kwargs")
    _set_fields(message, fields)
    _set_said(message, said)
    _set_extra(message, {})
    _set_private(message, None)
    if tools:
        said.add("tool_call_chunks")
        _read_pieces(message)
    chunk = _new(ChatGenerationChunk)
    _set_fields(chunk, {**_GENERATION, "text": text, "message": message})
    _set_said(chunk, {"message", "text"})
    _set_extra(chunk, None)
    _set_private(chunk, None)
    return chunk


def final_chunk(final: Final) -> ChatGenerationChunk:
    """The last chunk: usage, metadata, and the mark that nothing follows."""
    message = AIMessageChunk(
        content="",
        additional_kwargs=final.additional_kwargs,
        response_metadata=final.response_metadata,
        usage_metadata=final.usage_metadata,
        tool_call_chunks=final.tools,
        chunk_position="last",
    )
    return ChatGenerationChunk(message=message)


def partial_message(decoder: StreamDecoder | ResponsesDecoder) -> core.AIMessageChunk:
    """What had come when a stream broke off, as one message; its half calls are invalid ones."""
    final = decoder.interrupted()
    kwargs = dict(final.additional_kwargs)
    if decoder.thoughts:
        kwargs["reasoning_content"] = "".join(decoder.thoughts)
    return read_strictly(
        core.AIMessageChunk(
            content="".join(decoder.texts),
            additional_kwargs=kwargs,
            response_metadata=final.response_metadata,
            usage_metadata=final.usage_metadata,
            tool_call_chunks=decoder.fragments.whole(),
        )
    )

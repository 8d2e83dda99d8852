"""Deltas -> the chunks that LangChain's `stream` yields.

`model_provider` stands on every chunk, for `content_blocks` looks it up there; everything else
that describes the message stands on the last one, which has no content of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core import messages as core
from langchain_core.outputs import ChatGenerationChunk

from langchain_aimlapi._codec.construct import LATER, construct
from langchain_aimlapi._codec.decode.metadata import PROVIDER
from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.langchain.late_fields import UNREAD
from langchain_aimlapi._codec.langchain.merging import CONSTRUCTIBLE, AIMessageChunk, read_strictly

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
    from langchain_aimlapi._codec.decode.stream import Final, StreamDecoder
    from langchain_aimlapi._codec.decode.tool_call_chunks import ToolCallChunk


def as_chunk(item: Delta | Final) -> ChatGenerationChunk:
    """An item of a stream as a chunk."""
    return delta_chunk(item) if isinstance(item, Delta) else final_chunk(item)


def delta_chunk(delta: Delta) -> ChatGenerationChunk:
    """One delta as a chunk."""
    metadata: dict[str, object] = {"model_provider": PROVIDER}
    if delta.logprobs:
        metadata["logprobs"] = delta.logprobs
    kwargs: dict[str, object] | None = None
    if delta.reasoning or delta.audio:
        kwargs = _kwargs(delta)
    make = _constructed if CONSTRUCTIBLE else _validated
    return make(delta.text, metadata, kwargs, delta.tools)


def _kwargs(delta: Delta) -> dict[str, Any]:
    kwargs: dict[str, object] = {}
    if delta.reasoning:
        kwargs["reasoning_content"] = delta.reasoning
    if delta.audio:
        kwargs["audio"] = delta.audio
    return kwargs


def _validated(
    text: str,
    metadata: dict[str, object],
    kwargs: dict[str, object] | None,
    tools: list[ToolCallChunk] | None,
) -> ChatGenerationChunk:
    fields: dict[str, Any] = {"content": text, "response_metadata": metadata}
    if kwargs is not None:
        fields["additional_kwargs"] = kwargs
    if tools:
        fields["tool_call_chunks"] = tools
    return ChatGenerationChunk(message=AIMessageChunk(**fields))


GENERATION_NAMES = set(ChatGenerationChunk.model_fields)
"""The fields set of every generation chunk, one set for all: LangChain keeps all chunks of a stream.

All names are in it, so that pydantic, which adds the name of a field that is assigned, changes
nothing; copies get a set of their own.
"""


def _constructed(
    text: str,
    metadata: dict[str, object],
    kwargs: dict[str, object] | None,
    tools: list[ToolCallChunk] | None,
) -> ChatGenerationChunk:
    """The chunk that `_validated` makes, an eighth of the cost."""
    fields: dict[str, object] = {
        "content": text,
        "additional_kwargs": {} if kwargs is None else kwargs,
        "response_metadata": metadata,
        "type": "AIMessageChunk",
        "name": None,
        "id": None,
    }
    if tools:
        fields |= UNREAD
        fields["usage_metadata"] = None
        fields["tool_call_chunks"] = [piece.copy() for piece in tools]
        fields["chunk_position"] = None
    message = construct(AIMessageChunk, fields, None, LATER)
    fields = {
        "text": text,
        "generation_info": None,
        "type": "ChatGenerationChunk",
        "message": message,
    }
    return construct(ChatGenerationChunk, fields, GENERATION_NAMES, None)


def final_chunk(final: Final) -> ChatGenerationChunk:
    """The last chunk: usage, metadata, how it finished, and the mark that nothing follows."""
    message = AIMessageChunk(
        content="",
        additional_kwargs=final.additional_kwargs,
        response_metadata=final.response_metadata,
        usage_metadata=final.usage_metadata,
        tool_call_chunks=final.tools,
        chunk_position="last",
    )
    finish_reason = final.response_metadata.get("finish_reason")
    info = {"finish_reason": finish_reason} if finish_reason else None
    return ChatGenerationChunk(message=message, generation_info=info)


def partial_message(decoder: StreamDecoder | ResponsesDecoder) -> core.AIMessageChunk:
    """What had come when a stream broke off, as one message; its half calls are invalid ones."""
    final = decoder.interrupted()
    kwargs = dict(final.additional_kwargs)
    if decoder.reasoning:
        kwargs["reasoning_content"] = "".join(decoder.reasoning)
    return read_strictly(
        core.AIMessageChunk(
            content="".join(decoder.texts),
            additional_kwargs=kwargs,
            response_metadata=final.response_metadata,
            usage_metadata=final.usage_metadata,
            tool_call_chunks=decoder.tool_calls.whole(),
        )
    )

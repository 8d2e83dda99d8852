"""Deltas -> the chunks that LangChain's `stream` yields.

`model_provider` stands on every chunk, for `content_blocks` looks it up there; everything else
that describes the message stands on the last one, which has no content of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core import messages as core
from langchain_core.outputs import ChatGenerationChunk

from langchain_aimlapi._codec.merging import AIMessageChunk, read_strictly
from langchain_aimlapi._codec.metadata import PROVIDER
from langchain_aimlapi._codec.stream import Delta

if TYPE_CHECKING:
    from langchain_aimlapi._codec.responses_stream import ResponsesDecoder
    from langchain_aimlapi._codec.stream import Final, StreamDecoder


def as_chunk(item: Delta | Final) -> ChatGenerationChunk:
    """An item of a stream as a chunk."""
    return delta_chunk(item) if isinstance(item, Delta) else final_chunk(item)


def delta_chunk(delta: Delta) -> ChatGenerationChunk:
    """One delta as a chunk."""
    fields: dict[str, Any] = {
        "content": delta.text,
        "response_metadata": {"model_provider": PROVIDER},
    }
    if delta.reasoning or delta.tools or delta.audio or delta.logprobs:
        _add_rarer(fields, delta)
    return ChatGenerationChunk(message=AIMessageChunk(**fields))


def _add_rarer(fields: dict[str, Any], delta: Delta) -> None:
    kwargs: dict[str, Any] = {}
    if delta.reasoning:
        kwargs["reasoning_content"] = delta.reasoning
    if delta.audio:
        kwargs["audio"] = delta.audio
    if kwargs:
        fields["additional_kwargs"] = kwargs
    if delta.tools:
        fields["tool_call_chunks"] = delta.tools
    if delta.logprobs:
        fields["response_metadata"]["logprobs"] = delta.logprobs


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

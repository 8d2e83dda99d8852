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
    metadata: dict[str, Any] = {"model_provider": PROVIDER}
    if delta.logprobs:
        metadata["logprobs"] = delta.logprobs
    kwargs: dict[str, Any] | None = None
    if delta.reasoning or delta.audio:
        kwargs = _kwargs(delta)
    if delta.tools or not _PREPARED:
        return _validated(delta, metadata, kwargs)
    return _prepared(delta.text, metadata, kwargs)


def _kwargs(delta: Delta) -> dict[str, Any]:
    kwargs: dict[str, Any] = {}
    if delta.reasoning:
        kwargs["reasoning_content"] = delta.reasoning
    if delta.audio:
        kwargs["audio"] = delta.audio
    return kwargs


def _validated(
    delta: Delta, metadata: dict[str, Any], kwargs: dict[str, Any] | None
) -> ChatGenerationChunk:
    fields: dict[str, Any] = {"content": delta.text, "response_metadata": metadata}
    if kwargs is not None:
        fields["additional_kwargs"] = kwargs
    if delta.tools:
        fields["tool_call_chunks"] = delta.tools
    return ChatGenerationChunk(message=AIMessageChunk(**fields))


_MESSAGE = dict(AIMessageChunk(content="", response_metadata={"model_provider": PROVIDER}).__dict__)
_GENERATION = dict(ChatGenerationChunk(message=core.AIMessageChunk(content="")).__dict__)
_PREPARED = {name for name, value in _MESSAGE.items() if isinstance(value, list | dict)} == {
    "additional_kwargs",
    "invalid_tool_calls",
    "response_metadata",
    "tool_call_chunks",
    "tool_calls",
}
"""Whether chunks can be copies of one made beforehand: a langchain-core with other fields of its
own to fill gets the validated way."""

_Text: Any = type(_GENERATION["text"])
_new = object.__new__
_set = object.__setattr__


def _prepared(
    text: str, metadata: dict[str, Any], kwargs: dict[str, Any] | None
) -> ChatGenerationChunk:
    """The chunk that `_validated` makes, a fifth of the cost: there is nothing to validate.

    What pydantic's `model_construct` sets is set here too, without a look at each field.
    """
    message = _new(AIMessageChunk)
    _set(
        message,
        "__dict__",
        {
            **_MESSAGE,
            "content": text,
            "additional_kwargs": kwargs or {},
            "response_metadata": metadata,
            "tool_calls": [],
            "invalid_tool_calls": [],
            "tool_call_chunks": [],
        },
    )
    said = {"content", "response_metadata"}
    if kwargs is not None:
        said.add("additional_kwargs")
    _set(message, "__pydantic_fields_set__", said)
    _set(message, "__pydantic_extra__", {})
    _set(message, "__pydantic_private__", None)
    chunk = _new(ChatGenerationChunk)
    _set(chunk, "__dict__", {**_GENERATION, "text": _Text(text), "message": message})
    _set(chunk, "__pydantic_fields_set__", {"message", "text"})
    _set(chunk, "__pydantic_extra__", None)
    _set(chunk, "__pydantic_private__", None)
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

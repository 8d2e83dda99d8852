"""A whole response -> `ChatResult`, read as a stream of one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.outputs import ChatResult

from langchain_aimlapi._codec.decode.reply import generation
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.decode.tool_call_chunks import added_up
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi.errors import ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import AIMessageChunk

    from langchain_aimlapi._codec.decode.metadata import ReplyContext

    PartialOf = Callable[[ResponsesDecoder], AIMessageChunk]


def decode_response(
    body: bytes, context: ReplyContext, partial_of: PartialOf | None = None
) -> ChatResult:
    """Read a response.

    Args:
        body: JSON.
        context: What is known of the reply beside its body.
        partial_of: Makes a message of what there is of a response that is not finished.

    Raises:
        AimlapiStatusError: For a response that failed.
        ResponseFormatError: If the body is not JSON or is no response, or one that is not finished,
            with what there is of it as `partial`.
    """
    response = parse_object(body)
    if "output" not in response and "output_text" not in response and "status" not in response:
        raise ResponseFormatError(
            "The reply holds no output.", body=response, request_id=response.get("id")
        )
    decoder = ResponsesDecoder(context)
    delta = decoder.feed_whole(response) or Delta()
    try:
        final = decoder.end()
    except ResponseFormatError as error:
        error.partial = partial_of(decoder) if partial_of else None
        raise
    kwargs: dict[str, Any] = dict(final.additional_kwargs)
    if decoder.reasoning:
        kwargs["reasoning_content"] = "".join(decoder.reasoning)
    metadata = dict(final.response_metadata)
    if delta.logprobs:
        metadata["logprobs"] = dict(delta.logprobs)
    calls = added_up([*(delta.tools or ()), *final.tools])
    text = "".join(decoder.texts)
    answer = generation(text, kwargs, metadata, calls, final.usage_metadata)
    return ChatResult(generations=[answer])

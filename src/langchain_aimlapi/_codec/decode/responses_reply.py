"""A whole response -> `ChatResult`, read as a stream of one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.outputs import ChatResult

from langchain_aimlapi._codec.decode.reply import generation
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.decode.responses_texts import with_fragment
from langchain_aimlapi._codec.decode.stream import Delta
from langchain_aimlapi._codec.decode.tool_calls import Calls, add_call
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi.errors import ResponseFormatError

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.metadata import ReplyContext
    from langchain_aimlapi._codec.decode.tool_call_chunks import ToolFragment


def decode_response(body: bytes, context: ReplyContext) -> ChatResult:
    """Read a response.

    Raises:
        AimlapiStatusError: For a response that failed.
        ResponseFormatError: If the body is not JSON or is no response.
    """
    response = parse_object(body)
    if "output" not in response and "output_text" not in response:
        raise ResponseFormatError(
            "The reply holds no output.", body=response, request_id=response.get("id")
        )
    decoder = ResponsesDecoder(context)
    delta = decoder.feed_whole(response) or Delta()
    final = decoder.end()
    kwargs: dict[str, Any] = dict(final.additional_kwargs)
    if decoder.thoughts:
        kwargs["reasoning_content"] = "".join(decoder.thoughts)
    metadata = dict(final.response_metadata)
    if delta.logprobs:
        metadata["logprobs"] = dict(delta.logprobs)
    calls = _calls([*(delta.tools or ()), *final.tools])
    text = "".join(decoder.texts)
    answer = generation(text, kwargs, metadata, calls, final.usage_metadata)
    return ChatResult(generations=[answer])


def _calls(fragments: list[ToolFragment]) -> Calls:
    whole: list[ToolFragment] = []
    for fragment in fragments:
        whole = with_fragment(whole, fragment)
    calls = Calls()
    for call in whole:
        add_call(calls, call["id"] or "", call["name"], call["args"] or "")
    return calls

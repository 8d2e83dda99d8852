"""A whole reply -> `ChatResult`, one generation per choice.

Each generation's message carries the full metadata (LangChain fills it in from the result only
when there is one choice); the usage, which counts all choices together, stands on the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from langchain_aimlapi._codec.construct import construct, containers
from langchain_aimlapi._codec.decode import reasoning_tags
from langchain_aimlapi._codec.decode.content_parts import read_content
from langchain_aimlapi._codec.decode.metadata import (
    CHOICE_KEYS,
    MESSAGE_KEYS,
    REPLY_KEYS,
    ReplyContext,
    response_metadata,
    unknown,
    usable,
)
from langchain_aimlapi._codec.decode.tool_call_chunks import read_calls
from langchain_aimlapi._codec.decode.usage import reported_usage, usage_metadata
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi._codec.keys import DETAILS_KEY, REASONING_KEYS, THINK_TAG
from langchain_aimlapi.errors import ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages.ai import UsageMetadata

    from langchain_aimlapi._codec.decode.tool_calls import Calls

KEPT_KEYS = (
    "annotations",
    "encrypted_content",
    "extra_content",
    "images",
    "reasoning_details",
    "refusal",
)
"""Message fields that are kept as they came, in `additional_kwargs` by the same name."""
SOURCE_KEYS = ("citations", "search_results")
"""Fields of a reply that say where its text is from."""
USUAL_KEYS = REPLY_KEYS - {"meta", *SOURCE_KEYS}
"""Fields of a reply, or of an event, of which none is kept for its own sake."""


def decode_reply(body: bytes, context: ReplyContext) -> ChatResult:
    """Read a chat completion.

    Raises:
        ResponseFormatError: If the body is not JSON or holds no choice.
    """
    return read_reply(parse_object(body), context)


def read_reply(reply: dict[str, Any], context: ReplyContext) -> ChatResult:
    """Read a chat completion that has been parsed.

    Raises:
        ResponseFormatError: If it holds no choice.
    """
    listed = reply.get("choices")
    listed = listed if isinstance(listed, list) else ()
    choices = [choice for choice in listed if isinstance(choice, dict)]
    if not choices:
        raise ResponseFormatError(
            "The reply holds no choices.", body=reply, request_id=reply.get("id")
        )
    generations = [
        _generation(reply, choice, context, first=position == 0)
        for position, choice in enumerate(choices)
    ]
    if not _CONSTRUCTIBLE:
        return ChatResult(generations=generations)
    return construct(ChatResult, {**_RESULT, "generations": generations}, {"generations"}, None)


def _generation(
    reply: Mapping[str, Any], choice: Mapping[str, Any], context: ReplyContext, *, first: bool
) -> ChatGeneration:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    usage = reported_usage(reply, choice)
    extra = {
        "reply": unknown(reply, REPLY_KEYS),
        "choice": unknown(choice, CHOICE_KEYS),
        "message": unknown(message, MESSAGE_KEYS),
    }
    text, kwargs, rest = message_content(message, context)
    if rest:
        extra["message"]["content"] = rest
    finish_reason = choice.get("finish_reason")
    metadata = response_metadata(
        reply, context, finish_reason=finish_reason, usage=usage, extra=extra
    )
    if usable("logprobs", choice.get("logprobs")):
        metadata["logprobs"] = choice["logprobs"]
    kwargs |= {key: reply[key] for key in SOURCE_KEYS if reply.get(key) and usable(key, reply[key])}
    calls = read_calls(message, context.call_id)
    if calls.extras:
        kwargs["tool_call_extras"] = calls.extras
    return generation(text, kwargs, metadata, calls, usage_metadata(usage) if first else None)


def generation(
    text: str,
    kwargs: dict[str, object],
    metadata: dict[str, object],
    calls: Calls,
    usage: UsageMetadata | None,
) -> ChatGeneration:
    """What was read of one answer as a generation, which says how it finished."""
    fields: dict[str, Any] = {
        "content": text,
        "additional_kwargs": kwargs,
        "response_metadata": metadata,
        "tool_calls": calls.valid,
        "invalid_tool_calls": calls.invalid,
        "usage_metadata": usage,
    }
    finish_reason = metadata.get("finish_reason")
    info = {"finish_reason": finish_reason} if finish_reason else None
    if not _CONSTRUCTIBLE:
        return ChatGeneration(message=AIMessage(**fields), generation_info=info)
    message = construct(AIMessage, {**_MESSAGE, **fields}, set(fields), {})
    fields_set = {"generation_info", "message", "text"}
    whole = {**_GENERATION, "text": text, "message": message, "generation_info": info}
    return construct(ChatGeneration, whole, fields_set, None)


_MESSAGE = dict(vars(AIMessage(content="")))
_GENERATION = dict(vars(ChatGeneration(message=AIMessage(content=""))))
_RESULT = dict(vars(ChatResult(generations=[])))
_CONSTRUCTIBLE = containers(AIMessage(content="")) == {
    "additional_kwargs",
    "invalid_tool_calls",
    "response_metadata",
    "tool_calls",
}


def message_content(
    message: Mapping[str, object], context: ReplyContext
) -> tuple[str, dict[str, Any], list[object]]:
    """A message's text, everything beside it for `additional_kwargs`, and parts of no known kind."""
    text, parts_reasoning, images, rest = read_content(message.get("content"))
    kwargs: dict[str, Any] = {
        key: message[key] for key in KEPT_KEYS if message.get(key) and usable(key, message[key])
    }
    key, reasoning = reasoning_text(message)
    if images:
        kwargs["images"] = [*kwargs.get("images", ()), *images]
    if not reasoning:
        key, reasoning = REASONING_KEYS[0], parts_reasoning
    if not reasoning and context.split_think_tags:
        inline, text = reasoning_tags.split(text)
        key, reasoning = (THINK_TAG, inline) if inline is not None else (key, reasoning)
    if reasoning:
        kwargs["reasoning_content"] = reasoning
        if key != REASONING_KEYS[0]:
            kwargs["reasoning_key"] = key
    audio: Any = message.get("audio")
    if usable("audio", audio):
        kwargs["audio"] = named_audio(audio, context)
    return text, kwargs, rest


def named_audio(audio: Mapping[str, object], context: ReplyContext) -> dict[str, object]:
    """Audio with its media type, which only the request knows."""
    if audio.get("mime_type") or not context.audio_format:
        return dict(audio)
    return {**audio, "mime_type": f"audio/{context.audio_format}"}


def reasoning_text(fields: Mapping[str, object]) -> tuple[str, str]:
    """The key and the text of a message's (or delta's) reasoning; details stand in for a text."""
    for key in REASONING_KEYS:
        text = fields.get(key)
        if isinstance(text, str) and text:
            return key, text
    details = fields.get(DETAILS_KEY)
    if not details or not isinstance(details, list):
        return DETAILS_KEY, ""
    texts = (
        detail.get("text") or detail.get("summary") or ""
        for detail in details
        if isinstance(detail, dict)
    )
    return DETAILS_KEY, "".join(text for text in texts if isinstance(text, str))

"""A whole reply that is one text -> what a table keeps of it, without a message around it.

That is what most rows of a job are answered with. Making a message and all of its metadata, of
which a table keeps a few fields, takes five times as long. Whatever else a reply holds, such as tool
calls or parts, makes it one for `read_reply`; what both read is read by the same functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi._codec.decode import reasoning_tags
from langchain_aimlapi._codec.decode.cost import billed_usd, cost_details
from langchain_aimlapi._codec.decode.metadata import MESSAGE_KEYS
from langchain_aimlapi._codec.decode.reply import reasoning_text
from langchain_aimlapi._codec.decode.usage import reported_usage, token_counts
from langchain_aimlapi._codec.keys import REASONING_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._codec.decode.metadata import ReplyContext

_OTHER_KEYS = MESSAGE_KEYS - {"content", "role", *REASONING_KEYS}
_TEXT = (str, type(None))


class PlainReply(NamedTuple):
    """A reply that is one text; what it does not tell is `None`."""

    text: str
    reasoning: str | None
    finish_reason: str | None
    """As received."""
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    """In USD, as billed."""
    model: str | None
    id: str | None
    inference_id: str | None
    client_request_id: str | None


def plain_reply(reply: Mapping[str, Any], context: ReplyContext) -> PlainReply | None:
    """Read a chat completion that has been parsed; `None` if it is more than one text.

    Args:
        reply: The body.
        context: The call's context.
    """
    choices = reply.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        return None
    choice = choices[0]
    message = choice.get("message")
    named = choice.get("finish_reason"), reply.get("model"), reply.get("id")
    if not isinstance(message, dict) or not all(isinstance(name, _TEXT) for name in named):
        return None
    text = message.get("content")
    if not isinstance(text, str) or _holds_more(message):
        return None
    reasoning: str | None = reasoning_text(message)[1]
    if not reasoning and context.split_think_tags:
        reasoning, text = reasoning_tags.split(text)
    finish_reason, model, identity = named
    headers = context.headers
    given, answered = token_counts(reported_usage(reply, choice)) or (None, None)
    return PlainReply(
        text,
        reasoning,
        finish_reason,
        given,
        answered,
        billed_usd(cost_details(reply.get("meta"), headers)),
        model or context.model,
        identity,
        headers.get("x-inference-id"),
        headers.get("x-client-request-id"),
    )


def _holds_more(message: Mapping[str, object]) -> bool:
    """Whether a message holds something beside texts; fields that say nothing are common."""
    return any(message[key] not in _NOTHING for key in message.keys() & _OTHER_KEYS)


_NOTHING: tuple[object, ...] = (None, "", [])

"""A whole reply that is one text -> what a table keeps of it, without a message around it.

That is what most rows of a job are answered with. Making a message and all of its metadata, of
which a table keeps a few fields, takes five times as long. Whatever else a reply holds, such as tool
calls or parts, makes it one for `read_reply`; what both read is read by the same functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from langchain_aimlapi._codec.decode import reasoning_tags
from langchain_aimlapi._codec.decode.cost import billed_usd, cost_details
from langchain_aimlapi._codec.decode.metadata import MESSAGE_KEYS
from langchain_aimlapi._codec.decode.reply import reasoning_text
from langchain_aimlapi._codec.decode.usage import reported_usage, token_counts
from langchain_aimlapi._codec.keys import DETAILS_KEY, REASONING_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

_REASONING_KEYS = frozenset({*REASONING_KEYS, DETAILS_KEY})
_OTHER_KEYS = MESSAGE_KEYS - {
    *("annotations", "encrypted_content", "extra_content", "images"),  # kept beside the text
    *("content", "role"),
    *_REASONING_KEYS,
}
_TEXTS = frozenset({str, type(None)})
_NOTHING: tuple[object, ...] = (None, "", [])


class PlainReply(TypedDict, total=False):
    """A reply that is one text; what it does not tell is not there. Its keys keep this order."""

    answer: str
    reasoning: str
    finish_reason: str
    """As received."""
    input_tokens: int
    output_tokens: int
    cost_usd: float
    """As billed."""
    model: str
    """The reply's; the one that was asked if it names none."""
    request_id: str
    """The reply's `id`."""
    inference_id: str
    client_request_id: str


def plain_reply(
    reply: Mapping[str, Any], headers: Mapping[str, str], model: str, *, split_think_tags: bool
) -> PlainReply | None:
    """Read a chat completion that has been parsed; `None` if it is more than one text.

    Args:
        reply: The body.
        headers: The reply's headers, by lower-case names.
        model: The model that was asked.
        split_think_tags: Whether reasoning may stand inside the text.
    """
    choice, message = _only_message(reply)
    text, finish_reason = message.get("content"), choice.get("finish_reason")
    if not isinstance(text, str) or type(finish_reason) not in _TEXTS or _holds_more(message):
        return None
    served, identity = reply.get("model"), reply.get("id")
    if type(served) not in _TEXTS or type(identity) not in _TEXTS:
        return None
    found = _said(text, message, split_think_tags=split_think_tags)
    if finish_reason:
        found["finish_reason"] = finish_reason
    if counts := token_counts(reported_usage(reply, choice)):
        found["input_tokens"], found["output_tokens"] = counts
    if (usd := billed_usd(cost_details(reply.get("meta"), headers))) is not None:
        found["cost_usd"] = usd
    _add_names(found, served or model, identity, headers)
    return found


def _only_message(reply: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The choice of a reply and its message; nothing if there are several, or none."""
    choices = reply.get("choices")
    if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict):
        message = choices[0].get("message")
        if isinstance(message, dict):
            return choices[0], message
    return {}, {}


def _holds_more(message: Mapping[str, object]) -> bool:
    """Whether a message holds something beside texts; fields that say nothing are common."""
    if message.keys().isdisjoint(_OTHER_KEYS):
        return False
    return any(message[key] not in _NOTHING for key in message.keys() & _OTHER_KEYS)


def _said(text: str, message: Mapping[str, Any], *, split_think_tags: bool) -> PlainReply:
    reasoning: str | None = None
    if not message.keys().isdisjoint(_REASONING_KEYS):
        _, reasoning = reasoning_text(message)
    if not reasoning and split_think_tags:
        reasoning, text = reasoning_tags.split(text)
    said: PlainReply = {"answer": text} if text else {}
    if reasoning:
        said["reasoning"] = reasoning
    return said


def _add_names(
    found: PlainReply, model: str, identity: str | None, headers: Mapping[str, str]
) -> None:
    if model:
        found["model"] = model
    if identity:
        found["request_id"] = identity
    if inference_id := headers.get("x-inference-id"):
        found["inference_id"] = inference_id
    if client_request_id := headers.get("x-client-request-id"):
        found["client_request_id"] = client_request_id

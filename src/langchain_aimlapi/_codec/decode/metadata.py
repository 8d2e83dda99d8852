"""What a reply says about itself -> `response_metadata`.

Every key stands in exactly one place, whichever way the reply came, and what is unknown is
kept under `extra` by the level it was found on. LangChain merges the chunks of a stream key by
key (texts are joined, numbers added), so in a stream all of this stands on one chunk.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi._codec.decode.cost import cost_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDER = "aimlapi"

REPLY_KEYS = frozenset(
    {
        "choices",
        "citations",
        "created",
        "id",
        "meta",
        "model",
        "object",
        "obfuscation",  # padding against traffic analysis; says nothing
        "search_results",
        "service_tier",
        "system_fingerprint",
        "usage",
    }
)
CHOICE_KEYS = frozenset({"delta", "finish_reason", "index", "logprobs", "message"})
PLAIN_CHOICE_KEYS = CHOICE_KEYS - {"message"}
MESSAGE_KEYS = frozenset(
    {
        "annotations",
        "audio",
        "content",
        "encrypted_content",
        "extra_content",
        "function_call",
        "images",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "refusal",
        "role",
        "tool_calls",
    }
)


class ReplyContext(NamedTuple):
    """What decoding needs to know beside the body."""

    model: str
    """The model that was asked; overridden by the reply's model."""
    headers: Mapping[str, str] = MappingProxyType({})
    """By lower-case names."""
    call_id: str = ""
    """Unique per call: names tool calls that come without an id."""
    split_think_tags: bool = True
    audio_format: str | None = None
    """The format audio was asked in."""
    notes: Mapping[str, object] = MappingProxyType({})
    """What to say in `response_metadata` of how the reply was asked for."""


def response_metadata(
    head: Mapping[str, object],
    context: ReplyContext,
    *,
    finish_reason: str | None,
    usage: Mapping[str, object] | None,
    extra: Mapping[str, Mapping[str, Any]],
) -> dict[str, object]:
    """Build `response_metadata`; only what was received is in it.

    Args:
        head: Top-level fields of the reply, or of a stream's chunks taken together.
        context: The call's context.
        finish_reason: As received; never translated.
        usage: The reply's `usage`, kept as `token_usage`, with the cost beside it.
        extra: Unknown fields by level: "reply", "choice", "message", "meta".
    """
    headers = context.headers
    meta = head.get("meta")
    found = {
        "model_name": head.get("model") or context.model,
        "finish_reason": finish_reason,
        "id": head.get("id"),
        "created": head.get("created"),
        "system_fingerprint": head.get("system_fingerprint"),
        "service_tier": head.get("service_tier"),
        **cost_metadata(meta, headers, usage),
        "inference_id": headers.get("x-inference-id"),
        "client_request_id": headers.get("x-client-request-id"),
        "rate_limit": _rate_limit(headers),
        "extra": _filled(extra, meta),
    }
    named = {key: value for key, value in found.items() if value not in (None, "", {})}
    return {"model_provider": PROVIDER, **named, **context.notes}


def _filled(extra: Mapping[str, Mapping[str, object]], meta: object) -> dict[str, object]:
    levels: dict[str, object] = {level: dict(fields) for level, fields in extra.items() if fields}
    if isinstance(meta, dict):
        rest = {key: value for key, value in meta.items() if key != "usage"}
        levels |= {"meta": rest} if rest else {}
    return levels


def _rate_limit(headers: Mapping[str, str]) -> dict[str, str]:
    start = "x-ratelimit-"
    return {name[len(start) :]: text for name, text in headers.items() if name.startswith(start)}


def unknown(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Fields outside `known`, or of another type than known, that hold something."""
    return {
        key: value
        for key, value in fields.items()
        if (key not in known or (key in _KINDS and not isinstance(value, _KINDS[key])))
        and value not in (None, "")
    }


_KINDS: Mapping[str, type] = {
    "annotations": list,
    "audio": dict,
    "citations": list,
    "images": list,
    "logprobs": dict,
    "reasoning_details": list,
    "refusal": str,
    "search_results": list,
}
"""What fields must be for content blocks to be made of them; otherwise they are kept as unknown."""


def _is_of_its_kind(key: str, value: object) -> bool:
    return key not in _KINDS or isinstance(value, _KINDS[key])


def usable(key: str, value: object) -> bool:
    """Whether a field holds something, and of the type it should be."""
    return bool(value) and _is_of_its_kind(key, value)

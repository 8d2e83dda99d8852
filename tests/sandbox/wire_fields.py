"""What is known of replies that the service really sent: fields and JSON types, and nothing else.

Taken from 61 whole replies of `/chat/completions` on the pages of the documentation (24 vendors'
models, 2025 and 2026) and from recorded streams of gpt-4o, qwen3-32b, claude-sonnet-4 and
claude-opus-4.6. A path names a field; `[]` stands for each item of a list.
"""

from __future__ import annotations

WHOLE_ALWAYS = {
    "id": {"string"},
    "object": {"string"},
    "created": {"integer"},
    "model": {"string"},
    "choices": {"array"},
    "choices[].index": {"integer"},
    "choices[].finish_reason": {"string"},
    "choices[].message": {"object"},
    "choices[].message.role": {"string"},
    "choices[].message.content": {"string"},
    "usage": {"object"},
    "usage.prompt_tokens": {"integer"},
    "usage.completion_tokens": {"integer"},
    "usage.total_tokens": {"integer"},
}
"""What every whole reply of a text has."""

WHOLE_SOMETIMES = {
    "choices[].logprobs": {"null"},
    "choices[].message.annotations": {"array"},
    "choices[].message.reasoning_content": {"string", "null"},
    "choices[].message.refusal": {"null"},
    "system_fingerprint": {"string", "null"},
    "usage.prompt_tokens_details": {"object", "null"},
    "usage.prompt_tokens_details.audio_tokens": {"integer"},
    "usage.prompt_tokens_details.cached_tokens": {"integer"},
    "usage.prompt_tokens_details.cache_write_tokens": {"integer"},
    "usage.completion_tokens_details": {"object", "null"},
    "usage.completion_tokens_details.audio_tokens": {"integer"},
    "usage.completion_tokens_details.reasoning_tokens": {"integer"},
    "meta": {"object"},
    "meta.usage": {"object"},
    "meta.usage.credits_used": {"integer"},
    "meta.usage.usd_spent": {"number"},
}
"""What some whole replies have beside it, as far as the sandbox says it, too."""

STREAM_ALWAYS = {
    "id": {"string"},
    "object": {"string"},
    "created": {"integer"},
    "model": {"string"},
    "choices": {"array"},
}
"""What every event of every recorded stream has."""

STREAM_SOMETIMES = {
    "choices[].index": {"integer"},
    "choices[].delta": {"object"},
    "choices[].delta.role": {"string"},
    "choices[].delta.content": {"string", "null"},
    "choices[].delta.reasoning_content": {"string", "null"},
    "choices[].delta.refusal": {"null"},
    "choices[].finish_reason": {"string", "null"},
    "choices[].logprobs": {"null"},
    "system_fingerprint": {"string"},
    "usage": {"object", "null"},
    "usage.prompt_tokens": {"integer"},
    "usage.completion_tokens": {"integer"},
    "usage.total_tokens": {"integer"},
    "usage.prompt_tokens_details": {"object"},
    "usage.prompt_tokens_details.audio_tokens": {"integer"},
    "usage.prompt_tokens_details.cached_tokens": {"integer"},
    "usage.completion_tokens_details": {"object"},
    "usage.completion_tokens_details.audio_tokens": {"integer"},
    "usage.completion_tokens_details.reasoning_tokens": {"integer"},
}

NOT_RECORDED = {
    "usage.prompt_tokens_details.cache_write_tokens",  # in whole replies only
    "meta",  # documented for streams; the kept replies were cut before it
    "meta.usage",
    "meta.usage.credits_used",
    "meta.usage.usd_spent",
}
"""Fields of the sandbox's streams that no kept reply has."""

_TYPES = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
_TYPES |= {bool: "boolean", type(None): "null"}


def fields(value, at=""):
    """List the fields of a JSON value as pairs of path and type."""
    if at:
        yield at, _TYPES[type(value)]
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from fields(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for inner in value:
            yield from (
                (path, kind) for path, kind in fields(inner, f"{at}[]") if path != f"{at}[]"
            )

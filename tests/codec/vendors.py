"""Replies as the vendors behind the gateway lay them out: their fields, in their order.

The layouts are those of the service (its service's documentation prints such replies); ids, words and numbers
are our own. Each is a whole reply with what has to be read from it; `STREAMS` are streams that
are laid out unlike their whole replies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PARIS, WHY = "Paris.", "Capital of France."
SIGNED = {"google": {"thought_signature": "c2lnbmVk"}}
RATES = {"credits_used": 500, "usd_spent": 0.00025}
OPENAI_DETAILS = {
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 2,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}


@dataclass(frozen=True, slots=True)
class VendorReply:
    """A reply and what is read from it beside its text."""

    body: dict[str, Any]
    reasoning: str = ""
    finish_reason: str = "stop"
    input_details: dict[str, int] = field(default_factory=dict)
    output_details: dict[str, int] = field(default_factory=dict)
    kwargs: frozenset[str] = frozenset()
    """Further keys of `additional_kwargs`."""
    extra: dict[str, Any] = field(default_factory=dict)


def _counts(prompt: int = 9, completion: int = 4, total: int | None = None, **more: Any) -> Any:
    total = prompt + completion if total is None else total
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    return {**counts, **more}


def _body(message: Any, *, usage: Any, choice: Any = None, head: Any = None, **more: Any) -> Any:
    first = {"id": "r1", "object": "chat.completion", "created": 5, "model": "vendor/served"}
    only = {"index": 0, "message": message, "finish_reason": "stop", **(choice or {})}
    return {**first, **(head or {}), "choices": [only], "usage": usage, **more}


def _said(content: str = PARIS, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


_MINIMAX = {
    "input_sensitive": False,
    "output_sensitive": False,
    "input_sensitive_type": 0,
    "output_sensitive_type": 0,
    "output_sensitive_int": 0,
    "base_resp": {"status_code": 0, "status_msg": ""},
}
_ROUTED = {
    "cost": 0.0001,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0, "video_tokens": 0},
    "cost_details": {"upstream_inference_cost": None, "upstream_inference_prompt_cost": 1e-05},
    "completion_tokens_details": {"reasoning_tokens": 0, "image_tokens": 0},
}
_XAI_PROMPT = {"text_tokens": 9, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 5}

VENDORS: dict[str, VendorReply] = {
    "AI21": VendorReply(
        _body(
            _said(
                refusal=None,
                reasoning=WHY,
                reasoning_details=[
                    {"type": "reasoning.text", "text": WHY, "format": "unknown", "index": 0}
                ],
            ),
            choice={"logprobs": None, "native_finish_reason": "stop"},
            head={"system_fingerprint": None},
            usage=_counts(
                completion_tokens_details={"reasoning_tokens": 2, "audio_tokens": 0},
                prompt_tokens_details={"cached_tokens": 3, "cache_write_tokens": 0},
            ),
            meta={"usage": RATES},
        ),
        reasoning=WHY,
        input_details={"cache_read": 3, "cache_creation": 0},
        output_details={"reasoning": 2, "audio": 0},
        kwargs=frozenset({"reasoning_key", "reasoning_details"}),
        extra={"choice": {"native_finish_reason": "stop"}},
    ),
    "Alibaba, thinking": VendorReply(
        {
            "choices": [
                {
                    "message": {"content": PARIS, "reasoning_content": WHY, "role": "assistant"},
                    "finish_reason": "stop",
                    "index": 0,
                    "logprobs": None,
                }
            ],
            "object": "chat.completion",
            "usage": _counts(
                completion_tokens_details={"reasoning_tokens": 3, "text_tokens": 4},
                prompt_tokens_details={"text_tokens": 9},
            ),
            "created": 5,
            "system_fingerprint": None,
            "model": "qwen",
            "id": "r1",
            "meta": {"usage": RATES},
        },
        reasoning=WHY,
        output_details={"reasoning": 3},
    ),
    "Alibaba, omni": VendorReply(
        _body(
            _said(reasoning_content=""),
            usage=_counts(prompt_tokens_details={"text_tokens": 1, "video_tokens": 8}),
        )
    ),
    "Anthropic": VendorReply(
        _body(
            {"reasoning_content": "", "content": PARIS, "role": "assistant"},
            choice={"finish_reason": "end_turn", "logprobs": None},
            usage=_counts(),
            meta={"usage": {"credits_used": 500}},
        ),
        finish_reason="end_turn",
    ),
    "Baidu": VendorReply(
        _body(
            _said(),
            choice={"flag": 0},
            usage=_counts(prompt_tokens_details=None, completion_tokens_details=None),
            system_fingerprint="",
        ),
        extra={"choice": {"flag": 0}},
    ),
    "Baidu, cached": VendorReply(
        _body(
            _said(),
            usage=_counts(
                prompt_tokens_details={"cached_tokens": 0},
                prompt_cache_hit_tokens=0,
                prompt_cache_miss_tokens=9,
            ),
        ),
        input_details={"cache_read": 0},
    ),
    "Cohere": VendorReply(
        _body(
            _said(reasoning_content=None, refusal=None), choice={"logprobs": None}, usage=_counts()
        )
    ),
    "DeepSeek": VendorReply(
        _body(
            _said(reasoning_content=WHY),
            usage=_counts(
                prompt_tokens_details={"cached_tokens": 4},
                completion_tokens_details={"reasoning_tokens": 2},
                prompt_cache_hit_tokens=4,
                prompt_cache_miss_tokens=5,
            ),
            system_fingerprint="fp_1",
        ),
        reasoning=WHY,
        input_details={"cache_read": 4},
        output_details={"reasoning": 2},
    ),
    "Google": VendorReply(
        _body(
            {"content": PARIS, "extra_content": SIGNED, "role": "assistant"},
            choice={"logprobs": None},
            usage={
                "completion_tokens": 4,
                "completion_tokens_details": {"reasoning_tokens": 20},
                "extra_properties": {"google": {"traffic_type": "ON_DEMAND"}},
                "prompt_tokens": 9,
                "total_tokens": 33,
            },
            system_fingerprint="",
        ),
        output_details={"reasoning": 20},
        kwargs=frozenset({"extra_content"}),
    ),
    "Google, by another router": VendorReply(
        _body(
            _said(
                refusal=None,
                reasoning=None,
                reasoning_details=[
                    {"format": "google-v1", "index": 0, "type": "reasoning.encrypted", "data": "QQ"}
                ],
            ),
            choice={"logprobs": None, "native_finish_reason": "STOP"},
            usage=_counts(**_ROUTED),
            provider="Google",
        ),
        input_details={"cache_read": 0, "audio": 0},
        output_details={"reasoning": 0},
        kwargs=frozenset({"reasoning_details"}),
        extra={"reply": {"provider": "Google"}, "choice": {"native_finish_reason": "STOP"}},
    ),
    "MiniMax": VendorReply(
        _body(
            {
                "content": f"<think>{WHY}</think>\n\n{PARIS}",
                "role": "assistant",
                "name": "MiniMax AI",
                "audio_content": "",
            },
            usage={
                "total_tokens": 13,
                "total_characters": 0,
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "completion_tokens_details": {"reasoning_tokens": 3},
                "prompt_tokens_details": {"cached_tokens": 9},
            },
            **_MINIMAX,
        ),
        reasoning=WHY,
        input_details={"cache_read": 9},
        output_details={"reasoning": 3},
        kwargs=frozenset({"reasoning_key"}),
        extra={"reply": _MINIMAX, "message": {"name": "MiniMax AI"}},
    ),
    "OpenAI": VendorReply(
        _body(
            _said(refusal=None, annotations=[]),
            usage=_counts(**OPENAI_DETAILS),
            service_tier="default",
            system_fingerprint=None,
        ),
        input_details={"cache_read": 0, "audio": 0},
        output_details={"reasoning": 2, "audio": 0},
    ),
    "Perplexity": VendorReply(
        _body(
            _said(),
            usage=_counts(reasoning_tokens=1, citation_tokens=3, search_context_size="low"),
            citations=["https://p.test"],
            search_results=[{"title": "T", "url": "https://p.test", "date": None}],
        ),
        output_details={"reasoning": 1},
        kwargs=frozenset({"citations", "search_results"}),
    ),
    "xAI": VendorReply(
        _body(
            _said(reasoning_content=WHY, refusal=None),
            usage=_counts(
                total=33,
                prompt_tokens_details=_XAI_PROMPT,
                completion_tokens_details={
                    **OPENAI_DETAILS["completion_tokens_details"],
                    "reasoning_tokens": 20,
                },
                num_sources_used=0,
                cost_in_usd_ticks=100,
            ),
            system_fingerprint="fp_1",
            meta={"usage": {"tokens_used": 33}},
        ),
        reasoning=WHY,
        input_details={"cache_read": 5, "audio": 0},
        output_details={"reasoning": 20, "audio": 0},
    ),
    "Zhipu": VendorReply(
        _body(
            {"content": PARIS, "reasoning_content": WHY, "role": "assistant"},
            usage=_counts(prompt_tokens_details={"cached_tokens": 2}),
            request_id="r1",
        ),
        reasoning=WHY,
        input_details={"cache_read": 2},
        extra={"reply": {"request_id": "r1"}},
    ),
}


# --- streams --------------------------------------------------------------------------------------


def _event(delta: Any, *, identity: str = "r1", choice: Any = None, **more: Any) -> dict[str, Any]:
    only = {"index": 0, "delta": delta, **(choice or {})}
    head = {"id": identity, "choices": [only], "created": 5, "model": "vendor/served"}
    return {**head, "object": "chat.completion.chunk", "usage": None, **more}


_NONE = {"content": "", "role": "assistant", "refusal": None}
_STOP = {"finish_reason": "stop"}


def _claude() -> list[dict[str, Any]]:
    """Empty ids after the first; the last event has a reason and no delta."""
    texts = [_event({**_NONE, "content": text}, identity="") for text in ("", "Pa", "ris.", "")]
    end = _event(_NONE, identity="", choice=_STOP, usage=_counts())
    after = _event(None, identity="")
    after["choices"] = [{"index": 0, **_STOP}]
    return [_event(_NONE), *texts, end, after]


def _claude_until_february_2026() -> list[dict[str, Any]]:
    """Each event in an envelope, whose state holds the counts."""
    counts = [{"input_tokens": 9, "cache_read_input_tokens": 0, "output_tokens": 1}]
    counts += [{"input_tokens": 0, "output_tokens": 0}] * 4
    counts += [{"input_tokens": 0, "output_tokens": 4}, {"input_tokens": 0, "output_tokens": 0}]
    zeros = {"completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0}
    return [
        {
            "event": {**event, "usage": zeros},
            "state": {"generationId": event["id"], "tools": [], "usage": usage},
        }
        for event, usage in zip(_claude(), counts, strict=True)
    ]


def _openai() -> list[dict[str, Any]]:
    """Padding of any length; usage comes last, without choices."""
    deltas = [_NONE, {"content": "Pa"}, {"content": "ris."}, {}]
    events = [
        _event(
            delta,
            choice={"logprobs": None, "finish_reason": None if delta else "stop"},
            service_tier="default",
            obfuscation="x" * number,
        )
        for number, delta in enumerate(deltas)
    ]
    last = {**_event({}, usage=_counts(**OPENAI_DETAILS), obfuscation="xy"), "choices": []}
    return [*events, last]


def _qwen() -> list[dict[str, Any]]:
    """The text is null while it thinks, the reasoning while it answers."""
    deltas: list[dict[str, Any]] = [{"content": None, "role": "assistant", "reasoning_content": ""}]
    deltas += [{"content": None, "reasoning_content": piece} for piece in (WHY[:8], WHY[8:])]
    deltas += [{"content": piece, "reasoning_content": None} for piece in ("Pa", "ris.", "")]
    events = [_event({"refusal": None, **delta}) for delta in deltas]
    events[-1]["choices"][0] |= _STOP
    counts = _counts(completion_tokens_details={"reasoning_tokens": 3})
    return [*events, {**_event({}, usage=counts), "choices": []}]


STREAMS = {
    "Alibaba, thinking": _qwen(),
    "Anthropic": _claude(),
    "Anthropic, until February 2026": _claude_until_february_2026(),
    "OpenAI": _openai(),
}

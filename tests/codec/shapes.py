"""One reply for every shape the vendors behind the gateway answer in, and its stream.

The words are our own; the fields are those of the service's documentation and of the replies
printed there. `streamed` cuts a whole reply up the way most vendors stream; streams with habits
of their own are written out in `test_stream`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import orjson

from langchain_aimlapi._codec.decode.metadata import ReplyContext
from langchain_aimlapi._codec.decode.reply import decode_reply
from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi._codec.langchain import blocks
from langchain_aimlapi._codec.langchain.chunks import delta_chunk, final_chunk

blocks.register()

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
COUNTED = {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}
SIGNED = {"google": {"thought_signature": "AY89ab"}}


def reply(message, *, choice=None, finish="stop", usage=USAGE, **top):
    """A whole reply of one choice."""
    message = {"role": "assistant", "content": "Paris.", **message}
    only = {"index": 0, "message": message, "finish_reason": finish, **(choice or {})}
    head = {"id": "r1", "object": "chat.completion", "created": 5, "model": "acme/m"}
    return {**head, "choices": [only], "usage": usage, **top}


def called(identity, name, arguments, **more):
    """A tool call on the wire."""
    function = {"name": name, "arguments": arguments}
    return {"id": identity, "type": "function", "function": function, **more}


@dataclass(frozen=True)
class Shape:
    """A reply and what must be read from it; `metadata` beside what every reply here has."""

    reply: dict[str, Any]
    text: str = "Paris."
    kwargs: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, Any] | None = field(default_factory=lambda: dict(COUNTED))
    calls: list[dict[str, Any]] = field(default_factory=list)
    invalid: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(
        default_factory=lambda: [{"type": "text", "text": "Paris."}]
    )


def valid(identity, name, **args):
    """A valid call as LangChain holds it."""
    return {"type": "tool_call", "id": identity, "name": name, "args": args}


TEXT = {"type": "text", "text": "Paris."}
REASONING = {"type": "reasoning", "reasoning": "Capital of France."}
DETAIL = {"type": "reasoning.text", "text": "Capital of France.", "format": "unknown", "index": 0}
SECRET = {"type": "reasoning.encrypted", "data": "EjQK", "format": "google-gemini-v1", "index": 0}
SPOKEN = {"id": "audio_1", "data": "UklGRg==", "transcript": "Paris.", "expires_at": 99}
CITED = {
    "type": "url_citation",
    "url_citation": {"start_index": 0, "end_index": 5, "title": "T", "url": "https://p.test"},
}
FOUND = {"title": "T", "url": "https://p.test", "date": "2026-01-01", "last_updated": ""}
STOPPED = {"type": "refusal", "category": "bio", "explanation": "Not this."}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}


def _tools(*calls, **shape):
    body = reply({"content": None, "tool_calls": list(calls)}, finish="tool_calls")
    return Shape(body, text="", metadata={"finish_reason": "tool_calls"}, **shape)


SHAPES = {
    "OpenAI": Shape(
        reply(
            {"refusal": None, "annotations": []},
            choice={"logprobs": None},
            service_tier="default",
            system_fingerprint="fp_1",
        ),
        metadata={"service_tier": "default", "system_fingerprint": "fp_1"},
    ),
    "nulls spelled out": Shape(
        reply({"audio": None, "function_call": None, "tool_calls": None, "refusal": None})
    ),
    "an empty list of calls": Shape(reply({"tool_calls": []})),
    "reasoning_content": Shape(
        reply({"reasoning_content": "Capital of France."}),
        kwargs={"reasoning_content": "Capital of France."},
        blocks=[REASONING, TEXT],
    ),
    "empty reasoning_content": Shape(reply({"reasoning_content": ""})),
    "null reasoning_content": Shape(reply({"reasoning_content": None})),
    "OpenRouter": Shape(
        reply(
            {"refusal": None, "reasoning": "Capital of France."},
            choice={"native_finish_reason": "STOP"},
            provider="Google AI Studio",
        ),
        kwargs={"reasoning_content": "Capital of France.", "reasoning_key": "reasoning"},
        metadata={
            "extra": {
                "reply": {"provider": "Google AI Studio"},
                "choice": {"native_finish_reason": "STOP"},
            }
        },
        blocks=[{**REASONING, "extras": {"reasoning_key": "reasoning"}}, TEXT],
    ),
    "reasoning_details": Shape(
        reply({"reasoning": "Capital of France.", "reasoning_details": [DETAIL]}),
        kwargs={
            "reasoning_content": "Capital of France.",
            "reasoning_key": "reasoning",
            "reasoning_details": [DETAIL],
        },
        blocks=[
            {
                **REASONING,
                "extras": {"reasoning_key": "reasoning", "reasoning_details": [DETAIL]},
            },
            TEXT,
        ],
    ),
    "details alone": Shape(
        reply({"reasoning_details": [DETAIL]}),
        kwargs={
            "reasoning_content": "Capital of France.",
            "reasoning_key": "reasoning_details",
            "reasoning_details": [DETAIL],
        },
        blocks=[
            {
                **REASONING,
                "extras": {"reasoning_key": "reasoning_details", "reasoning_details": [DETAIL]},
            },
            TEXT,
        ],
    ),
    "encrypted details": Shape(
        reply({"reasoning": None, "reasoning_details": [SECRET]}),
        kwargs={"reasoning_details": [SECRET]},
        blocks=[
            {"type": "reasoning", "reasoning": "", "extras": {"reasoning_details": [SECRET]}},
            TEXT,
        ],
    ),
    "OpenRouter's usage": Shape(
        reply({}, usage={**USAGE, "cost": 0.0017, "is_byok": False, "cost_details": {"x": 5e-06}}),
    ),
    "Anthropic": Shape(
        reply({"reasoning_content": ""}, finish="end_turn", id="msg_1"),
        metadata={"finish_reason": "end_turn", "id": "msg_1"},
    ),
    "Gemini": Shape(
        reply(
            {"extra_content": SIGNED},
            usage={**USAGE, "extra_properties": {"google": {"traffic_type": "ON_DEMAND"}}},
            system_fingerprint="",
        ),
        kwargs={"extra_content": SIGNED},
    ),
    "MiniMax": Shape(
        reply(
            {
                "content": "<think>\nCapital of France.\n</think>\n\nParis.",
                "name": "MiniMax AI",
                "audio_content": "",
            },
            usage={**USAGE, "total_characters": 0},
            input_sensitive=False,
            output_sensitive_int=0,
            base_resp={"status_code": 0, "status_msg": ""},
        ),
        kwargs={"reasoning_content": "\nCapital of France.\n", "reasoning_key": "<think>"},
        metadata={
            "extra": {
                "reply": {
                    "input_sensitive": False,
                    "output_sensitive_int": 0,
                    "base_resp": {"status_code": 0, "status_msg": ""},
                },
                "message": {"name": "MiniMax AI"},
            }
        },
        blocks=[
            {
                "type": "reasoning",
                "reasoning": "\nCapital of France.\n",
                "extras": {"reasoning_key": "<think>"},
            },
            TEXT,
        ],
    ),
    "a stray closing tag": Shape(
        reply({"content": "Paris.</think>"}),
        text="Paris.</think>",
        blocks=[{"type": "text", "text": "Paris.</think>"}],
    ),
    "a tag in the middle": Shape(
        reply({"content": "Say <think>x</think>"}),
        text="Say <think>x</think>",
        blocks=[{"type": "text", "text": "Say <think>x</think>"}],
    ),
    "a tag beside reasoning_content": Shape(
        reply({"content": "<think>x</think>", "reasoning_content": "Capital of France."}),
        text="<think>x</think>",
        kwargs={"reasoning_content": "Capital of France."},
        blocks=[REASONING, {"type": "text", "text": "<think>x</think>"}],
    ),
    "an unclosed tag": Shape(
        reply({"content": "<think>Capital of France."}, finish="length"),
        text="",
        kwargs={"reasoning_content": "Capital of France.", "reasoning_key": "<think>"},
        metadata={"finish_reason": "length"},
        blocks=[{**REASONING, "extras": {"reasoning_key": "<think>"}}],
    ),
    "Perplexity": Shape(
        reply(
            {},
            usage={**USAGE, "search_context_size": "low"},
            citations=["https://p.test"],
            search_results=[FOUND],
        ),
        kwargs={"citations": ["https://p.test"], "search_results": [FOUND]},
        blocks=[
            {
                **TEXT,
                "annotations": [
                    {
                        "type": "citation",
                        "url": "https://p.test",
                        "title": "T",
                        "extras": {"date": "2026-01-01"},
                    }
                ],
            }
        ],
    ),
    "citations alone": Shape(
        reply({}, citations=["https://p.test"]),
        kwargs={"citations": ["https://p.test"]},
        blocks=[{**TEXT, "annotations": [{"type": "citation", "url": "https://p.test"}]}],
    ),
    "url citations": Shape(
        reply({"annotations": [CITED]}),
        kwargs={"annotations": [CITED]},
        blocks=[
            {
                **TEXT,
                "annotations": [
                    {
                        "type": "citation",
                        "url": "https://p.test",
                        "title": "T",
                        "start_index": 0,
                        "end_index": 5,
                    }
                ],
            }
        ],
    ),
    "other annotations": Shape(
        reply({"annotations": [{"type": "file", "file": "f"}]}),
        kwargs={"annotations": [{"type": "file", "file": "f"}]},
        blocks=[
            {
                **TEXT,
                "annotations": [
                    {"type": "non_standard_annotation", "value": {"type": "file", "file": "f"}}
                ],
            }
        ],
    ),
    "Baidu": Shape(
        reply({}, choice={"flag": 0}, id="as-1"),
        metadata={"id": "as-1", "extra": {"choice": {"flag": 0}}},
    ),
    "Zhipu": Shape(reply({}, request_id="r1"), metadata={"extra": {"reply": {"request_id": "r1"}}}),
    "ByteDance": Shape(
        reply({"encrypted_content": "djHC", "reasoning_content": "Capital of France."}),
        kwargs={"encrypted_content": "djHC", "reasoning_content": "Capital of France."},
        blocks=[REASONING, TEXT],
    ),
    "whitespace": Shape(
        reply({"content": "\n\n Paris. \n"}),
        text="\n\n Paris. \n",
        blocks=[{"type": "text", "text": "\n\n Paris. \n"}],
    ),
    "parts of text and reasoning": Shape(
        reply(
            {
                "content": [
                    {
                        "type": "thinking",
                        "thinking": [{"type": "text", "text": "Capital of France."}],
                    },
                    {"type": "text", "text": "Paris."},
                ]
            }
        ),
        kwargs={"reasoning_content": "Capital of France."},
        blocks=[REASONING, TEXT],
    ),
    "audio": Shape(
        reply({"content": None, "audio": SPOKEN}),
        text="",
        kwargs={"audio": SPOKEN},
        blocks=[
            {
                "type": "audio",
                "base64": "UklGRg==",
                "extras": {"id": "audio_1", "transcript": "Paris.", "expires_at": 99},
            }
        ],
    ),
    "images": Shape(
        reply({"images": [PICTURE, {"image_url": {"url": "https://p.test/i.png"}}]}),
        kwargs={"images": [PICTURE, {"image_url": {"url": "https://p.test/i.png"}}]},
        blocks=[
            TEXT,
            {"type": "image", "base64": "iVBO", "mime_type": "image/png"},
            {"type": "image", "url": "https://p.test/i.png"},
        ],
    ),
    "refusal": Shape(
        reply({"content": None, "refusal": "I will not."}, finish="refusal"),
        text="",
        kwargs={"refusal": "I will not."},
        metadata={"finish_reason": "refusal"},
        blocks=[blocks._standard({"type": "refusal", "refusal": "I will not."})],
    ),
    "a refusal without a word": Shape(
        reply({"content": ""}, finish="refusal"),
        text="",
        metadata={"finish_reason": "refusal"},
        blocks=[blocks._standard({"type": "refusal", "refusal": ""})],
    ),
    "Claude's refusal": Shape(
        reply(
            {"content": "Well,"},
            choice={"stop_details": STOPPED, "stop_reason": "refusal"},
            finish="refusal",
        ),
        text="Well,",
        metadata={
            "finish_reason": "refusal",
            "extra": {"choice": {"stop_details": STOPPED, "stop_reason": "refusal"}},
        },
        blocks=[
            {"type": "text", "text": "Well,"},
            blocks._standard(
                {
                    "type": "refusal",
                    "refusal": "Not this.",
                    "extras": {"category": "bio", "stop_details": STOPPED},
                }
            ),
        ],
    ),
    "unknown fields everywhere": Shape(
        reply({"mood": "calm"}, choice={"route": [1]}, galaxy={"far": True}, meta={"trace": "t"}),
        metadata={
            "extra": {
                "reply": {"galaxy": {"far": True}},
                "choice": {"route": [1]},
                "message": {"mood": "calm"},
                "meta": {"trace": "t"},
            }
        },
    ),
    "an unknown finish reason": Shape(
        reply({}, finish="COSMIC_RAY"), metadata={"finish_reason": "COSMIC_RAY"}
    ),
    "logprobs": Shape(
        reply(
            {},
            choice={"logprobs": {"content": [{"token": "P", "logprob": -0.5}], "refusal": None}},
        ),
        metadata={
            "logprobs": {"content": [{"token": "P", "logprob": -0.5}], "refusal": None},
        },
    ),
    "cost": Shape(
        reply({}, meta={"usage": {"credits_used": 2480, "usd_spent": 0.00124}}),
        metadata={
            "cost": 0.00124,
            "cost_details": {"credits_used": 2480, "usd_spent": 0.00124},
            "token_usage": {**USAGE, "cost": 0.00124},
        },
    ),
    "older cost": Shape(
        reply({}, meta={"usage": {"credits_used": 9}}),
        metadata={
            "cost": 4.5e-06,
            "cost_details": {"credits_used": 9, "converted_from_credits": True},
            "token_usage": {**USAGE, "cost": 4.5e-06},
        },
    ),
    "oldest cost": Shape(
        reply({}, meta={"usage": {"tokens_used": 9}}), metadata={"cost_details": {"tokens_used": 9}}
    ),
    "no usage": Shape(reply({}, usage=None), usage=None),
    "one call": _tools(
        called("c1", "weather", '{"city":"Paris"}'),
        calls=[valid("c1", "weather", city="Paris")],
        blocks=[valid("c1", "weather", city="Paris")],
    ),
    "two calls": _tools(
        called("c1", "weather", '{"city":"Paris"}'),
        called("c2", "weather", '{"city":"Rome"}'),
        calls=[valid("c1", "weather", city="Paris"), valid("c2", "weather", city="Rome")],
        blocks=[valid("c1", "weather", city="Paris"), valid("c2", "weather", city="Rome")],
    ),
    "no arguments": _tools(
        *[called(f"c{n}", "now", args) for n, args in enumerate(["", "{}", "null", None])],
        calls=[valid(f"c{n}", "now") for n in range(4)],
        blocks=[valid(f"c{n}", "now") for n in range(4)],
    ),
    "arguments as an object": _tools(
        called("c1", "weather", {"city": "Paris"}),
        calls=[valid("c1", "weather", city="Paris")],
        blocks=[valid("c1", "weather", city="Paris")],
    ),
    "line breaks in arguments": _tools(
        called("c1", "say", '{"text":"a\nb"}'),
        calls=[valid("c1", "say", text="a\nb")],
        blocks=[valid("c1", "say", text="a\nb")],
    ),
    "a thought signature": _tools(
        called("c1", "weather", "{}", extra_content=SIGNED),
        called("c2", "weather", "{}"),
        kwargs={"tool_call_extras": {"c1": {"extra_content": SIGNED}}},
        calls=[valid("c1", "weather"), valid("c2", "weather")],
        blocks=[
            {**valid("c1", "weather"), "extras": {"extra_content": SIGNED}},
            valid("c2", "weather"),
        ],
    ),
    "a call without id": _tools(
        called(None, "weather", "{}"),
        calls=[valid("call_run_0", "weather")],
        blocks=[valid("call_run_0", "weather")],
    ),
    "a custom tool": _tools(
        {"id": "c1", "type": "custom", "custom": {"name": "code", "input": 'print("ü")\n'}},
        kwargs={"tool_call_extras": {"c1": {"type": "custom"}}},
        calls=[valid("c1", "code", __arg1='print("ü")\n')],
        blocks=[{**valid("c1", "code", __arg1='print("ü")\n'), "extras": {"type": "custom"}}],
    ),
    "the old function_call": Shape(
        reply(
            {"content": None, "function_call": {"name": "weather", "arguments": "{}"}},
            finish="function_call",
        ),
        text="",
        metadata={"finish_reason": "function_call"},
        calls=[valid("call_run_0", "weather")],
        blocks=[valid("call_run_0", "weather")],
    ),
}

CUT = {
    "cut arguments": '{"city": "Par',
    "cut after a value": '{"a": 1',
    "a list": "[1]",
    "a text": '"x"',
    "no JSON": "city=Paris",
}
for _name, _args in CUT.items():
    SHAPES[_name] = _tools(
        called("c1", "now", "{}"),
        called("c2", "weather", _args),
        calls=[valid("c1", "now")],
        invalid=[{"type": "invalid_tool_call", "id": "c2", "name": "weather", "args": _args}],
        blocks=[
            valid("c1", "now"),
            {"type": "invalid_tool_call", "id": "c2", "name": "weather", "args": _args},
        ],
    )
SHAPES["a call without name"] = _tools(
    called("c1", None, '{"a":1}'),
    invalid=[{"type": "invalid_tool_call", "id": "c1", "name": None, "args": '{"a":1}'}],
    blocks=[{"type": "invalid_tool_call", "id": "c1", "name": None, "args": '{"a":1}'}],
)


def context(**more):
    """What decoding knows of the call."""
    return ReplyContext(**{"model": "asked", "call_id": "run", **more})


def read(body, **more):
    """The message of a whole reply."""
    (generation,) = decode_reply(orjson.dumps(body), context(**more)).generations
    return generation.message


# --- the same as a stream ---------------------------------------------------------------------------

_LATE = ("citations", "meta", "search_results", "usage")
_CUT_UP = ("content", "reasoning", "reasoning_content", "refusal")


def event(delta=None, *, choice=None, **top):
    """One event of a stream."""
    head = {"id": "r1", "object": "chat.completion.chunk", "created": 5, "model": "acme/m"}
    only = {"index": 0, "delta": delta or {}, "finish_reason": None, **(choice or {})}
    return {**head, "choices": [only], **top}


def streamed(body, cut=lambda text: [text[:3], text[3:]]):
    """A whole reply as the events of a stream, its texts cut up by `cut`."""
    body = copy.deepcopy(body)
    (choice,) = body.pop("choices")
    late = {key: body.pop(key) for key in _LATE if key in body}
    message = choice.pop("message")
    choice.pop("index")
    body["object"] = "chat.completion.chunk"
    texts = {key: message.pop(key) for key in _CUT_UP if isinstance(message.get(key), str)}
    audio = message.pop("audio", None)
    calls = message.pop("tool_calls", None) or []
    logprobs = choice.pop("logprobs", None)
    deltas = [message]
    details = message.pop("reasoning_details", None) if "reasoning" in texts else None
    for key in sorted(texts, reverse=True):
        deltas += [{key: piece} for piece in cut(texts[key])]
    deltas += [delta for n, call in enumerate(calls) for delta in _call_deltas(n, call, cut)]
    deltas += _audio_deltas(audio)
    if details:
        deltas.append({"reasoning_details": details})
    events = [
        {**body, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    events[-1]["choices"][0]["logprobs"] = logprobs
    events.append({**body, "choices": [{"index": 0, "delta": {}, **choice}]})
    events.append({**body, "choices": [], **late})
    return events


def _call_deltas(number, call, cut):
    """The pieces of a call: a head, then its arguments bit by bit."""
    kind = "custom" if "custom" in call else "function"
    inner = dict(call[kind])
    key = {"custom": "input", "function": "arguments"}[kind]
    text = inner.pop(key)
    head = {**call, kind: {**inner, key: ""}, "index": number}
    pieces = cut(text) if isinstance(text, str) else [text]
    rest = [{"index": number, kind: {key: piece}} for piece in pieces]
    return [{"tool_calls": [piece]} for piece in (head, *rest)]


def _audio_deltas(audio):
    if not audio:
        return []
    first = {"id": audio["id"], "transcript": audio["transcript"][:2]}
    last = {"expires_at": audio["expires_at"], "transcript": audio["transcript"][2:]}
    return [{"audio": first}, {"audio": {"data": audio["data"]}}, {"audio": last}]


def deltas_of(decoder, events, *, done=True):
    """What a decoder makes of these events, up to the end."""
    data = [orjson.dumps(item) for item in events] + ([b"[DONE]"] if done else [])
    deltas = [*map(decoder.feed, data), decoder.late()]
    return [delta for delta in deltas if delta is not None]


def chunks_of(events, *, done=True, **more):
    """The chunks that `stream` yields for these events."""
    decoder = StreamDecoder(context(**more))
    deltas = deltas_of(decoder, events, done=done)
    return [delta_chunk(delta).message for delta in deltas] + [final_chunk(decoder.end()).message]


def merged(chunks):
    """Chunks added up one by one, as users do."""
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole

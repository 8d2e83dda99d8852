"""Responses of the `/responses` route, the events they are streamed in, and what is read of both."""

from __future__ import annotations

from typing import Any

import orjson

from langchain_aimlapi._codec.decode.metadata import ReplyContext
from langchain_aimlapi._codec.decode.responses_reply import decode_response
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.langchain import blocks
from langchain_aimlapi._codec.langchain.chunks import as_chunk

blocks.register()

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 17,
}
CONTEXT = ReplyContext(model="acme/asked", call_id="c", headers={"x-inference-id": "i1"})

TOKEN = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}


def response(*output, status="completed", **fields):
    """A whole response."""
    head = {"id": "resp_1", "object": "response", "created_at": 5, "model": "acme/served"}
    echo = {"instructions": None, "tools": [], "temperature": 1.0, "text": {"verbosity": "low"}}
    body = {**head, "status": status, "error": None, "incomplete_details": None, **echo}
    return {**body, "output": list(output), "usage": USAGE, **fields}


def message(*parts, identity="msg_1", **fields):
    """A message item; texts stand for parts of text."""
    content = [text(part) if isinstance(part, str) else part for part in parts]
    head = {"type": "message", "id": identity, "role": "assistant", "status": "completed"}
    return {**head, "content": content, **fields}


def text(words, *annotations, **fields):
    """A part of text."""
    return {"type": "output_text", "text": words, "annotations": list(annotations), **fields}


def refusal(words):
    """A part that refuses."""
    return {"type": "refusal", "refusal": words}


def reasoning_item(*summaries, identity="rs_1", **fields):
    """A reasoning item."""
    summary = [{"type": "summary_text", "text": words} for words in summaries]
    return {"type": "reasoning", "id": identity, "summary": summary, **fields}


def call(name="weather", arguments='{"city":"Paris"}', number=1, **fields):
    """A call of a function."""
    ids = {"id": f"fc_{number}", "call_id": f"call_{number}"}
    head = {"type": "function_call", **ids, "name": name, "arguments": arguments}
    return {**head, "status": "completed", **fields}


def custom_call(text_, number=1):
    """A call of a custom tool."""
    ids = {"id": f"ctc_{number}", "call_id": f"call_{number}"}
    return {"type": "custom_tool_call", **ids, "name": "code", "input": text_}


# --- streams --------------------------------------------------------------------------------------


def streamed(whole: dict[str, Any], size: int = 3) -> list[dict[str, Any]]:
    """The events of a response, with texts in pieces of so many characters."""
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    begun.pop("meta", None)
    events = [
        {"type": f"response.{kind}", "response": begun} for kind in ("created", "in_progress")
    ]
    for number, item in enumerate(whole["output"]):
        events += _item_events(item, number, size)
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [{**event, "sequence_number": at} for at, event in enumerate(events)]


def _item_events(item, number, size):
    place = {"output_index": number, "item_id": item.get("id")}
    empty = {**item, **{key: _EMPTY[key] for key in _EMPTY if key in item}}
    yield {"type": "response.output_item.added", "output_index": number, "item": empty}
    for at, part in enumerate(item.get("summary", [])):
        where = {**place, "summary_index": at}
        yield {"type": "response.reasoning_summary_part.added", **where, "part": part}
        yield from _pieces("response.reasoning_summary_text", "text", part["text"], where, size)
    for at, part in enumerate(item.get("content", [])):
        where = {**place, "content_index": at}
        yield {"type": "response.content_part.added", **where, "part": {"type": part["type"]}}
        if part["type"] in _PARTS:
            key = "refusal" if part["type"] == "refusal" else "text"
            logs = part.get("logprobs")
            yield from _pieces(_PARTS[part["type"]], key, part[key], where, size, logs)
        yield {"type": "response.content_part.done", **where, "part": part}
    for key, kind in _CALLS.items():
        if key in item:
            yield from _pieces(f"response.{kind}", key, item[key], place, size)
    yield {"type": "response.output_item.done", "output_index": number, "item": item}


_EMPTY = {"arguments": "", "content": [], "input": "", "summary": []}
_PARTS = {
    "output_text": "response.output_text",
    "reasoning_text": "response.reasoning_text",
    "refusal": "response.refusal",
}
_CALLS = {"arguments": "function_call_arguments", "input": "custom_tool_call_input"}


def _pieces(kind, key, words, where, size, logs=None):
    for start in range(0, len(words), size):
        event = {"type": f"{kind}.delta", **where, "delta": words[start : start + size]}
        yield event | ({"logprobs": logs if not start else []} if logs else {})
    yield {"type": f"{kind}.done", **where, key: words}


def fed(events, context=CONTEXT):
    """A decoder that took the events, and the items it gave, `Final` last."""
    decoder = ResponsesDecoder(context)
    deltas = [decoder.feed(orjson.dumps(event)) for event in events]
    return decoder, [delta for delta in deltas if delta is not None]


def added_up(events, context=CONTEXT):
    """The message that the chunks of a stream add up to."""
    decoder, items = fed(events, context)
    chunks = [as_chunk(item).message for item in [*items, decoder.end()]]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole


def read(whole, context=CONTEXT):
    """The message of a whole response."""
    return decode_response(orjson.dumps(whole), context).generations[0].message


FIELDS = (
    "additional_kwargs",
    "content",
    "content_blocks",
    "invalid_tool_calls",
    "response_metadata",
    "tool_calls",
    "usage_metadata",
)


def fields(message_):
    """What a message says, without the numbers that blocks of a stream have."""
    found = {name: getattr(message_, name) for name in FIELDS}
    blocks_ = [
        {k: v for k, v in block.items() if k != "index"} for block in found["content_blocks"]
    ]
    return {**found, "content_blocks": blocks_}

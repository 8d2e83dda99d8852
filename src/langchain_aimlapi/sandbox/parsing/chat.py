"""A chat body -> `ParsedRequest`. The body has passed `checks`, so nothing is checked again here.

Both documented dialects are read at once, key by key, as the hybrid models accept them mixed:
OpenAI's (`system` messages, `tool_calls`, `image_url`) and Anthropic's (`system` on top,
`tool_use` and `tool_result` blocks, `source`, `input_schema`, `stop_sequences`).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal

import orjson

from langchain_aimlapi.sandbox.parsing.request import (
    Message,
    ParsedRequest,
    Part,
    PartKind,
    ResponseFormat,
    Tool,
    ToolChoice,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


def parse_chat(body: Json) -> ParsedRequest:
    """Parse a chat request."""
    effort, show = _reasoning(body)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return ParsedRequest(
        model=body["model"],
        messages=_messages(body),
        tools=tuple(tool for raw in body.get("tools") or [] if (tool := _tool(raw))),
        tool_choice=_tool_choice(body),
        format=_format(body.get("response_format") or {}),
        n=body.get("n") or 1,
        max_tokens=int(limit) if limit else None,
        stops=_stops(body.get("stop")) + _stops(body.get("stop_sequences")),
        logprobs=bool(body.get("logprobs")),
        top_logprobs=int(body.get("top_logprobs") or 0),
        effort=effort,
        show_reasoning=show,
        audio_format=_audio_format(body),
        search=isinstance(body.get("web_search_options"), dict),
        stream=bool(body.get("stream")),
    )


def _messages(body: Json) -> tuple[Message, ...]:
    messages = [_message(message) for message in body["messages"]]
    if system := body.get("system"):
        messages.insert(0, Message("system", _parts(system)))
    return tuple(messages)


def _message(raw: Json) -> Message:
    parts = _parts(raw.get("content"))
    if raw["role"] == "tool":
        text = "\n".join(part.text for part in parts)
        return Message("tool", (Part("result", text, ref=raw["tool_call_id"]),))
    calls = tuple(_call_part(call) for call in raw.get("tool_calls") or [])
    return Message(raw["role"], parts + calls)


def _call_part(call: Json) -> Part:
    inner = call.get("function") or call.get("custom") or {}
    text = inner.get("arguments") or inner.get("input") or ""
    return Part("call", text, name=inner.get("name", ""), ref=call["id"])


def _parts(content: Any) -> tuple[Part, ...]:
    """Parse the content of a message: a string, nothing, or a list of parts."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (Part("text", content),)
    return tuple(_part(raw) for raw in content)


def _part(raw: Json) -> Part:
    parse = _PARSERS.get(raw["type"])
    part = parse(raw) if parse else Part("other")
    if not raw.get("cache_control"):
        return part
    return Part(part.kind, part.text, part.media_type, part.size, part.name, part.ref, marked=True)


def _medium(kind: PartKind, source: str, media_type: str = "", name: str = "") -> Part:
    """Parse a medium from a `data:` URL, base64 text or a link."""
    if source.startswith("data:"):
        head, _, data = source.removeprefix("data:").partition(",")
        return Part(kind, "", head.partition(";")[0], _size(data), name)
    if source.startswith(("http://", "https://")):
        return Part(kind, source, media_type, None, name)
    return Part(kind, "", media_type, _size(source), name)


def _size(data: str) -> int:
    return len(base64.b64decode(data))


def _audio(raw: Json) -> Part:
    audio = raw["input_audio"]
    media_type = audio.get("format") or ""
    if media_type and "/" not in media_type:
        media_type = f"audio/{media_type}"
    return _medium("audio", audio["data"], media_type)


def _file(raw: Json) -> Part:
    file = raw["file"]
    if "file_data" not in file:
        return Part("file", file["file_id"], name=file.get("filename", ""))
    return _medium("file", file["file_data"], "application/pdf", file.get("filename", ""))


def _sourced(kind: PartKind) -> Callable[[Json], Part]:
    """Make a parser of Anthropic's `image` and `document` blocks."""

    def parse(raw: Json) -> Part:
        source = raw["source"]
        media_type = source.get("media_type", "")
        name = raw.get("title") or ""
        if source["type"] == "url":
            return Part(kind, source["url"], media_type, None, name)
        if source["type"] == "base64":
            return Part(kind, "", media_type, _size(source["data"]), name)
        text = source.get("data") or orjson.dumps(source.get("content")).decode()
        return Part(kind, "", media_type or "text/plain", len(text.encode()), name)

    return parse


def _tool_use(raw: Json) -> Part:
    text = orjson.dumps(raw.get("input") or {}).decode()
    return Part("call", text, name=raw["name"], ref=raw["id"])


def _tool_result(raw: Json) -> Part:
    inner = _parts(raw.get("content"))
    text = "\n".join(part.text for part in inner if part.kind == "text")
    return Part("result", text, ref=raw["tool_use_id"])


_PARSERS: dict[str, Callable[[Json], Part]] = {
    "text": lambda raw: Part("text", raw["text"]),
    "image_url": lambda raw: _medium("image", raw["image_url"]["url"]),
    "input_audio": _audio,
    "video_url": lambda raw: _medium("video", raw["video_url"]["url"]),
    "file": _file,
    "image": _sourced("image"),
    "document": _sourced("file"),
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}


def _tool(raw: Json) -> Tool | None:
    """Parse a tool; None for one that the service runs itself."""
    if function := raw.get("function"):
        known = raw.get("type", "function") == "function"
        schema = function.get("parameters") or {}
        return Tool(function["name"], function.get("description") or "", schema) if known else None
    if "input_schema" in raw:
        return Tool(raw["name"], raw.get("description") or "", raw["input_schema"])
    if custom := raw.get("custom"):
        return Tool(custom["name"], custom.get("description") or "", custom=True)
    return None


def _tool_choice(body: Json) -> ToolChoice:
    raw = body.get("tool_choice") or "auto"
    parallel = body.get("parallel_tool_calls") is not False
    if isinstance(raw, str):
        return ToolChoice(_MODES[raw], parallel=parallel)
    parallel = parallel and not raw.get("disable_parallel_tool_use")
    kind = raw["type"]
    if kind in _MODES:
        return ToolChoice(_MODES[kind], parallel=parallel)
    if kind == "allowed_tools":
        allowed = raw["allowed_tools"]
        names = frozenset(_chosen_name(tool) for tool in allowed["tools"])
        return ToolChoice(_MODES[allowed["mode"]], names, parallel=parallel)
    return ToolChoice("required", frozenset({_chosen_name(raw)}), named=True, parallel=False)


_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",
}


def _chosen_name(raw: Json) -> str:
    inner = raw.get("function") or raw.get("custom") or raw
    return str(inner["name"] if isinstance(inner, dict) else inner)


def _format(raw: Json) -> ResponseFormat:
    kind = raw.get("type", "text")
    return ResponseFormat(kind, (raw.get("json_schema") or {}).get("schema") or {})


def _stops(raw: Any) -> tuple[str, ...]:
    given = [raw] if isinstance(raw, str) else raw or []
    return tuple(stop for stop in given if stop)


def _reasoning(body: Json) -> tuple[Literal["", "low", "medium", "high"], bool]:
    """Parse the documented reasoning parameters: the effort, and whether to show reasoning."""
    raw = body.get("reasoning") or {}
    if effort := body.get("reasoning_effort") or raw.get("effort"):
        return effort, not raw.get("exclude")
    if raw:
        return "medium", not raw.get("exclude")
    thinking = body.get("thinking") or {}
    wanted = thinking.get("type") in {"enabled", "adaptive"} or body.get("enable_thinking")
    return ("medium" if wanted else ""), thinking.get("display") != "omitted"


def _audio_format(body: Json) -> str:
    wanted = "audio" in (body.get("modalities") or [])
    return str((body.get("audio") or {}).get("format") or "wav") if wanted else ""

"""What a message and each part of its content must look like."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from langchain_aimlapi.sandbox.checks.values import OneOf

Lines = Iterator[str]

_TEXT = frozenset({"text"})
_SERVER_BLOCKS = frozenset(
    {
        "server_tool_use",
        "search_result",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
    }
)
_MEDIA = frozenset({"image_url", "input_audio", "video_url", "file", "image", "document"})
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_ROLES: dict[str, frozenset[str]] = {
    "system": _TEXT,
    "developer": _TEXT,
    "user": _TEXT | _MEDIA | _SERVER_BLOCKS | {"tool_result"},
    "assistant": _TEXT | _THOUGHTS | _SERVER_BLOCKS | {"refusal", "tool_use"},
    "tool": _TEXT,
    "function": _TEXT,
}
"""Per role, the types of the parts its content may hold."""


def check_messages(messages: Any) -> Lines:
    """List what is wrong with the messages."""
    if not isinstance(messages, list):
        yield "messages: Required" if messages is None else "messages: Expected array"
    elif not messages:
        yield "messages: Array must contain at least 1 element(s)"
    else:
        for index, message in enumerate(messages):
            for fault in _message(message):
                yield f"messages.{index}.{fault}"


def _message(message: Any) -> Lines:
    if not isinstance(message, dict):
        yield "Expected object"
        return
    role = message.get("role")
    if fault := OneOf(tuple(_ROLES))(role):
        yield f"role: {fault}"
        return
    content = message.get("content")
    if isinstance(content, list):
        yield from _parts(content, _ROLES[str(role)])
    elif not isinstance(content, str) and not (content is None and role == "assistant"):
        yield "content: Required" if content is None else "content: Expected string or array"
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield "tool_call_id: Required"
    yield from _calls(message.get("tool_calls") or [])


def _calls(calls: Any) -> Lines:
    for index, call in enumerate(calls):
        inner = call.get("function") or call.get("custom")
        if not isinstance(call.get("id"), str) or not inner or not inner.get("name"):
            yield f"tool_calls.{index}: Expected id and function.name"
        elif "function" in call and not isinstance(inner.get("arguments"), str):
            yield f"tool_calls.{index}.function.arguments: Expected string"


def _parts(parts: list[Any], allowed: frozenset[str]) -> Lines:
    if not parts:
        yield "content: Array must contain at least 1 element(s)"
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in allowed:
            words = " | ".join(repr(word) for word in sorted(allowed))
            yield (
                f"content.{index}.type: Invalid discriminator value. Expected {words}, "
                f"received {kind!r}"
            )
        elif not _PART_SHAPES.get(kind, bool)(part):
            yield f"content.{index}: Invalid {kind} part"


def _place(value: Any) -> bool:
    """Tell whether a URL or base64 text can be read."""
    if not isinstance(value, str) or not value:
        return False
    if value.startswith(("http://", "https://")):
        return True
    head, _, data = value.rpartition(",") if value.startswith("data:") else ("", "", value)
    if head and not head.endswith(";base64"):
        return False
    try:
        return bool(b64decode(data, validate=True))
    except binascii.Error:
        return False


def _url_in(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda part: isinstance(part.get(key), dict) and _place(part[key].get("url"))


def _source(part: dict[str, Any]) -> bool:
    source = part.get("source")
    if not isinstance(source, dict):
        return False
    if source.get("type") == "base64":
        return isinstance(source.get("media_type"), str) and _place(source.get("data"))
    keys = {"url": "url", "text": "data", "content": "content"}
    return bool(source.get(keys.get(str(source.get("type")), "")))


def _audio_part(part: dict[str, Any]) -> bool:
    return isinstance(part.get("input_audio"), dict) and _place(part["input_audio"].get("data"))


def _file_part(part: dict[str, Any]) -> bool:
    file = part.get("file")
    if not isinstance(file, dict):
        return False
    return bool(file.get("file_id")) or _place(file.get("file_data"))


_PART_SHAPES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "text": lambda part: isinstance(part.get("text"), str),
    "image_url": _url_in("image_url"),
    "video_url": _url_in("video_url"),
    "input_audio": _audio_part,
    "file": _file_part,
    "image": _source,
    "document": _source,
    "tool_use": lambda part: bool(part.get("id") and part.get("name")),
    "tool_result": lambda part: isinstance(part.get("tool_use_id"), str),
}


def check_references(messages: list[dict[str, Any]]) -> Lines:
    """List the tool results that answer no call made earlier; the messages are well-formed."""
    called: set[str] = set()
    for index, message in enumerate(messages):
        called |= {call["id"] for call in message.get("tool_calls") or []}
        answered = [message["tool_call_id"]] if message["role"] == "tool" else []
        for part in message["content"] if isinstance(message.get("content"), list) else []:
            if part["type"] == "tool_use":
                called.add(part["id"])
            elif part["type"] == "tool_result":
                answered.append(part["tool_use_id"])
        for ref in answered:
            if ref not in called:
                yield f"messages.{index}: no earlier tool call has the id {ref!r}"

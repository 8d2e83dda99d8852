"""Checks of content parts, per type."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.checks.values import has_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXT = frozenset({"text"})
MEDIA = frozenset({"image_url", "input_audio", "video_url", "file", "image", "document"})
REASONING = frozenset({"thinking", "redacted_thinking"})
SERVER_BLOCKS = frozenset(
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
_OF_A_TOOL = frozenset({"text", "image", "document", "search_result", "tool_reference"})


def check_parts(parts: list[Any], allowed: frozenset[str]) -> Iterator[str]:
    """List the problems of the parts of a message; only some types are allowed."""
    if not parts:
        yield "content: Array must contain at least 1 element(s)"
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str) or kind not in allowed:
            types = " | ".join(repr(name) for name in sorted(allowed))
            yield (
                f"content.{index}.type: Invalid discriminator value. Expected {types}, "
                f"received {kind!r}"
            )
        elif kind in _VALID and not _VALID[kind](part):
            yield f"content.{index}: Invalid {kind} part"


def _is_source(value: object) -> bool:
    """Tell whether a value is a URL or valid base64."""
    if not isinstance(value, str) or not value:
        return False
    if value.startswith(("http://", "https://")):
        return True
    head, _, data = value.rpartition(",") if value.startswith("data:") else ("", "", value)
    if head and not head.endswith(";base64"):
        return False
    try:
        return bool(b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False


def _url_in(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda part: isinstance(part.get(key), dict) and _is_source(part[key].get("url"))


def _source(part: dict[str, object]) -> bool:
    source = part.get("source")
    if not has_texts(source, "type", "media_type") or not has_texts(part, "", "title"):
        return False
    match source["type"]:
        case "base64":
            return has_texts(source, "media_type data") and _is_source(source["data"])
        case "url":
            return has_texts(source, "url")
        case "text":
            return has_texts(source, "data")
        case "content":
            return isinstance(source.get("content"), (str, list))
        case _:
            return False


def _audio(part: dict[str, object]) -> bool:
    audio = part.get("input_audio")
    return has_texts(audio, "data", "format") and _is_source(audio["data"])


def _file(part: dict[str, object]) -> bool:
    file = part.get("file")
    if not has_texts(file, "", "file_data file_id filename"):
        return False
    return _is_source(file["file_data"]) if file.get("file_data") else bool(file.get("file_id"))


def _tool_use(part: dict[str, object]) -> bool:
    return has_texts(part, "id name") and isinstance(part.get("input") or {}, dict)


def _tool_result(part: dict[str, object]) -> bool:
    content = part.get("content")
    if not has_texts(part, "tool_use_id"):
        return False
    if isinstance(content, list):
        return not content or not [*check_parts(content, _OF_A_TOOL)]
    return content is None or isinstance(content, str)


_VALID: dict[str, Callable[[dict[str, object]], bool]] = {
    "text": lambda part: isinstance(part.get("text"), str),
    "image_url": _url_in("image_url"),
    "video_url": _url_in("video_url"),
    "input_audio": _audio,
    "file": _file,
    "image": _source,
    "document": _source,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}

"""JSON as text and as bytes: objects out of a reply, arguments of a tool call, values back into text."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from langchain_aimlapi.errors import ResponseFormatError


def parse_object(data: bytes, what: str = "The reply") -> dict[str, Any]:
    """A JSON object out of bytes.

    Args:
        data: JSON, in UTF-8. Halves of a character, which servers leave where they cut a text in
            the middle of an emoji, are read as the replacement character.
        what: What it is, for the error.

    Raises:
        ResponseFormatError: With the first characters of what it was instead.
    """
    try:
        value = _parsed(data)
    except orjson.JSONDecodeError as error:
        shown = data[:80].decode("utf-8", "replace")
        raise ResponseFormatError(f"{what} is not JSON ({error}): {shown!r}") from None
    if not isinstance(value, dict):
        raise ResponseFormatError(f"{what} is a JSON {type(value).__name__}, not an object.")
    return value


_HALVES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        mended = _HALVES.sub(rb"\\ufffd", data)
        if mended == data:
            raise
        return orjson.loads(mended)


def parse_arguments(text: str) -> dict[str, Any]:
    """Arguments as a dict.

    Raises:
        ValueError: If the text is not a JSON object.
    """
    if not text or text.isspace() or text.strip() == "null":
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        # Line breaks inside strings are a common slip, and numbers may be beyond 64 bits.
        value = json.loads(text, strict=False)
    if not isinstance(value, dict):
        raise ValueError(f"a JSON object was expected, not {type(value).__name__}")  # noqa: TRY004
    return value


def to_json(value: Any) -> str:
    """JSON text in plain Unicode, also of values orjson does not take (huge ints, odd keys)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)

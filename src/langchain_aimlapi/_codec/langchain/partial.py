"""JSON that is still being written -> the value so far, for those who watch a stream.

LangChain's own reader looks at every character in Python; pydantic's is forty times as fast, and
leaves out half an escape where LangChain's leaves out the whole text. What pydantic's refuses
and LangChain's takes is a text with line breaks in its strings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from langchain_core.messages import InvalidToolCall, ToolCall
from langchain_core.utils.json import parse_partial_json
from pydantic_core import from_json

from langchain_aimlapi._codec.decode.tool_calls import Calls
from langchain_aimlapi._codec.json_text import check_depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CONTROL = re.compile(r"[\x00-\x1f]")


def partial_value(text: str) -> object:
    """As much of a value as a text holds.

    Raises:
        ValueError: If it holds none, or one that is nested too deep.
    """
    data = text.encode("utf-8", "replace")
    check_depth(data)
    try:
        return from_json(data, allow_partial="trailing-strings", cache_strings="keys")
    except ValueError:
        if not _CONTROL.search(text):
            raise
    try:
        return parse_partial_json(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def partial_calls(pieces: Iterable[Mapping[str, Any]]) -> Calls:
    """Calls with their arguments as far as they came; what is no object yet is invalid."""
    calls = Calls()
    for piece in pieces:
        name, identity, text = piece["name"], piece["id"], piece["args"]
        try:
            value = partial_value(text) if text else {}
        except ValueError:
            value = None
        if isinstance(value, dict):
            calls.valid.append(ToolCall(name=name or "", args=value, id=identity, type="tool_call"))
        else:
            calls.invalid.append(
                InvalidToolCall(
                    name=name, args=text, id=identity, error=None, type="invalid_tool_call"
                )
            )
    return calls

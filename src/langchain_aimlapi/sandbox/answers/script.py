"""Answers that a test sets before the requests arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from langchain_aimlapi.sandbox.answers.answer import ToolCall

ToolCalls = Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]
"""Tool calls as a list of `{"name": ..., "args": {...}}`, or as `{name: args}`."""


def read_tool_calls(given: ToolCalls) -> tuple[ToolCall, ...]:
    """Convert tool calls as a test writes them."""
    pairs = (
        given.items()
        if isinstance(given, Mapping)
        else [(call["name"], call.get("args", {})) for call in given]
    )
    return tuple(ToolCall(name, orjson.dumps(args).decode()) for name, args in pairs)

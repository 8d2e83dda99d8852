"""Checks of the form of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.checks.parts import (
    MEDIA,
    REASONING,
    SERVER_BLOCKS,
    TEXT,
    check_parts,
)
from langchain_aimlapi.sandbox.checks.values import OneOf, has_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLES: dict[str, frozenset[str]] = {
    "system": TEXT,
    "developer": TEXT,
    "user": TEXT | MEDIA | SERVER_BLOCKS | {"tool_result"},
    "assistant": TEXT | REASONING | SERVER_BLOCKS | {"refusal", "tool_use"},
    "tool": TEXT,
    "function": TEXT,
}
"""Per role, the allowed types of content parts."""


def check_messages(messages: object) -> Iterator[str]:
    """List the problems of the messages."""
    if not isinstance(messages, list):
        yield "messages: Required" if messages is None else "messages: Expected array"
    elif not messages:
        yield "messages: Array must contain at least 1 element(s)"
    else:
        for index, message in enumerate(messages):
            for problem in _message(message):
                yield f"messages.{index}.{problem}"


def check_system(system: object) -> Iterator[str]:
    """List the problems of the top-level instructions of Anthropic's dialect."""
    if isinstance(system, list):
        for problem in check_parts(system, TEXT):
            yield f"system.{problem}"
    elif system is not None and not isinstance(system, str):
        yield "system: Expected string or array"


def _message(message: object) -> Iterator[str]:
    if not isinstance(message, dict):
        yield "Expected object"
        return
    role = message.get("role")
    if problem := OneOf(tuple(_ROLES))(role):
        yield f"role: {problem}"
        return
    content = message.get("content")
    if isinstance(content, list):
        yield from check_parts(content, _ROLES[str(role)])
    elif not isinstance(content, str) and not (content is None and role == "assistant"):
        yield "content: Required" if content is None else "content: Expected string or array"
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield "tool_call_id: Required"
    yield from _calls(message.get("tool_calls"))


def _calls(calls: object) -> Iterator[str]:
    if not isinstance(calls, list):
        if calls is not None:
            yield "tool_calls: Expected array"
        return
    for index, call in enumerate(calls):
        if not has_texts(call, "id") or not has_texts(_inner(call), "name", "input"):
            yield f"tool_calls.{index}: Expected id and function.name"
        elif "function" in call and not isinstance(call["function"].get("arguments"), str):
            yield f"tool_calls.{index}.function.arguments: Expected string"


def _inner(call: dict[str, object]) -> object:
    return call.get("function") or call.get("custom")

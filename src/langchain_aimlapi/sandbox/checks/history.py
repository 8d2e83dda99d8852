"""Checks of the tool calls and results of a conversation, as vendors make them.

Every call has a legal id and name and whole arguments, and is answered in the messages right after
it; every result answers such a call. The messages have passed the checks of their form.

Sources: the API references of OpenAI (ids of at most 40 characters, "An assistant message with
'tool_calls' must be followed by tool messages") and Anthropic ("`tool_use` ids were found without
`tool_result` blocks immediately after", ids of `^[a-zA-Z0-9_-]+$`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.checks.values import TOOL_NAME, TOOL_NAME_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLAUDE_ID = re.compile(r"[a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True)
class IdRule:
    """Which ids of tool calls are legal."""

    longest: int = 40
    """Maximum number of characters."""
    claude: bool = False
    """Whether only letters, digits, `_` and `-` of ASCII are allowed."""

    def __call__(self, ref: str) -> str:
        """Return the problem of an id, or an empty string."""
        if len(ref) > self.longest:
            return f"String must contain at most {self.longest} character(s)"
        if self.claude and not _CLAUDE_ID.fullmatch(ref):
            return "String should match pattern '^[a-zA-Z0-9_-]+$'"
        return ""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call in a message, in either dialect."""

    place: str
    ref: str
    name: str
    arguments: Any
    """JSON text or an object; None for the free text of a custom tool."""


def check_history(messages: list[dict[str, Any]], ids: IdRule) -> Iterator[str]:
    """List the problems of the tool calls and results of a conversation."""
    known: set[str] = set()
    waiting: dict[str, str] = {}
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        results = _results(message)
        if waiting and not results:
            yield from _unanswered(waiting)
            waiting = {}
        for ref in results:
            yield from _result(where, ref, known, waiting)
        for call in _calls(where, message):
            yield from _call(call, ids)
            if call.ref in waiting:
                yield f"{call.place}.id: several calls have the id {call.ref!r}"
            waiting[call.ref] = call.place
            known.add(call.ref)
    yield from _unanswered(waiting)


def _unanswered(waiting: dict[str, str]) -> Iterator[str]:
    for ref, place in waiting.items():
        yield f"{place}: no tool result for {ref!r} follows right after the call"


def _result(where: str, ref: str, known: set[str], waiting: dict[str, str]) -> Iterator[str]:
    if ref not in known:
        yield f"{where}: no earlier tool call has the id {ref!r}"
    elif ref not in waiting:
        yield f"{where}: the tool call {ref!r} has a result already, or is not the last one"
    waiting.pop(ref, None)


def _call(call: _Call, ids: IdRule) -> Iterator[str]:
    if problem := ids(call.ref):
        yield f"{call.place}.id: {problem}"
    if not TOOL_NAME.fullmatch(call.name):
        yield f"{call.place}.name: {TOOL_NAME_RULE}"
    if isinstance(call.arguments, str) and not _is_object(call.arguments):
        yield f"{call.place}.arguments: Expected the text of a JSON object"


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _calls(where: str, message: dict[str, Any]) -> Iterator[_Call]:
    for at, call in enumerate(message.get("tool_calls") or []):
        inner = call.get("function") or call["custom"]
        arguments = inner.get("arguments") if "function" in call else None
        yield _Call(f"{where}.tool_calls.{at}", call["id"], inner["name"], arguments)
    for at, part in enumerate(_parts(message)):
        if part["type"] == "tool_use":
            yield _Call(f"{where}.content.{at}", part["id"], part["name"], part.get("input"))


def _results(message: dict[str, Any]) -> list[str]:
    refs = [message["tool_call_id"]] if message["role"] == "tool" else []
    return refs + [part["tool_use_id"] for part in _parts(message) if part["type"] == "tool_result"]


def _parts(message: dict[str, object]) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else []

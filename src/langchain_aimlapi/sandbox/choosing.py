"""Which tools the sandbox calls, and with what.

The rule, which has no chance in it:

- `tool_choice` `"none"`: no call. One tool by name: that tool, always.
- `"required"`: the tools the prompt names, else the one that shares most words with it, else
  the first; one that was not called for this prompt yet goes before one that was.
- `"auto"`: the same as long as the user waits for a first call, unless the user only says
  hello; once a tool has answered, only the tools the prompt names and that were not called.
- Several calls at once only where the prompt names several tools and parallel calls are allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from langchain_aimlapi.sandbox.schema import conforming, quotes

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.ask import Ask, Tool

_GREETING = re.compile(
    r"\W*(hi|hello|hey|good (morning|afternoon|evening)|thanks?|thank you|bye)\b.{0,20}",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]{3,}|\d+")
_EMPTY_WORDS = frozenset("and are can for from how its the this use using was what which with you")


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of the answer."""

    name: str
    arguments: str
    """JSON, or free text for a custom tool."""
    custom: bool = False


def choose_calls(ask: Ask) -> tuple[Call, ...]:
    """Decide on the tool calls of the answer; none when it is to be text."""
    return tuple(_call(tool, ask.prompt) for tool in _chosen(ask))


def _chosen(ask: Ask) -> list[Tool]:
    usable = [tool for tool in ask.tools if ask.choice.only is None or tool.name in ask.choice.only]
    if not usable or ask.choice.mode == "none":
        return []
    if ask.choice.named:
        return usable[:1]
    called = {part.name for turn in ask.round for part in turn.parts if part.kind == "call"}
    fresh = [tool for tool in usable if tool.name not in called]
    named = _named(fresh, ask.prompt)
    if named:
        return named if ask.choice.parallel else named[:1]
    if ask.choice.mode == "auto" and not _waits_for_a_call(ask):
        return []
    return [_nearest(fresh or usable, ask.prompt)]


def _waits_for_a_call(ask: Ask) -> bool:
    spoken = ask.last
    if spoken is None or spoken.role == "assistant" or ask.answers_a_tool:
        return False
    return not _GREETING.fullmatch(ask.prompt.strip())


def _named(tools: list[Tool], prompt: str) -> list[Tool]:
    """List the tools whose very name stands in the prompt, in the prompt's order."""
    found = [
        (match.start(), tool)
        for tool in tools
        if (match := re.search(rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])", prompt))
    ]
    return [tool for _, tool in sorted(found, key=lambda pair: pair[0])]


def _nearest(tools: list[Tool], prompt: str) -> Tool:
    """Choose the tool that shares most words with the prompt; the first of equals."""
    asked = _words(prompt)
    return max(tools, key=lambda tool: len(asked & _words(f"{tool.name} {tool.description}")))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower().replace("_", " "))) - _EMPTY_WORDS


def _call(tool: Tool, prompt: str) -> Call:
    if tool.custom:
        text = next(iter(quotes(prompt)), f"sample input of {tool.name}")
        return Call(tool.name, text, custom=True)
    schema = {"type": "object", **tool.schema}
    return Call(tool.name, orjson.dumps(conforming(schema, prompt)).decode())

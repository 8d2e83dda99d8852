"""Which tools the default answer calls, and with what arguments.

Nothing in it is random:

- `tool_choice` `"none"`: no call. One tool by name: that tool, always.
- `"required"`: the tools that the prompt names, else the one that shares most words with it,
  else the first; a tool that was not called for this prompt yet goes first.
- `"auto"`: the same before the first call for this prompt, unless the prompt is only a greeting;
  after tool results, all tools that were not called for this prompt yet, so that an agent reaches
  every tool once, and then the answer is text.
- Several calls at once only where parallel calls are allowed: of the tools that the prompt names,
  and after tool results.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.answer import ToolCall
from langchain_aimlapi.sandbox.answers.budget import Budget
from langchain_aimlapi.sandbox.answers.json_schema.quotes import quoted_texts
from langchain_aimlapi.sandbox.answers.json_schema.values import value_for
from langchain_aimlapi.sandbox.answers.json_text import json_text

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.parsing.request import ParsedRequest, Tool

_GREETING = re.compile(
    r"\W*(hi|hello|hey|good (morning|afternoon|evening)|thanks?|thank you|bye)\b.{0,20}",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]{3,}|\d+")
_STOP_WORDS = frozenset("and are can for from how its the this use using was what which with you")


def select_tool_calls(request: ParsedRequest) -> tuple[ToolCall, ...]:
    """Decide on the tool calls of the answer; none when it is to be text.

    Raises:
        UnusableSchemaError: The parameters of a tool are not a valid JSON schema.
    """
    budget = Budget()
    return tuple(_call(tool, request.prompt, budget) for tool in _selected(request))


def _selected(request: ParsedRequest) -> list[Tool]:
    choice = request.tool_choice
    usable = [tool for tool in request.tools if choice.only is None or tool.name in choice.only]
    if not usable or choice.mode == "none":
        return []
    if choice.named:
        return usable[:1]
    parts = (part for message in request.since_prompt for part in message.parts)
    called = {part.name for part in parts if part.kind == "call"}
    fresh = [tool for tool in usable if tool.name not in called]
    named = _named(fresh, request.prompt)
    if named:
        return named if choice.parallel else named[:1]
    if choice.mode == "auto" and request.answers_a_tool:
        return fresh if choice.parallel else fresh[:1]
    if choice.mode == "auto" and not _needs_first_call(request):
        return []
    return [_nearest(fresh or usable, request.prompt)]


def _needs_first_call(request: ParsedRequest) -> bool:
    last = request.last
    if last is None or last.role == "assistant":
        return False
    return not _GREETING.fullmatch(request.prompt.strip())


def _named(tools: list[Tool], prompt: str) -> list[Tool]:
    """List the tools whose exact name is in the prompt, in the prompt's order."""
    found = [
        (match.start(), tool)
        for tool in tools
        if (match := re.search(rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])", prompt))
    ]
    return [tool for _, tool in sorted(found, key=lambda pair: pair[0])]


def _nearest(tools: list[Tool], prompt: str) -> Tool:
    """Return the tool that shares most words with the prompt; the first of equals."""
    wanted = _words(prompt)
    return max(tools, key=lambda tool: len(wanted & _words(f"{tool.name} {tool.description}")))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower().replace("_", " "))) - _STOP_WORDS


def _call(tool: Tool, prompt: str, budget: Budget) -> ToolCall:
    if tool.custom:
        text = next(iter(quoted_texts(prompt)), f"sample input of {tool.name}")
        return ToolCall(tool.name, text, custom=True)
    schema = {"type": "object", **tool.schema}
    return ToolCall(tool.name, json_text(value_for(schema, prompt, budget)))

"""Checks of `tools` and `tool_choice`, in either dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.checks.values import TOOL_NAME, TOOL_NAME_RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_TOOLS = 128
_MODES = frozenset({"auto", "none", "required"})
_ANTHROPIC_MODES = frozenset({"auto", "any", "none"})


def check_tools(body: dict[str, Any]) -> Iterator[str]:
    """List the problems of the tools and the tool choice."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is None:
        if choice not in (None, "none", "auto"):
            yield "tool_choice: only allowed with tools"
        return
    if not isinstance(tools, list) or len(tools) > _MAX_TOOLS:
        yield f"tools: Expected array of at most {_MAX_TOOLS} element(s)"
        return
    problems = [
        f"tools.{index}.{problem}" for index, tool in enumerate(tools) if (problem := _tool(tool))
    ]
    yield from problems
    if not problems and choice is not None and (problem := _choice(choice, tools)):
        yield f"tool_choice: {problem}"


def _tool(tool: object) -> str:
    if not isinstance(tool, dict):
        return "type: Required"
    if "input_schema" in tool:
        return _named(tool, tool["input_schema"])
    kind = tool.get("type")
    if not isinstance(kind, str) or not kind:
        return "type: Required"
    if kind not in {"function", "custom"}:
        return ""  # any other type is a tool that the service runs itself
    inner = tool.get(kind)
    if not isinstance(inner, dict):
        return f"{kind}: Required"
    schema = inner.get("parameters")
    return _named(inner, {} if schema is None else schema, f"{kind}.")


def _named(inner: dict[str, object], schema: Any, where: str = "") -> str:
    name = inner.get("name")
    if not isinstance(name, str) or not TOOL_NAME.fullmatch(name):
        return f"{where}name: {TOOL_NAME_RULE}"
    if not isinstance(inner.get("description"), str | None):
        return f"{where}description: Expected string"
    if not isinstance(schema, dict):
        return f"{where}parameters: Expected object"
    return ""


def _choice(choice: Any, tools: list[dict[str, object]]) -> str:
    if isinstance(choice, str):
        return "" if choice in _MODES else f"Expected {sorted(_MODES)}, received {choice!r}"
    kind = choice.get("type") if isinstance(choice, dict) else None
    if not isinstance(kind, str):
        return "Expected string or object"
    if kind in _ANTHROPIC_MODES:
        return ""
    if kind == "allowed_tools":
        return _allowed(choice.get("allowed_tools"))
    if kind not in {"function", "custom", "tool"}:
        return f"type: Invalid value {kind!r}"
    name = _name(choice)
    return "" if name in [_name(tool) for tool in tools] else f"there is no tool named {name!r}"


def _allowed(allowed: object) -> str:
    good = (
        isinstance(allowed, dict)
        and allowed.get("mode") in ("auto", "required")
        and isinstance(allowed.get("tools"), list)
        and all(_name(tool) for tool in allowed["tools"])
    )
    return "" if good else "allowed_tools: Expected mode and tools"


def _name(tool: object) -> str:
    """Return the name of a tool or of a tool choice; empty if there is none."""
    if not isinstance(tool, dict):
        return ""
    inner = tool.get("function") or tool.get("custom") or tool
    name = inner.get("name") if isinstance(inner, dict) else inner
    return name if isinstance(name, str) else ""

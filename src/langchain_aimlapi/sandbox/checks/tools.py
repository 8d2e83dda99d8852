"""What `tools` and `tool_choice` must look like, in either shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_TOOLS = 128
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORDS = frozenset({"auto", "none", "required"})
_ANTHROPIC_WORDS = frozenset({"auto", "any", "none"})


def check_tools(body: dict[str, Any]) -> Iterator[str]:
    """List what is wrong with the tools and the choice among them."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is None:
        if choice not in (None, "none", "auto"):
            yield "tool_choice: only allowed with tools"
        return
    if not isinstance(tools, list) or len(tools) > _MOST_TOOLS:
        yield f"tools: Expected array of at most {_MOST_TOOLS} element(s)"
        return
    faults = [
        f"tools.{index}.{fault}" for index, tool in enumerate(tools) if (fault := _tool(tool))
    ]
    yield from faults
    if not faults and choice is not None and (fault := _choice(choice, tools)):
        yield f"tool_choice: {fault}"


def _tool(tool: Any) -> str:
    if not isinstance(tool, dict):
        return "type: Required"
    if "input_schema" in tool:
        return _named(tool, tool["input_schema"])
    kind = tool.get("type")
    if not isinstance(kind, str) or not kind:
        return "type: Required"
    if kind not in {"function", "custom"}:
        return ""  # the open catch-all: a tool the service runs itself
    inner = tool.get(kind)
    if not isinstance(inner, dict):
        return f"{kind}: Required"
    schema = inner.get("parameters")
    return _named(inner, {} if schema is None else schema, f"{kind}.")


def _named(inner: dict[str, Any], schema: Any, where: str = "") -> str:
    name = inner.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"{where}name: Expected 1 to 64 letters, digits, '_' or '-'"
    if not isinstance(inner.get("description"), str | None):
        return f"{where}description: Expected string"
    if not isinstance(schema, dict):
        return f"{where}parameters: Expected object"
    return ""


def _choice(choice: Any, tools: list[dict[str, Any]]) -> str:
    if isinstance(choice, str):
        return "" if choice in _WORDS else f"Expected {sorted(_WORDS)}, received {choice!r}"
    kind = choice.get("type") if isinstance(choice, dict) else None
    if not isinstance(kind, str):
        return "Expected string or object"
    if kind in _ANTHROPIC_WORDS:
        return ""
    if kind == "allowed_tools":
        return _allowed(choice.get("allowed_tools"))
    if kind not in {"function", "custom", "tool"}:
        return f"type: Invalid value {kind!r}"
    name = _name(choice)
    return "" if name in [_name(tool) for tool in tools] else f"there is no tool named {name!r}"


def _allowed(allowed: Any) -> str:
    good = (
        isinstance(allowed, dict)
        and allowed.get("mode") in ("auto", "required")
        and isinstance(allowed.get("tools"), list)
        and all(_name(tool) for tool in allowed["tools"])
    )
    return "" if good else "allowed_tools: Expected mode and tools"


def _name(tool: Any) -> str:
    """Return the name a tool, or the choice of one, holds; empty if it holds none."""
    if not isinstance(tool, dict):
        return ""
    inner = tool.get("function") or tool.get("custom") or tool
    name = inner.get("name") if isinstance(inner, dict) else inner
    return name if isinstance(name, str) else ""

"""`--tool MODULE:FUNCTION`: functions of the user's own that the model may call.

A function is described to the model by its name, its docstring and the types of its arguments. What
it raises is told to the model, which may then do better; only Ctrl-C ends the turn.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from langchain_core.messages import AIMessage, ToolMessage
    from langchain_core.tools import BaseTool


def load_tool(given: str) -> BaseTool:
    """Load a function, or a tool of LangChain, from a module or a file.

    Args:
        given: `module:function` or `file.py:function`; the working folder is searched, too.

    Raises:
        typer.BadParameter: If it is not there, or nothing that can be called.
    """
    place, colon, name = given.rpartition(":")
    if not colon or not place or not name:
        raise typer.BadParameter(f"{given!r} is not MODULE:FUNCTION", param_hint="--tool")
    found: Any = _module(place)
    for part in name.split("."):
        found = getattr(found, part, None)
    return _as_tool(found, given)


def _module(place: str) -> ModuleType:
    try:
        if place.endswith(".py"):
            return _from_file(Path(place).expanduser())
        if "" not in sys.path and str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(place)
    except Exception as error:  # noqa: BLE001  # whatever the user's module raises
        why = f"{type(error).__name__}: {error}"
        raise typer.BadParameter(f"{place} cannot be loaded: {why}", param_hint="--tool") from None


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # types of arguments are looked up there
    spec.loader.exec_module(module)
    return module


def _as_tool(found: Any, given: str) -> BaseTool:
    from langchain_core.tools import BaseTool, StructuredTool  # noqa: PLC0415  # not for --help

    if isinstance(found, BaseTool):
        return found
    if not callable(found):
        what = "is not there" if found is None else "is no function"
        raise typer.BadParameter(f"{given} {what}", param_hint="--tool")
    try:
        name = getattr(found, "__name__", type(found).__name__)
        described = inspect.getdoc(found) or name
        return StructuredTool.from_function(_sync(found), name=name, description=described)
    except (TypeError, ValueError, NameError) as error:
        raise typer.BadParameter(f"{given}: {error}", param_hint="--tool") from None


def _sync(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself; an async one is run to its end."""
    if not inspect.iscoroutinefunction(function):
        return function

    @functools.wraps(function)
    def run(*arguments: object, **named: object) -> object:
        return asyncio.run(function(*arguments, **named))

    return run


def call_tool(tools: Mapping[str, BaseTool], call: Mapping[str, Any]) -> ToolMessage:
    """Do what the model asks for.

    Args:
        tools: By their names.
        call: A tool call of the message, valid or not.

    Returns:
        The result, or what went wrong, for the model.
    """
    from langchain_core.messages import ToolMessage  # noqa: PLC0415  # loaded by then

    name, id_ = str(call["name"]), call["id"] or ""
    try:
        result = _result(tools, call)
    except Exception as error:  # noqa: BLE001  # whatever the user's function raises
        text = f"{type(error).__name__}: {error}"
        return ToolMessage(text, tool_call_id=id_, name=name, status="error")
    if isinstance(result, ToolMessage):
        return result
    return ToolMessage(str(result), tool_call_id=id_, name=name)


def _result(tools: Mapping[str, BaseTool], call: Mapping[str, Any]) -> object:
    name, arguments = call["name"], call["args"]
    if name not in tools:
        raise LookupError(f"there is no tool {name!r}; there are: {', '.join(tools)}")
    if not isinstance(arguments, dict):
        raise TypeError(f"the arguments are no JSON object: {call.get('error') or arguments}")
    return tools[name].invoke(
        {"name": name, "args": arguments, "id": call["id"], "type": "tool_call"}
    )


def calls_of(answer: AIMessage) -> list[Mapping[str, Any]]:
    """All calls that a message asks for, those that cannot be read too."""
    return [*answer.tool_calls, *answer.invalid_tool_calls]


def shown_call(call: Mapping[str, Any]) -> str:
    """A call as one line."""
    arguments = call["args"]
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return f"Tool call: {call['name']} {arguments}"

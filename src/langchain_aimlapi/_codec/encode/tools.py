"""Tools, the choice among them, and the form an answer must have.

Inside the package a tool is always the OpenAI function form or a vendor's own dict that passes
untouched; `bind_tools` makes it so once. What a model's schema demands beyond that (filled-in
`parameters`, no named choice) is added when the request is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.utils.function_calling import convert_to_openai_function, convert_to_openai_tool

from langchain_aimlapi._codec.json_schema.subset import clean_schema
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from langchain_aimlapi._catalogue.spec import ModelFacts

Tool = dict[str, Any]
ToolLike = Mapping[str, Any] | type | Callable[..., Any]
_CONVERTIBLE_KEYS = ("input_schema", "parameters", "properties")
_SENT_WORDS = frozenset({"auto", "none", "required"})
_WORDS = {"any": "required", "required": "required", "auto": "auto", "none": "none"}


def convert_tool(tool: ToolLike | BaseTool, *, strict: bool | None = None) -> Tool:
    """A tool in the form it is sent in.

    Args:
        tool: A LangChain tool, a function, a pydantic class, a TypedDict, a JSON schema with a
            title, a function in OpenAI's or Anthropic's form, or any other dict, which is taken
            for a tool of the service's own (such as `{"type": "web_search_20250305", …}`).
        strict: Whether the model must keep to the schema; `None` leaves it unsaid.
    """
    if isinstance(tool, Mapping) and not _is_convertible(tool):
        return dict(tool)
    converted = convert_to_openai_tool(tool, strict=strict)
    if isinstance(tool, Mapping) and tool.get("cache_control"):
        converted["cache_control"] = tool["cache_control"]
    return converted


def _is_convertible(tool: Mapping[str, Any]) -> bool:
    if isinstance(tool.get("function"), Mapping):
        return tool.get("type") == "function"
    typed = tool.get("type") not in {None, "object", "function"}
    return not typed and any(key in tool for key in _CONVERTIBLE_KEYS)


def tool_name(tool: Mapping[str, Any]) -> str | None:
    """The name a tool can be chosen by, if it has one."""
    inner = tool.get("function") or tool.get("custom") or tool
    return inner.get("name") if isinstance(inner, Mapping) else None


def convert_choice(
    choice: str | bool | Mapping[str, Any] | None, tools: Sequence[Tool]
) -> str | dict[str, Any] | None:
    """The choice of a tool in OpenAI's form: a word, or the function by name.

    Args:
        choice: A tool's name (which wins over the words), "auto", "none", "any" or
            "required", True for any, False or None for no word on it, or a ready dict.
        tools: The bound tools.

    Raises:
        ConfigurationError: If a name is meant that no bound tool has.
    """
    if choice is None or choice is False:
        return None
    if isinstance(choice, Mapping):
        return dict(choice)
    if choice is True:
        return "required"
    names = [name for name in map(tool_name, tools) if name]
    if choice not in names and choice in _WORDS:
        return _WORDS[choice]
    if names and choice not in names:
        known = ", ".join(map(repr, names))
        raise ConfigurationError(f"tool_choice={choice!r} names no bound tool; bound are {known}.")
    return {"type": "function", "function": {"name": choice}}


# --- as a model wants them ----------------------------------------------------------------------


def fit_tools(
    tools: Sequence[Tool],
    choice: str | Mapping[str, Any] | None,
    facts: ModelFacts | None,
    *,
    clean: bool = False,
) -> dict[str, Any]:
    """`tools` and `tool_choice` of a request; empty without tools, since services refuse `[]`.

    Args:
        tools: Functions in OpenAI's form, and tools of the service's own.
        choice: A word, or a choice in OpenAI's form.
        facts: What is known of the model.
        clean: Whether to say the functions' schemas in few words (`clean_schema`). A function
            is then not strict: strict schemas need the very words that are given up.
    """
    if not tools:
        return {}
    if clean:
        tools = [_cleaned(tool) for tool in tools]
    if isinstance(choice, str) and choice not in _SENT_WORDS:
        choice = convert_choice(choice, tools)
    if isinstance(choice, Mapping) and _named_choice_unknown(facts):
        # Some models know no choice by name: leave them that one tool, and require a call.
        named = tool_name(choice)
        tools = [tool for tool in tools if tool_name(tool) == named] or tools
        choice = "required"
    fitted: dict[str, Any] = {"tools": [_fitted(tool, facts) for tool in tools]}
    if choice is not None:
        fitted["tool_choice"] = choice
    return fitted


def _cleaned(tool: Tool) -> Tool:
    function = tool.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("parameters"), Mapping):
        return tool
    function = {key: value for key, value in function.items() if key != "strict"}
    return {**tool, "function": {**function, "parameters": clean_schema(function["parameters"])}}


def _named_choice_unknown(facts: ModelFacts | None) -> bool:
    return (
        facts is not None
        and "required" in facts.tool_choice_forms - {"function"}
        and ("function" not in facts.tool_choice_forms)
    )


def _fitted(tool: Tool, facts: ModelFacts | None) -> Tool:
    """Complete, since schemas differ in what they require, and without what they refuse."""
    if facts is not None and not facts.takes_cache_control:
        tool = {key: value for key, value in tool.items() if key != "cache_control"}
    if isinstance(tool.get("custom"), Mapping):
        return {**tool, "custom": {"format": {"type": "text"}, **tool["custom"]}}
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return tool
    function = {"description": "", **function}
    if not function.get("parameters"):
        function["parameters"] = {"type": "object", "properties": {}}
    if facts is not None and not facts.strict_tools:
        function.pop("strict", None)
    return {**tool, "function": function}


# --- the form of an answer ----------------------------------------------------------------------

_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]+")


def schema_name(name: str | None) -> str:
    """A name the service accepts for a schema: letters, digits, `_` and `-`, at most 64."""
    return _ILLEGAL.sub("_", name or "").strip("_")[:64] or "response"


def json_schema_format(schema: Any, *, strict: bool | None = None) -> dict[str, Any]:
    """`response_format` that holds the answer to a schema.

    Args:
        schema: A pydantic class, a TypedDict, a JSON schema, or a ready `response_format`.
        strict: Whether the model must keep to the schema to the letter.
    """
    if isinstance(schema, Mapping) and schema.get("type") in {"json_schema", "json_object", "text"}:
        return _named_format(schema, strict)
    if isinstance(schema, Mapping) and "title" not in schema and "name" not in schema:
        schema = {"title": "response", **schema}
    function = convert_to_openai_function(schema, strict=strict)
    form: dict[str, Any] = {"name": schema_name(function.get("name"))}
    if function.get("description"):
        form["description"] = function["description"]
    form["schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    if strict is not None:
        form["strict"] = strict
    return {"type": "json_schema", "json_schema": form}


def _named_format(form: Mapping[str, Any], strict: bool | None) -> dict[str, Any]:
    inner = form.get("json_schema")
    if not isinstance(inner, Mapping):
        return dict(form)
    inner = {key: value for key, value in inner.items() if value is not None}
    inner["name"] = schema_name(inner.get("name"))
    if strict is not None:
        inner.setdefault("strict", strict)
    return {**form, "json_schema": inner}

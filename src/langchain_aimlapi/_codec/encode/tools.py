"""Tools and the choice among them.

Inside the package a tool is always the OpenAI function form or a vendor's own dict that passes
untouched, and a choice is a word or OpenAI's dict: `convert_tool` and `convert_choice` make them so,
whoever's form they came in, and each dialect and route writes them in its own. What a model's spec
demands beyond that (filled-in `parameters`, no named choice, legal names) is added when the request
is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.tools import Tool as TextTool

from langchain_aimlapi._codec.encode.functions import convert_function
from langchain_aimlapi._codec.encode.names import legal_names
from langchain_aimlapi._codec.json_schema.subset import clean_schema
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from langchain_aimlapi._catalogue.spec import ModelSpec

Tool = dict[str, Any]
Choice = str | dict[str, Any]
ToolLike = Mapping[str, object] | type | Callable[..., Any]

_SCHEMA_KEYS = frozenset(
    {"$ref", "allOf", "inputSchema", "input_schema", "parameters", "properties", "toolSpec"}
)
_BESIDE = ("cache_control",)
"""Keys that stand beside the function."""


def listed_tools(tools: object) -> Sequence[Any]:
    """The tools to bind, as a list.

    Raises:
        ConfigurationError: For one tool, or something else that is no list of tools.
    """
    is_one = isinstance(tools, Mapping | str | type) or hasattr(tools, "args_schema")
    if is_one or not isinstance(tools, Iterable):
        shown = getattr(tools, "__name__", None) or type(tools).__name__
        raise ConfigurationError(f"bind_tools takes a list of tools, not {shown}: pass [{shown}].")
    return list(tools)


def convert_tool(tool: ToolLike | BaseTool, *, strict: bool | None = None) -> Tool:
    """A tool in OpenAI's form.

    Args:
        tool: A LangChain tool, a function, a pydantic class, a TypedDict, a JSON schema with a
            title, a function in the form of OpenAI (chat completions or Responses), Anthropic or
            Bedrock, or any other dict, which is taken for a tool of the service's own (such as
            `{"type": "web_search_20250305", …}`).
        strict: Whether the model must keep to the schema; `None` leaves it unsaid.

    Raises:
        ConfigurationError: For what no tool can be made of.
    """
    if isinstance(tool, Mapping):
        return _from_mapping(tool, strict)
    if isinstance(tool, TextTool) and (tool.metadata or {}).get("type") == "custom_tool":
        custom = {"name": tool.name, "description": tool.description}
        form = (tool.metadata or {}).get("format")
        return {"type": "custom", "custom": custom | ({"format": form} if form else {})}
    return {"type": "function", "function": convert_function(tool, strict=strict)}


def _from_mapping(tool: Mapping[str, object], strict: bool | None) -> Tool:
    kind, inner = tool.get("type"), tool.get("function")
    if isinstance(inner, Mapping):
        if kind in {None, "function"} and not inner.get("name") and not _has_schema(inner):
            raise ConfigurationError(f"No tool can be made of {dict(tool)!r:.80}: it has no name.")
        ready = kind not in {None, "function"} or (kind and strict is None)
        return dict(tool) if ready else _function(tool, inner, strict)
    if "input_schema" in tool and kind in {None, "custom"}:
        return _function(tool, {**tool, "parameters": tool["input_schema"]}, strict)
    if kind == "custom" and "name" in tool:
        return {"type": "custom", "custom": {k: v for k, v in tool.items() if k != "type"}}
    if kind == "function" or _has_schema(tool):
        return _function(tool, tool, strict)
    return dict(tool)


def _has_schema(tool: Mapping[str, object]) -> bool:
    kind = tool.get("type")
    is_object = "object" in kind if isinstance(kind, list) else kind in (None, "object")
    return is_object and not _SCHEMA_KEYS.isdisjoint(tool)


def _function(
    tool: Mapping[str, object], described: Mapping[str, object], strict: bool | None
) -> Tool:
    """A function, with what stands beside it; its own word on strictness wins."""
    given = {key: value for key, value in described.items() if key != "input_schema"}
    own = given.get("strict")
    beside = {key: tool[key] for key in _BESIDE if tool.get(key)}
    converted = convert_function(given, strict=strict if own is None else None)
    return {"type": "function", "function": converted, **beside}


def tool_name(tool: Mapping[str, object]) -> str | None:
    """The name a tool can be chosen by, if it has one."""
    inner = tool.get("function") or tool.get("custom") or tool
    return inner.get("name") if isinstance(inner, Mapping) else None


# --- the choice ---------------------------------------------------------------------------------

_ONE_CALL = "disable_parallel_tool_use"
_WORDS = {"any": "required", "required": "required", "auto": "auto", "none": "none"}


def convert_choice(
    choice: str | bool | type | Mapping[str, object] | None, tools: Sequence[Tool]
) -> Choice | None:
    """The choice of a tool in OpenAI's form: a word, or the function by name.

    Args:
        choice: A tool's name (which wins over the words), a class that is bound as a tool, "auto", "none", "any" or
            "required", True for any, False or None for no word on it, or a dict in the form of
            OpenAI (chat completions or Responses) or Anthropic.
        tools: The bound tools.

    Raises:
        ConfigurationError: If a name is meant that no bound tool has.
    """
    if choice is None or choice is False:
        return None
    if choice is True:
        return "required"
    if isinstance(choice, Mapping):
        converted = _from_choice(choice, tools)
        # Only the request has room for one call at a time: until then the dict is kept.
        return dict(choice) if _ONE_CALL in choice else converted
    if isinstance(choice, type):
        choice = tool_name(convert_tool(choice)) or choice.__name__
    if not isinstance(choice, str):
        raise ConfigurationError(
            f"tool_choice is a tool's name, 'auto', 'none', 'any', a bool or a dict, not "
            f"{type(choice).__name__}."
        )
    names = [name for name in map(tool_name, tools) if name]
    if choice not in names and choice in _WORDS:
        return _WORDS[choice]
    return _by_name(choice, tools)


def _from_choice(choice: Mapping[str, object], tools: Sequence[Tool]) -> Choice:
    kind = choice.get("type")
    if kind in _WORDS and "name" not in choice:
        return _WORDS[str(kind)]
    if kind == "allowed_tools":
        return _allowed(choice)
    inner = choice.get(str(kind))
    name = (inner if isinstance(inner, Mapping) else choice).get("name")
    if isinstance(name, str) and kind in {None, "custom", "function", "tool"}:
        return _by_name(name, tools)
    return dict(choice)


def _allowed(choice: Mapping[str, Any]) -> dict[str, object]:
    inner = choice.get("allowed_tools")
    fields = inner if isinstance(inner, Mapping) else choice
    listed = fields.get("tools") or ()
    named = [_reference(tool) if isinstance(tool, Mapping) else tool for tool in listed]
    return {
        "type": "allowed_tools",
        "allowed_tools": {"mode": fields.get("mode") or "auto", "tools": named},
    }


def _reference(tool: Mapping[str, object]) -> Mapping[str, object]:
    kind, name = tool.get("type") or "function", tool_name(tool)
    if kind in {"custom", "function"} and name:
        return {"type": kind, kind: {"name": name}}
    return tool


def _by_name(name: str, tools: Sequence[Tool]) -> dict[str, object]:
    """A choice by name.

    Raises:
        ConfigurationError: If tools are bound and none has that name.
    """
    named = {tool_name(tool): tool for tool in tools if tool_name(tool)}
    if named and name not in named:
        known = ", ".join(map(repr, named))
        raise ConfigurationError(f"tool_choice={name!r} names no bound tool; bound are {known}.")
    kind = "custom" if isinstance(named.get(name, {}).get("custom"), Mapping) else "function"
    return {"type": kind, kind: {"name": name}}


def is_forced(choice: str | Mapping[str, object] | None) -> bool:
    """Whether a choice in OpenAI's form leaves the model no answer without a call."""
    if choice is None or isinstance(choice, str):
        return choice not in {None, "auto", "none"}
    inner = choice.get("allowed_tools")
    return not isinstance(inner, Mapping) or inner.get("mode") == "required"


# --- as a model wants them ----------------------------------------------------------------------


class FittedTools(NamedTuple):
    """Tools as one model takes them."""

    fields: dict[str, Any]
    """`tools` and `tool_choice` in OpenAI's form; empty without tools, since services refuse `[]`."""
    names: Mapping[str, str] = MappingProxyType({})
    """Names that had to change: by the name as bound, what is sent."""
    one_call: bool = False
    """Whether the choice said that calls may come one at a time only."""
    was_forced: bool = False
    """Whether a forced call had to become a free one."""


def fit_tools(
    tools: Sequence[ToolLike],
    choice: str | Mapping[str, object] | None,
    spec: ModelSpec | None,
    *,
    clean: bool = False,
    free: bool = False,
) -> FittedTools:
    """Fit tools and the choice among them to a model.

    Args:
        tools: Tools in any form.
        choice: A choice in any form.
        spec: What is known of the model.
        clean: Whether to rewrite the functions' schemas to the subset that Gemini accepts
            (`clean_schema`). A function is then not strict: strict schemas need the very keywords
            that are given up.
        free: Whether the model takes no forced call now, because it reasons.
    """
    if not tools:
        return FittedTools({})
    bound = list(map(_ready, tools))
    one_call = isinstance(choice, Mapping) and choice.get(_ONE_CALL) is True
    if isinstance(choice, Mapping):
        choice = {key: value for key, value in choice.items() if key != _ONE_CALL}
    chosen = convert_choice(choice, bound)
    was_forced = free and is_forced(chosen)
    if was_forced:
        chosen = "auto"
    if isinstance(chosen, Mapping):
        bound, chosen = _choosable(bound, chosen, spec)
    names = _changed_names(bound)
    fields: dict[str, object] = {
        "tools": [
            _fitted(_renamed(_rewritten(tool) if clean else tool, names), spec) for tool in bound
        ]
    }
    if chosen is not None:
        fields["tool_choice"] = _renamed_choice(chosen, names)
    return FittedTools(fields, names, one_call, was_forced)


def _choosable(
    tools: list[Tool], choice: dict[str, Any], spec: ModelSpec | None
) -> tuple[list[Tool], Choice]:
    """A choice that the model takes; where it knows no such form, the tools are those chosen."""
    if choice.get("type") == "allowed_tools" and not _takes(spec, "allowed_tools"):
        allowed = [tool_name(tool) for tool in choice["allowed_tools"]["tools"]]
        left = [tool for tool in tools if tool_name(tool) in allowed]
        return left or tools, str(choice["allowed_tools"]["mode"])
    if choice.get("type") == "function" and not _takes(spec, "function"):
        named = tool_name(choice)
        return [tool for tool in tools if tool_name(tool) == named] or tools, "required"
    return tools, choice


def _takes(spec: ModelSpec | None, form: str) -> bool:
    """Whether a model takes a form of choice, as far as documented."""
    if spec is None or "required" not in spec.tool_choice_forms:
        return True
    return form in spec.tool_choice_forms


def bound_names(tools: Sequence[ToolLike] | None) -> dict[str, str]:
    """Names of tools that are sent under another one: by the name as sent, as bound."""
    if not tools:
        return {}
    changed = _changed_names(list(map(_ready, tools)))
    return {sent: bound for bound, sent in changed.items()}


def _ready(tool: ToolLike) -> Tool:
    """A tool in OpenAI's form, which `bind_tools` has made of most."""
    if isinstance(tool, dict) and "type" in tool and isinstance(tool.get("function"), dict):
        return tool
    return convert_tool(tool)


def _changed_names(tools: Sequence[Tool]) -> dict[str, str]:
    return legal_names(filter(None, map(_function_name, tools)))


def _function_name(tool: Tool) -> str | None:
    """The name of a tool of the caller's; names of the service's own tools are as it wants them."""
    inner = tool.get("function") if tool.get("type") == "function" else tool.get("custom")
    return inner.get("name") if isinstance(inner, dict) else None


def _renamed(tool: Tool, names: Mapping[str, str]) -> Tool:
    if not names or _function_name(tool) not in names:
        return tool
    kind = tool["type"]
    return {**tool, kind: {**tool[kind], "name": names[tool[kind]["name"]]}}


def _renamed_choice(choice: Choice, names: Mapping[str, str]) -> Choice:
    if not names or isinstance(choice, str):
        return choice
    if choice.get("type") == "allowed_tools":
        inner = choice["allowed_tools"]
        return {
            **choice,
            "allowed_tools": {**inner, "tools": [_renamed(t, names) for t in inner["tools"]]},
        }
    return _renamed(choice, names)


def _rewritten(tool: Tool) -> Tool:
    function = tool.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("parameters"), Mapping):
        return tool
    function = {key: value for key, value in function.items() if key != "strict"}
    return {**tool, "function": {**function, "parameters": clean_schema(function["parameters"])}}


def _fitted(tool: Tool, spec: ModelSpec | None) -> Tool:
    """Complete, since schemas differ in what they require, and without what they refuse."""
    if spec is not None and not spec.takes_cache_control:
        tool = {key: value for key, value in tool.items() if key != "cache_control"}
    if isinstance(tool.get("custom"), Mapping):
        return {**tool, "custom": {"format": {"type": "text"}, **tool["custom"]}}
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return tool
    function = {"description": "", **function}
    if not function.get("parameters"):
        function["parameters"] = {"type": "object", "properties": {}}
    if spec is not None and not spec.strict_tools:
        function.pop("strict", None)
    return {**tool, "function": function}

"""Anything that describes a function -> its name, description and JSON schema.

LangChain's converter does most of it. Three things it cannot: a model that contains itself becomes
`{}` where it is met again, keys that a TypedDict need not have are required, and `strict` says
nothing of schemas behind a reference. These are done here, from the schema that the type itself
gives; all other schemas are LangChain's, to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool
from langchain_core.tools.base import create_schema_from_function
from langchain_core.utils.function_calling import convert_to_openai_function
from langchain_core.utils.pydantic import is_basemodel_subclass
from typing_extensions import is_typeddict

from langchain_aimlapi._codec.encode.typed_dicts import is_special, typed_dict_schema
from langchain_aimlapi._codec.json_schema.references import (
    held_to_the_letter,
    is_recursive,
    with_object_root,
    without_dict_docs,
    without_titles,
)
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    FunctionLike = Mapping[str, object] | type | Callable[..., Any] | BaseTool

Function = dict[str, Any]


def convert_function(source: FunctionLike, *, strict: bool | None = None) -> Function:
    """A function in OpenAI's form: `name`, `description`, `parameters`, `strict`.

    Args:
        source: A LangChain tool, a function, a pydantic class, a TypedDict, a JSON schema with a
            title, or a function in OpenAI's, Anthropic's or Bedrock's form.
        strict: Whether the model must keep to the schema to the letter; `None` leaves it unsaid.

    Raises:
        ConfigurationError: If nothing can be made of it, with the reason.
    """
    if is_typeddict(source) and is_special(source):
        function = _from_schema(source, typed_dict_schema(source))
    else:
        source = plain_mapping(source) if isinstance(source, Mapping) else source
        function = _by_langchain(source)
        raw = _own_schema(source)
        if raw is not None and is_recursive(raw):
            function["parameters"] = _from_schema(source, raw)["parameters"]
    if is_typeddict(source):
        function = {"description": "", **without_dict_docs(function)}
    if strict is None:
        return function
    if strict and function.get("strict") is not True:
        function["parameters"] = held_to_the_letter(
            function.get("parameters") or {"type": "object", "properties": {}}
        )
    return {**function, "strict": strict}


def _by_langchain(source: FunctionLike) -> Function:
    try:
        return dict(convert_to_openai_function(source))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        named = getattr(source, "__name__", None) or repr(source)[:80]
        if callable(source) and not hasattr(source, "__name__"):
            raise ConfigurationError(
                f"No tool can be made of {named}, which has no name. Make a tool of it: "
                "StructuredTool.from_function(f, name='…', description='…')."
            ) from None
        raise ConfigurationError(f"No tool can be made of {named}: {error}") from error


def plain_mapping(source: Mapping[str, Any]) -> dict[str, Any]:
    """A function or a JSON schema in a form that LangChain reads.

    OpenAI's tools stand within an object, MCP's have an `inputSchema`, and the root of a schema may
    be a reference, as in pydantic's of a class that contains itself.

    Raises:
        ConfigurationError: If such a reference leads nowhere.
    """
    inner = source.get("function")
    found = dict(inner) if isinstance(inner, Mapping) else dict(source)
    if "inputSchema" in found and "name" in found:
        described = {"name": found["name"], "description": found.get("description") or ""}
        found = {**described, "parameters": found["inputSchema"]}
    if isinstance(found.get("parameters"), Mapping):
        return {**found, "parameters": with_object_root(found["parameters"])}
    return found if "name" in found else with_object_root(found)


def _own_schema(source: FunctionLike) -> Mapping[str, object] | None:
    """The schema as the type itself gives it, with references; `None` where LangChain keeps it."""
    if isinstance(source, Mapping) or is_typeddict(source):
        return None
    described: object = source
    if isinstance(source, BaseTool):
        described = source.tool_call_schema
        if isinstance(described, Mapping):
            return described
    elif not isinstance(source, type):
        described = _schema_of_function(source)
    if not (isinstance(described, type) and is_basemodel_subclass(described)):
        return None
    model: Any = described
    schema: Mapping[str, Any]
    schema = model.model_json_schema() if hasattr(model, "model_json_schema") else model.schema()
    return schema


def _schema_of_function(function: Callable[..., object]) -> object:
    return create_schema_from_function(
        getattr(function, "__name__", "function"),
        function,
        filter_args=(),
        parse_docstring=True,
        error_on_invalid_docstring=False,
        include_injected=False,
    )


def _from_schema(source: object, schema: Mapping[str, Any]) -> Function:
    whole = with_object_root(schema)
    title, description = whole.pop("title", ""), whole.pop("description", "")
    return {
        "name": title or getattr(source, "__name__", "") or "response",
        "description": description,
        "parameters": without_titles(whole),
    }

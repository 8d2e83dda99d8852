"""`with_structured_output`: a schema, a way to hold the model to it, and a parser behind it."""

from __future__ import annotations

import warnings
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.output_parsers import (
    JsonOutputKeyToolsParser,
    JsonOutputParser,
    PydanticOutputParser,
    PydanticToolsParser,
)
from langchain_core.runnables import RunnableMap, RunnablePassthrough
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel

from langchain_aimlapi import _catalogue
from langchain_aimlapi._codec.tools import convert_tool, json_schema_format, tool_name
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

    from langchain_aimlapi._facts import ModelFacts

Method = Literal["function_calling", "json_schema", "json_mode"]


def default_method(facts: ModelFacts | None) -> Method:
    """The method a model is documented to serve best.

    Tools are the most widely served; a JSON schema comes first only where a model's own
    documentation names it, since the template shared by many ids promises it for all of them.
    """
    if facts is None:
        return "function_calling"
    formats = facts.response_formats
    if "json_schema" in formats and not facts.generic:
        return "json_schema"
    if "tools" in facts.parameters:
        return "function_calling"
    if "json_schema" in formats:
        return "json_schema"
    return "json_mode" if "json_object" in formats else "function_calling"


def structured_output(
    model: BaseChatModel,
    schema: Any,
    *,
    model_name: str,
    method: Method | None,
    include_raw: bool,
    strict: bool | None,
    **kwargs: Any,
) -> Runnable[Any, Any]:
    """Bind a schema to a model and a parser behind it; see `ChatAimlapi.with_structured_output`."""
    method = _method(schema, method, model_name)
    if method == "function_calling":
        bound, parser = _by_tool(model, schema, strict, model_name, kwargs)
    elif method == "json_schema":
        bound, parser = _by_schema(model, schema, strict, kwargs)
    elif method == "json_mode":
        bound, parser = _by_json(model, schema, strict, kwargs)
    else:
        raise ConfigurationError(
            f"method={method!r}: it is 'function_calling', 'json_schema' or 'json_mode'."
        )
    return _with_raw(bound, parser) if include_raw else bound | parser


def _method(schema: Any, wanted: Method | None, model_name: str) -> Method:
    method = wanted or default_method(_catalogue.facts(model_name))
    if schema is None and method != "json_mode":
        if wanted is not None:
            raise ConfigurationError(f"A schema is needed for method={method!r}.")
        return "json_mode"
    if method == "json_schema" and _is_old_pydantic(schema):
        if wanted is not None:
            warnings.warn(
                "A pydantic v1 class has no JSON schema that this method can use; it is bound as a "
                "tool instead.",
                UserWarning,
                stacklevel=5,
            )
        return "function_calling"
    return method


def _is_class(schema: Any) -> bool:
    return isinstance(schema, type) and is_basemodel_subclass(schema)


def _is_old_pydantic(schema: Any) -> bool:
    return _is_class(schema) and not issubclass(schema, BaseModel)


def _traced(method: Method, schema: Any, strict: bool | None) -> dict[str, Any]:
    """What LangSmith shows; LangChain takes it out before the call."""
    return {
        "ls_structured_output_format": {
            "kwargs": {"method": method, "strict": strict},
            "schema": schema if schema is not None else {"type": "object"},
        }
    }


def _by_tool(
    model: BaseChatModel,
    schema: Any,
    strict: bool | None,
    model_name: str,
    kwargs: dict[str, Any],
) -> tuple[Runnable[Any, Any], Runnable[Any, Any]]:
    tool = convert_tool(schema, strict=strict)
    name = tool_name(tool) or ""
    facts = _catalogue.facts(model_name)
    one_call = facts is None or "parallel_tool_calls" in facts.parameters
    bound = model.bind_tools(
        [tool],
        tool_choice=name,
        strict=strict,
        **({"parallel_tool_calls": False} if one_call else {}),
        **_traced("function_calling", schema, strict),
        **kwargs,
    )
    if _is_class(schema):
        return bound, PydanticToolsParser(tools=[schema], first_tool_only=True)
    return bound, JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)


def _by_schema(
    model: BaseChatModel, schema: Any, strict: bool | None, kwargs: dict[str, Any]
) -> tuple[Runnable[Any, Any], Runnable[Any, Any]]:
    tools = kwargs.pop("tools", None)
    response_format = json_schema_format(schema, strict=strict)
    traced = _traced("json_schema", schema, strict)
    if tools:
        bound: Any = model.bind_tools(
            tools, strict=strict, response_format=response_format, **traced, **kwargs
        )
    else:
        bound = model.bind(response_format=response_format, **traced, **kwargs)
    return bound, _text_parser(schema)


def _by_json(
    model: BaseChatModel, schema: Any, strict: bool | None, kwargs: dict[str, Any]
) -> tuple[Runnable[Any, Any], Runnable[Any, Any]]:
    if strict is not None:
        raise ConfigurationError("strict goes with 'function_calling' and 'json_schema' only.")
    json_object = {"type": "json_object"}
    bound = model.bind(response_format=json_object, **_traced("json_mode", schema, None), **kwargs)
    return bound, _text_parser(schema)


def _text_parser(schema: Any) -> Runnable[Any, Any]:
    """JSON in the text, fenced or not."""
    if _is_class(schema):
        return PydanticOutputParser(pydantic_object=schema)
    return JsonOutputParser()


def _with_raw(bound: Runnable[Any, Any], parser: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """`{"raw": message, "parsed": …, "parsing_error": …}`; a bad answer does not raise."""
    assign = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    nothing = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | assign.with_fallbacks([nothing], exception_key="parsing_error")


def schema_of(response_format: Any) -> Mapping[str, Any]:
    """A `response_format` out of whatever `bind_tools` was given."""
    return json_schema_format(response_format)

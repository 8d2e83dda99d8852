"""`with_structured_output`: a schema, a way to hold the model to it, and a parser behind it.

Without a method the ways are tried in the order the model is documented to serve them best. The
next one is tried only when the service refuses the form itself, each at most once, and the one
that answered is in `response_metadata["structured_output"]`.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from langchain_core.messages import SystemMessage
from langchain_core.runnables import (
    RunnableBinding,
    RunnableLambda,
    RunnableSequence,
    RunnableWithFallbacks,
)
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel
from typing_extensions import is_typeddict

from langchain_aimlapi import _catalogue
from langchain_aimlapi._chat.answer_schema import read_schema
from langchain_aimlapi._chat.include_raw import RawRunnable, with_raw
from langchain_aimlapi._chat.parser import AnswerParser
from langchain_aimlapi._codec.encode.formats import json_schema_format
from langchain_aimlapi._codec.encode.tools import convert_tool, tool_name
from langchain_aimlapi.errors import ConfigurationError, UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

    from langchain_aimlapi._catalogue.spec import ModelSpec

Method = Literal["function_calling", "json_schema", "json_mode"]
_LIMITS = ("max_tokens", "max_completion_tokens")
_METHODS = ("function_calling", "json_schema", "json_mode")


def methods(spec: ModelSpec | None) -> list[Method]:
    """The methods worth trying, best first; "json_mode" is always the last.

    Tools are the most widely served; a JSON schema comes first only where a model's own
    documentation names it, since the template shared by many ids promises it for all of them.
    """
    if spec is None:
        return ["function_calling", "json_schema", "json_mode"]
    documented: list[Method] = []
    if "tools" in spec.parameters:
        documented.append("function_calling")
    if "json_schema" in spec.response_formats:
        documented.insert(len(documented) if spec.generic else 0, "json_schema")
    return [*documented, "json_mode"]


def structured_output(
    model: BaseChatModel,
    schema: object,
    *,
    model_name: str,
    method: Method | None,
    include_raw: bool,
    strict: bool | None,
    **kwargs: object,
) -> Runnable[object, Any]:
    """Bind a schema to a model and a parser behind it; see `ChatAimlapi.with_structured_output`."""
    if method is not None and method not in _METHODS:
        known = ", ".join(map(repr, _METHODS))
        raise ConfigurationError(f"method={method!r}: it is one of {known}.")
    if "tools" in kwargs and method not in {None, "json_schema"}:
        raise ConfigurationError("tools go with method='json_schema', beside which they are free.")
    target = read_schema(schema)
    if strict is None and method != "json_mode":
        strict = target.strict
    form = _Form(model, target.wire, strict, _catalogue.model_spec(model_name), kwargs)
    bound = _with_fallbacks(form) if method is None else form.bound(_usable(method, target.wire))
    limits = [kwargs.get(name) or getattr(model, name) for name in _LIMITS]
    parser = AnswerParser(
        target=target,
        tool=target.tool_name,
        beside_tools="tools" in kwargs,
        limit=limits[0] or limits[1],
    )
    return with_raw(bound, parser) if include_raw else bound | parser


def _usable(method: Method, schema: Any) -> Method:
    if schema is None and method != "json_mode":
        raise ConfigurationError(f"A schema is needed for method={method!r}.")
    if method == "json_schema" and _is_old_pydantic(schema):
        warnings.warn(
            "A pydantic v1 class has no JSON schema that this method can use; it is bound as a "
            "tool instead.",
            UserWarning,
            stacklevel=4,
        )
        return "function_calling"
    return method


def _with_fallbacks(form: _Form) -> Runnable[object, Any]:
    """The methods one after the other, each asked only if the one before was refused."""
    candidates = methods(form.spec)
    if form.schema is None:
        candidates = ["json_mode"]
    elif _is_old_pydantic(form.schema):
        candidates = [candidate for candidate in candidates if candidate != "json_schema"]
    if "tools" in form.kwargs:
        candidates = ["json_schema"]
    first, *rest = [
        form.bound(candidate, refused=candidates[:position], with_instructions=True)
        for position, candidate in enumerate(candidates)
    ]
    if not rest:
        return first
    return first.with_fallbacks(rest, exceptions_to_handle=(UnsupportedFormatError,))


def _is_old_pydantic(schema: Any) -> bool:
    is_class = isinstance(schema, type) and is_basemodel_subclass(schema)
    return is_class and not issubclass(schema, BaseModel)


@dataclass(frozen=True, slots=True)
class _Form:
    """A schema and the model that is to answer by it."""

    model: BaseChatModel
    schema: Any
    strict: bool | None
    spec: ModelSpec | None
    kwargs: Mapping[str, Any]

    def bound(
        self,
        method: Method,
        *,
        refused: list[Method] | None = None,
        with_instructions: bool = False,
    ) -> Runnable[object, Any]:
        """The model, held to the schema by one method.

        Args:
            method: The method.
            refused: The methods that were tried before, for the metadata.
            with_instructions: Whether "json_mode" tells the model its schema; otherwise the caller's
                prompt has to.
        """
        note = {"method": method} | ({"refused": refused} if refused else {})
        notes = {"structured_output": note, **self._traced(method), **self.kwargs}
        if method == "function_calling":
            return self._by_tool(notes)
        if method == "json_schema":
            return self._by_schema(notes)
        return self._by_json(notes, with_instructions=with_instructions)

    def _traced(self, method: Method) -> dict[str, object]:
        """What LangSmith shows; LangChain takes it out before the call."""
        kwargs = {"method": method, "strict": self.strict}
        schema = self.schema if isinstance(self.schema, type) else self._named_schema()
        schema = self._named_schema() if is_typeddict(schema) else schema
        return {"ls_structured_output_format": {"kwargs": kwargs, "schema": schema}}

    def _named_schema(self) -> dict[str, Any]:
        """The JSON schema as it is sent, by its name."""
        tool = {} if self.schema is None else convert_tool(self.schema)
        function = tool.get("function") or {}
        parameters = function.get("parameters") or {"type": "object"}
        named = {"title": function.get("name"), "description": function.get("description")}
        return {**{key: value for key, value in named.items() if value}, **parameters}

    def _by_tool(self, notes: dict[str, object]) -> Runnable[Any, Any]:
        tool = convert_tool(self.schema, strict=self.strict)
        if self.spec is None or "parallel_tool_calls" in self.spec.parameters:
            notes = {"parallel_tool_calls": False, **notes}
        return self.model.bind_tools(
            [tool], tool_choice=tool_name(tool), strict=self.strict, **notes
        )

    def _by_schema(self, notes: dict[str, Any]) -> Runnable[Any, object]:
        response_format = json_schema_format(self.schema, strict=self.strict)
        tools = notes.pop("tools", None)
        if tools:
            return self.model.bind_tools(
                tools, strict=self.strict, response_format=response_format, **notes
            )
        return self.model.bind(response_format=response_format, **notes)

    def _by_json(
        self, notes: dict[str, object], *, with_instructions: bool
    ) -> Runnable[Any, object]:
        if self.strict is not None and not with_instructions:
            raise ConfigurationError("strict goes with 'function_calling' and 'json_schema' only.")
        if (
            self.spec is None
            or not with_instructions
            or "json_object" in self.spec.response_formats
        ):
            notes = {"response_format": {"type": "json_object"}, **notes}
        bound = self.model.bind(**notes)
        if not with_instructions or self.schema is None:
            return bound
        return RunnableLambda(self._add_instructions) | bound

    def _add_instructions(self, prompt: LanguageModelInput) -> list[BaseMessage]:
        """The conversation with the schema in words, for models that take it no other way."""
        messages = self.model._convert_input(prompt).to_messages()  # noqa: SLF001  # ours
        schema = json.dumps(self._named_schema(), ensure_ascii=False)
        instruction = (
            f"Answer with one JSON object, and nothing else, that fits this schema: {schema}"
        )
        return [SystemMessage(instruction), *messages]


class AskedForm(NamedTuple):
    """How a structured output with `include_raw=True` asks first, and how it reads an answer."""

    arguments: Mapping[str, Any]
    """Of the model's call."""
    read: Callable[[AIMessage], Mapping[str, Any]]
    read_text: Callable[[str, str | None], Any]
    """The object in a message that is a text, by its finish reason; raises what may be told better
    of the whole message."""
    has_others: bool
    """Whether another method is tried where the service refuses this one."""


def asked_form(structured: Runnable[Any, Any], model: BaseChatModel) -> AskedForm | None:
    """Take apart what `structured_output` made, for callers that need none of LangChain's steps.

    Args:
        structured: The chain.
        model: Its model.

    Returns:
        The form; None where there is more in the chain than the model, arguments and a reader.
    """
    first, *rest = structured.steps if isinstance(structured, RunnableSequence) else [structured]
    has_others = isinstance(first, RunnableWithFallbacks)
    bound = first.runnable if isinstance(first, RunnableWithFallbacks) else first
    if not isinstance(bound, RunnableBinding) or bound.bound is not model or bound.config:
        return None
    if len(rest) != 1 or not isinstance(rest[0], RawRunnable):
        return None
    return AskedForm(bound.kwargs, rest[0].read, rest[0].read_text, has_others)


def schema_of(response_format: object) -> Mapping[str, object]:
    """A `response_format` out of whatever `bind_tools` was given."""
    return json_schema_format(response_format)

"""What `with_structured_output` was given -> how the wire says it, and how an answer becomes it.

Tools and response formats take objects only. A schema of something else (a list, a union, an enum,
a number) is therefore sent as the one key of an object, and taken out of it again.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_origin

from langchain_core.tools import BaseTool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, PydanticUserError, RootModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from typing_extensions import is_typeddict

from langchain_aimlapi._codec.encode.tools import convert_tool, tool_name
from langchain_aimlapi._codec.json_schema.references import with_object_root
from langchain_aimlapi.errors import ConfigurationError

KEY = "value"
"""Under which a wrapped answer stands in the object that is sent."""

_FORMS = frozenset({"function", "json_schema", "json_object", "text"})
_FUNCTION_KEYS = frozenset({"inputSchema", "parameters"})
_CALLABLE_KEYS = frozenset({"title", "name", "function", "json_schema"})


@dataclasses.dataclass(frozen=True, slots=True)
class AnswerSchema:
    """A schema, and what an answer by it is to become."""

    wire: Any
    """What tools and response formats are made of; `None` for any JSON object."""
    kind: Any = None
    """The type of the result; `None` for plain JSON."""
    wrapped: bool = False
    """Whether the answer stands under `KEY`."""
    strict: bool | None = None
    """Whether the schema itself says that it is to be kept to the letter."""

    @property
    def tool_name(self) -> str | None:
        """The name of the tool that stands for the schema."""
        return None if self.wire is None else tool_name(convert_tool(self.wire))

    @property
    def title(self) -> str:
        """What to call the result in messages."""
        return str(getattr(self.kind, "__name__", None) or self.kind or "the schema")

    def read(self, value: Any, *, partial: bool = False) -> Any:
        """Make the result of what the model gave; models forget to wrap an answer now and then.

        Args:
            value: Plain JSON.
            partial: Whether more of it is to come; a single value is then no result yet.

        Raises:
            ValidationError: If it does not fit.
        """
        inside = self.wrapped and isinstance(value, Mapping) and value.keys() == {KEY}
        inner = value[KEY] if inside else value
        if partial and self.wrapped and not (inside and isinstance(inner, list | dict)):
            return None
        if self.kind is None:
            return inner
        try:
            return _validated(self.kind, inner)
        except ValidationError:
            if not inside:
                raise
            return _validated(self.kind, value)

    def json_schema(self) -> dict[str, object]:
        """The JSON schema of the result."""
        schema: dict[str, Any] = {"type": "object"}
        if self.kind is not None and not _is_old_class(self.kind):
            schema = TypeAdapter(self.kind).json_schema()
        elif self.wire is not None:
            function = convert_tool(self.wire).get("function") or {}
            schema = function.get("parameters") or schema
            if self.wrapped:
                inner = schema["properties"][KEY]
                schema = {**inner, **{k: v for k, v in schema.items() if k == "$defs"}}
        return schema


def _validated(kind: Any, value: object) -> Any:
    if _is_old_class(kind):
        return kind.parse_obj(value)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_validate(value)
    return _adapter(kind).validate_python(value)


_adapter = lru_cache(maxsize=64)(TypeAdapter)


def read_schema(schema: object) -> AnswerSchema:
    """Read what was given as a schema.

    Raises:
        ConfigurationError: If it is nothing an answer can be held to.
    """
    if schema is None:
        return AnswerSchema(None)
    if isinstance(schema, Mapping):
        form = _form_in(schema)
        if form is None:
            return _of_mapping(schema)
        strict = form.get("strict")
        read = _of_mapping(_without_form(form))
        return dataclasses.replace(read, strict=strict if isinstance(strict, bool) else None)
    if isinstance(schema, type) and is_basemodel_subclass(schema) and get_origin(schema) is None:
        return _of_class(schema)
    if is_typeddict(schema) or _is_function(schema):
        return AnswerSchema(schema)
    return _of_type(schema)


def _form_in(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Name, schema and more out of a ready `response_format`, or of what stands within one."""
    form = schema.get("json_schema") if schema.get("type") == "json_schema" else schema
    form = form if isinstance(form, Mapping) else schema
    is_form = isinstance(form.get("schema"), Mapping) and not form.keys() & _SCHEMA_KEYS
    return form if is_form else None


_SCHEMA_KEYS = frozenset({"$ref", "anyOf", "oneOf", "parameters", "properties"})


def _without_form(form: Mapping[str, Any]) -> dict[str, object]:
    """The schema of a form, under its name, so that it can be a tool as well."""
    named = {"title": form.get("name"), "description": form.get("description")}
    return {**form["schema"], **{key: value for key, value in named.items() if value}}


def _of_mapping(schema: Mapping[str, object]) -> AnswerSchema:
    kind = schema.get("type")
    if (isinstance(kind, str) and kind in _FORMS) or schema.keys() & _FUNCTION_KEYS:
        inner = schema.get("function")
        strict = inner.get("strict") if isinstance(inner, Mapping) else None
        return AnswerSchema(schema, strict=strict if isinstance(strict, bool) else None)
    schema = schema if isinstance(kind, list) else with_object_root(schema)
    is_object = schema.get("type", "object") == "object"
    wrapped = isinstance(kind, list) or (
        "properties" not in schema
        and not (is_object and not schema.keys() & {"anyOf", "oneOf", "enum"})
    )
    if wrapped:
        return AnswerSchema(_wrap(schema, str(schema.get("title") or "response")), wrapped=True)
    # A tool must have a name.
    titled = schema if schema.keys() & _CALLABLE_KEYS else {"title": "response", **schema}
    return AnswerSchema(titled)


def _of_class(schema: Any) -> AnswerSchema:
    if _is_old_class(schema):
        if "__root__" in schema.__fields__:
            raise ConfigurationError(
                f"schema={schema.__name__}: a pydantic v1 class with __root__ is no object; pass "
                "a RootModel of pydantic 2, or the type itself, such as list[str]."
            )
        return AnswerSchema(schema, schema)
    if issubclass(schema, RootModel):
        return _of_type(schema)
    return AnswerSchema(schema, schema)


def _of_type(schema: Any) -> AnswerSchema:
    """Of a dataclass, which is an object; of any other type, which is wrapped in one."""
    if isinstance(schema, list | tuple | set | str | int | float):
        raise ConfigurationError(
            f"schema={schema!r} is a value, not a schema. Pass a pydantic class, a TypedDict, a "
            "JSON schema or a type; for a choice of classes Union[A, B], for a list list[A]."
        )
    try:
        schema_of_type = TypeAdapter(schema).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as error:
        raise ConfigurationError(
            f"schema={schema!r} has no JSON schema. Pass a pydantic class, a TypedDict, a "
            "dataclass, a JSON schema, or a type made of these."
        ) from error
    if dataclasses.is_dataclass(schema):
        return AnswerSchema(with_object_root(schema_of_type), schema)
    name = getattr(schema, "__name__", "") if isinstance(schema, type) else ""
    wire = _wrap(schema_of_type, name if name and get_origin(schema) is None else "response")
    return AnswerSchema(wire, schema, wrapped=True)


def _wrap(schema: Mapping[str, object], name: str) -> dict[str, object]:
    """An object with the schema under its one key."""
    inner = {key: value for key, value in schema.items() if key != "$defs"}
    described = inner.get("description") or "The answer."
    wrapped = {
        "title": name,
        "description": described,
        "type": "object",
        "properties": {KEY: inner},
        "required": [KEY],
    }
    return {**wrapped, "$defs": schema["$defs"]} if "$defs" in schema else wrapped


def _is_old_class(kind: Any) -> bool:
    is_class = isinstance(kind, type) and is_basemodel_subclass(kind)
    return is_class and not issubclass(kind, BaseModel)


def _is_function(schema: object) -> bool:
    return isinstance(schema, BaseTool) or inspect.isroutine(schema)

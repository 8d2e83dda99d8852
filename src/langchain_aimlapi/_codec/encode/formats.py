"""The form that an answer must have: a schema -> `response_format`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_aimlapi._codec.encode.functions import convert_function
from langchain_aimlapi._codec.encode.names import legal_name


def schema_name(name: str | None) -> str:
    """A name the service accepts for a schema: letters, digits, `_` and `-`, at most 64."""
    return legal_name(name, "response") if name else "response"


def json_schema_format(schema: Any, *, strict: bool | None = None) -> dict[str, object]:
    """`response_format` that holds the answer to a schema.

    Args:
        schema: A pydantic class, a TypedDict, a JSON schema, or a ready `response_format`.
        strict: Whether the model must keep to the schema to the letter.
    """
    if isinstance(schema, Mapping) and schema.get("type") in {"json_schema", "json_object", "text"}:
        return _named_format(schema, strict)
    if isinstance(schema, Mapping) and "title" not in schema and "name" not in schema:
        schema = {"title": "response", **schema}
    function = convert_function(schema, strict=strict)
    form: dict[str, Any] = {"name": schema_name(function.get("name"))}
    if function.get("description"):
        form["description"] = function["description"]
    form["schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    if strict is not None:
        form["strict"] = strict
    return {"type": "json_schema", "json_schema": form}


def _named_format(form: Mapping[str, object], strict: bool | None) -> dict[str, Any]:
    inner = form.get("json_schema")
    if not isinstance(inner, Mapping) and "schema" in form:  # as the Responses route has it
        inner, form = {k: v for k, v in form.items() if k != "type"}, {"type": "json_schema"}
    if not isinstance(inner, Mapping):
        return dict(form)
    inner = {key: value for key, value in inner.items() if value is not None}
    inner["name"] = schema_name(inner.get("name"))
    if strict is not None:
        inner.setdefault("strict", strict)
    return {**form, "json_schema": inner}

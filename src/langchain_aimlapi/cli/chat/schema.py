"""`--schema`: a JSON schema from a file, as it is, or in the short form of the `llm` command.

The short form is a list of fields, `name, age int, bio: one sentence`: parted by commas, or by lines
(a description may then hold commas). A field is a name, a type (`str` if there is none) and, behind
a colon, a description for the model. All fields are required.
"""

from __future__ import annotations

import json
from pathlib import Path

import typer

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_TITLE = "answer"


def read_schema(given: str, *, many: bool = False) -> dict[str, object]:
    """Return a JSON schema.

    Args:
        given: A file, JSON, or the short form.
        many: Whether the answer is a list of such objects, under `items`.

    Raises:
        typer.BadParameter: For none of them.
    """
    schema = {"title": _TITLE, **_read(given)}
    if not many:
        return schema
    items = {"type": "array", "items": schema}
    return {
        "title": _TITLE,
        "type": "object",
        "properties": {"items": items},
        "required": ["items"],
    }


def _read(given: str) -> dict[str, object]:
    if given.lstrip().startswith("{"):
        return _decoded(given, "--schema")
    path = Path(given)
    if _is_file(path):
        return _decoded(path.read_text("utf-8"), given)
    if path.suffix.lower() == ".json":
        raise typer.BadParameter(f"there is no file {given}", param_hint="--schema")
    return from_short_form(given)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False  # fields whose names and descriptions are too long for a path


def _decoded(text: str, where: str) -> dict[str, object]:
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{where} is no JSON: {error}", param_hint="--schema") from None
    if not isinstance(schema, dict):
        raise typer.BadParameter(f"{where} is no JSON schema object", param_hint="--schema")
    return schema


def from_short_form(text: str) -> dict[str, object]:
    """Return the JSON schema of a list of fields.

    Raises:
        typer.BadParameter: For a field without a name, twice, or of an unknown type.
    """
    properties: dict[str, dict[str, str]] = {}
    for field in text.split("\n" if "\n" in text.strip() else ","):
        if not field.strip():
            continue
        name, kind, description = _field(field)
        if name in properties:
            raise typer.BadParameter(
                f"the field {name!r} stands there twice", param_hint="--schema"
            )
        properties[name] = {"type": kind} | ({"description": description} if description else {})
    if not properties:
        raise typer.BadParameter("a schema needs a field", param_hint="--schema")
    return {"type": "object", "properties": properties, "required": list(properties)}


def _field(text: str) -> tuple[str, str, str]:
    """Name, type of JSON schema, and description."""
    head, _, description = text.partition(":")
    name, *kinds = head.split() or [""]
    kind = kinds[0] if kinds else "str"
    if not name or len(kinds) > 1 or kind not in _TYPES:
        raise typer.BadParameter(
            f"{text.strip()!r} is no field: NAME [{'|'.join(_TYPES)}][: DESCRIPTION]",
            param_hint="--schema",
        )
    return name, _TYPES[kind], description.strip()

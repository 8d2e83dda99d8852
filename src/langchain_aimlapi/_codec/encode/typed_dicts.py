"""TypedDicts with optional keys, or that contain themselves -> JSON schemas.

Pydantic reads the standard library's TypedDict only from Python 3.12 on, so each one becomes a
pydantic model here. Fields may be annotated as LangChain reads them: `Annotated[type, default,
"description"]`.
"""

from __future__ import annotations

import inspect
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ForwardRef,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from langchain_core.utils.function_calling import _parse_google_docstring  # the one it uses itself
from pydantic import BaseModel, Field, create_model
from typing_extensions import ReadOnly, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WRAPPERS = frozenset({NotRequired, ReadOnly, Required})


def is_special(typed_dict: object) -> bool:
    """Whether LangChain's converter gets it wrong: it has optional or wrapped keys, or itself."""
    seen: set[object] = set()
    waiting = [typed_dict]
    while waiting:
        found = waiting.pop()
        if found in seen or _optional_keys(found):
            return True
        if any(get_origin(hint) in _WRAPPERS for hint in _hints(found).values()):
            return True
        seen.add(found)
        inner = [part for hint in _hints(found).values() for part in _typed_dicts(hint)]
        waiting += list(dict.fromkeys(inner))
    return False


def typed_dict_schema(typed_dict: Any) -> dict[str, object]:
    """The JSON schema of a TypedDict, with `$defs` for those within it."""
    made: dict[Any, type[BaseModel] | None] = {}
    model = _model(typed_dict, made)
    known = {inner.__name__: inner for inner in made.values() if inner}
    for inner in known.values():
        inner.model_rebuild(_types_namespace=known)
    schema = model.model_json_schema()
    optional = {found.__name__: _optional_keys(found) for found in made}
    for name, part in {typed_dict.__name__: schema, **schema.get("$defs", {})}.items():
        _free(part, optional.get(name, frozenset()))
    return schema


def _optional_keys(typed_dict: Any) -> frozenset[str]:
    """The keys that need not be there; annotations that are strings hide it from Python itself."""
    said = {key: set(_wrappers(hint)) for key, hint in _hints(typed_dict).items()}
    optional = {key for key in typed_dict.__optional_keys__ if Required not in said[key]}
    return frozenset(optional | {key for key, wrappers in said.items() if NotRequired in wrappers})


def _wrappers(hint: object) -> Iterator[object]:
    """What a key's type is wrapped in."""
    if (wrapper := get_origin(hint)) in _WRAPPERS:
        yield wrapper
        yield from _wrappers(get_args(hint)[0])


def _free(schema: dict[str, Any], optional: frozenset[str]) -> None:
    """Take optional keys out of the required ones."""
    if "required" in schema:
        schema["required"] = [key for key in schema["required"] if key not in optional]
        if not schema["required"]:
            del schema["required"]


def _model(typed_dict: Any, made: dict[object, type[BaseModel] | None]) -> type[BaseModel]:
    made[typed_dict] = None
    hints = _hints(typed_dict)
    described, of_keys = _parse_google_docstring(inspect.getdoc(typed_dict), list(hints))
    fields: dict[str, Any] = {}
    for key, hint in hints.items():
        kind, default, description = _read(hint)
        settings: dict[str, Any] = {"description": of_keys.get(key) or description}
        fields[key] = (_with_models(kind, made), Field(default, **settings))
    model = create_model(typed_dict.__name__, __doc__=described, **fields)
    made[typed_dict] = model
    return model


def _hints(typed_dict: object) -> Mapping[str, object]:
    return get_type_hints(typed_dict, include_extras=True)


def _read(hint: object) -> tuple[object, object, str | None]:
    """A field's type, its default (`...` for none) and its description."""
    while get_origin(hint) in _WRAPPERS:
        (hint,) = get_args(hint)
    if get_origin(hint) is not Annotated:
        return hint, ..., None
    kind, *notes = get_args(hint)
    inner, default, description = _read(kind)
    words = [note for note in notes if isinstance(note, str)]
    if len(notes) > 1 and isinstance(notes[1], str):
        default, words = notes[0], [notes[1]]
    return inner, default, words[-1] if words else description


def _with_models(kind: Any, made: dict[object, type[BaseModel] | None]) -> object:
    """A type with models in place of TypedDicts; one that is being made is referred to."""
    if is_typeddict(kind):
        if kind in made:
            return made[kind] or ForwardRef(kind.__name__)
        return _model(kind, made)
    origin, parts = get_origin(kind), get_args(kind)
    if not any(_typed_dicts(kind)) or origin is None:
        return kind
    inner = tuple(_with_models(part, made) for part in parts)
    return Union[inner] if origin in {Union, UnionType} else origin[inner]  # noqa: UP007


def _typed_dicts(hint: object) -> Iterator[object]:
    """The TypedDicts in a type."""
    if is_typeddict(hint):
        yield hint
    for part in get_args(hint):
        yield from _typed_dicts(part)

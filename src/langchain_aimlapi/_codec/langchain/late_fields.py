"""Parts of a chunk that are made when somebody looks at them.

LangChain keeps every chunk of a stream to its end, and the garbage collector looks again and again
at each object that is kept. So a chunk of text begins with the fields of every message and nothing
else: its empty lists and the names of the fields that were set are made for the first who asks, and are
then the chunk's own like any other's.

Pydantic keeps `__dict__` and `__pydantic_fields_set__` in slots. Properties of the same names stand
before the slots, so whoever looks at all of a chunk at once (to copy, compare, write or store it)
finds it complete.
"""

from __future__ import annotations

from typing import Any

from langchain_core import messages as core
from pydantic import BaseModel

from langchain_aimlapi._codec.langchain.partial import partial_calls

BEGUN = ("content", "additional_kwargs", "response_metadata", "type", "name", "id")
"""The fields that every chunk begins with, in LangChain's order."""

LATE = ("tool_calls", "invalid_tool_calls", "usage_metadata", "tool_call_chunks", "chunk_position")
"""The fields behind them, in LangChain's order, which may be made late."""

UNREAD = {"tool_calls": None, "invalid_tool_calls": None}
"""Stands in the fields of a chunk whose tool call chunks are not read yet."""

_LAST = list(core.AIMessageChunk.model_fields)[-1]
_SET_ON_EVERY_CHUNK = frozenset({"id", "response_metadata"})
"""What LangChain itself sets on each chunk of a stream."""
_MAYBE_GIVEN = ("additional_kwargs", *_SET_ON_EVERY_CHUNK)

read_fields: Any = vars(BaseModel)["__dict__"].__get__
"""The fields of a chunk that are there."""
write_fields: Any = vars(BaseModel)["__dict__"].__set__

_names = vars(BaseModel)["__pydantic_fields_set__"]
_extra = vars(BaseModel)["__pydantic_extra__"]


class LateFields:
    """Stands where LangChain looks for the class of a whole message: second in a chunk's MRO."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is LateFields:
            return core.AIMessage(*args, **kwargs)
        return super().__new__(cls)

    @property
    def __dict__(self) -> dict[str, object]:
        fields: dict[str, Any] = read_fields(self)
        if _LAST not in fields:
            complete(fields)
        if fields.get("tool_calls", ()) is None:
            calls = partial_calls(fields["tool_call_chunks"])
            fields["tool_calls"], fields["invalid_tool_calls"] = calls.valid, calls.invalid
        return fields

    @__dict__.setter
    def __dict__(self, fields: dict[str, Any]) -> None:
        write_fields(self, fields)

    @property
    def __pydantic_fields_set__(self) -> set[str]:
        fields: dict[str, Any] = read_fields(self)
        try:
            names: set[str] = _names.__get__(self)
        except AttributeError:
            names = _given(fields)
            _names.__set__(self, names)
        names.update(name for name in _SET_ON_EVERY_CHUNK if fields.get(name))
        return names

    @__pydantic_fields_set__.setter
    def __pydantic_fields_set__(self, names: set[str]) -> None:
        _names.__set__(self, names)

    @property
    def __pydantic_extra__(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = _extra.__get__(self)
        except AttributeError:
            found = {}
            _extra.__set__(self, found)
        return found

    @__pydantic_extra__.setter
    def __pydantic_extra__(self, extra: dict[str, Any] | None) -> None:
        _extra.__set__(self, extra)

    def __setattr__(self, name: str, value: object) -> None:
        """Pydantic's, the short way for what is set on every chunk of every stream."""
        if name in _SET_ON_EVERY_CHUNK:
            read_fields(self)[name] = value
        else:
            super().__setattr__(name, value)


def _given(fields: dict[str, Any]) -> set[str]:
    """What a chunk was made with: its content, and others that hold something."""
    names = {"content", *(name for name in _MAYBE_GIVEN if fields.get(name))}
    if fields.get("tool_call_chunks"):
        names |= {"tool_call_chunks", *UNREAD}
    return names


def complete(fields: dict[str, Any]) -> None:
    """Add what is missing, in LangChain's order; another thread may be doing the same."""
    fields.setdefault("tool_calls", [])
    fields.setdefault("invalid_tool_calls", [])
    fields.setdefault("usage_metadata", None)
    fields.setdefault("tool_call_chunks", [])
    fields.setdefault("chunk_position", None)

"""LangChain's objects as copies of one made beforehand, where there is nothing left to validate.

What the codec puts into them it has made itself, of the right types; pydantic would look at each
field once more, and at those that are always the same. What pydantic's `model_construct` sets is
set here too. A langchain-core whose classes have containers of their own that we would not fill,
and so would share between copies, is told by `containers`, and gets validated objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_Model = TypeVar("_Model", bound=BaseModel)

LATER: Any = object()
"""Stands for what a class makes by itself when somebody looks."""

_new = object.__new__
# What an object of pydantic's consists of; `object.__setattr__` would look each up anew.
_set_fields, _set_names, _set_extra, _set_private = (
    vars(BaseModel)[slot].__set__
    for slot in (
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    )
)


def construct(
    kind: type[_Model],
    fields: dict[str, object],
    fields_set: set[str] | None,
    extra: dict[str, object] | None,
) -> _Model:
    """An object of a pydantic class without private attributes.

    Args:
        kind: The class.
        fields: Its fields, in their order, all but those that the class adds later; becomes the object's own, as do the others.
        fields_set: The names of those that were given; `None` where the class finds them later.
        extra: Further attributes; `None` where the class allows none, `LATER` where it makes room
            for them when somebody looks.
    """
    model = _new(kind)
    _set_fields(model, fields)
    if fields_set is not None:
        _set_names(model, fields_set)
    if extra is not LATER:
        _set_extra(model, extra)
    _set_private(model, None)
    return model


def containers(model: BaseModel) -> AbstractSet[str]:
    """The fields that hold lists and dicts, which no two objects may share."""
    return {name for name, value in vars(model).items() if isinstance(value, list | dict | set)}

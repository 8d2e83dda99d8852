"""What a pydantic object consists of, to hold made objects against validated ones."""

from __future__ import annotations


def inside(model):
    """All there is to a pydantic object."""
    return (
        type(model),
        list(model.__dict__),
        model.__pydantic_fields_set__,
        model.__pydantic_extra__,
        model.__pydantic_private__,
    )

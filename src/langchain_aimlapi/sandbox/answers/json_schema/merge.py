"""Merges JSON schemas that must all hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.json_text import json_text

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.budget import Budget

Schema = Mapping[str, Any]

_STRICTER = {
    "minimum": max,
    "minLength": max,
    "minItems": max,
    "maximum": min,
    "maxLength": min,
    "maxItems": min,
}


def merge(one: Schema, other: Schema, budget: Budget) -> dict[str, Any]:
    """Merge two schemas; where they cannot be combined, the second one is taken."""
    budget.spend(1 + len(one) + len(other))
    merged = {**one, **other}
    for key in ("properties", "$defs"):
        if key in one and key in other:
            budget.spend(len(one[key]) + len(other[key]))
            merged[key] = {**one[key], **other[key]}
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
        budget.spend(len(merged["required"]))
    if "enum" in one and "enum" in other:
        budget.spend(len(one["enum"]) + len(other["enum"]))
        allowed = set(map(json_text, other["enum"]))
        merged["enum"] = [option for option in one["enum"] if json_text(option) in allowed]
    for key, stricter in _STRICTER.items():
        if key in one and key in other:
            merged[key] = stricter(one[key], other[key])
    return merged

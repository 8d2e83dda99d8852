"""Checks of single values: each returns the problem, or an empty string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeGuard

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TOOL_NAME_RULE = "Expected 1 to 64 letters, digits, '_' or '-'"


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds."""

    low: float | None = None
    high: float | None = None
    whole: bool = False

    def __call__(self, value: object) -> str:
        """Return the problem of a value, or an empty string."""
        right = int if self.whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, right):
            return f"Expected {'integer' if self.whole else 'number'}"
        if self.low is not None and value < self.low:
            return f"Number must be greater than or equal to {self.low}"
        if self.high is not None and value > self.high:
            return f"Number must be less than or equal to {self.high}"
        return ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A value of one JSON type."""

    type: type
    word: str

    def __call__(self, value: object) -> str:
        """Return the problem of a value, or an empty string."""
        return "" if isinstance(value, self.type) else f"Expected {self.word}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few strings."""

    words: tuple[str, ...]

    def __call__(self, value: object) -> str:
        """Return the problem of a value, or an empty string."""
        if isinstance(value, str) and value in self.words:
            return ""
        expected = " | ".join(repr(word) for word in self.words)
        return f"Invalid enum value. Expected {expected}, received {value!r}"


def has_texts(value: object, required: str, optional: str = "") -> TypeGuard[dict[str, Any]]:
    """Tell whether a value is an object whose named values are strings.

    Both arguments are names separated by spaces; a required string may not be empty, an optional
    one may be absent.
    """
    if not isinstance(value, dict):
        return False
    needed = all(isinstance(value.get(name), str) and value[name] for name in required.split())
    return needed and all(isinstance(value.get(name), str | None) for name in optional.split())

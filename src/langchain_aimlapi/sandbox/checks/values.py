"""Checks of single values: each returns what is wrong, or an empty text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds."""

    low: float | None = None
    high: float | None = None
    whole: bool = False

    def __call__(self, value: Any) -> str:
        """Say what is wrong with a value."""
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

    def __call__(self, value: Any) -> str:
        """Say what is wrong with a value."""
        return "" if isinstance(value, self.type) else f"Expected {self.word}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def __call__(self, value: Any) -> str:
        """Say what is wrong with a value."""
        if isinstance(value, str) and value in self.words:
            return ""
        expected = " | ".join(repr(word) for word in self.words)
        return f"Invalid enum value. Expected {expected}, received {value!r}"


def has_texts(value: Any, required: str, optional: str = "") -> TypeGuard[dict[str, Any]]:
    """Tell whether a value is an object with texts: those required, and those allowed to lack.

    Both are names with spaces between; a required text may not be empty.
    """
    if not isinstance(value, dict):
        return False
    needed = all(isinstance(value.get(name), str) and value[name] for name in required.split())
    return needed and all(isinstance(value.get(name), str | None) for name in optional.split())

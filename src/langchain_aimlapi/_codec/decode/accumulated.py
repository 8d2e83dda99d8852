"""Fields that come in pieces, put together at a cost that grows with what came."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from langchain_aimlapi._codec.json_text import to_json


class Accumulated:
    """One field: texts are joined, lists and objects grow unless repeated, the rest is replaced."""

    __slots__ = ("_size", "_value")

    def __init__(self, value: object) -> None:
        self._begin(value)

    def _begin(self, value: object) -> None:
        """Take a value as a container of one's own: a text as a tuple of its pieces."""
        self._size = len(value) if isinstance(value, str) else 0
        self._value: object = _Text([value]) if isinstance(value, str) else _own(value)

    def add(self, value: Any) -> None:
        """Take the next piece."""
        match self._value, value:
            case _Text(), str():
                self._value.append(value)
                self._size += len(value)
            case dict(), dict():
                self._value.update(value)
            case (list(), list()) if not isinstance(self._value, _Text):
                if self._value != value:
                    self._value.extend(value)
            case _:
                self._begin(value)

    def equals(self, value: object) -> bool:
        """Whether a value is what came so far."""
        if isinstance(value, str) and self._size != len(value):
            return False
        return bool(self.value == value)

    @property
    def value(self) -> Any:
        """All that came."""
        return "".join(self._value) if isinstance(self._value, _Text) else self._value


class _Text(list[str]):
    """The pieces of a text."""


def _own(value: object) -> object:
    return value.copy() if isinstance(value, list | dict) else value


class Fields(dict[str, Accumulated]):
    """Such fields by name."""

    def add(self, name: str, value: Any) -> None:
        """Take the next piece of a field."""
        known = self.get(name)
        if known is None:
            self[name] = Accumulated(value)
        else:
            known.add(value)

    def values_by_name(self) -> dict[str, object]:
        """All that came of each."""
        return {name: field.value for name, field in self.items()}


_JOINED_DETAILS = frozenset({"data", "summary", "text"})


class Details(dict[Hashable, "dict[str, Any] | Fields"]):
    """`reasoning_details` by type and index: texts are joined, the rest replaced.

    Most come whole, and a stream may have thousands: until a second piece comes a detail stays
    the plain object that it is, which the garbage collector need not look at.
    """

    def add(self, detail: dict[str, Any]) -> None:
        """Take a piece of one; it is not changed, and not to be changed afterwards."""
        mark = _hashable(detail.get("type")), _hashable(detail.get("index"))
        known = self.get(mark)
        if known is None:
            self[mark] = detail
            return
        if not isinstance(known, Fields):
            known = self[mark] = Fields({key: Accumulated(value) for key, value in known.items()})
        for key, value in detail.items():
            if value is None:
                continue
            if key in _JOINED_DETAILS and isinstance(value, str):
                known.add(key, value)
            else:
                known[key] = Accumulated(value)

    def listed(self) -> list[dict[str, Any]]:
        """All of them, in the order they began."""
        return [
            known.values_by_name() if isinstance(known, Fields) else dict(known)
            for known in self.values()
        ]


def _hashable(value: Any) -> Hashable:
    """Types and indexes are texts and numbers; what else they may be is told apart all the same."""
    return value if isinstance(value, Hashable) else to_json(value)

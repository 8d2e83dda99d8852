"""Which item of a response an event is about.

By rule an event says it (`output_index`), or names the item (`item_id`). Where it does neither it
is about the latest item. The response at the end lists the items once more: by ids that events
gave, or by ids of its own, or without some items. There, an item is the one of its id, or else the
first of its type that the list did not name yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._codec.decode.responses_items import Item


class ItemNumbers:
    """Numbers the items of one response from 0, in the order in which they came."""

    __slots__ = ("_by_id", "_done", "_latest", "_types")

    def __init__(self) -> None:
        self._by_id: dict[str, int] = {}
        self._types: dict[int, object] = {}
        self._done: set[int] = set()
        self._latest = 0

    def of_text(self, event: Mapping[str, Any], item_type: str) -> int:
        """The item whose text an event is about."""
        number = _index(event)
        if number is None:
            number = self._by_id.get(_id(event, "item_id"), self._latest)
        if number not in self._types:
            self._keep(number, item_type, _id(event, "item_id"))
        return number

    def of_item(self, event: Mapping[str, Any], item: Item, *, done: bool) -> int:
        """The item that an event begins or ends."""
        kind, number = item.get("type"), _index(event)
        if number is None:
            number = self._by_id.get(_id(item))
        if number is None:
            number = self._latest
            same = done and self._types.get(number) == kind and number not in self._done
            number = number if same or not self._types else self._next()
        self._keep(number, kind, _id(item))
        if done:
            self._done.add(number)
        return number

    def of_output(self, items: list[Item]) -> dict[int, Item]:
        """The items of a whole response."""
        numbered: dict[int, Item] = {}
        for place, item in enumerate(items):
            number = self._by_id.get(_id(item))
            if number is None or number in numbered:
                number = self._like(item, place, numbered)
            self._keep(number, item.get("type"), _id(item))
            numbered[number] = item
        return numbered

    def _like(self, item: Item, place: int, taken: Mapping[int, Item]) -> int:
        kind = item.get("type")
        alike = [at for at in sorted(self._types) if self._types[at] == kind and at not in taken]
        if place in alike or (place not in self._types and place not in taken and not alike):
            return place
        return alike[0] if alike else self._next()

    def _next(self) -> int:
        return max(self._types, default=-1) + 1

    def _keep(self, number: int, item_type: object, identity: str) -> None:
        self._types.setdefault(number, item_type)
        self._latest = number
        if identity:
            self._by_id.setdefault(identity, number)


def _id(named: Mapping[str, Any], key: str = "id") -> str:
    """An id; empty for none."""
    identity = named.get(key)
    return identity if isinstance(identity, str) else ""


def _index(event: Mapping[str, Any]) -> int | None:
    """The number that an event gives; a few services write it as text."""
    number = event.get("output_index")
    if isinstance(number, str) and len(number) < _DIGITS and number.isdecimal():
        return int(number)
    return number if isinstance(number, int) else None


_DIGITS = 10

"""The texts of a response: text, reasoning, refusals and arguments, each by its place.

A stream says every text up to four times: in pieces, whole when it is done, and again in the item
and in the response it belongs to. So each place has a count of the characters that were passed
on, and a whole adds what is missing of it: usually nothing, and all of it where a server skips the
pieces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.decode.responses_items import Item, parts
from langchain_aimlapi._codec.decode.responses_numbers import ItemNumbers
from langchain_aimlapi._codec.decode.tool_call_chunks import ToolCallReader
from langchain_aimlapi._codec.json_text import to_json

if TYPE_CHECKING:
    from langchain_aimlapi._codec.decode.stream import Delta

Place = tuple[int, str, int]
"""An item's number, a kind of text in it, and the number of the part."""

_KINDS: Mapping[str, tuple[str, str, str, str]] = {
    "response.custom_tool_call_input": ("input", "", "input", "custom_tool_call"),
    "response.function_call_arguments": ("arguments", "", "arguments", "function_call"),
    "response.output_text": ("text", "content_index", "text", "message"),
    "response.reasoning_summary_text": ("summary", "summary_index", "text", "reasoning"),
    "response.reasoning_text": ("reasoning", "content_index", "text", "reasoning"),
    "response.refusal": ("refusal", "content_index", "refusal", "message"),
}
"""Events about texts: the kind, the field with the number of the part, that with the whole, and
the type of the item."""
_CALLS = {"custom_tool_call": "input", "function_call": "arguments"}
_CALLED_WITH: Mapping[str, str] = {"arguments": "function", "input": "custom"}
"""What a call is given: by the field it stands in, the kind of tool."""
TEXT_EVENTS = frozenset(f"{name}.{end}" for name in _KINDS for end in ("delta", "done"))


class TextReader:
    """What of a response's texts was passed on, and what it amounts to."""

    __slots__ = (
        "_announced",
        "_called",
        "_named",
        "_passed_on",
        "_with_id",
        "numbers",
        "reasoning",
        "refusal",
        "texts",
        "tool_calls",
    )

    def __init__(self, call_id: str) -> None:
        self.texts: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.tool_calls = ToolCallReader(call_id)
        self.numbers = ItemNumbers()
        self._passed_on: dict[Place, int] = {}
        self._called: list[dict[str, object]] = []
        """Pieces of calls in the event that is being read."""
        self._with_id: set[int] = set()
        """Items whose call has an id: one that comes later is another name for the same call."""
        self._named: set[int] = set()
        self._announced: dict[Place, object] = {}
        """What calls were given when they began: by rule nothing, so it counts only if no more came."""

    def keep(self, delta: Delta) -> bool:
        """Complete a delta and add it to what it amounts to; false if nothing is in it."""
        if self._called:
            delta.tools = self.tool_calls.read({"tool_calls": self._called})
            self._called = []
        if delta.text:
            self.texts.append(delta.text)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        return bool(delta)

    def read(self, event: Mapping[str, Any], delta: Delta) -> None:
        """Take one of the `TEXT_EVENTS`."""
        name, _, end = event["type"].rpartition(".")
        kind, index, whole, item_type = _KINDS[name]
        place = (self.numbers.of_text(event, item_type), kind, _part_number(event, index))
        if end == "delta":
            self._add(place, event.get("delta"), delta)
            self._add_logprobs(place, event.get("logprobs"), delta, skipped=0)
        else:
            self._catch_up(place, event.get(whole), delta)

    def open(self, number: int, item: Item) -> None:
        """Take an item that begins; only a call says something then: its id and name."""
        if (kind := item.get("type")) in _CALLS:
            place = (number, _CALLS[kind], 0)
            self._add_to_call(place, item, "")
            self._announced[place] = item.get(_CALLS[kind])

    def finish(self, number: int, item: Item, delta: Delta) -> None:
        """Take a whole item."""
        match item.get("type"):
            case "message":
                self._finish_message(number, item, delta)
            case "reasoning":
                for kind, key in (("summary", "summary"), ("reasoning", "content")):
                    for at, part in parts(item, key):
                        self._catch_up((number, kind, at), part.get("text"), delta)
            case kind if kind in _CALLS:
                place = (number, _CALLS[kind], 0)
                self._add_to_call(place, item, "")
                self._catch_up(place, item.get(_CALLS[kind]), delta)

    def _finish_message(self, number: int, item: Item, delta: Delta) -> None:
        for at, part in parts(item):
            if part.get("type") == "output_text":
                place = (number, "text", at)
                self._catch_up(place, part.get("text"), delta)
                self._add_logprobs(place, part.get("logprobs"), delta)
            elif part.get("type") == "refusal":
                self._catch_up((number, "refusal", at), part.get("refusal"), delta)

    def settle(self, delta: Delta) -> None:
        """Take what calls were given when they began, where nothing else was said of it."""
        for place, given in self._announced.items():
            if place not in self._passed_on:
                self._catch_up(place, given, delta)

    # --- one text -------------------------------------------------------------------------------

    def _catch_up(self, place: Place, whole: object, delta: Delta) -> None:
        whole = _text_at(place, whole)
        if not whole:
            return
        passed_on = self._passed_on.get(place, 0)
        if passed_on and place[1] == "arguments":
            # The deltas may have begun with an empty object, or each with all that came before.
            if len(whole) != passed_on:
                self._passed_on[place] = len(whole)
                self._add_to_call(place, {}, whole)
        else:
            self._add(place, whole[passed_on:], delta)

    def _add(self, place: Place, piece: object, delta: Delta) -> None:
        kind = place[1]
        piece = _text_at(place, piece)
        if not piece:
            return
        begins = place not in self._passed_on
        self._passed_on[place] = self._passed_on.get(place, 0) + len(piece)
        if kind == "text":
            delta.text += piece
        elif kind in _CALLED_WITH:
            self._add_to_call(place, {}, piece)
        elif kind == "refusal":
            self.refusal.append(piece)
        else:
            # Parts of a summary are paragraphs, each with its own heading.
            apart = "\n\n" if begins and (self.reasoning or delta.reasoning) else ""
            delta.reasoning += apart + piece

    def _add_logprobs(
        self, place: Place, tokens: Any, delta: Delta, skipped: int | None = None
    ) -> None:
        """Pass on log probabilities, without the first ones of a whole that were passed on."""
        if isinstance(tokens, Mapping):
            tokens = tokens.get("content")
        if not tokens or not isinstance(tokens, list):
            return
        counted = (place[0], "logprobs", place[2])
        passed_on = self._passed_on.get(counted, 0)
        fresh = tokens[passed_on if skipped is None else skipped :]
        if fresh:
            self._passed_on[counted] = passed_on + len(fresh)
            before = delta.logprobs["content"] if delta.logprobs else []
            delta.logprobs = {"content": [*before, *fresh]}

    def _add_to_call(self, place: Place, item: Item, piece: str) -> None:
        number, given, _ = place
        identity = None if number in self._with_id else item.get("call_id") or item.get("id")
        name = None if number in self._named else item.get("name")
        if identity:
            self._with_id.add(number)
        if name:
            self._named.add(number)
        function = {"name": name, given: piece}
        call = {"index": number, "id": identity, _CALLED_WITH[given]: function}
        self._called.append(call)


def _part_number(event: Mapping[str, object], key: str) -> int:
    number = event.get(key)
    return number if isinstance(number, int) else 0


def _text_at(place: Place, value: object) -> str:
    """A text; what a call is given may be said as an object too."""
    if isinstance(value, str):
        return value
    return "" if value is None or place[1] not in _CALLED_WITH else to_json(value)

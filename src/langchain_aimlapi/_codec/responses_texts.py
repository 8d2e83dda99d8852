"""The texts of a response: words, thoughts, refusals and arguments, each by its place.

A stream says every text up to four times: in pieces, whole when it is done, and again in the item
and in the response it belongs to. So each place has a count of the characters that were passed
on, and a whole adds what is missing of it: usually nothing, and all of it where a server skips the
pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.fragments import FragmentReader
from langchain_aimlapi._codec.responses_items import Item, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._codec.stream import Delta

Place = tuple[int, str, int]
"""An item's number, a kind of text in it, and the number of the part."""

_KINDS: Mapping[str, tuple[str, str, str]] = {
    "response.function_call_arguments": ("arguments", "", "arguments"),
    "response.output_text": ("text", "content_index", "text"),
    "response.reasoning_summary_text": ("summary", "summary_index", "text"),
    "response.reasoning_text": ("thought", "content_index", "text"),
    "response.refusal": ("refusal", "content_index", "refusal"),
}
"""Events about texts: the kind, the field with the number of the part, and that with the whole."""
TEXT_EVENTS = frozenset(f"{name}.{end}" for name in _KINDS for end in ("delta", "done"))


class Texts:
    """What of a response's texts was passed on, and what it amounts to."""

    __slots__ = ("_passed_on", "fragments", "refusal", "texts", "thoughts")

    def __init__(self, call_id: str) -> None:
        self.texts: list[str] = []
        self.thoughts: list[str] = []
        self.refusal: list[str] = []
        self.fragments = FragmentReader(call_id)
        self._passed_on: dict[Place, int] = {}

    def keep(self, delta: Delta) -> bool:
        """Add a delta to what it amounts to; false if nothing is in it."""
        if delta.text:
            self.texts.append(delta.text)
        if delta.reasoning:
            self.thoughts.append(delta.reasoning)
        return bool(delta)

    def read(self, event: Mapping[str, Any], number: int, delta: Delta) -> None:
        """Take one of the `TEXT_EVENTS`, about the item of that number."""
        name, _, end = event["type"].rpartition(".")
        kind, index, whole = _KINDS[name]
        place = (number, kind, event.get(index) or 0)
        if end == "delta":
            self._add(place, event.get("delta"), delta)
            self._add_logprobs(place, event.get("logprobs"), delta, skipped=0)
        else:
            self._catch_up(place, event.get(whole), delta)

    def open(self, number: int, item: Item, delta: Delta) -> None:
        """Take an item that begins; only a call says something then: its id and name."""
        if item.get("type") == "function_call":
            self._add_to_call(number, item, "", delta)

    def finish(self, number: int, item: Item, delta: Delta) -> None:
        """Take a whole item."""
        match item.get("type"):
            case "message":
                self._finish_message(number, item, delta)
            case "reasoning":
                for kind, key in (("summary", "summary"), ("thought", "content")):
                    for at, part in parts(item, key):
                        self._catch_up((number, kind, at), part.get("text"), delta)
            case "function_call":
                self._add_to_call(number, item, "", delta)
                self._catch_up((number, "arguments", 0), item.get("arguments"), delta)
            case "custom_tool_call":
                self._finish_custom_call(number, item, delta)

    def _finish_message(self, number: int, item: Item, delta: Delta) -> None:
        for at, part in parts(item):
            if part.get("type") == "output_text":
                place = (number, "text", at)
                self._catch_up(place, part.get("text"), delta)
                self._add_logprobs(place, part.get("logprobs"), delta)
            elif part.get("type") == "refusal":
                self._catch_up((number, "refusal", at), part.get("refusal"), delta)

    def _finish_custom_call(self, number: int, item: Item, delta: Delta) -> None:
        """A call with free text, which LangChain wants as JSON: passed on at once, in one piece."""
        if (number, "input", 0) not in self._passed_on:
            self._passed_on[number, "input", 0] = 1
            custom = {"name": item.get("name"), "input": item.get("input")}
            self._add_call(number, item, {"custom": custom}, delta)

    # --- one text -------------------------------------------------------------------------------

    def _catch_up(self, place: Place, whole: Any, delta: Delta) -> None:
        if isinstance(whole, str):
            self._add(place, whole[self._passed_on.get(place, 0) :], delta)

    def _add(self, place: Place, piece: Any, delta: Delta) -> None:
        if not piece or not isinstance(piece, str):
            return
        number, kind, _ = place
        begins = place not in self._passed_on
        self._passed_on[place] = self._passed_on.get(place, 0) + len(piece)
        if kind == "text":
            delta.text += piece
        elif kind == "arguments":
            self._add_to_call(number, {}, piece, delta)
        elif kind == "refusal":
            self.refusal.append(piece)
        else:
            # Parts of a summary are paragraphs, each with its own heading.
            apart = "\n\n" if begins and (self.thoughts or delta.reasoning) else ""
            delta.reasoning += apart + piece

    def _add_logprobs(
        self, place: Place, tokens: Any, delta: Delta, skipped: int | None = None
    ) -> None:
        """Pass on log probabilities, without the first ones of a whole that were passed on."""
        if not tokens:
            return
        counted = (place[0], "logprobs", place[2])
        passed_on = self._passed_on.get(counted, 0)
        fresh = tokens[passed_on if skipped is None else skipped :]
        if fresh:
            self._passed_on[counted] = passed_on + len(fresh)
            before = delta.logprobs["content"] if delta.logprobs else []
            delta.logprobs = {"content": [*before, *fresh]}

    def _add_to_call(self, number: int, item: Item, arguments: str, delta: Delta) -> None:
        function = {"name": item.get("name"), "arguments": arguments}
        self._add_call(number, item, {"function": function}, delta)

    def _add_call(self, number: int, item: Item, said: Mapping[str, Any], delta: Delta) -> None:
        identity = item.get("call_id") or item.get("id")
        piece = {"index": number, "id": identity, **said}
        fragments = self.fragments.read({"tool_calls": [piece]})
        if fragments:
            delta.tools = [*(delta.tools or ()), *fragments]

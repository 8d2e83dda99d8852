"""What the page is shown of a run, without the key: small JSON objects, each with its `type`.

text, reasoning        `text`      what a model adds to its answer
tool                   `call`, `name`, `args`     a chunk of a tool call
request, reply, data, failure      what went over the wire (`wire.py`), with `attempt`
done                   `result`    the answer is whole: its figures
error                  `result`    it is not, and why
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_aimlapi._errors.secrets import Redactor
from langchain_aimlapi.compare import (
    Event,
    Finished,
    ReasoningDelta,
    Result,
    TextDelta,
    ToolCallDelta,
)
from langchain_aimlapi.ui.blanking import BlankedStream
from langchain_aimlapi.wire import WireData, WireError, WireEvent, WireReply, WireRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

Shown: TypeAlias = dict[str, Any]

_WIRE_TYPES: Mapping[type[Any], str] = {
    WireRequest: "request",
    WireReply: "reply",
    WireData: "data",
    WireError: "failure",
}
_KNOWN_TO_THE_PAGE = {"text", "reasoning", "tool_calls"}
"""Fields of a result that it has had by chunks."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{2048,}")
_SHOWN_CHARS = 64


class ShownAnswer:
    """Turns what happens with one answer into what is shown.

    Args:
        key: What must not be shown.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._texts: dict[tuple[str, object], BlankedStream] = {}

    def events(self, event: Event) -> list[Shown]:
        """Return what is shown of an event; nothing while a text may be the begin of the key."""
        if isinstance(event, ReasoningDelta):
            return self._text("reasoning", event.text)
        if isinstance(event, TextDelta):
            return self._text("text", event.text)
        if isinstance(event, ToolCallDelta):
            args = self._stream("tool", event.index).feed(event.args)
            return [{"type": "tool", "call": event.index, "name": event.name, "args": args}]
        if isinstance(event, Finished):
            return [*self._rest(), self._end(event.result)]
        return []

    def _text(self, kind: str, text: str) -> list[Shown]:
        shown = self._stream(kind, None).feed(text)
        return [{"type": kind, "text": shown}] if shown else []

    def _stream(self, kind: str, call: object) -> BlankedStream:
        return self._texts.setdefault((kind, call), BlankedStream(self._key))

    def _rest(self) -> list[Shown]:
        events: list[Shown] = []
        for (kind, call), stream in self._texts.items():
            if text := stream.rest():
                tool = {"call": call, "name": None, "args": text}
                events.append({"type": kind, **(tool if kind == "tool" else {"text": text})})
        return events

    def _end(self, result: Result) -> Shown:
        told = asdict(blanked(result, self._key))
        shown = {name: value for name, value in told.items() if name not in _KNOWN_TO_THE_PAGE}
        return {"type": "done" if result.is_whole else "error", "result": shown}


def blanked(result: Result, key: str) -> Result:
    """Return a result in which no text holds the key."""
    return Result(**Redactor([key]).value(asdict(result)))


def shown_wire(event: WireEvent) -> Shown:
    """Return what is shown of the wire, which is without secrets already."""
    fields = asdict(event)
    for name in ("body", "text"):
        if name in fields:
            fields[name] = shortened(fields[name])
    return {"type": _WIRE_TYPES[type(event)], **fields}


def shortened(text: str) -> str:
    """Leave out the middle of base64: a picture of megabytes is of no use to a reader."""

    def cut(found: re.Match[str]) -> str:
        left_out = len(found[0]) - _SHOWN_CHARS
        return f"{found[0][:_SHOWN_CHARS]}…[{left_out:,} more characters of base64]"

    return _BASE64.sub(cut, text)

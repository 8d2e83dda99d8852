"""Pieces of tool calls, as streams bring them -> pieces LangChain can add up.

LangChain joins pieces by `index`. Streams give that index, or none; repeat ids and names on
every piece, or leave them empty; and reuse index 0 for call after call. So calls are counted
here, by these rules: a piece belongs to the call of its index, or to the latest call if it has
no index; a new id, or a new name once the arguments are whole, begins a new call, and so does a
name where there is no index; ids and names that were said already are not said again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

import orjson

from langchain_aimlapi._codec.decode.tool_calls import (
    argument_text,
    call_extras,
    missing_id,
    name_and_arguments,
    named,
    wire_calls,
)
from langchain_aimlapi._codec.json_text import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping


class ToolFragment(TypedDict):
    """A piece of a call; `index` counts the calls of the message from 0."""

    name: str | None
    args: str | None
    id: str | None
    index: int
    type: str


@dataclass(slots=True)
class _Call:
    index: int
    wire_index: int | None
    id: str | None = None
    name: str = ""
    args: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    custom: bool = False

    def is_followed_by(self, identity: str | None, name: str | None, *, indexed: bool) -> bool:
        """Whether a piece with this id and name begins another call."""
        if identity and self.id:
            return identity != self.id
        if not name or not self.name:
            return False
        if indexed:
            return name != self.name and self._is_complete()
        return name != self.name or self._is_complete()

    def free_text(self, text: str) -> str:
        """A piece of a custom tool's text, as a piece of the JSON that LangChain holds it in."""
        opening = "" if self.custom else '{"__arg1":"'
        self.custom = True
        return opening + orjson.dumps(text).decode()[1:-1]

    def closing(self) -> str:
        """What its arguments lack when the stream is done."""
        return '"}' if self.custom else ""

    def _is_complete(self) -> bool:
        text = "".join(self.args)
        if not text:
            return False
        try:
            parse_arguments(text)
        except ValueError:
            return False
        return True


class FragmentReader:
    """Keeps count of the calls of one message."""

    __slots__ = ("_call_id", "calls")

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self.calls: list[_Call] = []

    def read(self, delta: Mapping[str, Any]) -> list[ToolFragment]:
        """The pieces in one delta."""
        return [fragment for piece in wire_calls(delta) for fragment in self._read(piece)]

    def _read(self, piece: Mapping[str, Any]) -> list[ToolFragment]:
        custom = piece.get("custom")
        custom = custom if isinstance(custom, dict) else None
        name, args = (named(custom.get("name")), "") if custom else name_and_arguments(piece)
        identity = named(piece.get("id"))
        call = self._call_of(piece.get("index"), identity, name)
        if custom:
            args = call.free_text(argument_text(custom.get("input")))
        if args == "null" and not call.args:
            args = ""
        new_id = identity if call.id is None else None
        call.id = call.id or identity
        new_name = self._new_name(call, name)
        if extras := call_extras(piece):
            call.extras |= extras
        if args:
            call.args.append(args)
        if new_id is None and new_name is None and not args:
            return []
        return [_fragment(call.index, name=new_name, args=args, identity=new_id)]

    def _call_of(self, wire_index: Any, identity: str | None, name: str | None) -> _Call:
        index = wire_index if isinstance(wire_index, int) else None
        known = self.calls[-1] if self.calls else None
        if index is not None and known is not None and known.wire_index != index:
            known = next((call for call in reversed(self.calls) if call.wire_index == index), None)
        if known is not None and not known.is_followed_by(
            identity, name, indexed=index is not None
        ):
            return known
        call = _Call(index=len(self.calls), wire_index=index)
        self.calls.append(call)
        return call

    def _new_name(self, call: _Call, name: str | None) -> str | None:
        """The part of a name that was not said yet: names come whole, repeated, or in pieces."""
        if not name or name == call.name or (call.args and call.name):
            return None
        call.name += name
        return name

    def whole(self) -> list[ToolFragment]:
        """Every call as far as it came, in one piece."""
        return [
            _fragment(call.index, name=call.name or None, args="".join(call.args), identity=call.id)
            for call in self.calls
        ]

    def end(self) -> tuple[list[ToolFragment], dict[str, dict[str, Any]]]:
        """Closing pieces, and by call id what has to go back with each call."""
        fragments: list[ToolFragment] = []
        extras: dict[str, dict[str, Any]] = {}
        for call in self.calls:
            identity = call.id or missing_id(self._call_id, call.index)
            if call.extras:
                extras[identity] = call.extras
            if call.extras or call.id is None:
                closing = _fragment(call.index, args=call.closing(), identity=identity)
                fragments.append(closing)
        return fragments, extras


def _fragment(
    index: int, *, name: str | None = None, args: str | None = None, identity: str | None = None
) -> ToolFragment:
    return {"name": name, "args": args, "id": identity, "index": index, "type": "tool_call_chunk"}

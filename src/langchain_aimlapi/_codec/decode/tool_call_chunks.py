"""Pieces of tool calls, as streams bring them -> pieces LangChain can add up.

LangChain joins pieces by `index`. Streams give that index, or none; repeat ids and names on
every piece, or leave them empty; change the id from piece to piece; and reuse index 0 for call
after call. So calls are counted here, by these rules: a piece belongs to the call of its index,
or without one to the call of its id, or else to the latest call. Another id begins a new call if
another name comes with it, if it comes with a name in the same event, or if the arguments so far
are whole, and so does another name once they are whole; where there is no index, a name is enough.
An index that is new begins none without a name, while a call is open.
A piece that only sends the arguments again begins none. Ids and names that were said already are
not said again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from langchain_aimlapi._codec.decode.arguments import ArgumentReader, is_object
from langchain_aimlapi._codec.decode.tool_calls import (
    Calls,
    add_call,
    argument_text,
    call_extras,
    missing_id,
    name_and_arguments,
    named,
    separate_calls,
    wire_calls,
)
from langchain_aimlapi._codec.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ToolCallChunk(TypedDict):
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
    wire_id: str | None = None
    name: str = ""
    args: ArgumentReader = field(default_factory=ArgumentReader)
    extras: dict[str, Any] = field(default_factory=dict)
    custom: bool = False
    changes_id: bool = False
    """Whether pieces of it came under several ids."""

    def is_followed_by(self, piece: _Piece, *, together: bool) -> bool:
        """Whether a piece begins another call; `together` if this one is of the same event."""
        other_name = bool(piece.name and self.name and piece.name != self.name)
        indexed = piece.number is not None
        if piece.identity and self.wire_id:
            if piece.identity != self.wire_id:
                return other_name or self._ends_with_id_of(piece, together=together)
            if indexed:
                return False
        elif not indexed and other_name:
            return True
        if not piece.name or not self.name or not self.args.is_closed():
            return False
        anew = is_object(piece.args) and not self.args.is_sent_again_by(piece.args)
        return other_name or anew or not (indexed or piece.identity)

    def _ends_with_id_of(self, piece: _Piece, *, together: bool) -> bool:
        """Whether a piece with another id, but no other name, begins another call."""
        if together and piece.name and self.name:
            return True
        if not self.args.begun:
            return bool(piece.name and self.name) and piece.number is None
        if not self.args.is_closed():
            return False
        if piece.name and not self.changes_id:
            return True
        return bool(piece.args) and not self.args.is_sent_again_by(piece.args)

    def goes_on_with(self, piece: _Piece) -> bool:
        """Whether a piece under an index of its own is still one of this call."""
        return bool(piece.args and not piece.name) and not self.args.is_closed()

    def free_text(self, text: str) -> str:
        """A piece of a custom tool's text, as a piece of the JSON that LangChain holds it in."""
        opening = "" if self.custom else '{"__arg1":"'
        self.custom = True
        return opening + to_json(text)[1:-1]

    def closing(self) -> str:
        """What its arguments lack when the stream is done."""
        return self.args.add('"}') if self.custom else self.args.end()


class _Piece(NamedTuple):
    number: int | None
    identity: str | None
    name: str | None
    args: str


class ToolCallReader:
    """Keeps count of the calls of one message."""

    __slots__ = ("_by_id", "_by_index", "_call_id", "calls")

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int, _Call] = {}
        self.calls: list[_Call] = []

    def read(self, delta: Mapping[str, Any]) -> list[ToolCallChunk]:
        """The pieces in one delta, one for each call."""
        chunks: dict[int, ToolCallChunk] = {}
        before: _Call | None = None
        for piece in wire_calls(delta):
            before = self._read(piece, before, chunks)
        return list(chunks.values())

    def _read(
        self, wire: Mapping[str, object], before: _Call | None, chunks: dict[int, ToolCallChunk]
    ) -> _Call:
        """Read a piece; `before` is the call of the piece before it in the same event."""
        custom = wire.get("custom")
        custom = custom if isinstance(custom, dict) else None
        name, args = (named(custom.get("name")), "") if custom else name_and_arguments(wire)
        piece = _Piece(_number(wire.get("index")), named(wire.get("id")), name, args)
        call = self._call_of(piece, before)
        if custom:
            args = call.free_text(argument_text(custom.get("input")))
        elif args == "null" and not call.args.begun:
            args = ""
        new_name = self._new_name(call, name)
        if extras := call_extras(wire):
            call.extras |= extras
        if args:
            args = call.args.add(args)
        new_id = self._new_id(call, piece.identity)
        if new_id is not None or new_name is not None or args:
            chunk = _chunk(call.index, name=new_name, args=args, identity=new_id)
            add_chunk(chunks, chunk)
        return call

    def _call_of(self, piece: _Piece, before: _Call | None) -> _Call:
        known = self._known(piece)
        if known is not None and not known.is_followed_by(piece, together=known is before):
            return known
        call = _Call(index=len(self.calls), wire_index=piece.number)
        self.calls.append(call)
        if piece.number is not None:
            self._by_index[piece.number] = call
        return call

    def _known(self, piece: _Piece) -> _Call | None:
        """The call that a piece may go on with."""
        by_id = self._by_id.get(piece.identity or "")
        latest = self.calls[-1] if self.calls else None
        if piece.number is None:
            return by_id or latest
        if by_id is not None and by_id.wire_index in (None, piece.number):
            return by_id
        if by_index := self._by_index.get(piece.number):
            return by_index
        open_call = by_id or latest
        return open_call if open_call is not None and open_call.goes_on_with(piece) else None

    def _new_id(self, call: _Call, identity: str | None) -> str | None:
        """The id of a call, where it is news; one that another call has is not given twice."""
        if identity is None or identity == call.wire_id:
            return None
        if call.wire_id is not None:
            call.changes_id = True
            return None
        call.wire_id = identity
        taken = identity in self._by_id
        self._by_id[identity] = call
        call.id = missing_id(self._call_id, call.index) if taken else identity
        return call.id

    def _new_name(self, call: _Call, name: str | None) -> str | None:
        """The part of a name that was not said yet: names come whole, repeated, or in pieces."""
        if not name or name == call.name or (call.args.begun and call.name):
            return None
        new = name.removeprefix(call.name)
        call.name += new
        return new

    def whole(self) -> list[ToolCallChunk]:
        """Every call as far as it came, in one piece."""
        return [
            _chunk(call.index, name=call.name or None, args=call.args.text, identity=call.id)
            for call in self.calls
        ]

    def end(self) -> tuple[list[ToolCallChunk], dict[str, dict[str, Any]]]:
        """Closing pieces, and by call id what has to go back with each call."""
        chunks: list[ToolCallChunk] = []
        extras: dict[str, dict[str, Any]] = {}
        for call in self.calls:
            identity = call.id or missing_id(self._call_id, call.index)
            if call.extras:
                extras[identity] = call.extras
            closing = call.closing()
            if call.extras or call.id is None or closing:
                chunks.append(_chunk(call.index, args=closing, identity=identity))
        return chunks, extras


def read_calls(message: Mapping[str, object], call_id: str) -> Calls:
    """Read `tool_calls` (and the old `function_call`) of a whole message.

    A call that names no tool may be the rest of the one before it, as in a stream.

    Args:
        message: The reply's message.
        call_id: Unique per request; a call without an id is named after it.
    """
    listed = wire_calls(message)
    if not listed:
        return Calls()
    if all(name_and_arguments(call)[0] for call in listed):
        return separate_calls(listed, call_id)
    reader = ToolCallReader(call_id)
    chunks = reader.read(message)
    closing, extras = reader.end()
    calls = added_up([*chunks, *closing])
    calls.extras.update(extras)
    return calls


def added_up(chunks: Iterable[ToolCallChunk]) -> Calls:
    """The calls that pieces add up to."""
    whole: dict[int, ToolCallChunk] = {}
    for chunk in chunks:
        add_chunk(whole, chunk)
    calls = Calls()
    for call in whole.values():
        add_call(calls, call["id"] or "", call["name"], call["args"] or "")
    return calls


def add_chunk(whole: dict[int, ToolCallChunk], added: ToolCallChunk) -> None:
    """Add a piece to those of its call: LangChain adds up chunks, not pieces within one."""
    known = whole.get(added["index"])
    if known is None:
        whole[added["index"]] = added
        return
    known["id"] = known["id"] or added["id"]
    known["name"] = (known["name"] or "") + (added["name"] or "") or None
    known["args"] = (known["args"] or "") + (added["args"] or "")


def _number(index: Any) -> int | None:
    """The index of a piece; a few services write it as text or with a point."""
    if index is None or isinstance(index, int):
        return index
    if isinstance(index, float) and index.is_integer():
        return int(index)
    return int(index) if isinstance(index, str) and _SHORT_NUMBER.fullmatch(index) else None


_SHORT_NUMBER = re.compile(r"[0-9]{1,9}")


def _chunk(
    index: int, *, name: str | None = None, args: str | None = None, identity: str | None = None
) -> ToolCallChunk:
    return {"name": name, "args": args, "id": identity, "index": index, "type": "tool_call_chunk"}

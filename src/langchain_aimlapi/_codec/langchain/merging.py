"""Chunks that cost little to add up, and that tell a whole call of a tool from one cut off.

LangChain completes half-written arguments, for those who watch a stream: `{"a": 1` reads as
`{"a": 1}`. It does so for every chunk and every sum of chunks, watched or not, so that a stream
of calls costs the square of its length; and it does so to the last, so that what was cut off (by a
token limit, say) ends as a valid call, ready to be carried out. Our chunks are LangChain's in
everything else: they read arguments when `tool_calls` is asked for, and once the last chunk is in
a sum, arguments are read to the letter, as those of a whole reply are, and the sum is a plain
chunk of LangChain's. Stored and loaded, ours are LangChain's as well.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from langchain_core import messages as core
from langchain_core.messages.ai import UsageMetadata, add_ai_message_chunks, add_usage
from langchain_core.messages.tool import tool_call_chunk as create_tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils._merge import merge_dicts
from langchain_core.utils.utils import LC_AUTO_PREFIX, LC_ID_PREFIX

from langchain_aimlapi._codec.construct import construct, containers
from langchain_aimlapi._codec.decode.metadata import PROVIDER
from langchain_aimlapi._codec.decode.tool_calls import Calls, add_call
from langchain_aimlapi._codec.langchain.late_fields import (
    BEGUN,
    LATE,
    UNREAD,
    LateFields,
    complete,
    read_fields,
)


class AIMessageChunk(LateFields, core.AIMessageChunk):
    """LangChain's chunk, by its name and in its serialised form."""

    # By this name, stores that know LangChain's classes alone write it and load theirs.
    __module__ = core.AIMessageChunk.__module__

    def __add__(self, other: object) -> Any:
        if isinstance(other, core.AIMessageChunk):
            return added(self, [other])
        if isinstance(other, list | tuple) and all(
            isinstance(chunk, core.AIMessageChunk) for chunk in other
        ):
            return added(self, other)
        return settled(super().__add__(other))

    def __radd__(self, other: object) -> object:
        """A plain chunk before one of ours."""
        if not isinstance(other, core.AIMessageChunk):
            return NotImplemented
        return settled(add_ai_message_chunks(other, self))

    def __reduce__(self) -> Any:
        return _blank, (), self.__getstate__()

    def __reduce_ex__(self, _protocol: object) -> Any:
        return self.__reduce__()


def _blank() -> AIMessageChunk:
    """A chunk to be filled, by a name that can be found again."""
    chunk: AIMessageChunk = object.__new__(AIMessageChunk)
    return chunk


def _calls_property(name: str) -> property:
    def read(self: AIMessageChunk) -> Any:
        return self.__dict__[name]

    def write(self: AIMessageChunk, value: Any) -> None:
        self.__dict__[name] = value
        self.__pydantic_fields_set__.add(name)

    return property(read, write)


class _LateList:
    """A field that is not there yet. Once it is, Python finds it without asking here."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, chunk: AIMessageChunk | None, kind: object) -> Any:
        if chunk is None:
            return self
        complete(fields := read_fields(chunk))
        return fields[self._name]


for _name in ("tool_calls", "invalid_tool_calls"):
    setattr(AIMessageChunk, _name, _calls_property(_name))
for _name, _late in (
    ("tool_call_chunks", _LateList("tool_call_chunks")),
    ("usage_metadata", None),
    ("chunk_position", None),
):
    setattr(AIMessageChunk, _name, _late)


# --- sums -----------------------------------------------------------------------------------------

_EXAMPLE = AIMessageChunk(content="")
_FIELDS = dict(vars(_EXAMPLE))
_SUMMED = {
    "additional_kwargs",
    "chunk_position",
    "content",
    "id",
    "response_metadata",
    "tool_call_chunks",
    "usage_metadata",
}
CONSTRUCTIBLE = (
    containers(_EXAMPLE)
    == {
        "additional_kwargs",
        "invalid_tool_calls",
        "response_metadata",
        "tool_call_chunks",
        "tool_calls",
    }
    and tuple(_FIELDS) == BEGUN + LATE
    and tuple(ChatGenerationChunk.model_fields) == ("text", "generation_info", "type", "message")
)
"""Whether this langchain-core's chunks have the fields that we fill."""


def added(left: AIMessageChunk, others: Iterable[core.AIMessageChunk]) -> Any:
    """The sum of chunks that LangChain makes, without reading the arguments of calls on the way."""
    chunks = [left, *others]
    fields = [read_fields(chunk) for chunk in chunks]
    pieces = _merged_pieces(fields)
    if not CONSTRUCTIBLE or pieces is None or not all(type(f["content"]) is str for f in fields):
        return settled(add_ai_message_chunks(left, *chunks[1:]))
    summed = {
        **_FIELDS,
        "content": "".join([f["content"] for f in fields]),
        "additional_kwargs": _merged(fields, "additional_kwargs"),
        "response_metadata": _merged(fields, "response_metadata"),
        "id": _best_id(fields),
        "usage_metadata": _usage(fields),
        "tool_call_chunks": pieces,
        "chunk_position": None,
    }
    if any(f.get("chunk_position") == "last" for f in fields):
        summed |= {"chunk_position": "last", "tool_calls": [], "invalid_tool_calls": []}
        return read_strictly(construct(core.AIMessageChunk, summed, set(_SUMMED), {}))
    if pieces:
        summed |= UNREAD
        return construct(AIMessageChunk, summed, _SUMMED | UNREAD.keys(), {})
    summed |= {"tool_calls": [], "invalid_tool_calls": []}
    return construct(AIMessageChunk, summed, set(_SUMMED), {})


def _merged(fields: list[dict[str, Any]], name: str) -> dict[str, object]:
    """LangChain's merge of one field, without what every chunk of ours repeats."""
    first, *rest = [f[name] for f in fields]
    if first.get("model_provider") == PROVIDER:
        rest = [each for each in rest if each != _PROVIDER_ALONE]
    return merge_dicts(first, *_joined_reasoning([each for each in rest if each]))


_PROVIDER_ALONE = {"model_provider": PROVIDER}


def _joined_reasoning(listed: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Neighbours that hold nothing but reasoning as one: LangChain copies all for each."""
    for alone, group in itertools.groupby(listed, lambda each: each.keys() == {_REASONING}):
        if alone:
            yield {_REASONING: "".join([str(each[_REASONING] or "") for each in group])}
        else:
            yield from group


_REASONING = "reasoning_content"


def _merged_pieces(fields: list[dict[str, Any]]) -> list[object] | None:
    """Pieces of calls joined by index; `None` if they are not ours, and LangChain has to do it."""
    calls: dict[int, _Pieces] = {}
    for piece in [piece for f in fields for piece in f.get("tool_call_chunks", ())]:
        index = piece["index"]
        if not isinstance(index, int):
            return None
        call = calls.get(index)
        if call is None:
            call = calls[index] = _Pieces([], [], piece["id"])
        elif not call.id:
            call = calls[index] = call._replace(id=piece["id"] or call.id)
        elif piece["id"] and piece["id"] != call.id:
            return None
        if piece["name"] is not None:
            call.name.append(piece["name"])
        if piece["args"] is not None:
            call.args.append(piece["args"])
    return [
        create_tool_call_chunk(
            name="".join(call.name) if call.name else None,
            args="".join(call.args) if call.args else None,
            id=call.id,
            index=index,
        )
        for index, call in calls.items()
    ]


class _Pieces(NamedTuple):
    name: list[str]
    args: list[str]
    id: str | None


def _best_id(fields: list[dict[str, Any]]) -> str | None:
    """The service's id before one of a run, and that before any other, as LangChain chooses."""
    found = [f["id"] for f in fields if f["id"]]
    for wanted in (lambda one: not one.startswith(LC_AUTO_PREFIX), _is_of_a_run):
        if (best := next(filter(wanted, found), None)) is not None:
            return str(best)
    return found[0] if found else None


def _is_of_a_run(identity: str) -> bool:
    return identity.startswith(LC_ID_PREFIX)


def _usage(fields: list[dict[str, Any]]) -> UsageMetadata | None:
    told = [f["usage_metadata"] for f in fields if f.get("usage_metadata")]
    return functools.reduce(add_usage, told) if told else None


# --- the last chunk -------------------------------------------------------------------------------


def settled(message: object) -> object:
    """A sum of chunks, with its calls read to the letter if the last chunk is in it."""
    if not isinstance(message, core.AIMessageChunk) or message.chunk_position != "last":
        return message
    return read_strictly(core.AIMessageChunk(**message.__dict__))


def read_strictly(message: core.AIMessageChunk) -> core.AIMessageChunk:
    """Sort a message's calls into valid and invalid ones anew, in place."""
    if not message.tool_call_chunks:
        return message
    calls = Calls()
    for piece in message.tool_call_chunks:
        add_call(calls, piece["id"] or "", piece["name"], piece["args"] or "")
    message.tool_calls, message.invalid_tool_calls = calls.valid, calls.invalid
    if isinstance(message.content, list):
        by_id = {call["id"]: call for call in (*calls.valid, *calls.invalid)}
        message.content = [_whole_block(block, by_id) for block in message.content]
    return message


def _whole_block(block: str | dict[object, Any], by_id: Mapping[str | None, Any]) -> Any:
    """A block of a call that may be half written, as the call that it is."""
    if not isinstance(block, Mapping) or block.get("type") not in {"tool_call", "tool_call_chunk"}:
        return block
    call = by_id.get(block.get("id"))
    if call is None:
        return block
    return {**call, **{key: block[key] for key in ("extras",) if key in block}}

"""Deltas that arrived together -> fewer of them, to cut the cost per chunk.

Neighbours of a kind become one: text, reasoning, chunks of the same tool calls. So the order of text
and reasoning stays, every log probability stands with its text, and the message they add
up to is the same. Audio passes as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_aimlapi._codec.decode.stream import Delta
    from langchain_aimlapi._codec.decode.tool_call_chunks import ToolCallChunk

Kind = Literal["text", "reasoning", "tools"]


def coalesced(deltas: Sequence[Delta]) -> list[Delta]:
    """Merge neighbours of a kind; the deltas given may be changed."""
    merged: list[Delta] = []
    last: Kind | None = None
    for delta in deltas:
        kind = _kind(delta)
        if kind is None or kind != last:
            merged.append(delta)
        else:
            _add(merged[-1], delta)
        last = kind
    return merged


def _kind(delta: Delta) -> Kind | None:
    """What a delta holds, if it is of one kind."""
    if delta.audio:
        return None
    held: list[Kind] = []
    if delta.text:
        held.append("text")
    if delta.reasoning:
        held.append("reasoning")
    if delta.tools:
        held.append("tools")
    return held[0] if len(held) == 1 else None


def _add(sum_: Delta, delta: Delta) -> None:
    sum_.text += delta.text
    sum_.reasoning += delta.reasoning
    if delta.tools:
        sum_.tools = _joined([*(sum_.tools or ()), *delta.tools])
    if delta.logprobs:
        sum_.logprobs = _all(sum_.logprobs or {}, delta.logprobs)


def _joined(chunks: Sequence[ToolCallChunk]) -> list[ToolCallChunk]:
    """One chunk per call: LangChain reads two of the same call in one chunk as two calls."""
    calls: dict[int, ToolCallChunk] = {}
    for piece in chunks:
        call = calls.get(piece["index"])
        if call is None:
            calls[piece["index"]] = piece
            continue
        calls[piece["index"]] = {
            **call,
            "id": call["id"] or piece["id"],
            "name": _sum(call["name"], piece["name"]),
            "args": _sum(call["args"], piece["args"]),
        }
    return list(calls.values())


def _sum(text: str | None, more: str | None) -> str | None:
    return text if more is None else (text or "") + more


def _all(logprobs: Mapping[str, object], more: Mapping[str, object]) -> dict[str, object]:
    """Lists of tokens are joined; what else there is, is taken from the later one."""
    found = dict(logprobs)
    for key, value in more.items():
        known = found.get(key)
        if isinstance(known, list) and isinstance(value, list):
            found[key] = known + value
        elif value is not None or key not in found:
            found[key] = value
    return found

"""Tool calls of a reply under the names that their tools were bound with.

A tool whose name the service does not take is sent under another one (`encode.names`); whoever runs
the call looks for the name that was bound. A stream may say a name in pieces: they are held back
until it is clear which name they make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from langchain_core.messages import AIMessage

    from langchain_aimlapi._codec.decode.stream import Delta, Final
    from langchain_aimlapi._codec.decode.tool_call_chunks import ToolCallChunk


class StreamRenamer:
    """Puts the bound names into the tool call chunks of one stream.

    Args:
        bound: Names as bound, by the name as sent.
    """

    def __init__(self, bound: Mapping[str, str]) -> None:
        self._bound = bound
        self._held: dict[int, str] = {}

    def rename(self, batch: Iterable[Delta | Final]) -> None:
        """Rename in what arrived, in place."""
        for item in batch:
            for chunk in item.tools or ():
                self._rename(chunk)

    def rest(self) -> list[ToolCallChunk]:
        """The names that were held back to the end."""
        held, self._held = self._held, {}
        return [
            {
                "name": self._bound.get(name, name),
                "args": "",
                "id": None,
                "index": index,
                "type": "tool_call_chunk",
            }
            for index, name in held.items()
        ]

    def _rename(self, chunk: ToolCallChunk) -> None:
        index = chunk["index"]
        name = self._held.pop(index, "") + (chunk["name"] or "")
        if not name:
            return
        if not chunk["args"] and self._may_go_on(name):
            self._held[index] = name
            chunk["name"] = None
        else:
            chunk["name"] = self._bound.get(name, name)

    def _may_go_on(self, name: str) -> bool:
        return any(sent != name and sent.startswith(name) for sent in self._bound)


def rename_message(message: AIMessage, bound: Mapping[str, str]) -> None:
    """Put the bound names into a whole message, in place."""
    calls: list[object] = [*message.tool_calls, *message.invalid_tool_calls]
    calls += getattr(message, "tool_call_chunks", ())
    if isinstance(message.content, list):
        calls += [block for block in message.content if isinstance(block, dict)]
    for call in calls:
        _rename(call, bound)


def _rename(call: Any, bound: Mapping[str, str]) -> None:
    name = call.get("name")
    if isinstance(name, str) and name in bound:
        call["name"] = bound[name]

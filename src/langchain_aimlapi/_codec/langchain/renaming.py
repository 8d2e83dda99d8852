"""Tool calls of a reply under the names that their tools were bound with.

A tool whose name the service does not take is sent under another one (`encode.names`); whoever runs
the call looks for the name that was bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from langchain_core.messages import AIMessage

    from langchain_aimlapi._codec.decode.stream import Delta, Final


def rename_deltas(batch: Iterable[Delta | Final], bound: Mapping[str, str]) -> None:
    """Put the bound names into the tool call chunks of a stream.

    Args:
        batch: What arrived; changed in place.
        bound: Names as bound, by the name as sent.
    """
    for item in batch:
        for chunk in item.tools or ():
            _rename(chunk, bound)


def rename_message(message: AIMessage, bound: Mapping[str, str]) -> None:
    """Put the bound names into a whole message, in place."""
    calls: list[Any] = [*message.tool_calls, *message.invalid_tool_calls]
    calls += getattr(message, "tool_call_chunks", ())
    if isinstance(message.content, list):
        calls += [block for block in message.content if isinstance(block, dict)]
    for call in calls:
        _rename(call, bound)


def _rename(call: Any, bound: Mapping[str, str]) -> None:
    name = call.get("name")
    if isinstance(name, str) and name in bound:
        call["name"] = bound[name]

"""Blocks that only a model writes: its reasoning, its calls, and the calls of a vendor's own tools."""

from __future__ import annotations

_MODEL_SIDE = frozenset(
    {
        "code_execution_result",
        "compaction",
        "custom_tool_call",
        "executable_code",
        "function_call",
        "invalid_tool_call",
        "mcp_approval_request",
        "mcp_list_tools",
        "reasoning",
        "reasoning_content",
        "redacted_thinking",
        "server_tool_call",
        "server_tool_result",
        "thinking",
        "tool_call",
        "tool_use",
    }
)
_MODEL_SIDE_ENDINGS = ("_call", "_call_chunk", "_call_output", "_tool_result", "_tool_use")
"""So end the types of the blocks in which vendors keep the calls of their own tools."""


def is_model_side(kind: object) -> bool:
    """Whether only a model writes blocks of this type.

    In an assistant's turn they are read from the message's own fields, and calls of a vendor's own
    tools are left out: no other service takes them. In a turn of anybody else they are left-overs
    of a re-labelled message.
    """
    return isinstance(kind, str) and (kind in _MODEL_SIDE or kind.endswith(_MODEL_SIDE_ENDINGS))

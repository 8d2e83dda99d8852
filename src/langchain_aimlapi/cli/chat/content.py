"""What an answer holds beside its text: a refusal, sources, and what no terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

_SHOWN = {"text", "reasoning", "refusal", "tool_call", "tool_call_chunk", "invalid_tool_call"}


def refusal_of(answer: AIMessage) -> str | None:
    """Return why the model declined; empty if it did not say; None if it did not decline."""
    for block in blocks_of(answer):
        if block["type"] == "refusal":
            return str(block.get("refusal") or "")
    return None


def sources_of(answer: AIMessage) -> list[dict[str, str]]:
    """Return what the answer cites, each address once."""
    found: dict[str, dict[str, str]] = {}
    for block in blocks_of(answer):
        for each in block.get("annotations") or ():
            if each.get("type") == "citation" and (url := each.get("url")):
                found.setdefault(url, {"url": url, "title": each.get("title") or ""})
    return list(found.values())


def other_blocks(answer: AIMessage) -> list[dict[str, Any]]:
    """Return pictures, audio and the like."""
    return [block for block in blocks_of(answer) if block["type"] not in _SHOWN]


def blocks_of(message: BaseMessage) -> list[dict[str, Any]]:
    """Return the blocks of a message; langchain-core 1.7 wraps those it does not know: refusals."""
    return [_unwrapped(dict(block)) for block in message.content_blocks]


def _unwrapped(block: dict[str, Any]) -> dict[str, Any]:
    value = block.get("value") if block["type"] == "non_standard" else None
    return value if isinstance(value, dict) and value.get("type") == "refusal" else block

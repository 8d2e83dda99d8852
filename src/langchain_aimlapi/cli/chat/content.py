"""What an answer holds beside its text: a refusal, sources, and what no terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_SHOWN = {"text", "reasoning", "refusal", "tool_call", "tool_call_chunk", "invalid_tool_call"}


def refusal_of(answer: AIMessage) -> str | None:
    """Return why the model declined; empty if it did not say; None if it did not decline."""
    for block in _blocks(answer):
        if block["type"] == "refusal":
            return str(block.get("refusal") or "")
    return None


def sources_of(answer: AIMessage) -> list[dict[str, str]]:
    """Return what the answer cites, each address once."""
    found: dict[str, dict[str, str]] = {}
    for block in _blocks(answer):
        for each in block.get("annotations") or ():
            if each.get("type") == "citation" and (url := each.get("url")):
                found.setdefault(url, {"url": url, "title": each.get("title") or ""})
    return list(found.values())


def other_blocks(answer: AIMessage) -> list[dict[str, Any]]:
    """Return pictures, audio and the like."""
    return [block for block in _blocks(answer) if block["type"] not in _SHOWN]


def _blocks(answer: AIMessage) -> list[dict[str, Any]]:
    return [dict(block) for block in answer.content_blocks]

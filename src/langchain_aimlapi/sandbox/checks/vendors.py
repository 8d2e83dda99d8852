"""What single vendors refuse although the service's schemas allow it.

Sources: Anthropic's API reference ("text content blocks must be non-empty", "Thinking may not be
enabled when tool_choice forces tool use"); public reports of DeepSeek, Moonshot ("tool_choice
'specified' is incompatible with thinking enabled"), Alibaba ("does not support being set to
required or object in thinking mode") and Mistral ("Extra inputs are not permitted" of
`reasoning_content`); DeepSeek's guide to thinking mode ("The `reasoning_content` in the thinking
mode must be passed back to the API").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_REASONS_UNASKED = re.compile(
    r"deepseek-(r1|reasoner|thinking|v4)|kimi-k2[.-][5-9]|kimi-k2-thinking|qwen.*-thinking|qwq"
)
_NEVER_FORCED = re.compile(r"claude|deepseek|kimi|qwen")
"""Models that take no forced tool call while they reason."""
_WITHOUT_REASONING = re.compile(r"codestral|devstral|magistral|ministral|mistral|mixtral|pixtral")
"""Models whose messages have no place for reasoning."""
_FORCING = frozenset({"required", "any", "tool", "function", "custom"})


def is_claude(model: str) -> bool:
    """Tell whether a model id is one of Anthropic's."""
    return "claude" in model.lower()


def check_vendor(body: dict[str, Any]) -> Iterator[str]:
    """List what the vendor of the model refuses; the body is well-formed."""
    claude = is_claude(body["model"])
    if claude:
        yield from _empty_texts(body)
    if _NEVER_FORCED.search(body["model"].lower()) and _forces(body) and _reasons(body):
        yield "tool_choice: Thinking may not be enabled when tool_choice forces tool use"
    yield from _reasoning_of_messages(body)


def _reasoning_of_messages(body: dict[str, Any]) -> Iterator[str]:
    """Look at the reasoning of the assistant's messages."""
    model = body["model"].lower()
    refused = bool(_WITHOUT_REASONING.search(model))
    demanded = "deepseek-v4" in model and _reasons(body)
    for at, message in enumerate(body["messages"]):
        if message["role"] != "assistant":
            continue
        if refused and "reasoning_content" in message:
            yield f"messages.{at}.reasoning_content: Extra inputs are not permitted"
        if demanded and "reasoning_content" not in message:
            yield (
                f"messages.{at}: The `reasoning_content` in the thinking mode must be passed back "
                "to the API."
            )


def _empty_texts(body: dict[str, Any]) -> Iterator[str]:
    contents = [("system", body.get("system"))]
    contents += [(f"messages.{at}", one.get("content")) for at, one in enumerate(body["messages"])]
    for where, content in contents:
        for place, part in _blocks(where, content):
            if part["type"] == "text" and not part["text"].strip():
                yield f"{place}: text content blocks must be non-empty"


def _blocks(where: str, content: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the blocks of a content, and those within tool results."""
    for at, part in enumerate(content if isinstance(content, list) else []):
        yield f"{where}.content.{at}", part
        if part["type"] == "tool_result":
            yield from _blocks(f"{where}.content.{at}", part.get("content"))


def _forces(body: dict[str, object]) -> bool:
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        if choice["type"] == "allowed_tools":
            return bool(choice["allowed_tools"]["mode"] == "required")
        return choice["type"] in _FORCING
    return choice in _FORCING


def _reasons(body: dict[str, Any]) -> bool:
    thinking = (body.get("thinking") or {}).get("type")
    if thinking:
        return bool(thinking != "disabled")
    for key in ("reasoning_effort", "reasoning", "enable_thinking"):
        asked = body.get(key)
        if isinstance(asked, dict):
            effort = asked.get("effort")
            return effort != "none" and bool(
                effort or asked.get("enabled") or asked.get("max_tokens")
            )
        if asked is not None:
            return bool(asked) and asked != "none"
    return bool(_REASONS_UNASKED.search(body["model"].lower()))

"""The `content` of a reply, or of a delta: mostly a text, sometimes a list of parts.

Lists come from Mistral (`thinking`, `reference`), from gateways that pass on another vendor's
parts, and from servers that write a text as `{"type": "text"}` all the time. What is neither text,
reasoning nor picture is kept as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = ("text", "output_text")
_REASONING_KEYS = ("thinking", "reasoning", "text")
"""Where parts of the types `thinking` and `reasoning` have their text, by vendor."""


class Content(NamedTuple):
    """What a content holds."""

    text: str = ""
    reasoning: str = ""
    images: list[dict[str, Any]] = []  # noqa: RUF012  # never changed
    rest: list[object] = []  # noqa: RUF012
    """Parts of other kinds, as they came."""


def read_content(content: object) -> Content:
    """Read a content: a string, a part, or a list of parts."""
    if isinstance(content, str):
        return Content(content)
    texts: list[str] = []
    reasonings: list[str] = []
    images: list[dict[str, Any]] = []
    rest: list[object] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and _is_text(part):
            texts.append(str(part.get("text") or ""))
        elif isinstance(part, dict) and (reasoning := _reasoning(part)) is not None:
            reasonings.append(reasoning)
        elif isinstance(part, dict) and part.get("type") == "image_url":
            images.append(part)
        elif part is not None:
            rest.append(part)
    return Content("".join(texts), "".join(reasonings), images, rest)


def _is_text(part: Mapping[str, object]) -> bool:
    return part.get("type") in _TEXTS or ("text" in part and "type" not in part)


def _reasoning(part: Mapping[str, object]) -> str | None:
    if part.get("type") not in {"thinking", "reasoning"}:
        return None
    found = next((part[name] for name in _REASONING_KEYS if part.get(name)), "")
    return read_content(found).text

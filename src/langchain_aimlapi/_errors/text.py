"""What a service says of an error, made into text that a message can hold."""

from __future__ import annotations

import json
import re
import string

from langchain_aimlapi._errors.secrets import HIDDEN

NAME_CHARS = 200
"""How long a name, path or id may be."""

_KEYS_OF_OTHERS = re.compile(
    r"""\b(?:bearer\s+(?=[^\s"',;]{0,256}\d)[^\s"',;]{8,}|sk-(?=[A-Za-z0-9_-]{0,256}\d)[A-Za-z0-9_-]{12,})""",
    re.IGNORECASE,
)
"""Keys that are not the caller's, as vendors repeat the gateway's own. They have a digit in them:
the word behind "bearer" may as well be an ordinary one."""
_TAG = re.compile(r"<[^<>]*>")
"""A `<` within begins anew: of the many that are never closed each would be followed to the end."""
_HEADINGS = tuple(
    (re.compile(f"<{name}[^<>]*>", re.IGNORECASE), re.compile(f"</{name}", re.IGNORECASE))
    for name in ("title", "h1")
)
_MESSAGE_CHARS = 4_000
"""How long a message may be; all of it stays in the error's `body` and `response`."""
_KEY_CHARS = string.ascii_letters + string.digits + "+-./=_~"
_LONGEST_KEY = 256
_PAGE_CHARS = 65_536
_LIST_DEPTH = 8


def text_or_none(value: object) -> str | None:
    """Return a short name, or None for nothing."""
    return to_text(value)[:NAME_CHARS] if value not in (None, "") else None


def to_text(value: object, depth: int = _LIST_DEPTH) -> str:
    """Return text as it is, a list's entries one after the other, anything else as JSON."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    if isinstance(value, list) and depth:
        return "; ".join(to_text(entry, depth - 1) for entry in value)
    return to_json(value)


def to_json(value: object) -> str:
    """Write JSON, whole numbers beyond 64 bits too, which orjson refuses."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError):
        return f"({type(value).__name__} too deep to be shown)"


def plain_text(text: str) -> str:
    """Say what a body that is no JSON says: the title of a page, or its text."""
    text = text[:_PAGE_CHARS]
    words = next(filter(None, (_element(text, *tags) for tags in _HEADINGS)), text)
    return " ".join(_TAG.sub(" ", words).split())


def _element(page: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Return what the first element holds, in a time that grows with the size of the page.

    One pattern for both tags would start again at each of many that have no end.
    """
    opening = begin.search(page)
    closing = end.search(page, opening.end()) if opening else None
    return page[opening.end() : closing.start()] if opening and closing else ""


def readable(message: str) -> str:
    """Return a message of bearable length without keys of others in it."""
    return _KEYS_OF_OTHERS.sub(_hidden, _shortened(message))


def _hidden(found: re.Match[str]) -> str:
    scheme, blank, _ = found[0].rpartition(" ")
    return f"{scheme}{blank}{HIDDEN}"


def _shortened(message: str) -> str:
    """Cut a message that is too long, and not within a key: its first half would be no secret."""
    if len(message) <= _MESSAGE_CHARS:
        return message
    safe = _MESSAGE_CHARS - _LONGEST_KEY
    return f"{message[:safe]}{message[safe:_MESSAGE_CHARS].rstrip(_KEY_CHARS)}…"

"""Names and ids that services take, made out of those they refuse.

A name is changed only where it must be, always in the same way, so that every request of a thread
says the same and providers' caches hold.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]+")
_LEGAL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST = 64


def legal_name(name: str, fallback: str = "tool") -> str:
    """A name of letters, digits, `_` and `-`, at most 64 characters.

    Args:
        name: Any text, such as `Page[int]`.
        fallback: Stands, with a digest, for a name of which no character is legal.
    """
    if _LEGAL_NAME.fullmatch(name):
        return name
    folded = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    legal = _ILLEGAL.sub("_", plain).strip("_-")
    if not legal:
        return f"{fallback}_{_digest(name, 8)}"
    return legal if len(legal) <= _MOST else f"{legal[: _MOST - 9]}_{_digest(name, 8)}"


def legal_names(names: Iterable[str]) -> dict[str, str]:
    """Each name that has to change, by what is sent for it; no two are sent alike."""
    given = list(dict.fromkeys(names))
    if all(map(_LEGAL_NAME.fullmatch, given)):
        return {}
    taken = {name for name in given if _LEGAL_NAME.fullmatch(name)}
    changed: dict[str, str] = {}
    for name in given:
        if name in taken:
            continue
        legal = legal_name(name)
        if legal in taken:
            legal = f"{legal[: _MOST - 9]}_{_digest(name, 8)}"
        taken.add(legal)
        changed[name] = legal
    return changed


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]


# --- ids of tool calls --------------------------------------------------------------------------

_USUAL_ID = re.compile(r".{1,40}", re.DOTALL)
_IDS: Mapping[str, re.Pattern[str]] = {
    "Anthropic": re.compile(r"[a-zA-Z0-9_-]{1,40}"),
    "Mistral AI": re.compile(r"[a-zA-Z0-9]{9}"),
    "Moonshot": re.compile(r".+", re.DOTALL),
}
"""Ids that a vendor's back ends take; others take up to 40 characters, as OpenAI's do."""


def legal_id(identity: str, vendor: str | None) -> str:
    """The id of a tool call as a vendor's models take it.

    Args:
        identity: The id as the call has it.
        vendor: Who makes the model that is asked, as the catalogue names it.
    """
    pattern = _IDS.get(vendor or "", _USUAL_ID)
    if pattern.fullmatch(identity):
        return identity
    return _digest(identity, 9) if vendor == "Mistral AI" else f"call_{_digest(identity, 24)}"

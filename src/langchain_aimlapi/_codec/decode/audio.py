"""Pieces of a spoken answer -> pieces that can be put end to end.

A stream sends audio as pieces of base64. LangChain joins them as text, which is right only if no
piece ends within a group of four characters; what would is held back until the next one.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_JOINED = frozenset({"data", "transcript"})
_GROUP = 3
"""Bytes that base64 writes as one group of characters."""


class AudioDecoder:
    """Reads the `audio` of one message; what describes it leaves once."""

    __slots__ = ("_passed_on", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._passed_on: set[str] = set()

    def read(self, audio: Mapping[str, Any]) -> dict[str, Any]:
        """The part of a piece that can be joined to those before it."""
        new = {
            key: value
            for key, value in audio.items()
            if (isinstance(value, str | None) if key in _JOINED else key not in self._passed_on)
        }
        self._passed_on |= new.keys()
        data = new.get("data")
        if isinstance(data, str) and (self._rest or data.endswith("=")):
            new["data"] = self._regrouped(data)
        return new

    def end(self) -> dict[str, Any]:
        """What was held back."""
        rest, self._rest = self._rest, b""
        return {"data": base64.b64encode(rest).decode("ascii")} if rest else {}

    def _regrouped(self, data: str) -> str:
        try:
            audio = self._rest + base64.b64decode(data)
        except ValueError:
            return data
        whole = len(audio) - len(audio) % _GROUP
        self._rest = audio[whole:]
        return base64.b64encode(audio[:whole]).decode("ascii")

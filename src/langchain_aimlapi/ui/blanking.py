"""Blanks the key in texts that come in chunks: a service that echoes its request may cut anywhere."""

from __future__ import annotations

from langchain_aimlapi._errors.secrets import Redactor


class BlankedStream:
    """One text that comes in chunks.

    Args:
        key: What must not be shown.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._redactor = Redactor([key])
        self._held = ""

    def feed(self, chunk: str) -> str:
        """Take a chunk; return what can be shown: an end that may begin the key is held back."""
        text = self._held + chunk
        lengths = range(min(len(self._key) - 1, len(text)), 0, -1)
        kept = next((n for n in lengths if text.endswith(self._key[:n])), 0)
        end = len(text) - kept
        self._held = text[end:]
        return self._redactor.text(text[:end])

    def rest(self) -> str:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        return self._redactor.text(held)

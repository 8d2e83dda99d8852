"""Values as a trace may hold them: no bytes, no base64, nothing without end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_aimlapi.media.inputs import MediaFile

__all__ = ["shown"]

_LONGEST = 2000
_CONTENT = frozenset({"audio_data", "b64_json", "base64", "data", "file_data", "image_data"})


def shown(value: object) -> Any:
    """A value as a trace may hold it."""
    if isinstance(value, MediaFile):
        return value.url or f"<{value.mime_type}, {len(value.data or b'')} bytes>"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {k: "<data>" if k in _CONTENT else shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    if hasattr(value, "read"):
        return f"<file {getattr(value, 'name', '')}>"
    return value.summary() if hasattr(value, "summary") else value


def _text(value: str) -> str:
    if value[:5].lower() == "data:":
        return f"<{value.partition(';')[0]}, {len(value)} characters>"
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"

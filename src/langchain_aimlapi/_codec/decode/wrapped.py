"""The envelope that events of Claude streams had until February 2026."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Usage = Mapping[str, object] | None


def unwrapped(chunk: Mapping[str, Any], usage: Usage) -> tuple[dict[str, Any], Usage]:
    """The event in an envelope, and the token counts of the stream so far.

    The event's own counts are no real ones; those of the envelope's `state` are.
    """
    state = chunk.get("state")
    state = state if isinstance(state, dict) else {}
    counts = {key: n for key, n in (state.get("usage") or {}).items() if n}
    event = {key: value for key, value in chunk["event"].items() if key != "usage"}
    return event, {**(usage or {}), **counts} if counts else usage

"""Where the reasoning of a reply stands, for reading it and for sending it back."""

from __future__ import annotations

REASONING_KEYS = ("reasoning_content", "reasoning")
"""Keys of a reply's message that hold reasoning as text, the more common one first."""
THINK_TAG = "<think>"
"""Stands in place of a key where the reasoning came inside the text, as `<think>…</think>`."""
DETAILS_KEY = "reasoning_details"
"""Stands in place of a key where the reasoning came as details alone."""

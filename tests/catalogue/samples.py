"""Documented model specs and listed models, cut down to two of each."""

from __future__ import annotations

from typing import Any

SUPPORTS: dict[str, Any] = {
    "tool_shapes": ["openai_function"],
    "tool_choice_forms": ["auto", "function", "none", "required"],
    "response_format": ["json_object", "json_schema", "text"],
    "extra_content_on_tool_calls": False,
    "cache_control": False,
}


def documented(name: str, **changes: Any) -> dict[str, Any]:
    """Spec of a plain model, with changes."""
    return {
        "id": name,
        "dialects": ["openai"],
        "vendor_folder": "openai",
        "listed": "listed",
        "context": 128000,
        "generic_template": False,
        "params": ["tools", "temperature", "max_tokens", "reasoning_effort"],
        "ranges": {
            "temperature": {"maximum": 2, "minimum": 0},
            "reasoning_effort": {"enum": ["low", "high"]},
        },
        "roles": ["user", "system", "assistant"],
        "user_parts_by_dialect": {"openai": ["text", "string"]},
        "assistant_keys": ["role", "content"],
        "assistant_parts": ["string"],
        "tool_content": ["string"],
        "supports": SUPPORTS,
    } | changes


def listed(name: str, **changes: Any) -> dict[str, Any]:
    """An item of the service's list of models, with changes."""
    return {
        "id": name,
        "aliases": [],
        "type": "openai/chat-completions",
        "info": {
            "name": "Acme One",
            "developer": "Acme",
            "releasedAt": "2026-05-01",
            "contextLength": 64000,
            "outputMax": 8000,
        },
        "tags": [],
        "modalities": {"input": ["text", "image"], "output": ["text"]},
        "capabilities": ["tools", "streaming"],
        "pricing": {
            "kind": "fixed",
            "units": [{"name": "token", "measure": "output", "price": 3.25, "per": 1000000}],
        },
    } | changes

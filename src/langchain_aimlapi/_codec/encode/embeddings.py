"""Texts -> the body of an embeddings request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def encode_embeddings(
    model: str, texts: Sequence[str], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the body of an embeddings request; settings that are `None` are not sent."""
    given = {name: value for name, value in settings.items() if value is not None}
    return {"model": model, "input": list(texts), **given}

"""Options as they are given, read into values."""

from __future__ import annotations

import json
from typing import Any

import typer


def read_pair(pair: str) -> tuple[str, object]:
    """Read `NAME=VALUE` of `--param`; the value is JSON if it can be, and else a text.

    Raises:
        typer.BadParameter: If there is no name or no equals sign.
    """
    name, equals, text = pair.partition("=")
    name = name.strip()
    if not equals or not name:
        raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--param")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


def without_none(**named: object) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in named.items() if value is not None}

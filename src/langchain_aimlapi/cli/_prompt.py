"""The prompt of a command: an argument, what is piped in, or both."""

from __future__ import annotations

import os
import stat
import sys

import typer


def whole_prompt(prompt: str | None, *, may_be_empty: bool = False) -> str:
    """Return the argument and what is piped in, one below the other.

    Args:
        prompt: The argument.
        may_be_empty: Whether something else, such as a file, may say it all.

    Raises:
        typer.BadParameter: If there is nothing in them.
    """
    given = None if prompt == "-" else prompt
    piped = sys.stdin.read().rstrip("\n") if prompt in {None, "-"} or _is_piped() else ""
    text = "\n\n".join(part for part in (given, piped) if part and not part.isspace())
    if not text and not may_be_empty:
        raise typer.BadParameter("the prompt is empty", param_hint="PROMPT")
    return text


def _is_piped() -> bool:
    """Tell whether a file or a pipe was given as standard input; others may never end."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return not sys.stdin.isatty()
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)

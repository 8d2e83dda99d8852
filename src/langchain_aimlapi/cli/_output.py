"""What a command shows: answers on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_plain() -> bool:
    """Tell whether nothing but text is wanted: no colours, and no other escape codes either."""
    return bool(os.environ.get("NO_COLOR"))


def note(text: str, style: str = "", *, end: str = "\n") -> None:
    """Show something beside the answer."""
    console = Console(
        stderr=True, highlight=False, soft_wrap=True, force_terminal=False if is_plain() else None
    )
    console.print(text, style=style or None, end=end, markup=False)


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings as one line each, without the line of our code that they point to."""

    def show(message: Warning | str, *_: object) -> None:
        note(str(message), "yellow")

    with warnings.catch_warnings():
        warnings.showwarning = cast("Any", show)
        yield


@contextlib.contextmanager
def one_line_for_lost_output() -> Iterator[None]:
    """Say in one line that standard output cannot be written to (a full disk), and exit with 1.

    A pipe that was closed by its reader (`| head`) is no error to speak of.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            note(f"The output cannot be written: {error.strerror or error}", "red")
        # The interpreter flushes once more at its end, and would complain.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)

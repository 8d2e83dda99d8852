"""What a command shows: answers on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def is_plain() -> bool:
    """Tell whether nothing but text is wanted: no colours, and no other escape codes either."""
    return bool(os.environ.get("NO_COLOR"))


def note(text: str, style: str = "", *, end: str = "\n") -> None:
    """Show something beside the answer."""
    from rich.console import Console  # noqa: PLC0415  # --help and plain tables do without

    console = Console(
        stderr=True, highlight=False, soft_wrap=True, force_terminal=False if is_plain() else None
    )
    console.print(text, style=style or None, end=end, markup=False)


def shown_cost(cost: float | None) -> str:
    """Return a cost as it is shown, in US dollars."""
    return "cost not reported" if cost is None else f"${cost:.6f}"


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


def show_json(value: object) -> None:
    """Print a value as JSON; dates and sets become texts and sorted lists."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: with names and in columns on a terminal, else one a line, parted by tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich import box  # noqa: PLC0415  # for terminals alone
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None if is_plain() else box.SIMPLE_HEAD, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")  # an id that is cut short is of no use
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, force_terminal=False if is_plain() else None, markup=False).print(
        table
    )

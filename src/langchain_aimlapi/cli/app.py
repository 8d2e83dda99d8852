"""The command line as a whole; its commands are in `_commands`."""

from __future__ import annotations

from typing import Annotated

import typer

from langchain_aimlapi._version import __version__
from langchain_aimlapi.cli._commands import Commands
from langchain_aimlapi.cli._output import is_plain

app = typer.Typer(
    name="aimlapi",
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None if is_plain() else "rich",  # its boxes and bold text are escape codes
    pretty_exceptions_show_locals=False,  # locals would show the key
    help="Chat models behind AI/ML API, from the command line.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"langchain-aimlapi {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Chat models behind AI/ML API, from the command line."""
    del version  # its callback has said everything

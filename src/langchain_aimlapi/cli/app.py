"""The commands brought together."""

from __future__ import annotations

from typing import Annotated

import typer

from langchain_aimlapi._version import __version__
from langchain_aimlapi.cli._output import is_plain
from langchain_aimlapi.cli.account import balance, keys, logs, usage
from langchain_aimlapi.cli.bulk import bulk
from langchain_aimlapi.cli.chat.command import ChatCommand, chat
from langchain_aimlapi.cli.compare.command import compare
from langchain_aimlapi.cli.doctor.command import doctor
from langchain_aimlapi.cli.log.command import log
from langchain_aimlapi.cli.media.embed import embed
from langchain_aimlapi.cli.media.image import image
from langchain_aimlapi.cli.media.ocr import ocr
from langchain_aimlapi.cli.media.speak import speak
from langchain_aimlapi.cli.media.transcribe import transcribe
from langchain_aimlapi.cli.media.video import music, video
from langchain_aimlapi.cli.models import model, models
from langchain_aimlapi.cli.sandbox import sandbox
from langchain_aimlapi.cli.ui import ui

app = typer.Typer(
    name="aimlapi",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None if is_plain() else "rich",  # its boxes and bold text are escape codes
    pretty_exceptions_show_locals=False,  # locals would show the key
    help="Chat models behind AI/ML API, from the command line.",
)
app.command(cls=ChatCommand)(chat)
app.command()(compare)
app.command()(bulk)
app.command()(image)
app.command()(video)
app.command()(music)
app.command()(speak)
app.command()(transcribe)
app.command()(ocr)
app.command()(embed)
app.command()(models)
app.command()(model)
app.command()(balance)
app.command()(usage)
app.command()(logs)
app.add_typer(keys, name="keys")
app.command()(doctor)
app.command()(log)
app.command()(ui)
app.command()(sandbox)


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

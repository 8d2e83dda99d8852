"""What a command is given: a text from the command line or a pipe, parameters, ids of models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._parameters import read_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.media import Kind

_COMMANDS: Mapping[Kind, str] = {
    "image": "image",
    "image_edit": "image",
    "video": "video",
    "music": "music",
    "speech": "speak",
    "transcription": "transcribe",
    "ocr": "ocr",
    "embeddings": "embed",
}
"""The command for each kind of model."""
_CLASSES = {
    "AimlapiImages": "image",
    "AimlapiVideos": "video",
    "AimlapiMusic": "music",
    "AimlapiSpeech": "speak",
    "AimlapiTranscription": "transcribe",
    "AimlapiOCRLoader": "ocr",
    "AimlapiEmbeddings": "embed",
    "ChatAimlapi": "chat",
}
"""The command for each class."""


def read_text(given: str | None, name: str) -> str:
    """Return a text, from standard input if none is given or it is "-".

    Args:
        given: The argument.
        name: What it is called, for errors.

    Raises:
        BadParameter: If it is empty.
    """
    text = sys.stdin.read().rstrip("\n") if given in {None, "-"} else given
    if not text or text.isspace():
        raise typer.BadParameter("it is empty", param_hint=name)
    return text


def read_file(given: str) -> Any:
    """Return a path or an address as it is, and what is piped in for "-".

    Raises:
        BadParameter: If nothing was piped in.
    """
    if given != "-":
        return given
    data = sys.stdin.buffer.read()
    if not data:
        raise typer.BadParameter("standard input is empty", param_hint="FILE")
    return data


def stem_of_file(given: str) -> str:
    """Return what a file is called, without folder and ending."""
    return "" if given == "-" else Path(given.partition("?")[0]).stem


def read_parameters(given: list[str] | None) -> dict[str, object]:
    """Return the parameters of `--param`.

    Raises:
        BadParameter: If one has no name or no value.
    """
    return dict(map(read_pair, given or ()))


def check_model(model: str, command: str) -> None:
    """Refuse an id of another kind by the command that is for it, and help who mistyped one.

    Args:
        model: The id.
        command: The command it was given to.

    Raises:
        BadParameter: If the id is documented to do something else.
    """
    if refuse_another_kind(model, command):
        return
    from langchain_aimlapi._catalogue import media  # noqa: PLC0415  # not for --help

    near = [
        each
        for kind, other in _COMMANDS.items()
        if other == command
        for each in media.near_media(model, kind)
    ]
    named = f"Ids near it: {', '.join(dict.fromkeys(near))}." if near else _all_of(command)
    note(f"The catalogue has no model {model!r}. {named}", "yellow")


def refuse_another_kind(model: str, command: str) -> bool:
    """Refuse an id of another kind; return whether the id is known.

    Args:
        model: The id.
        command: The command it was given to.

    Raises:
        BadParameter: With the command that is for it.
    """
    from langchain_aimlapi._catalogue.kinds import classes_of  # noqa: PLC0415  # not for --help

    known = [_CLASSES[each] for each in classes_of(model)]
    if known and command not in known:
        raise typer.BadParameter(
            f"{model} is a model of another kind: use aimlapi {known[0]}", param_hint="--model"
        )
    return bool(known)


def _all_of(command: str) -> str:
    kind = next(kind for kind, other in _COMMANDS.items() if other == command)
    return f"aimlapi models --type {kind} lists those that it has."

"""Where the files of a command go: checked before anything is paid for.

A file is written beside its target and moved there in one step, and nothing is written over unless
that was asked for. A name that was not given is made of the input, and is a free one.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from langchain_aimlapi.cli._failures import FAILED
from langchain_aimlapi.cli._output import note

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_LONGEST_NAME = 48
_HINT = "--output"
_NO_WORD = re.compile(r"[\W_]+")


def slug(text: str, instead: str) -> str:
    """Return the beginning of a text as the name of a file, without an ending.

    Args:
        text: The text, such as a prompt.
        instead: The name if the text has no letters and digits.
    """
    words = _NO_WORD.sub("-", text[: 4 * _LONGEST_NAME].lower()).strip("-")
    if len(words) > _LONGEST_NAME:
        whole = words[: _LONGEST_NAME + 1].rpartition("-")[0]
        words = whole or words[:_LONGEST_NAME]
    return words or instead


@dataclass(frozen=True)
class Target:
    """Where the files of a command go.

    Attributes:
        path: The file, with or without an ending; None for standard output.
        is_named: Whether the caller named the file.
        overwrite: Whether a file that is there is replaced.
    """

    path: Path | None
    is_named: bool = True
    overwrite: bool = False

    def numbered(self, number: int, count: int) -> Target:
        """Return the target of one of several files.

        Args:
            number: Which one, from 0.
            count: How many there are.
        """
        if self.path is None or count == 1:
            return self
        name = f"{self.path.stem if self.path.suffix else self.path.name}-{number + 1}"
        return Target(self.path.with_name(name + self.path.suffix), self.is_named, self.overwrite)

    def write(self, save: Callable[[Path, bool], Path], *, again: bool = True) -> Path:
        """Write a file.

        Args:
            save: Writes to a path, and is told whether to replace what stands there.
            again: Whether that may be done twice.

        Returns:
            Where it is.

        Raises:
            Exit: If it cannot be written, which was said.
        """
        path = self.path or Path()
        path = path if self.is_named else _free(path)
        try:
            try:
                return save(path, self.overwrite)
            except FileExistsError:  # it came in the meantime
                if not again:
                    raise
                other = save(_free(path), False)
                note(f"There is a file {path} by now, so this one is {other}.", "yellow")
                return other
        except OSError as error:
            note(f"{error.filename or path} cannot be written: {error.strerror or error}", "red")
            raise typer.Exit(FAILED) from error


def find_target(output: str | None, stem: str, *, force: bool, count: int = 1) -> Target:
    """Return where files go, which can be written to.

    Args:
        output: What the caller said: a file, a folder, "-" or nothing.
        stem: Name of the file if the caller gave none.
        force: Whether to replace a file that is there.
        count: How many files there will be.

    Raises:
        BadParameter: If nothing can be written there, or something stands there already.
    """
    if output == "-":
        _check_standard_output(count)
        return Target(None)
    path = Path(output or stem).expanduser()
    is_folder = path.is_dir() and output is not None
    target = Target(path / stem if is_folder else path, output is not None and not is_folder, force)
    for number in range(count):
        _check(target.numbered(number, count))
    return target


def find_text_target(output: str | None, *, force: bool, hint: str = _HINT) -> Target:
    """Return where a text goes, which is standard output if the caller names no file.

    Args:
        output: What the caller said: a file, "-" or nothing.
        force: Whether to replace a file that is there.
        hint: The option by which it was said.

    Raises:
        BadParameter: If nothing can be written there, or something stands there already.
    """
    if output is None or output == "-":
        return Target(None)
    path = Path(output).expanduser()
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder", param_hint=hint)
    target = Target(path, overwrite=force)
    _check(target, hint)
    return target


def write_text(target: Target, pieces: Iterator[str]) -> Path | None:
    """Write a text to a file or to standard output, piece by piece.

    Args:
        target: Where to.
        pieces: The text.

    Returns:
        Where the file is; None for standard output.
    """
    if target.path is None:
        for piece in pieces:
            typer.echo(piece, nl=False)
        return None
    return save_pieces(target, (piece.encode() for piece in pieces))


def save_pieces(target: Target, pieces: Iterator[bytes]) -> Path:
    """Write bytes to a file as they come; they come once."""
    from langchain_aimlapi.media.files import write  # noqa: PLC0415  # not for --help

    def save(path: Path, overwrite: bool) -> Path:
        return write(path, pieces, overwrite=overwrite)

    return target.write(save, again=False)


def print_bytes(pieces: Generator[bytes]) -> None:
    """Write bytes to standard output as they come, and close where they come from."""
    with closing(pieces):
        for piece in pieces:
            typer.echo(piece, nl=False)


def _check_standard_output(count: int) -> None:
    if sys.stdout.isatty():
        raise typer.BadParameter("a terminal shows no such file; use a pipe", param_hint=_HINT)
    if count > 1:
        raise typer.BadParameter(f"standard output takes one file, not {count}", param_hint=_HINT)


def _check(target: Target, hint: str = _HINT) -> None:
    path: Any = target.path
    folder = path.parent
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}", param_hint=hint)
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"nothing can be written to {folder}", param_hint=hint)
    if target.is_named and not target.overwrite and (taken := _taken(path)):
        raise typer.BadParameter(
            f"{taken[0]} is there already; --force writes over it", param_hint=hint
        )


def _taken(path: Path) -> list[Path]:
    """The files that a name may come to: itself, or it with any ending."""
    if path.suffix:
        return [path] if path.exists() or path.is_symlink() else []
    try:
        return [one for one in path.parent.iterdir() if path.name in {one.name, one.stem}]
    except OSError:
        return []


def _free(path: Path) -> Path:
    """The path, or one with a number behind its name."""
    number, found = 1, path
    while _taken(found):
        number += 1
        found = path.with_name(f"{path.stem if path.suffix else path.name}-{number}{path.suffix}")
    return found

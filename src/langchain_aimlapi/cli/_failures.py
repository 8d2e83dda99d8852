"""How commands end when something goes wrong: one line on standard error, and an exit code."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import typer

from langchain_aimlapi.cli._output import note, plain_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130


@contextlib.contextmanager
def told_errors() -> Iterator[None]:
    """Tell errors of the library in one line: 2 for wrong use, 1 for the rest, 130 after Ctrl-C."""
    from langchain_aimlapi.errors import (  # noqa: PLC0415  # not for --help
        AimlapiError,
        ConfigurationError,
        MissingAPIKeyError,
    )

    try:
        with plain_warnings():
            yield
    except AimlapiError as error:
        note(f"{type(error).__name__}: {error}", "red")
        is_wrong_use = isinstance(error, ConfigurationError) and not isinstance(
            error, MissingAPIKeyError
        )
        raise typer.Exit(WRONG_USE if is_wrong_use else FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None

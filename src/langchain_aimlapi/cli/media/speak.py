"""`aimlapi speak`: text read aloud, written to a file while it is spoken."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import note, show_json
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.media import options
from langchain_aimlapi.cli.media.inputs import (
    check_model,
    read_parameters,
    read_text,
)
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.cli.media.results import check_formats, summary
from langchain_aimlapi.cli.media.targets import (
    Target,
    find_target,
    print_bytes,
    save_pieces,
    slug,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

_DEFAULT_MODEL = "inworld/tts-1"
_KILO = 1024


def speak(
    text: Annotated[
        str | None,
        typer.Argument(help="What to say; from standard input if it is - or missing."),
    ] = None,
    *,
    model: Annotated[
        str,
        options.model_of("speech"),
    ] = _DEFAULT_MODEL,
    output: options.Output = None,
    voice: Annotated[
        str | None, typer.Option(help="Name or id of the voice, of those the model has.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help='File format, such as "mp3" or "wav".')
    ] = None,
    speed: Annotated[float | None, typer.Option(help="How fast; 1 is usual.")] = None,
    param: options.Param = None,
    timeout: options.Timeout = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Read a text aloud. The path of the file is printed.

    Audio is written while it is spoken, to standard output (`-o -`) as well: pipe it into a player.
    """
    with told_errors():
        check_formats(output, as_json=as_json)
        check_model(model, "speak")
        words = read_text(text, "TEXT")
        target = find_target(output, slug(words, "speech"), force=force)
        given = {
            "text": words,
            **without_none(voice=voice, format=format_, speed=speed),
            **read_parameters(param),
        }
        from langchain_aimlapi.callbacks import AimlapiUsageHandler  # noqa: PLC0415
        from langchain_aimlapi.media import AimlapiSpeech  # noqa: PLC0415

        used = AimlapiUsageHandler()
        with service() as place, Progress() as progress:
            speech = AimlapiSpeech(model=model, **without_none(timeout=timeout), **place.arguments)
            counted = _Counted(speech.stream(given, {"callbacks": [used]}), progress)
            path = _written(counted, target)
        cost = None if used.total.unpriced_calls else used.total.cost_usd
        if as_json:
            shown = {"model": model, "cost": cost, "seconds": round(progress.seconds, 3)}
            files = [{"path": str(path), "bytes": counted.bytes}]
            show_json({**shown, "files": files, "sandbox": place.is_sandbox})
            return
        if path is not None:
            typer.echo(path)
        size = f"{counted.bytes / _KILO:.0f} KB"
        note(summary(model, cost, progress.seconds, size), "dim")


def _written(pieces: _Counted, target: Target) -> Path | None:
    try:
        with closing(iter(pieces)) as counted:
            if target.path is not None:
                return save_pieces(target, counted)
            print_bytes(counted)
    except KeyboardInterrupt:
        pieces.progress.stop()
        note("Interrupted. What was sent may be billed; aimlapi logs lists it.", "yellow")
        raise
    return None


class _Counted:
    """Passes pieces on and shows how many bytes have come."""

    def __init__(self, pieces: Iterator[bytes], progress: Progress) -> None:
        self._pieces: Any = pieces
        self.progress = progress
        self.bytes = 0

    def __iter__(self) -> Generator[bytes]:
        try:
            for piece in self._pieces:
                self.bytes += len(piece)
                self.progress.show_live(f"{self.bytes / _KILO:.0f} KB")
                yield piece
        finally:
            self._pieces.close()

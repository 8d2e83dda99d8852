"""What a command says of a result: paths on standard output, the rest beside it; or one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from langchain_aimlapi.cli._output import note, show_json, shown_cost
from langchain_aimlapi.cli.media.targets import Target, print_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from langchain_aimlapi.media import GeneratedFile, MediaResult

_HINT = "--json"


def check_formats(output: str | None, *, as_json: bool) -> None:
    """Refuse a file and JSON that would both go to standard output.

    Raises:
        BadParameter: If both were asked for.
    """
    if as_json and output == "-":
        raise typer.BadParameter("-o - writes the file there; use one of them", param_hint=_HINT)


def write_files(result: MediaResult, target: Target) -> list[Path]:
    """Write the files of a result, and return where they are; none for standard output.

    Raises:
        Exit: If one cannot be written; where the service keeps it was said.
    """
    if target.path is None:
        print_bytes(result.file.stream())
        _tell_others(result.files[1:])
        return []
    places = []
    try:
        for number, file in enumerate(result.files):
            places.append(_write(file, target.numbered(number, len(result.files))))
    except BaseException:
        _tell_others(result.files[len(places) :])
        raise
    return places


def _write(file: GeneratedFile, target: Target) -> Path:
    return target.write(lambda path, overwrite: file.save(path, overwrite=overwrite))


def _tell_others(files: list[GeneratedFile]) -> None:
    """Say where the files are that were paid for and not written."""
    for file in files:
        if file.url is not None:
            note(f"Not written: {file.url}", "yellow")


def tell_result(
    result: MediaResult, places: list[Path], seconds: float, *, as_json: bool, **more: object
) -> None:
    """Say where the files are, what they cost and how long it took.

    Args:
        result: The result.
        places: Where its files were written to.
        seconds: How long the command took.
        as_json: Whether to print one JSON object.
        **more: What else belongs into it.
    """
    if as_json:
        files = [_file_as_json(*pair) for pair in zip(result.files, places, strict=True)]
        show_json({**result_as_json(result, seconds), "files": files, **more})
        return
    for place in places:
        typer.echo(place)
    note(summary(result.model, result.cost, seconds), "dim")


def result_as_json(result: MediaResult, seconds: float) -> dict[str, object]:
    """Return what is common to all results."""
    return {
        "model": result.model,
        "cost": result.cost,
        "cost_details": dict(result.cost_details),
        "inference_id": result.inference_id,
        "seconds": round(seconds, 3),
    }


def summary(model: str, cost: float | None, seconds: float, *parts: str) -> str:
    """Return the line below a result."""
    return " · ".join([model, *parts, shown_cost(cost), f"{seconds:.1f} s"])


def _file_as_json(file: GeneratedFile, place: Path) -> Mapping[str, Any]:
    return {
        "path": str(place),
        "url": file.url,
        "mime_type": file.mime_type,
        "bytes": place.stat().st_size,
    }

"""`aimlapi image`: pictures from a prompt, or pictures edited by one."""

from __future__ import annotations

from typing import Annotated

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.media import options
from langchain_aimlapi.cli.media.inputs import (
    check_model,
    read_parameters,
    read_text,
)
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.cli.media.results import check_formats, tell_result, write_files
from langchain_aimlapi.cli.media.targets import find_target, slug

_DEFAULT_MODEL = "openai/gpt-image-1"


def image(
    prompt: Annotated[
        str | None, typer.Argument(help="What to draw; from standard input if it is - or missing.")
    ] = None,
    *,
    model: Annotated[
        str,
        options.model_of("image", "image_edit"),
    ] = _DEFAULT_MODEL,
    output: options.Output = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            "-i",
            metavar="FILE",
            help="A picture to edit or to go by: a path or an address. May be repeated.",
        ),
    ] = None,
    mask: Annotated[
        str | None, typer.Option(metavar="FILE", help="A picture that marks what may change.")
    ] = None,
    size: Annotated[str | None, typer.Option(help='Width and height, as "1024x1024".')] = None,
    aspect_ratio: Annotated[
        str | None, typer.Option(help='Width to height, as "16:9"; for models that take that.')
    ] = None,
    count: Annotated[int | None, typer.Option("-n", "--count", help="How many.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Ask for repeatable pictures.")] = None,
    param: options.Param = None,
    timeout: options.Timeout = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Make a picture, or edit pictures. The paths of the files are printed."""
    with told_errors():
        check_formats(output, as_json=as_json)
        check_model(model, "image")
        text = read_text(prompt, "PROMPT")
        target = find_target(output, slug(text, "image"), force=force, count=count or 1)
        named = without_none(
            mask=mask, size=size, aspect_ratio=aspect_ratio, n=count, seed=seed, images=images
        )
        given = {"prompt": text, **named, **read_parameters(param)}
        from langchain_aimlapi.media import AimlapiImages  # noqa: PLC0415  # not for --help

        with service() as place, Progress() as progress:
            maker = AimlapiImages(model=model, **without_none(timeout=timeout), **place.arguments)
            try:
                result = maker.invoke(given)
            except KeyboardInterrupt:
                progress.stop()
                note(
                    "Interrupted. A request that was sent may be billed; aimlapi logs lists it.",
                    "yellow",
                )
                raise
            places = write_files(result, target)
        tell_result(result, places, progress.seconds, as_json=as_json, sandbox=place.is_sandbox)

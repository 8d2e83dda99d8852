"""`aimlapi compare`: one prompt on several models at once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_aimlapi.cli._failures import FAILED, INTERRUPTED, told_errors
from langchain_aimlapi.cli._output import note, show_json
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._prompt import whole_prompt
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.chat import options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from langchain_aimlapi import ChatAimlapi
    from langchain_aimlapi.cli._service import Service
    from langchain_aimlapi.cli.compare.live import Display
    from langchain_aimlapi.cli.media.targets import Target
    from langchain_aimlapi.compare import Comparison, Picture

_HTML = "--html"


def compare(
    prompt: Annotated[
        str | None,
        typer.Argument(
            help="The prompt. What is piped in is added below it, or is the prompt if none is given."
        ),
    ] = None,
    *,
    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            "-m",
            help="Id of a model; repeated for each.",
            autocompletion=options.known_models,
        ),
    ],
    runs: Annotated[
        int,
        typer.Option(
            "--runs", "-n", help="How often each model is asked; figures are medians.", min=1
        ),
    ] = 1,
    system: Annotated[
        str | None, typer.Option("--system", "-s", help="Instructions for the models.")
    ] = None,
    image: options.Image = None,
    param: options.Param = None,
    temperature: Annotated[
        float | None, typer.Option(help="Randomness; each model's default if not given.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Maximum number of tokens of an answer.", min=1)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for one call.", min=0.001)] = 120,
    html: Annotated[
        str | None,
        typer.Option(
            _HTML, metavar="FILE", help="Write a report there, one page that needs nothing else."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write the report over a file that is there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: figures and answers of all runs.")
    ] = False,
) -> None:
    """Ask several models the same at once: time to first token, speed, tokens, USD and answers.

    Without a key and an address the local sandbox answers, and says so. A model that fails does not
    stop the others. Exit codes: 0 if all calls were answered, 1 if some were not, 2 for wrong use,
    130 after Ctrl-C; what came until then is shown and reported.
    """
    from langchain_aimlapi.cli.media.targets import find_text_target  # noqa: PLC0415

    _check_models(model)
    own = without_none(temperature=temperature, max_tokens=max_tokens)
    parameters = {**own, **options.read_parameters(param or ())}
    target = find_text_target(_report_file(html), force=force, hint=_HTML)
    pictures = _pictures(image or ())
    text = whole_prompt(prompt, may_be_empty=bool(pictures))
    with told_errors(), service() as place:
        for each in model:
            options.name_others(each)
        make_model = _maker(place, parameters, timeout)
        comparison = _comparison(text, model, runs, system, pictures, parameters)
        comparison.is_sandbox = place.is_sandbox
        comparison.endpoint = str(make_model(model[0]).aimlapi_api_base)
        was_interrupted = _ask(comparison, make_model, is_silent=as_json)
        try:
            _show(comparison, as_json=as_json)
        finally:
            _write_report(comparison, target)
    _end(comparison, was_interrupted=was_interrupted)


# --- what is given --------------------------------------------------------------------------------


def _check_models(models: Sequence[str]) -> None:
    twice = next((model for model in models if models.count(model) > 1), None)
    if twice is not None:
        raise typer.BadParameter(
            f"{twice} is there twice; --runs asks each model several times", param_hint="--model"
        )
    if not all(model.strip() for model in models):
        raise typer.BadParameter("the id of a model is empty", param_hint="--model")


def _report_file(html: str | None) -> str | None:
    if html is None:
        return None
    if html in {"", "-"}:
        raise typer.BadParameter("name a file; standard output has the answers", param_hint=_HTML)
    return html


def _pictures(images: Iterable[str]) -> list[Picture]:
    from langchain_aimlapi.cli.chat.attachments import image_block  # noqa: PLC0415  # not for --help
    from langchain_aimlapi.compare import Picture  # noqa: PLC0415

    pictures = []
    for given in images:
        block = image_block(given)
        if "url" in block:
            name = "" if given.startswith("data:") else given
            pictures.append(Picture(block["url"], name))
        else:
            address = f"data:{block['mime_type']};base64,{block['base64']}"
            pictures.append(Picture(address, given))
    return pictures


def _comparison(
    text: str,
    models: Sequence[str],
    runs: int,
    system: str | None,
    pictures: Sequence[Picture],
    parameters: dict[str, object],
) -> Comparison:
    from langchain_aimlapi.compare import Comparison  # noqa: PLC0415  # not for --help

    return Comparison(
        text,
        models,
        runs,
        system=system or "",
        pictures=pictures,
        parameters=parameters,
    )


def _maker(
    place: Service, parameters: dict[str, object], timeout: float
) -> Callable[[str], ChatAimlapi]:
    from langchain_aimlapi.cli.chat.session import Session  # noqa: PLC0415  # not for --help

    def make_model(model: str) -> ChatAimlapi:
        asked = Session(model, parameters=parameters, service=place, timeout=timeout)
        return asked.make_model()

    return make_model


# --- the calls ------------------------------------------------------------------------------------


def _ask(
    comparison: Comparison, make_model: Callable[[str], ChatAimlapi], *, is_silent: bool
) -> bool:
    """Ask all models; tell whether Ctrl-C ended it, which leaves what came in the comparison."""
    from langchain_aimlapi.cli.compare.live import make_display  # noqa: PLC0415  # not for --help

    try:
        with make_display(comparison, is_silent=is_silent) as display:
            asyncio.run(_watch(comparison, make_model, display))
    except KeyboardInterrupt:
        return True
    return False


async def _watch(
    comparison: Comparison, make_model: Callable[[str], ChatAimlapi], display: Display
) -> None:
    from langchain_aimlapi.compare import astream  # noqa: PLC0415  # not for --help

    async with contextlib.aclosing(astream(comparison, make_model)) as events:
        async for event in events:
            display.take(event)


# --- the end --------------------------------------------------------------------------------------


def _show(comparison: Comparison, *, as_json: bool) -> None:
    if as_json:
        show_json(comparison.as_dict())
        return
    from langchain_aimlapi.cli.compare.outcome import show_outcome  # noqa: PLC0415  # not for --help

    show_outcome(comparison)


def _write_report(comparison: Comparison, target: Target) -> None:
    if target.path is None:
        return
    if not comparison.results:
        note("There is nothing to report.", "yellow")
        return
    from langchain_aimlapi.cli.media.targets import save_pieces  # noqa: PLC0415  # not for --help
    from langchain_aimlapi.compare import render_report  # noqa: PLC0415

    page = render_report(comparison).encode()
    note(f"Report: {save_pieces(target, iter([page]))}", "dim")


def _end(comparison: Comparison, *, was_interrupted: bool) -> None:
    if was_interrupted:
        note("Interrupted: this is what came until then.", "yellow")
        raise typer.Exit(INTERRUPTED)
    if not all(result.is_whole for result in comparison.results):
        raise typer.Exit(FAILED)

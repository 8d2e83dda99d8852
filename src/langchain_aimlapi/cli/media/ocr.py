"""`aimlapi ocr`: the pages of PDFs and pictures, as Markdown or a JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.media import options
from langchain_aimlapi.cli.media.inputs import (
    check_model,
    read_file,
    read_parameters,
)
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.cli.media.results import summary
from langchain_aimlapi.cli.media.targets import find_text_target, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.documents import Document

    from langchain_aimlapi.media import AimlapiOCRLoader

_DEFAULT_MODEL = "mistral-ocr-latest"


def ocr(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="PDFs or pictures: paths, addresses, - for a pipe."),
    ],
    *,
    model: Annotated[
        str,
        options.model_of("ocr"),
    ] = _DEFAULT_MODEL,
    output: options.TextOutput = None,
    pages: Annotated[
        str | None, typer.Option(help='Which pages, from 1, such as "1-3,7"; all by default.')
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write a line of JSON for each page, with all that is known."),
    ] = False,
    param: options.Param = None,
    timeout: options.Timeout = None,
    force: options.Force = False,
) -> None:
    """Read PDFs and pictures: Markdown, page by page."""
    with told_errors():
        check_model(model, "ocr")
        target = find_text_target(output, force=force)
        documents = [read_file(file) for file in files]
        from langchain_aimlapi.callbacks import get_aimlapi_callback  # noqa: PLC0415
        from langchain_aimlapi.media import AimlapiOCRLoader  # noqa: PLC0415

        with service() as place, Progress("reading") as progress:
            more = {**read_parameters(param), **without_none(timeout=timeout), **place.arguments}
            loader = AimlapiOCRLoader(documents, model=model, pages=pages, **more)
            count = _Count(progress)
            with get_aimlapi_callback() as used:
                written = (_json(page) for page in count.of(loader)) if as_json else None
                path = write_text(target, written or _markdown(count.of(loader)))
            progress.stop()
        cost = None if used.total.unpriced_calls else used.total.cost_usd
        if path is not None:
            typer.echo(path)
        read = f"{count.pages} page{'' if count.pages == 1 else 's'}"
        note(summary(model, cost, progress.seconds, read), "dim")


class _Count:
    """Counts the pages that come."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.pages = 0

    def of(self, loader: AimlapiOCRLoader) -> Iterator[Document]:
        for page in loader.lazy_load():
            self.pages += 1
            self._progress.show_live(f"{self.pages} pages")
            yield page


def _markdown(pages: Iterator[Document]) -> Iterator[str]:
    """The pages below one another, with an empty line between them."""
    for number, page in enumerate(pages):
        text = page.page_content.strip("\n")
        yield f"\n{text}\n" if number else f"{text}\n"


def _json(page: Document) -> str:
    shown = {**page.metadata, "markdown": page.page_content}
    return json.dumps(shown, ensure_ascii=False, default=str) + "\n"

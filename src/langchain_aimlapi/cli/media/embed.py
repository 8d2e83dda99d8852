"""`aimlapi embed`: embeddings of texts, a JSON object a line."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.media import options
from langchain_aimlapi.cli.media.inputs import check_model, read_parameters
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.cli.media.results import summary
from langchain_aimlapi.cli.media.targets import find_text_target, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi import AimlapiEmbeddings
    from langchain_aimlapi.embeddings import EmbeddingsResult

_DEFAULT_MODEL = "text-embedding-3-small"
_TOGETHER = 1024
"""Texts whose embeddings are held at a time."""


def embed(
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT", help="The texts; each line of standard input if there are none."
        ),
    ] = None,
    *,
    model: Annotated[
        str,
        options.model_of("embeddings"),
    ] = _DEFAULT_MODEL,
    output: options.TextOutput = None,
    dimensions: Annotated[
        int | None, typer.Option(help="Length of the embeddings, for models that take it.", min=1)
    ] = None,
    query: Annotated[
        bool, typer.Option("--query", help="They are what is searched by, not what is found.")
    ] = False,
    param: options.Param = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for each thousand texts.", min=0.001)
    ] = None,
    force: options.Force = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object: embeddings, tokens, cost.")
    ] = False,
) -> None:
    """Embed texts: a line of JSON for each, with its `index`, `text` and `embedding`.

    Lines are written as they come. For tables, and to go on where a command ended, there is
    `aimlapi bulk`.
    """
    with told_errors():
        check_model(model, "embed")
        target = find_text_target(output, force=force)
        lines = _lines(texts)
        from langchain_aimlapi import AimlapiEmbeddings  # noqa: PLC0415  # not for --help

        with service() as place, Progress("embedding") as progress:
            named = without_none(dimensions=dimensions, timeout=timeout)
            embeddings = AimlapiEmbeddings(
                model=model, model_kwargs=read_parameters(param), **named, **place.arguments
            )
            work = _Work(embeddings, progress, query=query)
            written = work.whole(lines, is_sandbox=place.is_sandbox) if as_json else None
            path = write_text(target, written or work.rows(lines))
            progress.stop()
        if path is not None:
            typer.echo(path)
        tokens = "tokens not reported" if work.tokens is None else f"{work.tokens} tokens"
        counted = f"{work.texts} text{'' if work.texts == 1 else 's'}"
        note(summary(model, work.cost, progress.seconds, counted, tokens), "dim")


class _Work:
    """Embeds texts as they are read, and adds up what that takes."""

    def __init__(self, embeddings: AimlapiEmbeddings, progress: Progress, *, query: bool) -> None:
        self._embeddings = embeddings
        self._progress = progress
        self._query = query
        self.texts = 0
        self.tokens: int | None = 0
        self.cost: float | None = 0.0

    def rows(self, lines: list[str]) -> Iterator[str]:
        """Yield a line of JSON for each text."""
        for texts, result in self._parts(lines):
            for index, pair in enumerate(zip(texts, result.embeddings, strict=True), self.texts):
                row = {"index": index, "text": pair[0], "embedding": pair[1]}
                yield json.dumps(row, ensure_ascii=False) + "\n"
            self.texts += len(texts)

    def whole(self, lines: list[str], *, is_sandbox: bool) -> Iterator[str]:
        """Yield one JSON object with everything."""
        found: list[list[float]] = []
        for texts, result in self._parts(lines):
            found += result.embeddings
            self.texts += len(texts)
        shown = {
            "model": self._embeddings.model,
            "embeddings": found,
            "tokens": self.tokens,
            "cost": self.cost,
            "seconds": round(self._progress.seconds, 3),
            "sandbox": is_sandbox,
        }
        yield json.dumps(shown) + "\n"

    def _parts(self, lines: list[str]) -> Iterator[tuple[list[str], EmbeddingsResult]]:
        for start in range(0, len(lines), _TOGETHER):
            texts = lines[start : start + _TOGETHER]
            result = self._embeddings.embed_with_usage(texts, query=self._query)
            self.tokens = _added(self.tokens, result.tokens)
            self.cost = _added(self.cost, result.cost)
            yield texts, result
            self._progress.show_live(f"{self.texts} texts")


def _added(sum_so_far: Any, more: Any) -> Any:
    return None if None in (sum_so_far, more) else sum_so_far + more


def _lines(texts: list[str] | None) -> list[str]:
    """All texts, checked before the first is paid for.

    Raises:
        BadParameter: If there is none, or one is empty; by its number.
    """
    what = "TEXT" if texts else "line"
    found = texts or [_without_end(line) for line in sys.stdin]
    if not found:
        raise typer.BadParameter("there are no texts", param_hint="TEXT")
    empty = next((n for n, text in enumerate(found, 1) if not text or text.isspace()), None)
    if empty is not None:
        raise typer.BadParameter(f"{what} {empty} is empty", param_hint="TEXT")
    return found


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")

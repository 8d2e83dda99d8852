"""What a comparison came to: the answers side by side or one below the other, and the figures."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import typer

from langchain_aimlapi.cli._output import show_table
from langchain_aimlapi.cli.chat.display import is_rich, printable
from langchain_aimlapi.compare.wording import best_model, in_words, outcome

if TYPE_CHECKING:
    from rich.panel import Panel
    from rich.text import Text

    from langchain_aimlapi.compare import Comparison, Result, Spread

_COLUMNS = {
    "ttft": "TTFT",
    "tokens_per_second": "Tokens/s",
    "seconds": "Time",
    "input_tokens": "In",
    "output_tokens": "Out",
    "usd": "USD",
}


def show_outcome(comparison: Comparison) -> None:
    """Show one answer of each model, and a table of the figures; medians if there were several runs."""
    if is_rich():
        _show_panels(comparison)
    else:
        _show_sections(comparison)
    _show_figures(comparison)


def shown_result(comparison: Comparison, model: str) -> Result | None:
    """Return the first whole answer of a model, else the first of all; None if it was not asked."""
    results = comparison.results_of(model)
    whole = (result for result in results if result.is_whole)
    return next(whole, results[0] if results else None)


def _problem(result: Result | None) -> str:
    if result is None:
        return "It was not asked."
    if result.is_interrupted:
        return "Interrupted: this is not the whole answer." if result.text else "Interrupted."
    return f"Failed: {result.error}" if result.error else ""


def _beside_text(result: Result) -> list[str]:
    shown = [f"Declined: {result.refusal}".rstrip(": ")] if result.refusal is not None else []
    for call in result.tool_calls:
        args = call["args"]
        text = args if isinstance(args, str) else json.dumps(args, ensure_ascii=False)
        shown.append(f"Tool call: {call['name']} {text}")
    shown += [f"Source: {one['url']} {one['title']}".rstrip() for one in result.sources]
    if result.other_content:
        shown.append(f"The answer also holds: {', '.join(result.other_content)}")
    return shown


def _title(comparison: Comparison, model: str, result: Result | None) -> str:
    return f"{model} (run {result.run})" if result and comparison.runs > 1 else model


# --- in pipes -------------------------------------------------------------------------------------


def _show_sections(comparison: Comparison) -> None:
    """Each answer below the name of its model, as it came."""
    write = printable if sys.stdout.isatty() else str
    for model in comparison.models:
        result = shown_result(comparison, model)
        typer.echo(write(f"== {_title(comparison, model, result)} =="))
        parts = [result.text, *_beside_text(result)] if result else []
        for part in (*parts, _problem(result)):
            if part:
                typer.echo(write(part))
        typer.echo()


# --- on a terminal --------------------------------------------------------------------------------


def _show_panels(comparison: Comparison) -> None:
    from rich.console import Console  # noqa: PLC0415  # for terminals alone

    from langchain_aimlapi.cli.compare.live import COLOURS, grid, places_in_row  # noqa: PLC0415

    console = Console(highlight=False)
    models = list(comparison.models)
    most = places_in_row(len(models), console.width)
    panels = [
        _panel(comparison, model, COLOURS[place % len(COLOURS)])
        for place, model in enumerate(models)
    ]
    for start in range(0, len(panels), most):
        row = panels[start : start + most]
        console.print(grid([*row, *[""] * (most - len(row))]))


def _panel(comparison: Comparison, model: str, colour: str) -> Panel:
    from rich.console import Group, RenderableType  # noqa: PLC0415  # for terminals alone
    from rich.markdown import Markdown  # noqa: PLC0415
    from rich.panel import Panel  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    result = shown_result(comparison, model)
    parts: list[RenderableType] = []
    if result is not None:
        if result.text:
            parts.append(Markdown(printable(result.text)))
        parts += [Text(printable(call), style="green") for call in _beside_text(result)]
    if problem := _problem(result):
        parts.append(Text(printable(problem), style="red" if result and result.error else "yellow"))
    return Panel(
        Group(*parts),
        title=Text(printable(_title(comparison, model, result)), style=f"bold {colour}"),
        title_align="left",
        border_style=colour,
    )


# --- figures --------------------------------------------------------------------------------------


def _show_figures(comparison: Comparison) -> None:
    names = ["Model", *_COLUMNS.values(), "Answered" if comparison.runs > 1 else "End"]
    if is_rich():
        _show_rich_figures(comparison, names)
        return
    is_terminal = sys.stdout.isatty()
    if not is_terminal:
        typer.echo("\t".join(names))
    write = printable if is_terminal else str
    rows = []
    for model in comparison.models:
        spreads = [comparison.spread(model, figure) for figure in _COLUMNS]
        cells = [
            in_words(figure, spread.median if spread else None)
            for figure, spread in zip(_COLUMNS, spreads, strict=True)
        ]
        rows.append([write(model), *cells, write(outcome(comparison, model)[0])])
    show_table(names, rows)


def _show_rich_figures(comparison: Comparison, names: list[str]) -> None:
    """The same in columns: below each median least and most, the best ones in green."""
    from rich import box  # noqa: PLC0415  # for terminals alone
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from langchain_aimlapi.cli.compare.live import COLOURS  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", padding=(0, 1))
    for name in names:
        table.add_column(name, overflow="fold", justify="left" if name == "Model" else "right")
    best = {figure: best_model(comparison, figure) for figure in _COLUMNS}
    for place, model in enumerate(comparison.models):
        ending, is_good = outcome(comparison, model)
        cells = [
            _rich_cell(figure, comparison.spread(model, figure), is_best=best[figure] == model)
            for figure in _COLUMNS
        ]
        shown = Text(printable(model), style=f"bold {COLOURS[place % len(COLOURS)]}")
        table.add_row(shown, *cells, Text(printable(ending), style="" if is_good else "red"))
    Console(highlight=False).print(table)


def _rich_cell(figure: str, spread: Spread | None, *, is_best: bool) -> Text:
    from rich.text import Text  # noqa: PLC0415  # for terminals alone

    median = in_words(figure, spread.median if spread else None)
    cell = Text(median, style="bold green" if is_best else "")
    if spread and spread.least != spread.most:
        least, most = in_words(figure, spread.least), in_words(figure, spread.most)
        cell.append(f"\n{least} - {most}".replace(" s -", " -"), style="not bold dim default")
    return cell

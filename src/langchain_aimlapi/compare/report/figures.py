"""The figures: three charts, and a table of all."""

from __future__ import annotations

from langchain_aimlapi.compare.report.markup import escaped
from langchain_aimlapi.compare.results import Comparison, Spread
from langchain_aimlapi.compare.wording import best_model, in_words, outcome

__all__ = ["COLOURS", "figures_section"]

COLOURS = 6
"""How many colours of models the style has; more models share them."""
_CHARTS = (
    ("ttft", "Time to first token", "Shorter is better"),
    ("tokens_per_second", "Tokens per second", "More is better"),
    ("usd", "Cost of an answer", "Less is better"),
)
_COLUMNS = (
    ("ttft", "First token"),
    ("tokens_per_second", "Tokens/s"),
    ("seconds", "Whole time"),
    ("input_tokens", "Tokens in"),
    ("output_tokens", "Tokens out"),
    ("reasoning_tokens", "Reasoning"),
    ("usd", "Cost"),
)


def figures_section(comparison: Comparison) -> str:
    """Return the section of the figures.

    Args:
        comparison: With its results.
    """
    about = f"<small>medians of {comparison.runs} runs, with least and most</small>"
    charts = "".join(_chart(comparison, *each) for each in _CHARTS)
    return (
        f'<section aria-labelledby="figures"><h2 id="figures">Figures'
        f"{about if comparison.runs > 1 else ''}</h2>"
        f'<div class="charts">{charts}</div>{_table(comparison)}</section>'
    )


# --- charts ---------------------------------------------------------------------------------------


def _chart(comparison: Comparison, figure: str, title: str, hint: str) -> str:
    spreads = [comparison.spread(model, figure) for model in comparison.models]
    top = max((each.most for each in spreads if each), default=0.0)
    best = best_model(comparison, figure)
    rows = "".join(
        _row(place, model, figure, spread, top, is_best=model == best)
        for place, (model, spread) in enumerate(zip(comparison.models, spreads, strict=True))
    )
    return (
        f'<figure class="box" style="margin:0"><figcaption><h3>{title}</h3>'
        f'<p class="hint">{hint}</p></figcaption><ul>{rows}</ul></figure>'
    )


def _row(
    place: int, model: str, figure: str, spread: Spread | None, top: float, *, is_best: bool
) -> str:
    if spread is None:
        value = '<span class="value none">not known</span>'
    else:
        value = f'<span class="value">{_marked(in_words(figure, spread.median), is_best=is_best)}</span>'
    return (
        f'<li class="m{place % COLOURS}"><span class="dot">{escaped(model)}</span>{value}'
        f"{_bar(spread, top)}</li>"
    )


def _bar(spread: Spread | None, top: float) -> str:
    """A bar as wide as its row allows: all that lies along it is in percent."""
    shapes = ['<rect class="track" width="100%" height="12" rx="4"/>']
    if spread and top > 0:
        end = _percent(spread.median / top)
        shapes.append(f'<rect class="fill" width="{end}" height="12" rx="4"/>')
        if spread.count > 1:
            least, most = _percent(spread.least / top), _percent(spread.most / top)
            shapes += [
                f'<line class="range" x1="{least}" x2="{most}" y1="6" y2="6"/>',
                f'<line class="range" x1="{least}" x2="{least}" y1="2" y2="10"/>',
                f'<line class="range" x1="{most}" x2="{most}" y1="2" y2="10"/>',
            ]
    return f'<svg aria-hidden="true" focusable="false">{"".join(shapes)}</svg>'


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _marked(text: str, *, is_best: bool) -> str:
    return (
        f'<span class="best">{text}<span class="unseen"> (best)</span></span>' if is_best else text
    )


# --- the table ------------------------------------------------------------------------------------


def _table(comparison: Comparison) -> str:
    last = "Answered" if comparison.runs > 1 else "End"
    heads = "".join(
        f'<th scope="col" role="columnheader">{name}</th>'
        for name in ("Model", *(name for _, name in _COLUMNS), last)
    )
    best = {figure: best_model(comparison, figure) for figure, _ in _COLUMNS}
    rows = "".join(
        _table_row(comparison, place, best, last) for place in range(len(comparison.models))
    )
    # The roles hold where narrow screens show each row as a list.
    return (
        '<table class="figures" role="table" aria-label="All figures"><thead role="rowgroup">'
        f'<tr role="row">{heads}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def _table_row(comparison: Comparison, place: int, best: dict[str, str | None], last: str) -> str:
    model = comparison.models[place]
    cells = "".join(
        _cell(figure, name, comparison.spread(model, figure), is_best=best[figure] == model)
        for figure, name in _COLUMNS
    )
    ending, is_good = outcome(comparison, model)
    text = escaped(ending) if is_good else f'<span class="bad">{escaped(ending)}</span>'
    return (
        f'<tr role="row"><th scope="row" role="rowheader" class="m{place % COLOURS}">'
        f'<span class="dot">{escaped(model)}</span></th>{cells}'
        f'<td role="cell" data-label="{last}">{text}</td></tr>'
    )


def _cell(figure: str, name: str, spread: Spread | None, *, is_best: bool) -> str:
    text = in_words(figure, spread.median if spread else None)
    span = ""
    if spread and spread.least != spread.most:
        least, most = in_words(figure, spread.least), in_words(figure, spread.most)
        span = f"<small>{least} to {most}</small>"
    return f'<td role="cell" data-label="{name}"><span>{_marked(text, is_best=is_best)}</span>{span}</td>'

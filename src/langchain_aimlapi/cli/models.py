"""`aimlapi models` and `aimlapi model`: the catalogue on a terminal, and for other programs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import note, show_json, show_table
from langchain_aimlapi.cli._snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.catalogue import Metrics, ModelInfo, Price

Kind = Literal[
    "chat",
    "image",
    "image_edit",
    "video",
    "music",
    "speech",
    "transcription",
    "ocr",
    "embeddings",
    "all",
]
_MILLION = 1_000_000
_COLUMNS = ("Model", "Type", "Vendor", "Context", "Inputs", "Capabilities", "Price (USD)")
_SPEED_COLUMNS = ("First token (ms)", "Tokens/s")
_NOT_KNOWN = "-"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Fetch the service's own list, with prices; needs no key.")
]
WithMetrics = Annotated[
    bool, typer.Option("--metrics", help="Ask the service how fast they have been lately.")
]


def models(
    *,
    kind: Annotated[Kind, typer.Option("--type", "-t", help="What they do, or all.")] = "chat",
    vendor: Annotated[str | None, typer.Option(help="Who made them, whatever the case.")] = None,
    capability: Annotated[
        list[str] | None,
        typer.Option(help="Such as tools, structured_output, vision; may be repeated."),
    ] = None,
    input_: Annotated[
        list[str] | None,
        typer.Option("--input", help="Such as image, audio, video, file; may be repeated."),
    ] = None,
    text: Annotated[str | None, typer.Option(help="Part of the id or the name.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are deprecated or not listed, too.")
    ] = False,
    refresh: Refresh = False,
    metrics: WithMetrics = False,
    as_json: AsJson = False,
) -> None:
    """List models, from the catalogue of this package or (--refresh) the service's own list.

    In a pipe each model is a line of columns parted by tabs, the id first.
    """
    with told_errors():
        from langchain_aimlapi import catalogue  # noqa: PLC0415  # not for --help

        if refresh:
            catalogue.refresh()
        found = catalogue.models(
            type=None if kind == "all" else kind,
            vendor=vendor,
            capability=capability or (),
            input=input_ or (),
            text=text,
            listed_only=not everything,
        )
        speeds = catalogue.metrics(info.id for info in found) if metrics and found else {}
    if as_json:
        show_json([_as_json(info, speeds.get(info.id)) for info in found])
        return
    columns = (*_COLUMNS, *(_SPEED_COLUMNS if metrics else ()))
    show_table(columns, (_row(info, speeds if metrics else None) for info in found))
    note(_closing(found, refresh=refresh), "dim")


def model(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of the model, or an alias.")],
    *,
    refresh: Refresh = False,
    metrics: WithMetrics = False,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of a model, and a program that uses it."""
    with told_errors():
        from langchain_aimlapi import catalogue  # noqa: PLC0415  # not for --help

        if refresh:
            catalogue.refresh()
        info = catalogue.model(name)
        speed = catalogue.metrics([info.id]).get(info.id) if metrics else None
    program = snippet(info.id, info.type)
    if as_json:
        show_json({**_as_json(info, speed), "snippet": program})
        return
    rows = _rows_of(info)
    if metrics:
        first, rate = _speed(speed)
        rows |= {"First token, median": f"{first} ms", "Tokens/s, median": rate}
    width = max(map(len, rows))
    for label, fact in rows.items():
        typer.echo(f"{label:<{width}}  {fact}")
    typer.echo(f"\n{program}", nl=False)


# --- what is shown --------------------------------------------------------------------------------


def _row(info: ModelInfo, speeds: Mapping[str, Metrics] | None) -> tuple[str, ...]:
    row = (
        info.id,
        info.type,
        info.vendor or _NOT_KNOWN,
        _count(info.context_window),
        _words(info.inputs),
        _words(info.capabilities),
        _price(info.price),
    )
    return row if speeds is None else (*row, *_speed(speeds.get(info.id)))


def _speed(metrics: Metrics | None) -> tuple[str, str]:
    if metrics is None:
        return _NOT_KNOWN, _NOT_KNOWN
    figures = (metrics.time_to_first_token.p50, metrics.tokens_per_second.p50)
    first, rate = (_NOT_KNOWN if figure is None else f"{figure:.0f}" for figure in figures)
    return first, rate


def _rows_of(info: ModelInfo) -> dict[str, str]:
    known = {
        "Id": info.id,
        "Name": info.name,
        "Type": info.type,
        "Vendor": info.vendor,
        "Aliases": ", ".join(info.aliases),
        "Status": info.status,
        "Context window": _count(info.context_window),
        "Most output tokens": _count(info.max_output),
        "Released": info.released,
        "Inputs": _words(info.inputs),
        "Outputs": _words(info.outputs),
        "Capabilities": _words(info.capabilities),
        "Parameters": _words(info.parameters),
        "Price (USD)": _price(info.price) if info.price else "not known; --refresh asks for it",
    }
    return {label: fact for label, fact in known.items() if fact and fact != _NOT_KNOWN}


def _count(number: int | None) -> str:
    return _NOT_KNOWN if number is None else str(number)


def _words(words: frozenset[str]) -> str:
    return ", ".join(sorted(words)) or _NOT_KNOWN


def _price(price: Price | None) -> str:
    """Tokens by the million, everything else by the unit."""
    if price is None:
        return _NOT_KNOWN
    told = [
        (f"{usd * _MILLION:g}/M tokens {measure}")
        for measure in ("input", "output")
        if (usd := price.usd(measure)) is not None
    ]
    if told:
        return ", ".join(told)
    others = [f"{each.usd:g}/{each.unit or 'unit'}" for each in price.units]
    if len(others) > 1:
        return f"from {min(price.units, key=lambda each: each.usd).usd:g} ({price.kind})"
    return others[0] if others else price.kind


def _as_json(info: ModelInfo, metrics: Metrics | None) -> dict[str, object]:
    shown = dataclasses.asdict(info)
    return {**shown, "metrics": None if metrics is None else dataclasses.asdict(metrics)}


def _closing(found: list[ModelInfo], *, refresh: bool) -> str:
    counted = f"{len(found)} model{'' if len(found) == 1 else 's'}"
    if found and not refresh and not any(info.price for info in found):
        return f"{counted}; --refresh asks the service for its prices"
    return counted

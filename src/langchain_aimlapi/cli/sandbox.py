"""`aimlapi sandbox`: the local emulator, until it is interrupted."""

from __future__ import annotations

from typing import Annotated

import typer


def sandbox(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8989,
    ttft: Annotated[float, typer.Option(help="Seconds before the first token.", min=0)] = 0.0,
    tokens_per_second: Annotated[
        float | None, typer.Option(help="Pace of a stream; as fast as it goes if not given.")
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(help="Base URL of an OpenAI-compatible server here that is to answer."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME:RATE, such as rate_limit:0.3; may be repeated."),
    ] = None,
) -> None:
    """Run a local stand-in for the service: no key, no network, no cost."""
    from langchain_aimlapi.sandbox import run  # noqa: PLC0415  # a server; the help needs none

    run(
        port=port,
        ttft=ttft,
        tokens_per_second=tokens_per_second,
        upstream=upstream,
        faults=_rates(fault or []),
    )


def _rates(faults: list[str]) -> dict[str, float]:
    rates = {}
    for fault in faults:
        name, _, rate = fault.partition(":")
        try:
            rates[name] = float(rate) if rate else 1.0
        except ValueError:
            raise typer.BadParameter(f"{fault!r} is not NAME or NAME:RATE") from None
    return rates

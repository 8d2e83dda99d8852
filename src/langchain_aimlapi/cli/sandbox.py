"""`aimlapi sandbox`: the local emulator, until it is interrupted."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.sandbox import Sandbox


def _list_faults(given: bool) -> None:
    if not given:
        return
    from langchain_aimlapi.sandbox import FAULTS  # noqa: PLC0415  # not needed for --help

    width = max(map(len, FAULTS))
    for name, fault in FAULTS.items():
        typer.echo(f"{name:<{width}}  {fault.description}")
    raise typer.Exit


def sandbox(
    *,
    port: Annotated[
        int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)
    ] = 8989,
    ttft: Annotated[float, typer.Option(help="Seconds before the first token.", min=0)] = 0.0,
    tokens_per_second: Annotated[
        float | None, typer.Option(help="Pace of a stream; without it there is no delay.")
    ] = None,
    job_seconds: Annotated[
        float | None,
        typer.Option(
            help="Seconds that videos, music and transcripts take; by default they are done at the "
            "second look.",
            min=0,
        ),
    ] = None,
    balance: Annotated[
        float,
        typer.Option(
            help="US dollars on the account; when they are spent, calls are refused.", min=0
        ),
    ] = 1_000.0,
    api_key: Annotated[
        str | None,
        typer.Option(help='The only key that is accepted; by default any but "invalid" is.'),
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(help="Base URL of an OpenAI-compatible server that answers chat requests."),
    ] = None,
    upstream_key: Annotated[
        str | None,
        typer.Option(
            envvar="AIMLAPI_UPSTREAM_KEY", show_envvar=True, help="API key of the upstream."
        ),
    ] = None,
    script: Annotated[
        str | None, typer.Option(help="File of answers: .yaml, .json or .py.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(help="File that keeps what was answered; keys are blanked.")
    ] = None,
    replay: Annotated[
        str | None, typer.Option(help="File of recorded calls that answers the same requests.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME, or NAME:RATE such as rate_limit:0.3; may be repeated. Those of jobs and files "
            "too: job_fails, job_vanishes, file_expired, file_cut_off."
        ),
    ] = None,
    list_faults: Annotated[
        bool,
        typer.Option(
            "--list-faults", help="List the faults.", callback=_list_faults, is_eager=True
        ),
    ] = False,
) -> None:
    """Run a local emulator of the service: no key, no network, no cost."""
    del list_faults  # handled by its callback
    from langchain_aimlapi.sandbox import run  # noqa: PLC0415  # not needed for --help

    try:
        with _logged_requests():
            run(
                port=port,
                ttft=ttft,
                tokens_per_second=tokens_per_second,
                job_seconds=job_seconds,
                balance=balance,
                api_key=api_key,
                upstream=upstream,
                upstream_key=upstream_key,
                script=script,
                record=record,
                replay=replay,
                faults=fault,
                on_start=_announce,
            )
    except (OSError, ValueError) as error:
        why: object = error
        if isinstance(error, OSError):
            why = f"{error.filename or f'port {port}'}: {error.strerror}"
        typer.echo(f"The sandbox cannot start: {why}", err=True)
        raise typer.Exit(1) from None


@contextlib.contextmanager
def _logged_requests() -> Iterator[None]:
    """Write one line per request to standard error while the sandbox runs."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("langchain_aimlapi.sandbox.requests")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _announce(sandbox: Sandbox) -> None:
    typer.echo(
        f"The sandbox listens on {sandbox.base_url}; Ctrl-C stops it. To use it:\n"
        f"  export AIMLAPI_API_BASE={sandbox.base_url} AIMLAPI_API_KEY={sandbox.api_key}"
    )

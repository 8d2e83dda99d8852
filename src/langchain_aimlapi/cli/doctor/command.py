"""`aimlapi doctor`: the checks in their order, shown as they end, and the exit code."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from langchain_aimlapi.cli._failures import FAILED, told_errors
from langchain_aimlapi.cli._output import note, show_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_aimlapi.cli.doctor.finding import Check, Finding, State

_STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}
_WORDS = {"ok": "OK", "warning": "warning", "failed": "failed", "skipped": "skipped"}
_DEFAULT_MODEL = "gpt-4o-mini"
_OFFER = (
    "Without key and network: `aimlapi chat` and `aimlapi sandbox` answer on this machine "
    "(unset AIMLAPI_API_KEY, AIMLAPI_API_BASE and AIMLAPI_BASE_URL first)."
)


class Step(NamedTuple):
    """A check, and those without which it makes no sense."""

    name: str
    check: Check
    needs: tuple[str, ...] = ()


def doctor(
    *,
    model: Annotated[
        str,
        typer.Option("--model", "-m", envvar="AIMLAPI_MODEL", help="Id of the model to call."),
    ] = _DEFAULT_MODEL,
    call: Annotated[
        bool, typer.Option(help="Call the model once, which costs a fraction of a cent.")
    ] = True,
    timeout: Annotated[float, typer.Option(help="Seconds for each check.", min=0.001)] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Find out what stands between this machine and an answer.

    Looks at Python and packages, key, address, proxy, DNS, TLS, clock, balance, and calls a model
    once. Each line says what was found and how to fix it. The key is never shown. Exit codes: 0 if
    all is right, 1 if a check failed.
    """
    with told_errors():
        from langchain_aimlapi.cli.doctor.finding import State  # noqa: PLC0415  # not for --help

        state = State(timeout=timeout, model=model, makes_call=call)
        found: dict[str, dict[str, object]] = {}
        for name, finding, seconds in _findings(state):
            found[name] = _as_json(name, finding, seconds)
            if not as_json:
                _show(name, finding)
    failed = [name for name, each in found.items() if each["status"] == "failed"]
    if as_json:
        show_json({"ok": not failed, "checks": list(found.values())})
    else:
        _conclude(found, failed)
    if failed:
        raise typer.Exit(FAILED)


def _steps() -> tuple[Step, ...]:
    from langchain_aimlapi.cli.doctor import (  # noqa: PLC0415  # not for --help
        installation,
        network,
        service,
        settings,
    )

    reached = ("Base URL", "Proxy", "DNS", "Connection", "TLS")
    return (
        Step("Python", installation.check_python),
        Step("Packages", installation.check_packages),
        Step("Extras", installation.check_extras),
        Step("Base URL", settings.check_base_url),
        Step("Key", settings.check_key),
        Step("Proxy", settings.check_proxy, reached[:1]),
        Step("DNS", network.check_dns, reached[:2]),
        Step("Connection", network.check_connection, reached[:3]),
        Step("TLS", network.check_tls, reached[:4]),
        Step("Service", service.check_service, reached),
        Step("Clock", service.check_clock, reached),
        Step("Account", service.check_account, (*reached, "Service", "Key")),
        Step("Balance", service.check_balance, (*reached, "Service", "Key", "Account")),
        Step("Call", service.check_call, (*reached, "Service", "Key", "Account")),
    )


def _findings(state: State) -> Iterator[tuple[str, Finding, float]]:
    """Run the checks one after another; what cannot be found out for lack of another is skipped."""
    from langchain_aimlapi.cli.doctor.finding import Finding, within  # noqa: PLC0415

    failed: set[str] = set()
    for name, check, needs in _steps():
        started = time.monotonic()
        missing = next((need for need in needs if need in failed), None)
        if missing:
            finding = Finding("skipped", f"cannot be checked while this fails: {missing}")
        else:
            finding = within(state.timeout, check, state)
        if finding.status == "failed":
            failed.add(name)
        yield name, finding, time.monotonic() - started


# --- what is shown --------------------------------------------------------------------------------


def _show(name: str, finding: Finding) -> None:
    word = _WORDS[finding.status]
    detail, fix = (" ".join(text.split()) for text in (finding.detail, finding.fix))
    if not sys.stdout.isatty():
        typer.echo(f"{word}\t{name}\t{detail}\t{fix}")
        return
    from rich.console import Console  # noqa: PLC0415  # for terminals alone

    from langchain_aimlapi.cli._output import is_plain  # noqa: PLC0415

    console = Console(
        highlight=False, soft_wrap=True, markup=False, force_terminal=False if is_plain() else None
    )
    console.print(f"{word:<8} ", style=_STYLES[finding.status], end="")
    console.print(f"{name:<11} {detail}")
    if fix:
        console.print(f"{'':<21}Fix: {fix}", style="bold")


def _conclude(found: dict[str, dict[str, object]], failed: list[str]) -> None:
    warned = [name for name, each in found.items() if each["status"] == "warning"]
    if failed:
        note(f"Failed: {', '.join(failed)}.", "red")
        note(_OFFER, "dim")
    elif warned:
        note(f"It works; worth a look: {', '.join(warned)}.", "yellow")
    else:
        note("All is right.", "green")


def _as_json(name: str, finding: Finding, seconds: float) -> dict[str, object]:
    return {
        "check": name,
        "status": finding.status,
        "detail": finding.detail,
        "fix": finding.fix or None,
        "seconds": round(seconds, 3),
        "data": dict(finding.data),
    }

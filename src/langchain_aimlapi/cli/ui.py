"""`aimlapi ui`: the page that compares models and shows the wire, until it is interrupted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_aimlapi.cli._failures import FAILED, told_errors
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._service import service

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_aimlapi.ui.guard import Guard


_MOST_MODELS = 4
_AT_FIRST = ("gpt-4o-mini", "claude-haiku-4-5")


def ui(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="Model that is chosen at first; may be repeated, up to four."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)
    ] = 8990,
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Compare up to four models on a page in the browser, and see what went over the wire.

    Only this machine can reach the page, at the address that is printed. Without a key and an
    address the local sandbox answers, and the page says so.
    """
    if model and len(model) > _MOST_MODELS:
        raise typer.BadParameter(f"at most {_MOST_MODELS}", param_hint="--model")
    import asyncio  # noqa: PLC0415  # not for --help
    import secrets  # noqa: PLC0415

    with told_errors(), service() as place:
        from langchain_aimlapi.ui.server import serve  # noqa: PLC0415  # a server

        arguments = place.arguments
        if place.is_sandbox:
            # The page blanks keys, and the sandbox's usual one is a word of its answers.
            arguments["api_key"] = secrets.token_urlsafe()
        running = serve(
            arguments,
            models=model or _AT_FIRST,
            port=port,
            is_sandbox=place.is_sandbox,
            on_start=_announced(browser=browser),
        )
        try:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(running)
        except OSError as error:
            why = error.strerror or error
            note(f"The page cannot be served on port {port}: {why}. Try --port 0.", "red")
            raise typer.Exit(FAILED) from None


def _announced(*, browser: bool) -> Callable[[Guard], None]:
    def announce(guard: Guard) -> None:
        from langchain_aimlapi.ui.browser import open_browser  # noqa: PLC0415  # loaded by then

        typer.echo(f"The page is at {guard.address}")
        opened = browser and open_browser(guard.start_address)
        how = "It opens in the browser." if opened else "Open it in a browser."
        note(f"{how} The address is for you alone: whoever has it can spend your credits.")
        note("Ctrl-C stops it.", "dim")

    return announce

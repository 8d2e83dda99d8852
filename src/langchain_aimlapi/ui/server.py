"""The server: its routes, and its life from the open port to the last closed connection."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import TYPE_CHECKING, Any

from aiohttp import web

from langchain_aimlapi import ChatAimlapi, catalogue
from langchain_aimlapi._client.key import aresolve_key
from langchain_aimlapi._lazy import load_for_async
from langchain_aimlapi._version import __version__
from langchain_aimlapi.compare.report import render_report
from langchain_aimlapi.ui.assets import read_assets
from langchain_aimlapi.ui.guard import Guard, add_headers, refusal
from langchain_aimlapi.ui.outbox import Outbox
from langchain_aimlapi.ui.question import MOST_BODY_BYTES, QuestionError, read_question
from langchain_aimlapi.ui.runs import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_aimlapi.compare import Comparison

_MILLION = 1_000_000
_RUNS_KEPT = 8
_GRACE = 0.1
"""Seconds that open connections have to finish when the server stops."""


class Page:
    """The page and what it asks for.

    Args:
        guard: Whom to answer.
        arguments: What a model object is made with: key and address.
        key: What must not be shown.
        models: Those that are chosen at first.
        is_sandbox: Whether the sandbox answers instead of models.
    """

    def __init__(
        self,
        guard: Guard,
        arguments: Mapping[str, Any],
        key: str,
        *,
        models: Sequence[str] = (),
        is_sandbox: bool = False,
    ) -> None:
        self._guard = guard
        self._arguments = arguments
        self._key = key
        self._models_at_first = list(models)
        self._is_sandbox = is_sandbox
        self._assets = read_assets()
        self._comparisons: dict[str, Comparison] = {}
        """Of the last runs, by their ids."""
        self._address = ChatAimlapi(model="any", **arguments).aimlapi_api_base

    def application(self) -> web.Application:
        """Build the application."""
        app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=[self._guard.middleware])
        app.on_response_prepare.append(add_headers)
        root = f"/{self._guard.token}"
        app.router.add_get("/start/{code}", self._start, allow_head=False)
        app.router.add_get(f"{root}/", self._index, allow_head=False)
        app.router.add_get(f"{root}/static/{{name}}", self._static, allow_head=False)
        app.router.add_get(f"{root}/api/about", self._about, allow_head=False)
        app.router.add_get(f"{root}/api/models", self._models, allow_head=False)
        app.router.add_post(f"{root}/api/run", self._run)
        app.router.add_get(f"{root}/api/report/{{id}}", self._report, allow_head=False)
        return app

    async def _start(self, request: web.Request) -> web.StreamResponse:
        if self._guard.takes_start(request.match_info["code"]):
            return web.Response(status=303, headers={"Location": self._guard.address})
        return refusal(403, "This address works once. Open the one that `aimlapi ui` printed.")

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return self._file("index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return self._file(request.match_info["name"])

    def _file(self, name: str) -> web.StreamResponse:
        asset = self._assets.get(name)
        if asset is None:
            return refusal(404, "There is no such file.")
        return web.Response(body=asset.body, content_type=asset.kind, charset="utf-8")

    async def _about(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                "version": __version__,
                "sandbox": self._is_sandbox,
                "address": self._address,
                "models": self._models_at_first,
            }
        )

    async def _models(self, _: web.Request) -> web.StreamResponse:
        found = await asyncio.to_thread(catalogue.models)
        return web.json_response([_shown_model(info) for info in found])

    async def _run(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return refusal(415, "A question is JSON.")
        try:
            question = await asyncio.to_thread(read_question, await request.read())
        except QuestionError as error:
            return refusal(422, str(error))
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        outbox = Outbox()
        run = Run(
            question,
            self._arguments,
            self._key,
            outbox,
            is_sandbox=self._is_sandbox,
            endpoint=self._address,
        )
        self._keep(run.id, run.comparison)
        asking = asyncio.create_task(run.ask_all())
        asking.add_done_callback(lambda _: outbox.close())
        try:
            while data := await outbox.take():
                await response.write(data)
        finally:  # the page may have gone, or been stopped: then nobody wants the answers
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        return response

    def _keep(self, id: str, comparison: Comparison) -> None:  # noqa: A002  # what it is
        """Keep a run for its report; the oldest gives way."""
        self._comparisons[id] = comparison
        while len(self._comparisons) > _RUNS_KEPT:
            del self._comparisons[next(iter(self._comparisons))]

    async def _report(self, request: web.Request) -> web.StreamResponse:
        comparison = self._comparisons.get(request.match_info["id"])
        if comparison is None:
            return refusal(404, f"Only the last {_RUNS_KEPT} runs are kept; run it again.")
        page = await asyncio.to_thread(render_report, comparison)
        name = f"compare-{comparison.date:%Y%m%d-%H%M%S}.html"
        return web.Response(
            text=page,
            content_type="text/html",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _shown_model(info: catalogue.ModelInfo) -> dict[str, object]:
    price = info.price
    usd = {name: price.usd(name) if price else None for name in ("input", "output")}
    return {
        "id": info.id,
        "name": info.name,
        "vendor": info.vendor,
        "context": info.context_window,
        "vision": "image" in info.inputs,
        "tools": "tools" in info.capabilities,
        "reasoning": "reasoning" in info.capabilities,
        "usd": {name: each and each * _MILLION for name, each in usd.items()},
    }


async def serve(
    arguments: Mapping[str, Any],
    *,
    port: int = 0,
    models: Sequence[str] = (),
    is_sandbox: bool = False,
    on_start: Callable[[Guard], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve the page on 127.0.0.1 until it is stopped.

    Args:
        arguments: What a model object is made with: key and address.
        port: 0 takes a free one.
        models: Those that are chosen at first.
        is_sandbox: Whether the sandbox answers instead of models.
        on_start: Called with the addresses once the port is open.
        stop: Ends the server when it is set; SIGTERM does so, too, and Ctrl-C.

    Raises:
        OSError: The port is taken.
        ConfigurationError: There is no key, or the address that the environment gives is none.
    """
    stop = stop or asyncio.Event()
    key = await _ready(arguments)
    with socket.create_server(("127.0.0.1", port)) as sock:
        guard = Guard(sock.getsockname()[1])
        page = Page(guard, arguments, key, models=models, is_sandbox=is_sandbox)
        runner = web.AppRunner(
            page.application(), access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE
        )
        await runner.setup()
        try:
            await web.SockSite(runner, sock).start()
            _stop_at_sigterm(stop)
            on_start(guard)
            await stop.wait()
        finally:
            await runner.cleanup()


async def _ready(arguments: Mapping[str, Any]) -> str:
    """Load what a call needs, so that the first one is no slower than others; return the key."""
    await load_for_async("._chat.build", "._chat.stream")
    key = await aresolve_key(ChatAimlapi(model="any", **arguments), {})
    return key.get_secret_value()


def _stop_at_sigterm(stop: asyncio.Event) -> None:
    # Not on Windows, and not in a thread.
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

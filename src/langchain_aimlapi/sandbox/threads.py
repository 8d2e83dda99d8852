"""One run of a server: a thread with an event loop of its own, and the handle that ends it."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_GRACE = 0.05
"""Seconds that open connections get to end by themselves when the server stops."""

_TURNS = 8
"""Turns of the loop in which a connection that is just being accepted comes to be known as one:
before that, nobody would close it."""


class ServerThread:
    """Serves an application on a listening socket, which it owns from then on."""

    def __init__(self, sock: socket.socket, make: Callable[[], web.Application]) -> None:
        self._sock = sock
        self._make = make
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="aimlapi-sandbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._runner: web.AppRunner | None = None
        self.port: int = sock.getsockname()[1]
        self.started: Future[None] = Future()
        """Done when requests are answered."""
        self.stopped: Future[None] = Future()
        """Done when all is closed."""

    def start(self) -> None:
        """Start the thread; `started` tells when it serves."""
        self._thread.start()

    def halt(self) -> bool:
        """Tell the thread to end; False in a forked child, where there is no such thread."""
        if self._process != os.getpid():
            self._sock.close()
            return False
        self.started.result()
        if self._loop and self._end and not self.stopped.done():
            self._loop.call_soon_threadsafe(self._end.set)
        return True

    def join(self) -> None:
        """Wait for the thread."""
        self._thread.join()

    def connections(self) -> int:
        """Count the open connections."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self.started.done():
                raise
            self.started.set_exception(error)
        finally:
            self._sock.close()
            self.stopped.set_result(None)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._runner = web.AppRunner(
            self._make(), access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE
        )
        await self._runner.setup()
        try:
            await web.SockSite(self._runner, self._sock, backlog=1024).start()
            self.started.set_result(None)
            await self._end.wait()
        finally:
            for site in list(self._runner.sites):
                await site.stop()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await self._runner.cleanup()

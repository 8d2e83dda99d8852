"""A server in a thread with an event loop of its own, and the handle that stops it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING
from weakref import WeakSet

from aiohttp import web

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_GRACE = 0.05
"""Seconds that open connections have to finish when the server stops."""

_TURNS = 8
"""Iterations of the loop after which a connection that is being accepted is registered, and one that
is aborted is closed; before that, nothing would close it."""


class ServerThread:
    """Serves an application on a listening socket and owns the socket."""

    def __init__(self, sock: socket.socket, make: Callable[[], web.Application]) -> None:
        self._sock = sock
        self._make = make
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="aimlapi-sandbox", daemon=True)
        self._halted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._runner: web.AppRunner | None = None
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()
        self.port: int = sock.getsockname()[1]
        self.started: Future[None] = Future()
        """Done when the server accepts requests."""
        self.stopped: Future[None] = Future()
        """Done when everything is closed."""

    def start(self) -> None:
        """Start the thread; `started` is done when it serves."""
        self._thread.start()

    def halt(self) -> bool:
        """Ask the thread to stop.

        Returns:
            Whether there is one: none in a forked child, or where it could not be started.
        """
        self._halted = True
        if self._process != os.getpid() or not self._thread.is_alive():
            self._sock.close()
            return False
        wait([self.started])
        if self._loop and self._end and not self.stopped.done():
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(self._end.set)
        return True

    def join(self) -> None:
        """Wait until the thread has ended."""
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
        if self._halted:  # by Ctrl-C, while the thread was being started
            raise InterruptedError("the sandbox was stopped while it started")
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        app = self._make()
        app.on_response_prepare.append(self._note)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE
        )
        await self._runner.setup()
        try:
            await web.SockSite(self._runner, self._sock, backlog=1024).start()
            self.started.set_result(None)
            await self._end.wait()
        finally:
            await self._close(self._runner)

    async def _note(self, request: web.BaseRequest, _: web.StreamResponse) -> None:
        """Note a connection that is answered: what it is not rid of would keep it open."""
        if request.transport is not None:
            with contextlib.suppress(TypeError):  # a transport that takes no weak references
                self._transports.add(request.transport)

    async def _close(self, runner: web.AppRunner) -> None:
        """Close everything, also a connection that is being accepted or whose client reads nothing.

        A server that closes while connections are being accepted leaves them to nobody, so first
        it only stops accepting.
        """
        asyncio.get_running_loop().remove_reader(self._sock)
        await _turns()
        for site in list(runner.sites):
            await site.stop()
        await runner.cleanup()
        for transport in list(self._transports):
            if isinstance(transport, asyncio.Transport):
                # One whose last bytes have left meanwhile has no loop any more, which asyncio
                # itself does not look at.
                with contextlib.suppress(AttributeError):
                    transport.abort()
        await _turns()


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)

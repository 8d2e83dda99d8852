"""`Sandbox`: the emulated service in a thread of its own, with its own event loop.

The same thread serves synchronous and asynchronous callers, so neither blocks the event loop of
the test. It is stopped by its own handle and joined; no thread and no socket is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections import deque
from typing import TYPE_CHECKING, Self

from langchain_aimlapi.sandbox.answers.answer import Answer
from langchain_aimlapi.sandbox.answers.script import ToolCalls, read_tool_calls
from langchain_aimlapi.sandbox.faults.plan import FaultPlan
from langchain_aimlapi.sandbox.recorder import Recorder
from langchain_aimlapi.sandbox.server import Service
from langchain_aimlapi.sandbox.server_thread import ServerThread
from langchain_aimlapi.sandbox.settings import Settings, check_loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from langchain_aimlapi.sandbox.faults.plan import FaultChoice
    from langchain_aimlapi.sandbox.recorder import RecordedRequest


_MAX_PORT = 65_535


class Sandbox:
    """A local emulator of api.aimlapi.com, used as a context manager, synchronous or not.

    Args:
        port: 0 takes a free one.
        host: A loopback address; others are refused, since any key is accepted.
        ttft: Seconds until the first token.
        tokens_per_second: Pace of the answer; None for no delay.
        upstream: Base URL of an OpenAI-compatible server that answers chat requests instead,
            e.g. `"http://127.0.0.1:8080/v1"`.
        upstream_key: API key of the upstream, if it needs one.
        api_key: The only accepted key. By default any is accepted except `"invalid"`.
        faults: Faults of the replies: a name or several (always, in turn), `"NAME:RATE"` or a
            mapping from name to rate (a share of the requests). The names are in `FAULTS`.

    Raises:
        ValueError: An option is out of range, or a fault is unknown.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        ttft: float = 0.0,
        tokens_per_second: float | None = None,
        upstream: str | None = None,
        upstream_key: str | None = None,
        api_key: str | None = None,
        faults: FaultChoice | None = None,
    ) -> None:
        self._settings = Settings(ttft, tokens_per_second, api_key, upstream, upstream_key)
        self._plan = FaultPlan(faults)
        self._script: deque[Answer] = deque()
        self._host = check_loopback(host)
        if not 0 <= port <= _MAX_PORT:
            raise ValueError(f"port={port}: must be 0 (any free port) to {_MAX_PORT}")
        self._wanted_port = port
        self._running: ServerThread | None = None
        self._recorder = Recorder()

    @property
    def api_key(self) -> str:
        """A key that is accepted."""
        return self._settings.api_key or "sandbox"

    @property
    def base_url(self) -> str:
        """Base URL of the running sandbox, e.g. `"http://127.0.0.1:8123/v1"`.

        Raises:
            RuntimeError: It is not running.
        """
        if self._running is None:
            raise RuntimeError("the sandbox is not running: use it in a with statement, or start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._running.port}/v1"

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests since the sandbox was created, the oldest first; the list may be cleared."""
        return self._recorder.requests

    @property
    def requests_kept(self) -> int:
        """Maximum length of `requests`; may be set at any time."""
        return self._recorder.limit

    @requests_kept.setter
    def requests_kept(self, limit: int) -> None:
        self._recorder.limit = limit

    @property
    def connections(self) -> int:
        """Number of open connections."""
        return self._running.connections() if self._running else 0

    @property
    def retry_after(self) -> float:
        """Seconds that faults with a retry delay ask for; may be set at any time."""
        return self._plan.retry_after

    @retry_after.setter
    def retry_after(self, seconds: float) -> None:
        self._plan.retry_after = seconds

    def fail_next(self, fault: str, times: int = 1) -> None:
        """Give the next requests a fault.

        Args:
            fault: The fault's name.
            times: How many requests.

        Raises:
            ValueError: The fault is unknown.
        """
        self._plan.fail_next(fault, times)

    def answer_next(
        self,
        text: str = "",
        *,
        tool_calls: ToolCalls = (),
        reasoning: str = "",
    ) -> None:
        """Set the answer to the next chat request; each call adds one answer.

        Stop sequences and token limits of the request still apply.

        Args:
            text: The text of the answer.
            tool_calls: Tool calls, as `[{"name": ..., "args": {...}}, ...]` or `{name: args}`. The
                tools need not be among those of the request: real models invent some, too.
            reasoning: Reasoning before the answer.
        """
        self._script.append(Answer(reasoning, text, read_tool_calls(tool_calls)))

    def start(self) -> Self:
        """Start serving; returns when the port is open.

        Returns:
            The sandbox itself.

        Raises:
            OSError: The port is taken.
            RuntimeError: The sandbox is already running.
        """
        self._launch().started.result()
        return self

    def stop(self) -> None:
        """Stop serving: close all connections and wait for the thread. Does nothing if stopped."""
        if running := self._halt():
            running.join()

    def serve_forever(self) -> None:
        """Serve until `stop()` is called elsewhere or Ctrl-C is pressed."""
        running = self._running or self._launch()
        with contextlib.suppress(KeyboardInterrupt):
            running.started.result()
            running.stopped.result()
        self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.wrap_future(self._launch().started)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if running := self._halt():
            await asyncio.wrap_future(running.stopped)
            running.join()

    def _launch(self) -> ServerThread:
        if self._running is not None:
            raise RuntimeError("the sandbox is already running")
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        sock = socket.create_server((self._host, self._wanted_port), family=family, backlog=1024)
        service = Service(self._settings, self._plan, self._script, self._recorder)
        self._running = ServerThread(sock, service.application)
        self._running.start()
        return self._running

    def _halt(self) -> ServerThread | None:
        """Ask the thread to stop and return it; None if none runs in this process."""
        running, self._running = self._running, None
        return running if running and running.halt() else None


def run(
    port: int = 0,
    *,
    ttft: float = 0.0,
    tokens_per_second: float | None = None,
    upstream: str | None = None,
    upstream_key: str | None = None,
    api_key: str | None = None,
    faults: FaultChoice | None = None,
    on_start: Callable[[Sandbox], None] | None = None,
) -> None:
    """Serve until Ctrl-C, with the options of `Sandbox`.

    Args:
        port: Port on the loopback address; 0 for a free one.
        ttft: Seconds until the first token of an answer.
        tokens_per_second: Rate of the tokens after it; `None` for no delay.
        upstream: Address of a real OpenAI-compatible server that answers instead.
        upstream_key: The key for it.
        api_key: The only key that is accepted; by default any but "invalid".
        faults: What goes wrong, as for `Sandbox`.
        on_start: Called with the sandbox once the port is open; by default its address is printed.
    """
    sandbox = Sandbox(
        port,
        ttft=ttft,
        tokens_per_second=tokens_per_second,
        upstream=upstream,
        upstream_key=upstream_key,
        api_key=api_key,
        faults=faults,
    )
    sandbox.requests_kept = 0
    with contextlib.suppress(KeyboardInterrupt), sandbox:
        (on_start or _announce)(sandbox)
        sandbox.serve_forever()


def _announce(sandbox: Sandbox) -> None:
    sys.stdout.write(
        f"The sandbox listens on {sandbox.base_url} and accepts the key {sandbox.api_key!r}. "
        "Ctrl-C stops it.\n"
    )
    sys.stdout.flush()

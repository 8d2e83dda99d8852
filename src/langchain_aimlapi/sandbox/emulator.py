"""`Sandbox`: the emulated service in a thread of its own, with its own event loop.

The same thread serves synchronous and asynchronous callers, so neither blocks the event loop of
the test. It is stopped by its own handle and joined; no thread and no socket is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Any, Self, Unpack

from langchain_aimlapi.sandbox.answers.options import AnswerOptions, make_answer
from langchain_aimlapi.sandbox.answers.script import AnswerFunction, Conditions, Script
from langchain_aimlapi.sandbox.answers.script_file import load_script
from langchain_aimlapi.sandbox.faults.plan import FaultPlan
from langchain_aimlapi.sandbox.recorder import RecordedRequest, Recorder
from langchain_aimlapi.sandbox.recording import open_recording
from langchain_aimlapi.sandbox.server import Service
from langchain_aimlapi.sandbox.server_thread import ServerThread
from langchain_aimlapi.sandbox.settings import DEFAULT_KEY, SandboxOptions, Settings, check_loopback
from langchain_aimlapi.sandbox.state import State

_LOOK_SECONDS = 0.5


class RuleOptions(AnswerOptions, total=False):
    """The options of a rule's answer."""

    times: int
    """How many requests get it at most."""


_MAX_PORT = 65_535


class Sandbox:
    """A local emulator of api.aimlapi.com, used as a context manager, synchronous or not.

    Args:
        port: 0 takes a free one.
        options: See `SandboxOptions`.

    Raises:
        OSError: A script or a recording cannot be read.
        TypeError: There is no such option.
        ValueError: An option is out of range, a fault is unknown, or a file holds something else.
    """

    def __init__(self, port: int = 0, **options: Unpack[SandboxOptions]) -> None:
        given: dict[str, Any] = dict(options)
        self._host = check_loopback(given.pop("host", "127.0.0.1"))
        self._plan = FaultPlan(given.pop("faults", None))
        self._fail_on_unused = bool(given.pop("fail_on_unused", False))
        self._script = Script()
        if (script := given.pop("script", None)) is not None:
            load_script(script, self._script)
        record, replay = given.pop("record", None), given.pop("replay", None)
        self._settings = Settings(**given)
        self._recording = open_recording(record, replay, self._settings)
        if not 0 <= port <= _MAX_PORT:
            raise ValueError(f"port={port}: must be 0 (any free port) to {_MAX_PORT}")
        self._wanted_port = port
        self._running: ServerThread | None = None
        self._recorder = Recorder()
        self._state = State(self._settings)

    @property
    def api_key(self) -> str:
        """A key that is accepted."""
        return self._settings.api_key or DEFAULT_KEY

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
    def calls_kept(self) -> int:
        """Maximum number of calls that the account's logs tell of; may be set at any time."""
        return self._state.ledger.limit

    @calls_kept.setter
    def calls_kept(self, limit: int) -> None:
        self._state.ledger.limit = limit

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
        self, text: str = "", *, times: int = 1, **options: Unpack[AnswerOptions]
    ) -> None:
        """Set the answer to the next request; each call adds one.

        Stop sequences and token limits of the request still apply. An answer with `embeddings` is
        for the next embeddings request, any other for the next chat request.

        Args:
            text: The text of the answer.
            times: How many requests get it.
            options: See `AnswerOptions`.

        Raises:
            TypeError: An option does not exist or has the wrong type.
            ValueError: An option has a value that is not possible.
        """
        self._script.add_next(make_answer(text, options), times)

    def answer_when(
        self,
        text: str = "",
        *,
        contains: str | None = None,
        model: str | None = None,
        tool: str | None = None,
        result_of: str | None = None,
        matches: Callable[[RecordedRequest], object] | None = None,
        **options: Unpack[RuleOptions],
    ) -> None:
        """Set the answer to all requests for which the conditions hold.

        Of several such rules the first that matches is taken; answers of `answer_next` go before.

        Args:
            text: The text of the answer.
            contains: Text in the messages since the last answer, which are the prompt or the
                results of tools; of an embeddings request in its texts.
            model: The model's id; `*` stands for any characters.
            tool: Name of a tool that the request offers.
            result_of: Name of a tool whose result the request brings.
            matches: A function of the request, for any other condition. It runs in a thread.
            options: See `AnswerOptions`; and `times`, the number of requests that get it at most.

        Raises:
            TypeError: There is no condition, or something has the wrong type.
            ValueError: An option has a value that is not possible.
        """
        conditions = Conditions(contains, model, tool, result_of, matches)
        given: dict[str, Any] = dict(options)
        times = given.pop("times", None)
        self._script.add_rule(conditions, make_answer(text, given), times)

    def answers(self, function: AnswerFunction | None) -> None:
        """Set a function that is asked for the answers which nothing else sets.

        Args:
            function: Sync or async; gets the request and returns a text, or a dict with `text` and
                `AnswerOptions`, or None for the default answer. It runs in a thread, and in
                several at once for requests at once. None removes it.

        Raises:
            TypeError: It is not a function.
        """
        self._script.set_function(function)

    def check_answers_used(self) -> None:
        """Check that every answer was given to a request.

        Raises:
            UnusedAnswersError: Some were not; an AssertionError.
        """
        self._script.check_used()

    def start(self) -> Self:
        """Start serving; returns when the port is open.

        Returns:
            The sandbox itself.

        Raises:
            OSError: The port is taken.
            RuntimeError: The sandbox is already running.
        """
        running = self._launch()
        try:
            running.started.result()
        except BaseException:
            self.stop()  # nobody else will: Ctrl-C may have come in between
            raise
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
            # In steps: a press that comes right before a wait is heard of after it.
            while wait([running.stopped], _LOOK_SECONDS).not_done:
                pass
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
        self._check_at_exit(error)

    async def __aenter__(self) -> Self:
        running = self._launch()
        try:
            await _done(running.started)
        except BaseException:
            self._halt()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if running := self._halt():
            await _done(running.stopped)
            running.join()
        self._check_at_exit(error)

    def _check_at_exit(self, error: BaseException | None) -> None:
        if self._fail_on_unused and error is None:
            self.check_answers_used()

    def _launch(self) -> ServerThread:
        if self._running is not None:
            raise RuntimeError("the sandbox is already running")
        service = Service(
            self._settings, self._plan, self._script, self._recorder, self._state, self._recording
        )
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        sock = socket.create_server((self._host, self._wanted_port), family=family, backlog=1024)
        self._running = ServerThread(sock, service.application)
        try:
            self._running.start()
        except BaseException:
            self.stop()  # whether the thread runs or not
            raise
        return self._running

    def _halt(self) -> ServerThread | None:
        """Ask the thread to stop and return it; None if none runs in this process."""
        running, self._running = self._running, None
        return running if running and running.halt() else None


async def _done(future: Future[None]) -> None:
    """Wait for what a thread says; a caller that is cancelled must not cancel it for the thread."""
    await asyncio.shield(asyncio.wrap_future(future))


def run(
    port: int = 0,
    *,
    on_start: Callable[[Sandbox], None] | None = None,
    **options: Unpack[SandboxOptions],
) -> None:
    """Serve until Ctrl-C.

    Args:
        port: 0 takes a free one.
        on_start: Called with the sandbox once the port is open; by default its address is printed.
        options: See `SandboxOptions`.
    """
    sandbox = Sandbox(port, **options)
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

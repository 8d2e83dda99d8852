"""The page's server in a thread, and a client that says exactly what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import threading
from typing import Any, NamedTuple, Self

from langchain_aimlapi.ui.server import serve

KEY = "sk-canary-4f1c9a7e2b"


class Answered(NamedTuple):
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def events(self):
        return [json.loads(line) for line in self.body.splitlines()]


class Served:
    """The server, until the block ends.

    Args:
        base_url: Of what answers the calls.
        options: Those of `serve`.
    """

    def __init__(self, base_url: str, **options: Any) -> None:
        self._arguments = {"base_url": base_url, "api_key": KEY, "max_retries": 0}
        self._options = options
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()

        def announce(guard):
            self.guard, self.address = guard, guard.address
            self.port = int(guard.address.split(":")[2].split("/")[0])
            self._started.set()

        await serve(self._arguments, on_start=announce, stop=self._stop, **self._options)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def path(self, rest=""):
        """A path with the token."""
        return f"/{self.guard.token}/{rest}"

    def connect(self):
        """A connection, closed at the end of a block."""
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30))

    def ask(self, path, *, method="GET", body=None, headers=()):
        """Send a request and read the whole response; a header that is None is not sent."""
        named = {"Host": f"127.0.0.1:{self.port}", **dict(headers)}
        with self.connect() as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in named.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, got, response.read())

    def run(self, headers=(), **question):
        """Ask models."""
        asked = json.dumps({"models": ["gpt-4o"], "prompt": "Hi", **question}).encode()
        named = {"Content-Type": "application/json", **dict(headers)}
        return self.ask(self.path("api/run"), method="POST", body=asked, headers=named)

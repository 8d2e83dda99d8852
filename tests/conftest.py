"""What all tests share: a clean environment and, for those that ask, a sandbox to talk to."""

from __future__ import annotations

import functools
import gc
import itertools
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import settings
from typer.testing import CliRunner

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._client.warnings import forget
from langchain_aimlapi.cli.app import app
from langchain_aimlapi.sandbox import Sandbox
from tests.ways import WAYS, Ask, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from click.testing import Result

_BEGUN = itertools.count(1)
_TESTS_BETWEEN = 300

# A machine that is busy with something else makes no test fail.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

_OWN_VARIABLES = (
    "AIMLAPI_API_KEY",
    "AIMLAPI_API_BASE",
    "AIMLAPI_BASE_URL",
    "AIMLAPI_MODEL",
    "AIMLAPI_LOG",
    "AIMLAPI_HISTORY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "LANGSMITH_TRACING",
    "LC_OUTPUT_VERSION",
)


def pytest_configure() -> None:
    """Hear Ctrl-C, and let the commands that tests start hear it.

    What a shell runs in the background inherits that interrupts are ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Read all tests without the garbage collector: it took a third of that time, and found nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the thousands of tests that were collected.

    Many tests collect garbage to see what is left of a call, and each time took half a second.
    """
    _set_aside()


def pytest_runtest_setup() -> None:
    """Do it again now and then: what hundreds of tests leave in caches and reports adds up."""
    if next(_BEGUN) % _TESTS_BETWEEN == 0:
        _set_aside()


def _set_aside() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or proxy of the machine reaches a test, and every warning is new."""
    for name in _OWN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    forget()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests of a worker that only ask it things."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest) -> Ask:
    """A function that asks a model, in each of the four ways in turn."""
    return functools.partial(asked, request.param)


@pytest.fixture
def model(aimlapi_sandbox: Sandbox) -> Callable[..., ChatAimlapi]:
    """A function that makes models which the test's own sandbox answers."""
    return functools.partial(ChatAimlapi, model="gpt-4o", max_retries=0)


@pytest.fixture
def redis_url(tmp_path):
    """The address of a Redis server of the test's own."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed; .ci/run installs it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {"port": port, "bind": "127.0.0.1", "save": "", "dir": tmp_path}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    with (tmp_path / "redis.log").open("wb") as log:
        server = subprocess.Popen(["redis-server", *words], stdout=log)  # noqa: S603, S607
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def wait_for(port):
    """Wait until somebody listens."""
    for _ in range(1500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"nobody listens on port {port}")


@pytest.fixture
def json_service():
    """A service that answers by path, and keeps what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            asked = (self.command, parts.path, parse_qs(parts.query), body)
            self.server.asked.append(asked)
            self.server.keys.append(self.headers.get("authorization"))
            self.server.headers.append(dict(self.headers))
            status, reply = self.server.reply(*asked)
            data = b"" if reply is None else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            for name, value in self.server.reply_headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  # http.server's names

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.asked, server.keys, server.headers = True, [], [], []
    server.reply_headers = {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def aimlapi(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, run in this process: a function of its arguments."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)

    return run

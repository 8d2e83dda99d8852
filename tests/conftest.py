"""What all tests share: a clean environment and, for those that ask, a sandbox to talk to."""

from __future__ import annotations

import functools
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._client.warnings import forget
from langchain_aimlapi.sandbox import Sandbox
from tests.ways import WAYS, Ask, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OWN_VARIABLES = (
    "AIMLAPI_API_KEY",
    "AIMLAPI_API_BASE",
    "AIMLAPI_BASE_URL",
    "AIMLAPI_MODEL",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "LANGSMITH_TRACING",
    "LC_OUTPUT_VERSION",
)


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

"""`aimlapi ui`: from the first line to Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from langchain_aimlapi.ui import browser


@pytest.fixture
def started():
    """A function that starts the command and returns it with its address."""
    processes = []

    def start(*arguments, **environment):
        process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "langchain_aimlapi.cli", "ui", "--no-open", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1", **environment},
        )
        processes.append(process)
        line = process.stdout.readline()
        return process, line.split()[-1] if line else ""

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def get(address):
    with urllib.request.urlopen(address, timeout=30) as response:  # noqa: S310  # loopback
        return response.read()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "own"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_from_start_to_interrupt(started, shared_sandbox, number, own):
    """Without a key the sandbox answers and it is said; a server on this machine needs none.

    A stream that is open ends with the rest.
    """
    elsewhere = {} if own else {"AIMLAPI_BASE_URL": shared_sandbox.base_url}
    process, address = started("--port", "0", "-m", "gpt-4o", **elsewhere)
    assert b"Compare models" in get(address)
    about = json.loads(get(f"{address}api/about"))
    assert (about["sandbox"], about["models"]) == (own, ["gpt-4o"])
    assert own or about["address"] == shared_sandbox.base_url

    question = json.dumps({"models": ["gpt-4o"], "prompt": "word " * 500}).encode()
    request = urllib.request.Request(  # noqa: S310  # loopback
        f"{address}api/run", question, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        response.readline()
        process.send_signal(number)
        _, told = process.communicate(timeout=30)

    assert process.returncode == 0
    assert ("sandbox answers" in told) == own
    assert "Traceback" not in told


def test_a_key_is_needed_elsewhere(aimlapi, monkeypatch):
    monkeypatch.setenv("AIMLAPI_BASE_URL", "https://gateway.example/v1")
    result = aimlapi("ui", "--no-open", "--port", "0")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "MissingAPIKeyError" in result.stderr


def test_a_port_that_is_taken(aimlapi):
    """One sentence, with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = aimlapi("ui", "--no-open", "--port", port)
    last = result.stderr.splitlines()[-1]

    assert (result.exit_code, result.stdout) == (1, "")
    assert str(port) in last
    assert "--port 0" in last


def test_too_many_models(aimlapi):
    result = aimlapi("ui", *["-m", "a"] * 5)

    assert result.exit_code == 2
    assert "at most 4" in result.stderr


class TestBrowser:
    @pytest.fixture
    def opened(self, monkeypatch):
        opened = []
        monkeypatch.setattr(browser.webbrowser, "open", opened.append)
        monkeypatch.setattr(browser.sys, "platform", "linux")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        return opened

    def test_without_a_screen(self, opened):
        """A text browser would take the terminal."""
        assert not browser.open_browser("http://127.0.0.1:1/x")
        assert opened == []

    @pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
    def test_with_a_screen(self, opened, monkeypatch, name):
        monkeypatch.setenv(name, ":0")
        monkeypatch.setattr(browser.threading, "Thread", _Now)

        assert browser.open_browser("http://127.0.0.1:1/x")
        assert opened == ["http://127.0.0.1:1/x"]


class _Now:
    """A thread that runs at once."""

    def __init__(self, **options):
        self._options = options

    def start(self):
        self._options["target"](*self._options["args"])


def test_help_loads_no_server(aimlapi):
    """Nor does any other command."""
    script = (
        "import sys; sys.argv = ['aimlapi', 'ui', '--help']\n"
        "import atexit; atexit.register(lambda: print('aiohttp' in sys.modules, file=sys.stderr))\n"
        "from langchain_aimlapi.cli import main; main()\n"
    )
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr.strip() == "False"

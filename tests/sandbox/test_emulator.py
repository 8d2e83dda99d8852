"""Starting and stopping the sandbox."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from langchain_aimlapi import sandbox as package
from langchain_aimlapi.sandbox import Sandbox, run
from tests.sandbox.http_client import TEXT, chat


def test_public_names():
    """The package exports the names of `__all__`, and nothing else."""
    assert all(getattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Sandpit'"):
        _ = package.Sandpit


def test_importing_the_package_imports_no_server():
    """The server and its HTTP library are imported on first use."""
    code = (
        "import sys, langchain_aimlapi.sandbox, langchain_aimlapi.sandbox.pytest_plugin;"
        "assert not {'aiohttp', 'langchain_aimlapi.sandbox.emulator'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)  # noqa: S603


def test_sync():
    """In a with statement it serves, and afterwards nobody listens."""
    with Sandbox() as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2].removesuffix("/v1"))
        assert chat(sandbox).message["content"] == TEXT

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_async_does_not_block_the_loop():
    """In an async with statement the caller's loop goes on, as the server has its own."""
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    async with Sandbox(ttft=0.2) as sandbox:
        reply = await asyncio.to_thread(chat, sandbox)
    ticking.cancel()

    assert reply.message["content"] == TEXT
    assert ticks >= 5


def test_can_be_started_again():
    """After a stop it starts anew, and remembers what it was asked."""
    sandbox = Sandbox()
    for _ in range(2):
        with sandbox:
            chat(sandbox)

    assert len(sandbox.requests) == 2


def test_cannot_be_started_twice(sandbox):
    """A second start while it runs is an error."""
    with pytest.raises(RuntimeError, match="already running"):
        sandbox.start()


def test_stopping_twice_is_fine():
    """A stop without a start does nothing."""
    sandbox = Sandbox().start()
    sandbox.stop()
    sandbox.stop()


def test_no_address_before_the_start():
    """The address is known only while it runs."""
    with pytest.raises(RuntimeError, match="is not running"):
        _ = Sandbox().base_url


def test_takes_the_port_it_is_given(sandbox):
    """A port can be chosen, and one that is taken is an error."""
    port = int(sandbox.base_url.rpartition(":")[2].removesuffix("/v1"))

    with pytest.raises(OSError, match="in use"):
        Sandbox(port).start()
    sandbox.stop()
    with Sandbox(port) as other:
        assert f":{port}/" in other.base_url


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_serves_this_machine_only(host):
    """An address that others can reach is refused."""
    with pytest.raises(ValueError, match="serves this machine only"):
        Sandbox(host=host)


def test_serves_ipv6():
    """The other loopback address works as well."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with Sandbox(host="::1") as sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert chat(sandbox).status == 200


@pytest.mark.parametrize(
    "options",
    [
        {"ttft": -1},
        {"tokens_per_second": 0},
        {"upstream": "localhost:8080"},
        {"faults": "nonsense"},
        {"faults": {"rate_limit": 1.5}},
    ],
)
def test_options_are_checked_at_once(options):
    """A wrong option is an error where it is given."""
    with pytest.raises(ValueError, match=r".+"):
        Sandbox(**options)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list them")
def test_leaves_no_threads_and_no_sockets():
    """After many starts and stops there is no thread and no file descriptor more than before."""
    with Sandbox() as sandbox:
        chat(sandbox)
    before = _held()
    for _ in range(20):
        with Sandbox() as sandbox:
            chat(sandbox)

    assert _held() == before


def _held():
    """Count the threads and the open files of this process."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def test_stops_while_a_stream_hangs():
    """A stop ends the connections that are open, and soon."""
    with Sandbox() as sandbox:
        address = sandbox.base_url.split("/")[2].split(":")
        with socket.create_connection((address[0], int(address[1]))) as hanging:
            body = b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}'
            head = (
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n"
                f"x-sandbox-fault: stall\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            hanging.sendall(head.encode() + body)
            assert hanging.recv(15) == b"HTTP/1.1 200 OK"
            assert sandbox.connections == 1
            start = time.monotonic()
            sandbox.stop()
            assert time.monotonic() - start < 60  # not for ever, as the stall would


def test_whole_life_in_a_strict_process():
    """Starting, answering and stopping warn of nothing in development mode, nor at exit."""
    code = (
        "import asyncio, urllib.request\n"
        "from langchain_aimlapi.sandbox import Sandbox\n"
        "def get(s):\n"
        "    with urllib.request.urlopen(s.base_url + '/models?id=gpt-4o') as reply: reply.read()\n"
        "async def main():\n"
        "    async with Sandbox() as s: await asyncio.to_thread(get, s)\n"
        "for _ in range(3): asyncio.run(main())\n"
        "with Sandbox() as s: get(s)\n"
        "Sandbox().start()  # forgotten\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    # On a busy machine asyncio's debug mode reports callbacks that took long.
    slow = re.compile(r"^Executing .* took [0-9.]+ seconds\n", re.MULTILINE)
    assert slow.sub("", done.stderr) == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fork_leaves_the_parents_sandbox_alone(sandbox):
    """A forked child that stops the sandbox does not stop it for the parent."""
    code = (
        "import os, urllib.request\n"
        "from langchain_aimlapi.sandbox import Sandbox\n"
        "with Sandbox() as s:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        s.stop()\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "    urllib.request.urlopen(s.base_url + '/models?id=gpt-4o').close()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


def test_run_tells_the_address_and_ends_quietly(capsys):
    """`run` prints where it listens, serves until it is stopped, and returns."""
    seen = []

    def ask_and_stop(sandbox):
        seen.append(chat(sandbox, key=sandbox.api_key).status)
        threading.Timer(0.05, sandbox.stop).start()

    run(on_start=ask_and_stop)

    assert seen == [200]


def test_run_ends_on_interrupt():
    """Ctrl-C ends `run` with no traceback."""
    code = "from langchain_aimlapi.sandbox import run; run()"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    process.send_signal(2)
    rest = process.communicate(timeout=60)

    assert "The sandbox listens on http://127.0.0.1:" in line
    assert (process.returncode, *rest) == (0, "", "")


@pytest.mark.parametrize("port", [-1, 65_536])
def test_ports_that_cannot_be(port):
    """They are refused with the range, before any socket is made."""
    with pytest.raises(ValueError, match="65535"):
        Sandbox(port=port)

"""The thread that serves."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
import threading
import time
import warnings
from concurrent.futures import Future

import pytest

from langchain_aimlapi.sandbox import Sandbox
from langchain_aimlapi.sandbox.server_thread import ServerThread


def test_a_failure_to_start_reaches_the_caller():
    """What goes wrong in the thread before it serves is raised where it was started."""

    def make():
        raise RuntimeError("no application")

    thread = ServerThread(socket.create_server(("127.0.0.1", 0)), make)
    thread.start()

    with pytest.raises(RuntimeError, match="no application"):
        thread.started.result(10)
    thread.stopped.result(10)
    thread.join()
    assert thread.connections() == 0


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("how", ["start", "with"])
def test_ctrl_c_while_it_starts(monkeypatch, how, moment):
    """Nothing is left that nobody can stop: no thread, no port, and it can be started again."""
    real = threading.Thread.start

    def start(self):
        if self.name != "aimlapi-sandbox":
            real(self)
            return
        if moment == "after":
            real(self)
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    sandbox = Sandbox()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt):
            sandbox.start() if how == "start" else sandbox.__enter__()

    assert set(threading.enumerate()) <= before
    sandbox.stop()
    with sandbox:
        assert sandbox.base_url


def test_ctrl_c_before_it_serves(monkeypatch):
    """The thread that was started ends, too."""
    before = set(threading.enumerate())

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Future, "result", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Sandbox().start()

    assert set(threading.enumerate()) <= before


def test_a_thread_that_begins_after_it_was_stopped():
    """One that was on its way when Ctrl-C came serves nobody."""
    sock = socket.create_server(("127.0.0.1", 0))
    thread = ServerThread(sock, dict)

    assert not thread.halt()
    assert sock.fileno() == -1
    thread.start()
    thread.join()
    assert isinstance(thread.started.exception(), InterruptedError)


def test_a_connection_that_is_closed_meanwhile():
    """The others are closed all the same, and the thread ends without an error."""

    class Closed(asyncio.Transport):
        def abort(self):
            asked.append(self)
            raise AttributeError("'NoneType' object has no attribute 'call_soon'")

    asked: list[object] = []
    sandbox = Sandbox().start()
    transports = [Closed(), Closed()]
    running = sandbox._running
    running._transports.update(transports)
    sandbox.stop()

    assert len(asked) == 2
    assert running.stopped.result(60) is None


async def test_a_start_and_a_stop_that_are_cancelled():
    """The thread finds its futures as they were, and ends."""
    before = set(threading.enumerate())
    for wait_first in (False, True):
        sandbox = Sandbox()
        task = asyncio.create_task(sandbox.__aenter__())
        if wait_first:
            await task
            task = asyncio.create_task(sandbox.__aexit__(None, None, None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, 60)
        assert not thread.is_alive() or "asyncio" in thread.name


BODY = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}).encode()
HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer sandbox\r\n"
    b"Content-Type: application/json\r\nX-Sandbox-Fault: oversize_event\r\n"
)


@pytest.mark.parametrize("seconds", [0, 0.2], ids=["being accepted", "with much to send"])
def test_no_connection_is_left_when_it_stops(monkeypatch, seconds):
    """Neither one that is just being accepted, nor one whose client reads nothing."""
    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda said: left.append(said.exc_value))
    clients = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Sandbox() as sandbox:
            port = int(sandbox.base_url.rpartition(":")[2].partition("/")[0])
            for _ in range(40):
                client = socket.socket()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                client.connect(("127.0.0.1", port))
                client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
                clients.append(client)
            time.sleep(seconds)
        gc.collect()
    for client in clients:
        client.close()

    assert left == []

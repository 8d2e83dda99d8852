"""The thread that serves."""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
import warnings

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

"""The thread that serves."""

from __future__ import annotations

import socket

import pytest

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

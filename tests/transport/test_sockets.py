"""What sync requests look like on the wire, byte by byte."""

from __future__ import annotations

import gzip
import socket
import threading

import pytest

from langchain_aimlapi._transport import pool, sync
from langchain_aimlapi._transport.request import ClientOptions, Request

OPTIONS = ClientOptions(max_connections=9)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
ANSWER = HEAD + b"content-length: 2\r\n\r\n{}"


class Wire:
    """Answers the requests of one connection, and keeps each read of its socket."""

    def __init__(self, answer=ANSWER):
        self.reads = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1/chat"

    def _serve(self):
        connection, _ = self._listener.accept()
        request = b""
        with connection:
            while read := connection.recv(2**20):
                self.reads.append(read)
                request += read
                head, _, body = request.partition(b"\r\n\r\n")
                length = head.partition(b"content-length: ")[2].split(b"\r\n")[0]
                if len(body) >= int(length or 0):
                    connection.sendall(self._answer)
                    request = b""

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        pool.close(OPTIONS)
        self._thread.join()
        self._listener.close()

    @property
    def lines(self):
        """The lines of the head, as they were sent."""
        return b"".join(self.reads).partition(b"\r\n\r\n")[0].decode().split("\r\n")


def test_head_and_body_are_one_write():
    """A request wakes the service once: every read of its socket is a whole request."""
    with Wire() as wire:
        for _ in range(3):
            sync.send(Request(wire.url, b'{"a": 1}'), OPTIONS)
    assert [read.endswith(b'\r\n\r\n{"a": 1}') for read in wire.reads] == [True] * 3


def test_a_request_without_a_body_is_sent_at_once():
    """A head that no body follows does not wait for one."""
    with Wire() as wire:
        assert sync.send(Request(wire.url, method="GET"), OPTIONS).body == b"{}"
    assert wire.lines[0] == "GET /v1/chat HTTP/1.1"
    assert not any("content-length" in line for line in wire.lines)


@pytest.mark.parametrize("size", [0, 2**16, 2**16 + 1, 2**20])
def test_bodies_of_all_sizes_arrive(size):
    """Whether a body is joined to its head or not, it comes whole."""
    with Wire() as wire:
        sync.send(Request(wire.url, b"x" * size), OPTIONS)
    assert b"".join(wire.reads).partition(b"\r\n\r\n")[2] == b"x" * size


def test_a_body_that_ends_like_a_head_is_sent():
    """What a body looks like does not matter."""
    with Wire() as wire:
        sync.send(Request(wire.url, b"a\r\n\r\n"), OPTIONS)
    assert wire.reads[0].endswith(b"\r\n\r\na\r\n\r\n")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "accept-encoding: gzip, deflate"),
        ({"Accept-Encoding": "identity"}, "Accept-Encoding: identity"),
        ({}, "accept: */*"),
        ({"Accept": "application/json"}, "Accept: application/json"),
        ({"Host": "api.example"}, "Host: api.example"),
    ],
)
def test_own_headers_give_way(given, line):
    """A header that was asked for replaces ours, and there is one of each."""
    with Wire() as wire:
        sync.send(Request(wire.url, b"{}", given), OPTIONS)
    names = [found.partition(":")[0].lower() for found in wire.lines[1:]]
    assert line in wire.lines
    assert len(names) == len(set(names))


def test_the_host_is_named_with_its_port():
    """The host header says where the request went."""
    with Wire() as wire:
        sync.send(Request(wire.url, b"{}"), OPTIONS)
    assert f"host: {wire.url.split('/')[2]}" in wire.lines


def test_a_compressed_reply_is_read():
    """What is asked for as gzip comes out plain."""
    packed = gzip.compress(b'{"a": 1}')
    head = HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    with Wire(head + packed) as wire:
        assert sync.send(Request(wire.url, b"{}"), OPTIONS).body == b'{"a": 1}'


def test_repeated_headers_are_joined():
    """A header that comes twice is one with both values, by its lower-case name."""
    with Wire(HEAD + b"X-A: 1\r\nx-a: \xe9\r\ncontent-length: 2\r\n\r\n{}") as wire:
        assert sync.send(Request(wire.url, b"{}"), OPTIONS).headers["x-a"] == "1, é"

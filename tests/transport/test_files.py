"""What media need of the transport: files as they come, and requests that are sent at most once."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport import aio, sync
from langchain_aimlapi._transport.request import ClientOptions, ReplyRules, Request
from langchain_aimlapi._transport.retry import RetryPolicy

FILE = ReplyRules(is_json=False)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (errors.RateLimitError("slow", status_code=429), True),
        (errors.ServerError("later", status_code=503, retry_after=1.0), True),
        (errors.ServerError("down", status_code=503), False),
        (errors.ServerError("oops", status_code=500), False),
        (errors.RequestTimeoutError("gone", status_code=504), False),
        (errors.AimlapiConnectionError("it broke"), False),
        (errors.AimlapiTimeoutError("no answer"), False),
    ],
)
def test_what_is_paid_for_is_sent_once(error, again):
    """Again only where the service cannot have begun: it said so, or never got the request."""
    delay = RetryPolicy(at_most_once=True, initial=0.0).delay(error, 1, 0.0)
    assert (delay is not None) == again
    error.was_sent = False
    assert RetryPolicy(at_most_once=True, initial=0.0).delay(error, 1, 0.0) is not None


@pytest.mark.parametrize("way", ["sync", "async"])
def test_no_connection_means_that_nothing_was_sent(way):
    """Errors tell it, so that callers know whether something may exist."""
    request = Request("http://127.0.0.1:9/x", b"{}", retry=RetryPolicy(max_retries=0))
    with pytest.raises(errors.AimlapiConnectionError) as failed:
        if way == "sync":
            sync.send(request, ClientOptions())
        else:
            asyncio.run(aio.asend(request, ClientOptions()))
    assert not failed.value.was_sent


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("data", [b"\x00\x01data: not an event\n\n" * 9000, b"x", b""])
def test_a_file_comes_as_it_is(byte_service, way, data):
    """Bytes that look like events or like anything else are passed on."""
    url = byte_service(data)
    request = Request(url, method="GET", rules=FILE)

    def read():
        with sync.open_stream(request, ClientOptions()) as stream:
            return b"".join(piece for batch in stream for piece in batch)

    async def aread():
        async with await aio.aopen_stream(request, ClientOptions()) as stream:
            return b"".join([piece async for batch in stream for piece in batch])

    assert (read() if way == "sync" else asyncio.run(aread())) == data


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_file_that_is_too_large(byte_service, way):
    """It ends at the limit, not in memory."""
    request = Request(byte_service(b"x" * 100_000), method="GET", rules=FILE, max_bytes=50_000)
    with pytest.raises(errors.ResponseFormatError, match="large"):
        if way == "sync":
            with sync.open_stream(request, ClientOptions()) as stream:
                list(stream)
        else:

            async def read():
                async with await aio.aopen_stream(request, ClientOptions()) as stream:
                    return [batch async for batch in stream]

            asyncio.run(read())


@pytest.fixture
def byte_service():
    """Serves bytes; gives their address."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    servers = []

    def serve(data):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # http.server's name
                self.send_response(200)
                self.send_header("content-type", "audio/wav")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/f"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()

"""What a service sends behind a reply reaches nobody: neither the next caller nor a later one."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections import deque
from types import SimpleNamespace

import aiohttp
import httpx
import httpx2
import pytest

from langchain_aimlapi._transport import aio, leftover, pool, sync
from langchain_aimlapi._transport.request import ClientOptions, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy

from .callers import ASYNC, SYNC, WAYS
from .service import GREETING, LAST_CHUNK, chunk, event, head, stream, whole
from .test_proxies import Proxy


def said(text):
    return f'{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}}}}]}}'


RIGHT, STALE = said("right"), said("meant for another")
SURPLUS = whole(STALE)[0]
PAUSE = 0.03
WHOLE_REPLY = whole(RIGHT)[0]

READ = 65536
"""How much the libraries ask for at once; anyio may have taken more from the socket."""


def as_long_as(size):
    """A reply of so many bytes in all."""
    empty = head(200, content_length=str(size)) + RIGHT.encode()
    return whole(RIGHT + " " * (size - len(empty)))[0]


BEHIND = {
    "in the same packet": [WHOLE_REPLY + SURPLUS],
    "with the end of the body": [WHOLE_REPLY[:-5], PAUSE, WHOLE_REPLY[-5:] + SURPLUS],
    "while idle": [WHOLE_REPLY, PAUSE, SURPLUS],
    "while idle, in part": [WHOLE_REPLY, PAUSE, SURPLUS[:30]],
    "at the end of a read": [as_long_as(READ) + SURPLUS],
    "a line end": [WHOLE_REPLY + b"\r\n"],
    "a line end while idle": [WHOLE_REPLY, PAUSE, b"\r\n"],
    "rubbish": [WHOLE_REPLY + b"\x00\xffrubbish"],
    "chunked": [
        head(200, transfer_encoding="chunked") + chunk(RIGHT.encode()) + LAST_CHUNK + SURPLUS
    ],
    "an error": [whole('{"error":{"message":"no"}}', 400)[0] + SURPLUS],
    "no content": [head(204) + SURPLUS],
}
HARMLESS = [BEHIND[name] for name in ("while idle, in part", "a line end", "a line end while idle")]
"""What aiohttp has read and thrown away by the time of the next request."""
TENANTS = ["KEY-of-tenant-A-0000", "KEY-of-tenant-B-1111", "KEY-of-tenant-C-2222"]


def asked_by(service, key):
    return Request(
        service.url,
        b'{"model":"m"}',
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        timeouts=Timeouts(total=20),
        retry=RetryPolicy(max_retries=0),
    )


def one_after_another(way, service, options, acts, make=None):
    """Do several things by one and the same client, with a pause between; return what came."""
    if way in SYNC:
        return _in_turn(way, service, options, acts, make)
    return asyncio.run(_ain_turn(way, service, options, acts, make))


def _in_turn(way, service, options, acts, make):
    client = (make or SYNC[way] or (lambda: None))()
    came = []
    for key, act in zip(TENANTS, acts, strict=False):
        try:
            if act == "send":
                came.append(sync.send(asked_by(service, key), options, client).body)
            else:
                with sync.open_stream(asked_by(service, key), options, client) as events:
                    came.append([payload for batch in events for payload in batch])
        except Exception as error:  # noqa: BLE001 - compared by the test
            came.append(type(error).__name__)
        time.sleep(2 * PAUSE)
    if client is not None:
        client.close()
    return came


async def _ain_turn(way, service, options, acts, make):
    client = (make or ASYNC[way] or (lambda: None))()
    came = []
    for key, act in zip(TENANTS, acts, strict=False):
        try:
            if act == "send":
                came.append((await aio.asend(asked_by(service, key), options, client)).body)
            else:
                async with await aio.aopen_stream(asked_by(service, key), options, client) as es:
                    came.append([payload async for batch in es for payload in batch])
        except Exception as error:  # noqa: BLE001 - compared by the test
            came.append(type(error).__name__)
        await asyncio.sleep(2 * PAUSE)
    if client is not None:
        await (client.close() if isinstance(client, aiohttp.ClientSession) else client.aclose())
    return came


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND.keys())
def test_what_comes_behind_a_reply_is_not_the_next_ones_answer(service, way, behind):
    """Each caller gets what was said to it, by whichever client and wherever the bytes were."""
    service.will(behind, whole(said("second")), whole(said("third")))

    came = one_after_another(way, service, ClientOptions(), ["send", "send", "send"])

    assert came[1:] == [said("second").encode(), said("third").encode()]
    assert [hit.headers["authorization"] for hit in service.hits] == [
        f"Bearer {key}" for key in TENANTS
    ]
    if not (way.startswith("async") and behind in HARMLESS):
        assert service.hits[0].connection != service.hits[1].connection
    assert service.hits[1].connection == service.hits[2].connection


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", [[LAST_CHUNK + SURPLUS], [LAST_CHUNK, PAUSE, SURPLUS]])
def test_what_comes_behind_a_stream_is_not_the_next_ones_answer(service, way, end):
    """After a stream, too, whose reader stops at the end marker."""
    service.will(
        [*stream(event('{"n":1}'), event("[DONE]"), end=False), *end],
        whole(said("second")),
        GREETING,
    )

    came = one_after_another(way, service, ClientOptions(), ["stream", "send", "stream"])

    assert came == [
        [b'{"n":1}', b"[DONE]"],
        said("second").encode(),
        [b'{"n":1}', b'{"n":2}', b"[DONE]"],
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_clean_connection_is_kept(service, way):
    """By each of the clients: the guard closes nothing that need not be closed."""
    service.will(whole(RIGHT), GREETING, whole(RIGHT))

    one_after_another(way, service, ClientOptions(), ["send", "stream", "send"])

    assert (len(service.hits), service.connections) == (3, 1)
    pool.close_all()


def tls_clients(context):
    """Clients of one's own that trust the service."""
    return {
        "sync-httpx": lambda: httpx.Client(verify=context),
        "sync-httpx2": lambda: httpx2.Client(verify=context),
        "async-httpx": lambda: httpx.AsyncClient(verify=context),
        "async-httpx2": lambda: httpx2.AsyncClient(verify=context),
        "async-aiohttp": lambda: aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)),
    }


@pytest.mark.parametrize("way", WAYS)
def test_under_tls(secure, certificate, way):
    """A record of its own behind the reply: a TLS layer that reads ahead has it already."""
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    secure.will([WHOLE_REPLY, SURPLUS], whole(said("second")), whole(said("third")))
    options = ClientOptions(verify=context)

    came = one_after_another(way, secure, options, ["send"] * 3, tls_clients(context).get(way))

    assert came == [said(text).encode() for text in ("right", "second", "third")]
    assert secure.connections == 2


@pytest.mark.parametrize("way", SYNC)
def test_under_tls_in_tls(secure, certificate, way):
    """By a proxy that is spoken to in TLS, httpx2 reads ahead of what is asked for."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    trusted = ssl.create_default_context(cafile=certificate / "cert.pem")
    secure.will([WHOLE_REPLY, SURPLUS], whole(said("second")), whole(said("third")))

    with Proxy(context=server) as proxy:
        options = ClientOptions(verify=trusted, proxy=proxy.url)

        def httpx_client():
            by = httpx.Proxy(proxy.url, ssl_context=trusted)
            return httpx.Client(verify=trusted, proxy=by)

        def httpx2_client():
            by = httpx2.Proxy(proxy.url, ssl_context=trusted)
            return httpx2.Client(verify=trusted, proxy=by)

        makers = {"sync-httpx": httpx_client, "sync-httpx2": httpx2_client}
        came = one_after_another(way, secure, options, ["send"] * 3, makers.get(way))
        pool.close_all()

    assert came == [said(text).encode() for text in ("right", "second", "third")]
    assert secure.connections == 2


@pytest.mark.parametrize("way", ["async", "async-aiohttp"])
def test_a_loop_that_had_no_time_to_read_does_not_mix_replies(service, way):
    """Bytes that came while the program computed are still in the socket when it sends again."""
    service.will([WHOLE_REPLY, PAUSE, SURPLUS], whole(said("second")))

    async def main():
        client = aiohttp.ClientSession() if way == "async-aiohttp" else None
        await aio.asend(asked_by(service, TENANTS[0]), ClientOptions(), client)
        time.sleep(3 * PAUSE)  # noqa: ASYNC251 - that is the point
        reply = await aio.asend(asked_by(service, TENANTS[1]), ClientOptions(), client)
        if client is not None:
            await client.close()
        return reply.body

    assert asyncio.run(main()) == said("second").encode()


@pytest.mark.parametrize("way", ["sync-httpx2", "sync-httpx"])
def test_a_client_whose_hook_reads_the_reply(service, way):
    """Then the reply has been closed before we see it."""
    service.will(BEHIND["in the same packet"], whole(said("second")))
    kind = SYNC[way]
    make = lambda: kind(event_hooks={"response": [lambda response: response.read()]})  # noqa: E731

    came = one_after_another(way, service, ClientOptions(), ["send", "send"], make)

    assert came == [RIGHT.encode(), said("second").encode()]


async def test_a_connector_is_taken_over_once_and_let_go(service):
    """However many calls a session carries; and nothing of ours keeps it alive."""
    service.will(whole(RIGHT))
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            await aio.asend(asked_by(service, TENANTS[0]), ClientOptions(), session)
        connect = session.connector.connect
        leftover.take_clean_only(session.connector)

        assert session.connector.connect is connect
        assert service.connections == 1


def test_a_parser_that_cannot_be_found_costs_the_connection():
    """Should the libraries hide it elsewhere one day, nothing is kept rather than too much."""
    closed = []

    class Stream:
        def __init__(self, name):
            self.name = name

        def close(self):
            closed.append(self.name)

    leftover.close_cleanly(Stream("body"), Stream("connection"))

    assert closed == ["connection", "body"]


class Layer:
    """A stream of anyio as far as it is looked at; a TLS layer, if it has one below."""

    def __init__(self, *, below=None, queue=(), says=b"", pending=0):
        if below is None:
            self._protocol = SimpleNamespace(read_queue=deque(queue))
        else:
            self.transport_stream = below
            self._read_bio = SimpleNamespace(pending=pending)
            self._ssl_object = self
        self.says = says

    def read(self, _size):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


QUIET = ssl.SSLWantReadError()
SOCKET = Layer()


@pytest.mark.parametrize(
    ("stream", "more"),
    [
        (SOCKET, False),
        (Layer(queue=[b"HTTP/1.1"]), True),
        (Layer(below=SOCKET, says=QUIET), False),
        (Layer(below=SOCKET, says=QUIET, pending=7), True),
        (Layer(below=SOCKET, says=b"H"), True),
        (Layer(below=SOCKET, says=ssl.SSLError("the end")), True),
        (Layer(below=Layer(queue=[b"a record"]), says=QUIET), True),
        (Layer(below=Layer(below=SOCKET, says=b"H"), says=QUIET), True),
        (Layer(below=Layer(below=SOCKET, says=QUIET), says=QUIET), False),
        (object(), True),
    ],
)
def test_what_anyio_holds_is_looked_at_in_every_layer(stream, more):
    """And a stream of another kind is not trusted."""
    assert leftover._holds_more(SimpleNamespace(_stream=stream)) is more


@pytest.mark.parametrize("way", WAYS)
def test_a_clean_connection_is_kept_under_tls(secure, certificate, way):
    """The guard knows the streams of the installed libraries: nothing is closed in doubt."""
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    secure.will(whole(RIGHT), GREETING, whole(RIGHT))

    one_after_another(
        way,
        secure,
        ClientOptions(verify=context),
        ["send", "stream", "send"],
        tls_clients(context).get(way),
    )

    assert (len(secure.hits), secure.connections) == (3, 1)
    pool.close_all()


def test_many_threads_over_one_pool(service):
    """While one connection is being closed for what it holds, others do not get it."""
    service.will(BEHIND["in the same packet"])
    seen = []

    def work():
        for _ in range(10):
            seen.append(sync.send(asked_by(service, TENANTS[0]), ClientOptions()).body)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [RIGHT.encode()] * 40
    pool.close_all()

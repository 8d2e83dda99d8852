"""Plain requests go over aiohttp's connections without its session, and look the same to a service."""

from __future__ import annotations

import asyncio
import functools
import gc
import ssl
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol

from langchain_aimlapi._transport import aio, direct, pool
from langchain_aimlapi._transport.request import ClientOptions, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi.errors import AimlapiTimeoutError

from .service import GREETING, HANG, LAST_CHUNK, OK, chunk, head, whole
from .test_proxies import Proxy

HEADERS = {"Authorization": "Bearer k", "Content-Type": "application/json", "User-Agent": "ours/1"}
BODY = '{"model":"m","said":"ä"}'.encode()


@pytest.fixture
def sent(monkeypatch):
    """The URLs of requests that went without the session."""
    urls = []
    send = direct.Direct.send

    def noted(self, request, *others):
        urls.append(request.url)
        return send(self, request, *others)

    monkeypatch.setattr(direct.Direct, "send", noted)
    return urls


@pytest.fixture
def by_session(monkeypatch):
    """Returns what lets an aiohttp without the names we use come next."""
    return lambda: monkeypatch.setattr(direct, "_is_known", lambda _: False)


def ask(url, headers=HEADERS, body=BODY, options=None, **fields):
    request = Request(url, body, headers, retry=RetryPolicy(max_retries=0), **fields)
    return asyncio.run(aio.asend(request, options or ClientOptions()))


async def read_stream(url):
    async with await aio.aopen_stream(Request(url, BODY, HEADERS), ClientOptions()) as stream:
        return [payload async for batch in stream for payload in batch]


def at(service, path):
    return f"http://{urlsplit(service.url).netloc}{path}"


@pytest.mark.parametrize(
    "path", ["/v1/x", "", "/v1/ä/b%20c%2Fd", "/v1/x?token=a%26b&way=ü", "/v1//x?", "/v1/x?a=1+2"]
)
@pytest.mark.parametrize(
    "more",
    [{}, {"X-Team": "a, b"}, {"Accept": "text/plain"}, {"accept-encoding": "identity"}],
    ids=str,
)
def test_a_service_sees_what_a_session_would_send(service, sent, by_session, path, more):
    """The same line, headers and body."""
    service.will(whole(OK))

    ask(at(service, path), HEADERS | more)
    assert len(sent) == 1
    by_session()
    ask(at(service, path), HEADERS | more)

    assert len(sent) == 1
    ours, theirs = service.hits
    assert (ours.method, ours.target, ours.body) == (theirs.method, theirs.target, theirs.body)
    assert ours.headers == theirs.headers


@pytest.mark.parametrize("known", [True, False])
def test_streams_too(service, sent, by_session, known):
    """As a whole reply is."""
    service.will(GREETING)
    if not known:
        by_session()

    assert asyncio.run(read_stream(service.url)) == [b'{"n":1}', b'{"n":2}', b"[DONE]"]
    assert bool(sent) is known


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Connection": "close"}, BODY),
        ({"Cookie": "a=b"}, BODY),
        ({"host": "elsewhere.test"}, BODY),
        ({}, b'"%s"' % (b"a" * 2**16)),
        ({}, None),
    ],
    ids=["connection", "cookie", "host", "large", "empty"],
)
def test_what_is_not_plain_goes_by_the_session(service, sent, headers, body):
    """It knows what these mean."""
    service.will(whole(OK))

    assert ask(service.url, HEADERS | headers, body).status == 200
    assert sent == []
    assert service.hits[0].body == (body or b"")


def test_other_methods_go_by_the_session(service, sent):
    """They have no body, and may be sent again by it."""
    service.will(whole(OK))

    assert ask(service.url, body=None, method="GET").status == 200
    assert sent == []


def test_proxies_go_by_the_session(service, sent):
    """It speaks to them in another form."""
    service.will(whole(OK))

    with Proxy() as proxy:
        assert ask(service.url, options=ClientOptions(proxy=proxy.url)).status == 200
    assert sent == []


@pytest.mark.parametrize("name", ["request", "_request"])
def test_what_stands_before_every_session_is_asked(monkeypatch, service, sent, name):
    """Tools for tests and for tracing replace these; while they do, and not for ever."""
    service.will(whole(OK))
    seen = []
    real = getattr(aiohttp.ClientSession, name)

    @functools.wraps(real)
    def noted(session, method, url, **named):
        seen.append((method, str(url)))
        return real(session, method, url, **named)

    with monkeypatch.context() as patched:
        patched.setattr(aiohttp.ClientSession, name, noted)
        assert ask(service.url).status == 200
    assert (seen, sent) == ([("POST", service.url)], [])

    assert ask(service.url).status == 200
    assert (len(seen), len(sent)) == (1, 1)


def test_tracing_by_aiohttp_is_told(monkeypatch, service, sent):
    """Instrumentations give every session a trace, which may also add headers."""
    service.will(whole(OK))
    begin = aiohttp.ClientSession.__init__

    async def add(_session, _context, started):
        started.headers["traceparent"] = "00-1-2-01"

    def traced(session, *args, **named):
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(add)
        begin(session, *args, trace_configs=[trace], **named)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", traced)

    assert ask(service.url).status == 200
    assert sent == []
    assert service.hits[0].headers["traceparent"] == "00-1-2-01"


def test_the_names_below_are_there():
    """Where aiohttp has moved them, all still works, at twice the cost: then look for them anew."""

    async def usable():
        shared = await pool.aborrow(ClientOptions())
        await pool.agive_back(shared)
        return shared.direct._usable

    assert asyncio.run(usable())


def test_few_hosts_are_remembered(monkeypatch, service):
    """A program may ask one service after another."""
    monkeypatch.setattr(direct, "_MOST_TARGETS", 2)
    service.will(whole(OK))

    async def ask_all():
        shared = await pool.aborrow(ClientOptions())
        for host in ("127.0.0.1", "localhost", "127.0.0.1", "a.localhost", "b.localhost"):
            shared.direct._target(aiohttp.client.URL(f"http://{host}:{service.port}"), True)
            assert len(shared.direct._targets) <= 2
        await pool.agive_back(shared)

    asyncio.run(ask_all())


def test_a_body_in_pieces_is_whole(service):
    """Whether its end comes with the rest or by itself."""
    start = head(200, transfer_encoding="chunked")
    body = OK.encode()
    service.will(
        [start + chunk(body) + LAST_CHUNK],
        [start, 0.01, chunk(body[:9]), 0.01, chunk(body[9:]), 0.01, LAST_CHUNK],
        [head(200, content_length=str(len(body))), 0.01, body[:9], 0.01, body[9:]],
    )

    async def ask_all():
        request = Request(service.url, BODY, HEADERS)
        return [(await aio.asend(request, ClientOptions())).body for _ in range(3)]

    assert asyncio.run(ask_all()) == [body] * 3
    assert service.connections == 1


def test_a_connection_that_is_not_made_in_time_was_not_asked(monkeypatch, service):
    """So the request may be sent again, whatever it costs."""

    async def never(*_, **__):
        raise TimeoutError

    async def ask_once():
        shared = await pool.aborrow(ClientOptions())
        monkeypatch.setattr(shared.client.connector, "connect", never)
        await pool.agive_back(shared)
        request = Request(service.url, BODY, HEADERS, Timeouts(connect=7), RetryPolicy(0))
        await aio.asend(request, ClientOptions())

    with pytest.raises(AimlapiTimeoutError, match="no connection within 7 s") as caught:
        asyncio.run(ask_once())
    assert not caught.value.was_sent


@pytest.mark.parametrize("answer", [[HANG], [head(200, content_length="9"), HANG]])
def test_silence_has_a_limit(service, answer):
    """Without any other timeout, before the head of a reply and after it."""
    service.will(answer)
    timeouts = Timeouts(total=None, connect=None, read=0.05, first_token=None)

    with pytest.raises(AimlapiTimeoutError, match="within 0.05 s"):
        ask(service.url, timeouts=timeouts)


def test_other_authorities_have_connections_of_their_own(monkeypatch, service):
    """What one context trusts is not asked by way of another's."""
    targets = []
    contexts = [ssl.create_default_context() for _ in range(2)]

    async def play():
        shared = await pool.aborrow(ClientOptions())
        place = aiohttp.client.URL("https://gateway.test")
        targets.extend(shared.direct._target(place, context) for context in contexts * 2)
        await pool.agive_back(shared)

    asyncio.run(play())
    assert [target.connection_key.ssl for target in targets] == contexts * 2


# --- the connection afterwards --------------------------------------------------------------------


class Connection:
    """Notes what becomes of it."""

    def __init__(self, unwritten=0, *, upgraded=False):
        self.protocol = SimpleNamespace(upgraded=upgraded)
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: unwritten)
        self.became = []

    def close(self):
        self.became.append("closed")

    def release(self):
        self.became.append("released")


class Transport(asyncio.Transport):
    """One that is open."""

    def resume_reading(self):
        """There is nothing to read."""


def replied(connection):
    protocol = BaseProtocol(asyncio.get_running_loop())
    protocol.transport = Transport()
    payload = aiohttp.StreamReader(protocol, 2**16, loop=asyncio.get_running_loop())
    return direct.DirectReply(connection, SimpleNamespace(code=200, headers={}), payload)


@pytest.mark.parametrize(
    ("connection", "end", "became"),
    [
        (Connection(), "read", ["released"]),
        (Connection(unwritten=9), "read", ["closed"]),
        (Connection(upgraded=True), "read", ["closed"]),
        (Connection(), "close", ["closed"]),
    ],
    ids=["whole", "request half written", "another protocol", "given up"],
)
def test_a_connection_is_kept_only_where_both_are_through(connection, end, became):
    """The request is written and the reply is read; else the next one would wait for the rest."""

    async def play():
        reply = replied(connection)
        if end == "read":
            reply.content.feed_eof()
        reply.close()
        reply.close()

    asyncio.run(play())
    assert connection.became == became


def test_whoever_reads_a_closed_reply_gets_an_error():
    """It would wait for ever."""

    async def play():
        reply = replied(Connection())
        reading = asyncio.create_task(reply.content.readany())
        await asyncio.sleep(0)
        reply.close()
        with pytest.raises(aiohttp.ClientConnectionError):
            await reading

    asyncio.run(play())


def test_a_reply_left_alone_gives_its_connection_up():
    """It is closed by that, since there is more to come on it."""
    connection = Connection()

    async def play():
        replied(connection)
        gc.collect()

    asyncio.run(play())
    assert connection.became == ["released"]

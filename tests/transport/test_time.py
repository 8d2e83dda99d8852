"""Time: one deadline over everything, and bounds on silence that heartbeats do not extend."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import httpx2
import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport import aio, sync
from langchain_aimlapi._transport.request import ClientOptions, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy

from .callers import Caller, request
from .service import HANG, LAST_CHUNK, OK, Service, chunk, event, head, stream, whole

AGAIN = 3_000
"""How often a service repeats what should not put off an end: for a minute, in steps of 0.02 s."""
IN_TIME = 30.0
"""Seconds within which an end has come, however busy the machine is; the service has no end."""
PING = [b": ping\n\n", 0.02] * AGAIN
ONCE = RetryPolicy(max_retries=0)
BODY = head(200, transfer_encoding="chunked")


@pytest.fixture(params=["sync", "sync-httpx2", "async"])
def caller(request):
    """Our clients, and one with sockets that know nothing of our deadline: waiting takes time."""
    return Caller(request.param)


CONNECTING = pytest.mark.parametrize("way", ["sync", "sync-httpx2", "async", "async-httpx2"])


@contextmanager
def overrun(seconds):
    """Expect a timeout, after the time allowed, and not only when the service falls silent."""
    started = time.monotonic()
    with pytest.raises(errors.AimlapiTimeoutError) as caught:
        yield caught
    taken = time.monotonic() - started
    assert seconds - 0.02 <= taken <= IN_TIME


STALLS = {
    "no answer": [HANG],
    "half a head": [b"HTTP/1.1 200 OK\r\n", HANG],
    "dripping head": [b"HTTP/1.1 200 OK\r\nX: ", *[b"x", 0.02] * AGAIN],
    "heartbeats": stream(*PING, end=False),
    "heartbeats after content": stream(event("1"), *PING, end=False),
    "content without end": stream(*[event("1"), 0.02] * AGAIN, end=False),
    "half an event": stream(b"data: ", HANG, end=False),
    "an error that never ends": [
        head(500, transfer_encoding="chunked"), *[chunk(b" "), 0.02] * AGAIN
    ],
}  # fmt: skip


@pytest.mark.parametrize("answer", STALLS.values(), ids=STALLS)
def test_a_stream_ends_by_its_deadline(service, caller, answer):
    """However a service stalls, and whatever it sends meanwhile, the caller is told in time."""
    if answer is STALLS["dripping head"] and caller.way == "sync-httpx2":
        pytest.skip("a head that drips into a client with its own sockets cannot be seen")
    service.will(answer)

    with overrun(0.2):
        caller.stream(request(service, total=0.2))


BODIES = {
    "no answer": [HANG],
    "dripping body": [BODY, *[chunk(b" "), 0.02] * AGAIN],
    "dripping error response": STALLS["an error that never ends"],
    "half a body": [head(200, content_length="99"), b'{"cho', HANG],
}


@pytest.mark.parametrize("answer", BODIES.values(), ids=BODIES)
def test_a_whole_reply_comes_by_its_deadline(service, caller, answer):
    """Bytes that drip in do not keep a call alive."""
    service.will(answer)

    with overrun(0.2):
        caller.send(request(service, total=0.2))


def test_silence_late_in_a_stream_does_not_outlive_the_deadline(service, caller):
    """The time left counts when the silence begins, not when the request went out."""
    service.will(stream(*[event("1"), 0.06] * 3, HANG, end=False))
    seen: list[bytes] = []

    with overrun(0.5):
        caller.stream_into(seen, request(service, total=0.5))

    assert len(seen) <= 3


def test_a_reply_without_announced_end_is_not_ended_by_its_deadline(service, caller):
    """Where the end of the connection is the end of the reply, a timeout must not look like one."""
    start = head(200, "text/event-stream", connection="close")
    service.will([start, event("1"), HANG])

    with overrun(0.2):
        caller.stream(request(service, total=0.2))


@pytest.mark.parametrize("act", ["send", "stream"])
def test_attempts_and_pauses_share_the_deadline(service, caller, act):
    """Many quick failures do not add up to more than was allowed."""
    service.will([0.05, *whole("", 503, retry_after_ms="100")])
    started = time.monotonic()

    with pytest.raises((errors.ServerError, errors.AimlapiTimeoutError)):
        getattr(caller, act)(
            request(service, RetryPolicy(max_retries=99, initial=0.001), total=0.5)
        )

    assert time.monotonic() - started <= IN_TIME
    assert len(service.hits) <= 4  # each with its pause takes 0.15 s at least


def test_no_attempt_begins_after_the_deadline(service, caller):
    """A call that hung until its deadline is not repeated, though a timeout may be."""
    service.will([HANG])

    with overrun(0.2):
        caller.send(request(service, total=0.2))

    assert len(service.hits) <= 1  # none, where a busy machine took as long to connect


@pytest.mark.parametrize(
    "answer", [[HANG], stream(*PING, end=False), stream(b"data: 1", HANG, end=False)]
)
def test_the_first_content_has_its_own_bound(service, caller, answer):
    """Heartbeats are not content."""
    service.will(answer)

    with overrun(0.2) as caught:
        caller.stream(request(service, ONCE, first_token=0.2))

    assert "0.2 s" in str(caught.value)


def test_late_first_content_is_tried_again(service, caller):
    """The bound is for each attempt, and nothing had reached the caller."""
    service.will([HANG], stream(event("1")))

    assert caller.stream(request(service, first_token=1.0)) == [b"1"]


@pytest.mark.parametrize("silence", [[HANG], PING], ids=["nothing", "heartbeats"])
def test_silence_between_content_is_bounded(service, caller, silence):
    """Content that stops coming is noticed long before the deadline, and not repeated."""
    service.will(stream(event("1"), *silence, end=False))
    seen: list[bytes] = []

    with overrun(0.2):
        caller.stream_into(seen, request(service, between_tokens=0.2, total=60))

    assert (seen, len(service.hits)) == ([b"1"], 1)


class Clockwork:
    """A stream of events, and a reader, by a clock that only they move."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.said = [event("1")] * 6
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def read(self, way, every, reading, **timeouts):
        """Stream what is said, one `every` so many seconds, to one who takes `reading` seconds each."""
        made = Request("http://host/", timeouts=Timeouts(**timeouts), retry=ONCE)
        if way == "sync":
            body = self._events(every)
            client = httpx2.Client(transport=self._transport(body))
            with sync.open_stream(made, ClientOptions(), client) as events:
                return [self._taken(batch, reading) for batch in events]
        return asyncio.run(self._aread(made, every, reading))

    async def _aread(self, made, every, reading):
        client = httpx2.AsyncClient(transport=self._transport(self._aevents(every)))
        async with await aio.aopen_stream(made, ClientOptions(), client) as events:
            return [self._taken(batch, reading) async for batch in events]

    def _taken(self, batch, reading):
        self.now += reading
        return batch

    def _events(self, every):
        for data in self.said:
            self.now += every
            yield data

    async def _aevents(self, every):
        for data in self._events(every):
            yield data

    @staticmethod
    def _transport(body):
        kind = {"content-type": "text/event-stream"}
        return httpx2.MockTransport(lambda _: httpx2.Response(200, headers=kind, content=body))


@pytest.mark.parametrize("way", ["sync", "async"])
def test_steady_content_may_take_longer_than_any_silence(monkeypatch, way):
    """Bounds on silence start anew with each content."""
    clock = Clockwork(monkeypatch)

    assert len(clock.read(way, every=9.0, reading=0.0, between_tokens=10, first_token=10)) == 6
    assert clock.now == 54.0


@pytest.mark.parametrize("way", ["sync", "async"])
def test_silence_is_measured_by_the_same_clock(monkeypatch, way):
    """The clock of these tests can end a stream, too: one that falls silent but for heartbeats."""
    clock = Clockwork(monkeypatch)
    clock.said = [event("1"), *[b": ping\n\n"] * 5]

    with pytest.raises(errors.AimlapiTimeoutError, match="no content within 10 s"):
        clock.read(way, every=4.0, reading=0.0, between_tokens=10)
    assert clock.now == 16.0


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_slow_reader_is_not_the_services_fault(monkeypatch, way):
    """The time a caller spends on what came does not count as silence."""
    clock = Clockwork(monkeypatch)

    assert len(clock.read(way, every=9.0, reading=100.0, between_tokens=10)) == 6


def test_bounds_on_content_are_not_for_whole_replies(service, caller):
    """A whole reply comes in one piece, after as long as the model thinks."""
    service.will([0.2, *whole(OK)])

    assert caller.send(request(service, first_token=0.1, between_tokens=0.1)).status == 200


@contextmanager
def deaf_at(host, port=0):
    """Occupy a place with a socket that accepts nobody: its queue is full. Its port is given."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def deaf():
    """The port of a host that does not pick up."""
    with deaf_at("127.0.0.1") as port:
        yield port


@pytest.mark.parametrize("limits", [{"connect": 0.2}, {"total": 0.2}, {"connect": 0.2, "total": 9}])
@CONNECTING
def test_a_connection_has_its_own_bound(way, deaf, limits):
    """A host that does not pick up is given up."""
    made = replace(request(Service(port=deaf), ONCE), timeouts=Timeouts(**limits))

    with overrun(0.2):
        Caller(way).send(made)


@pytest.mark.parametrize("limits", [{"connect": 0.2}, {"total": 0.2}])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_looking_up_a_host_counts_as_connecting(way, limits, monkeypatch):
    """A resolver that does not answer is not waited for beyond what was allowed."""
    real, over = socket.getaddrinfo, threading.Event()

    def slow(host, *args, **kwargs):
        if host != "slow.example" or kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            return real(host, *args, **kwargs)
        over.wait(IN_TIME)
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Request(
            f"http://slow.example:{free.getsockname()[1]}/", timeouts=Timeouts(**limits), retry=ONCE
        )

        async def asend():
            try:
                await aio.asend(made, ClientOptions(), None)
            finally:
                over.set()  # the end of the loop waits for the thread

        with pytest.raises(errors.AimlapiTimeoutError):
            Caller(way).send(made) if way == "sync" else asyncio.run(asend())
        over.set()


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is this machine on Linux only")
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_dead_address_leaves_time_for_the_next(way, service, monkeypatch):
    """A host with two addresses, the first of which does not answer, is reached by the second."""
    real = socket.getaddrinfo

    def two(host, *args, **kwargs):
        if host != "two.example" or kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            return real(host, *args, **kwargs)
        return real("127.0.0.2", *args, **kwargs) + real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", two)
    service.will(whole(OK))
    made = Request(
        f"http://two.example:{service.port}/", timeouts=Timeouts(connect=IN_TIME), retry=ONCE
    )

    with deaf_at("127.0.0.2", service.port):
        assert Caller(way).send(made).status == 200


@pytest.mark.parametrize("limits", [{"connect": 0.2}, {"total": 0.2}])
@CONNECTING
def test_a_handshake_counts_as_connecting(way, limits):
    """A host that picks up and then says nothing about its certificate is given up too."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        port = listener.getsockname()[1]
        made = replace(
            request(Service(port=port), ONCE),
            url=f"https://127.0.0.1:{port}/",
            timeouts=Timeouts(**limits),
        )

        with overrun(0.2):
            Caller(way).send(made)


@pytest.mark.parametrize("name", ["connect", "first_token", "between_tokens", "total"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), "2", True, [1]])
def test_a_bound_is_a_positive_number(name, value):
    """A bound of nothing would fail every call; a text is a mistake."""
    with pytest.raises(errors.ConfigurationError, match=name):
        Timeouts(**{name: value})


def test_no_bound_and_an_endless_one_are_the_same():
    """Infinity is how some say None."""
    assert Timeouts(connect=float("inf")) == Timeouts(connect=None)


def test_the_end_of_a_body_is_not_a_timeout(service, caller):
    """A reply that comes just in time is an answer."""
    service.will([BODY, chunk(b'{"choices":'), 0.2, chunk(b"[]}"), LAST_CHUNK])

    assert caller.send(request(service, total=5)).body == b'{"choices":[]}'

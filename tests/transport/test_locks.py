"""Abandoned streams are closed wherever the garbage collector finds them."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import httpx2
import pytest

from langchain_aimlapi._transport import aio, pool, sync
from langchain_aimlapi._transport.deadline import current
from langchain_aimlapi._transport.locks import Lock, holding, without_locks
from langchain_aimlapi._transport.request import ClientOptions

from .callers import ONCE, Caller, request
from .service import HANG, OK, event, stream, whole
from .test_lives import settled

OPTIONS = ClientOptions()
UNENDING = stream(event("1"), HANG, end=False)


class Holder:
    """What keeps itself alive until the collector comes."""

    def __init__(self, held):
        self.held, self.me = held, self


def abandon(service, client=None, options=OPTIONS):
    """Begin a stream and leave it to the collector."""
    Holder(sync.open_stream(request(service), options, client))


def within(seconds, act):
    """Do something in a thread, which must come to an end."""
    failed = []

    def guarded():
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it waits for itself"
    assert not failed, failed


def locks_of_ours():
    """Every lock that a call takes, by name."""
    state = pool._state
    connections = pool.borrow(OPTIONS)
    pool.give_back(connections)
    budget = state.budget
    return {
        "the pool's": state.lock,
        "the connections'": connections.client._lock,
        "the budget's": budget._lock,
    }


@pytest.mark.parametrize("name", ["the pool's", "the connections'", "the budget's"])
def test_a_stream_collected_inside_a_lock_is_closed(service, name):
    """The thread that holds the lock does not wait for itself, and the connection ends."""
    service.will(UNENDING)

    def act():
        abandon(service)
        with locks_of_ours()[name]:
            gc.collect()
            assert settled(lambda: service.open, 0) == 0

    within(20, act)
    service.will(whole(OK))
    assert sync.send(request(service), OPTIONS).status == 200


@pytest.mark.parametrize("kind", [None, httpx2.Client])
def test_a_stream_collected_inside_the_library_is_closed(service, kind, monkeypatch):
    """At the place where its pool changes what closing would change too."""
    service.will(UNENDING, whole(OK))
    client = kind() if kind else None
    seen = []

    def act():
        abandon(service, client)
        shared = pool._state.clients.get(OPTIONS)
        pools = [client._transport._pool] if client else list(shared.client._pools.values())
        inner = pools[0]._assign_requests_to_connections

        def assign():
            if not seen:
                seen.append(gc.collect())
            return inner()

        monkeypatch.setattr(pools[0], "_assign_requests_to_connections", assign)
        assert sync.send(request(service), OPTIONS, client).status == 200

    within(20, act)
    assert seen
    assert settled(lambda: service.open, 1) == 1
    if client:
        client.close()


def test_who_waits_for_a_connection_gets_that_of_an_abandoned_stream(service):
    """With one connection allowed, even if the collector comes at the worst moment."""
    options = ClientOptions(max_connections=1)
    service.will(UNENDING, whole(OK))

    def act():
        abandon(service, None, options)
        with holding:
            gc.collect()
        assert sync.send(request(service), options).status == 200

    within(20, act)
    pool.close(options)


def test_a_stream_closed_in_the_middle_of_a_call_leaves_its_deadline_alone(service):
    """The few milliseconds for the end of one reply are not those of the call around it."""
    service.will(stream(event("1"), event("[DONE]"), HANG, end=False))
    reader = sync.open_stream(request(service), OPTIONS)
    while next(reader)[-1] != b"[DONE]":
        pass
    current.until = outer = time.monotonic() + 60

    reader.close()

    assert current.until == outer
    current.until = None


def test_what_needs_locks_is_done_at_once_where_none_is_held():
    """Only a thread that holds one leaves the work to another."""
    by = []

    def act():
        by.append(threading.get_ident())

    without_locks(act)
    with Lock():
        without_locks(act)
        settled(lambda: len(by), 2)
    without_locks(act)

    assert [ident == threading.get_ident() for ident in by] == [True, False, True]


@pytest.mark.parametrize("way", ["async", "async-httpx2", "async-httpx", "async-aiohttp"])
def test_a_reader_cancelled_while_the_end_is_awaited_leaves_no_connection(service, way):
    """After the end marker the end of the reply is awaited a moment, and that can be cancelled."""
    service.will(stream(event("1"), event("[DONE]"), HANG, end=False))

    async def read(options, client):
        reader = await aio.aopen_stream(request(service), options, client)
        async with reader:
            async for batch in reader:
                if batch[-1] == b"[DONE]":
                    task = asyncio.current_task()
                    asyncio.get_running_loop().call_later(0.002, task.cancel)
                    break

    async def main(client):
        for _ in range(5):
            task = asyncio.create_task(read(ClientOptions(max_connections=2), client))
            await asyncio.wait([task], timeout=10)
            assert task.done()
        timers = [
            handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()
        ]
        await asyncio.to_thread(settled, lambda: service.open, 0)
        return service.open, [handle for handle in timers if "_fire" in repr(handle)]

    caller = Caller(way)
    assert asyncio.run(caller._with_async(main)) == (0, [])


def test_a_reader_interrupted_while_the_end_is_awaited_leaves_no_connection(service, monkeypatch):
    """Ctrl-C, at the same moment of a sync stream."""
    service.will(stream(event("1"), event("[DONE]"), HANG, end=False), whole(OK))
    options = ClientOptions(max_connections=1)
    reader = sync.open_stream(request(service), options)
    while next(reader)[-1] != b"[DONE]":
        pass
    assert reader.reader.complete

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(reader._source, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reader.close()

    assert settled(lambda: service.open, 0) == 0
    assert sync.send(request(service, ONCE), options).status == 200
    pool.close(options)

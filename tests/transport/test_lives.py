"""How clients live: shared, closed with their loop or by hand, and left alone by forked children."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport import aio, pool, sync
from langchain_aimlapi._transport.request import ClientOptions

from .callers import ONCE, OURS, SWIFT, Caller, request
from .service import CLOSE, GREETING, HANG, OK, RESET, event, stream, whole

OPTIONS = ClientOptions()
ENDLESS = stream(*[event("1"), 0.01] * 1000)


def settled(look, wanted, seconds=15.0):
    """Wait until something is as wanted, and return what it is."""
    until = time.monotonic() + seconds
    pause = 0.005
    while (seen := look()) != wanted and time.monotonic() < until:
        gc.collect()
        time.sleep(pause)
        pause = min(2 * pause, 0.1)  # a collection takes longer than what is waited for
    return seen


def sockets():
    """The open sockets of this process."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            found.append(target)
    return sorted(found)


def ran(script, service=None, *flags, **env):
    """Run a script in a process of its own, where every warning counts; return what it printed."""
    prelude = f"""
        import asyncio, logging, os, sys, threading
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # but for slow imports
        from langchain_aimlapi._transport import aio, pool, sync
        from langchain_aimlapi._transport.request import ClientOptions, Request
        OPTIONS = ClientOptions()
        REQUEST = Request({(service.url if service else "http://127.0.0.1:9/")!r}, b"{{}}")
    """
    code = textwrap.dedent(prelude) + textwrap.dedent(script)
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-X", "dev", "-W", "error", *flags, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("way", OURS)
def test_nothing_is_opened_before_the_first_call(way):
    """A model that is never asked costs no client, no socket, no import of an HTTP library."""
    ran(f"""
        assert not {{"httpx2", "httpcore2", "aiohttp"}} & set(sys.modules), {way!r}
        assert not pool._state.clients and not pool._state.sessions
    """)


def test_connections_are_used_again(service):
    """Many calls of many models with the same options need one connection."""
    service.will(whole(OK), GREETING, whole(OK), GREETING, whole(OK))
    caller = Caller("sync")

    for act in (caller.send, caller.stream, caller.send, caller.stream, caller.send):
        act(request(service))

    assert (len(service.hits), service.connections) == (5, 1)


async def test_connections_of_a_loop_are_used_again(service):
    """So do many async calls in one loop."""
    service.will(whole(OK), GREETING, whole(OK), GREETING, whole(OK))

    for number in range(5):
        if number % 2:
            async with await aio.aopen_stream(request(service), OPTIONS) as events:
                assert len([payload async for batch in events for payload in batch]) == 3
        else:
            await aio.asend(request(service), OPTIONS)

    assert (len(service.hits), service.connections) == (5, 1)
    await pool.aclose_all()


def read_to_the_marker(service):
    """Read a stream until its end marker, and close it."""
    with sync.open_stream(request(service), OPTIONS) as events:
        for batch in events:
            if batch[-1] == b"[DONE]":
                break


async def aread_to_the_marker(service):
    """The same in a loop."""
    async with await aio.aopen_stream(request(service), OPTIONS) as events:
        async for batch in events:
            if batch[-1] == b"[DONE]":
                break


def test_a_stream_left_at_its_end_marker_gives_its_connection_back(service):
    """Readers stop at [DONE]; the few bytes behind it are read for them."""
    service.will(GREETING)
    for _ in range(3):
        read_to_the_marker(service)

    assert service.connections == 1


async def test_an_async_stream_left_at_its_end_marker_gives_its_connection_back(service):
    """The same in a loop."""
    service.will(GREETING)
    for _ in range(3):
        await aread_to_the_marker(service)

    assert service.connections == 1
    await pool.aclose_all()


@pytest.mark.parametrize("way", OURS)
def test_a_socket_held_open_after_the_end_marker_holds_nobody_up(service, way):
    """Some services keep the connection for seconds after [DONE]."""
    service.will(stream(event("1"), event("[DONE]"), HANG, end=False))
    started = time.monotonic()

    if way == "sync":
        read_to_the_marker(service)
    else:
        asyncio.run(aread_to_the_marker(service))

    assert time.monotonic() - started < 30  # not for ever, as the service does
    assert settled(lambda: service.open, 0) == 0


@pytest.mark.parametrize("way", OURS)
@pytest.mark.parametrize(
    "answer", [ENDLESS, stream(event("1"), HANG), [RESET], [CLOSE], whole("", 500), [HANG]]
)
def test_no_connection_is_left_behind(service, way, answer):
    """After any failure, and after a stream that nobody reads to its end."""
    service.will(answer)
    caller = Caller(way)

    for _ in range(10):
        try:
            caller.stream(request(service, ONCE, total=0.5 if answer == [HANG] else 60), take=1)
        except errors.AimlapiError:
            assert answer is not ENDLESS
        if answer == [HANG]:
            break
    pool.close_all()

    assert settled(lambda: service.open, 0) == 0


def test_a_thousand_abandoned_streams_leave_no_socket(service):
    """A reader that goes away without closing is as good as one that closes."""
    service.will(ENDLESS)
    gc.collect()  # what earlier tests left would go meanwhile
    before = sockets()

    for _ in range(1000):
        next(sync.open_stream(request(service), OPTIONS))
    pool.close_all()

    assert settled(lambda: service.open, 0) == 0
    assert settled(sockets, before) == before


async def test_a_thousand_cancelled_streams_leave_no_socket_and_no_task(service):
    """Cancelling a task in the middle of a stream closes it at once."""
    service.will(ENDLESS)
    gc.collect()  # what earlier tests left would go meanwhile
    before = sockets()

    async def read(started):
        async with await aio.aopen_stream(request(service), OPTIONS) as events:
            started.release()
            async for _ in events:
                pass

    for _ in range(10):
        started = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(read(started)) for _ in range(100)]
        for _ in tasks:
            await started.acquire()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    await pool.aclose_all()
    assert len(asyncio.all_tasks()) == 1
    assert await asyncio.to_thread(settled, lambda: service.open, 0) == 0
    assert await asyncio.to_thread(settled, sockets, before) == before


@pytest.mark.parametrize("answer", [[HANG], stream(HANG), ENDLESS])
async def test_a_timeout_of_the_caller_ends_everything(service, answer):
    """asyncio.timeout around a call is a cancellation, not an error of ours."""
    service.will(answer)

    async def read():
        async with await aio.aopen_stream(request(service), OPTIONS) as events:
            async for _ in events:
                pass

    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(read(), 0.2)

    assert not isinstance(caught.value, errors.AimlapiError)
    assert await asyncio.to_thread(settled, lambda: service.open, 0) == 0
    await pool.aclose_all()


def test_closing_twice_and_reading_on_are_harmless(service):
    """A closed stream is at its end."""
    service.will(ENDLESS)
    events = sync.open_stream(request(service), OPTIONS)

    events.close()
    events.close()

    assert list(events) == []


async def test_closing_an_async_stream_twice_is_harmless(service):
    """The same in a loop."""
    service.will(ENDLESS)
    events = await aio.aopen_stream(request(service), OPTIONS)

    await events.aclose()
    await events.aclose()

    assert [batch async for batch in events] == []
    await pool.aclose_all()


def test_close_spares_who_is_still_reading(service):
    """One model's close() does not cut off the stream of another that shares its connections."""
    service.will(stream(event("1"), 0.1, event("2")), whole(OK))
    with sync.open_stream(request(service), OPTIONS) as events:
        pool.close(OPTIONS)

        assert list(events) == [[b"1"], [b"2"]]

    assert settled(lambda: service.open, 0) == 0
    assert sync.send(request(service), OPTIONS).status == 200


def test_close_spares_the_second_reader_when_the_first_ends(service):
    """Of two streams over one pool, the last to end closes it, not the first."""
    service.will(
        stream(event("1"), event("[DONE]")), stream(event("1"), 0.2, event("2")), whole(OK)
    )
    first = sync.open_stream(request(service), OPTIONS)
    second = sync.open_stream(request(service), OPTIONS)
    pool.close(OPTIONS)

    with first:
        assert [payload for batch in first for payload in batch] == [b"1", b"[DONE]"]
    with second:
        assert [payload for batch in second for payload in batch] == [b"1", b"2"]

    assert settled(lambda: service.open, 0) == 0
    assert sync.send(request(service), OPTIONS).status == 200


async def test_aclose_spares_who_is_still_reading(service):
    """The same in a loop; whoever gives the session back last closes it."""
    service.will(stream(event("1"), 0.1, event("2")), whole(OK))
    async with await aio.aopen_stream(request(service), OPTIONS) as events:
        await pool.aclose(OPTIONS)
        assert (await aio.asend(request(service), OPTIONS)).status == 200

        assert [batch async for batch in events] == [[b"1"], [b"2"]]

    await pool.aclose(OPTIONS)
    await pool.aclose(OPTIONS)
    assert await asyncio.to_thread(settled, lambda: service.open, 0) == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
@pytest.mark.parametrize("client", ["None", "__import__('httpx2').Client()"])
def test_an_interrupt_closes_the_connection(service, client):
    """Ctrl-C in the middle of a stream leaves no socket open, and is not mistaken for a failure."""
    service.will(stream(event("1"), HANG, end=False))

    printed = ran(
        f"""
        import signal
        def interrupt(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, interrupt)
        client = {client}
        events = sync.open_stream(REQUEST, OPTIONS, client)
        next(events)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            next(events)
        except KeyboardInterrupt:
            print(list(events))
        if client:
            client.close()
        """,
        service,
    )

    assert printed == "[]\n"
    assert settled(lambda: service.open, 0) == 0


def test_many_loops_in_a_row_leave_nothing_open(service):
    """`asyncio.run` again and again, with not a warning and not a session left."""
    service.will(whole(OK))

    printed = ran(
        """
        async def main():
            return [
                (await aio.asend(REQUEST, OPTIONS)).status,
                *await asyncio.gather(*(aio.asend(REQUEST, OPTIONS) for _ in range(5))),
            ][0]

        for _ in range(4):
            assert asyncio.run(main()) == 200
        assert not pool._state.sessions
        print("fine")
        """,
        service,
    )

    assert printed == "fine\n"


def test_a_loop_that_ends_in_the_middle_of_a_stream_leaves_nothing_open(service):
    """A program may return while a stream is still open."""
    service.will(ENDLESS)

    printed = ran(
        """
        async def main():
            global kept
            kept = await aio.aopen_stream(REQUEST, OPTIONS)
            await anext(kept)

        asyncio.run(main())
        asyncio.run(main())
        del kept
        assert not pool._state.sessions
        print("fine")
        """,
        service,
    )

    assert printed == "fine\n"


def test_a_process_may_end_without_closing_anything(service):
    """Neither sync clients nor the sessions of loops that never closed complain at exit."""
    service.will(whole(OK))

    ran(
        """
        sync.send(REQUEST, OPTIONS)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(aio.asend(REQUEST, OPTIONS))
        threading.Thread(target=loop.run_forever, daemon=True).start()
        """,
        service,
    )


def test_a_loop_closed_without_care_is_cleared_away(service):
    """The next call, in another loop, drops the session of the closed one."""
    service.will(whole(OK))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(aio.asend(request(service), OPTIONS))
    with warnings.catch_warnings():
        # Asyncio's own complaint about a loop closed over its connections.
        warnings.simplefilter("ignore", ResourceWarning)
        loop.close()
        Caller("async").send(request(service))
        del loop
        gc.collect()

    assert pool._state.sessions == {}


def test_one_loop_may_end_while_another_works(service):
    """Sessions of different loops have nothing to do with one another."""
    service.will(stream(event("1"), 0.3, event("2")))

    def work(delay):
        time.sleep(delay)
        return Caller("async").stream(request(service))

    with ThreadPoolExecutor() as threads:
        assert list(threads.map(work, [0, 0.1])) == [[b"1", b"2"]] * 2


@pytest.mark.parametrize("way", OURS)
def test_eight_threads_at_once(service, way):
    """Each with its own loop in the async world, all with one client in the other."""
    service.will(whole(OK))

    def work(_):
        return [Caller(way).send(request(service, SWIFT)).status for _ in range(10)]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [[200] * 10] * 8

    assert len(service.hits) == 80
    pool.close_all()
    assert settled(lambda: service.open, 0) == 0


def forked(act):
    """Run something in a forked child; return its exit status."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            act()
        except BaseException:  # noqa: BLE001 - a child must not become a second pytest
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("way", OURS)
def test_a_forked_child_makes_its_own_connections(service, way):
    """Used before and after the fork, on both sides: no reply reaches the wrong process."""
    service.will(whole(OK))
    caller = Caller(way)
    caller.send(request(service))
    before = {hit.connection for hit in service.hits}

    def act():
        for _ in range(3):
            assert caller.send(request(service)).status == 200

    assert forked(act) == 0
    from_child = {hit.connection for hit in service.hits} - before
    caller.send(request(service))

    assert from_child
    if way == "sync":
        assert service.hits[-1].connection in before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_after_async_use_only(service):
    """The child leaves the parent's loop and sockets alone, also when it ends with finalizers."""
    service.will(whole(OK))

    printed = ran(
        """
        async def ask():
            return (await aio.asend(REQUEST, OPTIONS)).status

        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(ask()) == 200
        child = os.fork()
        if child == 0:
            assert not pool._state.sessions
            assert asyncio.run(ask()) == 200
            sys.exit(0)  # with all finalizers
        assert os.waitpid(child, 0)[1] == 0
        assert loop.run_until_complete(ask()) == 200
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        print("fine")
        """,
        service,
    )

    assert printed == "fine\n"
    assert [hit.connection for hit in service.hits] == [1, 2, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_in_the_middle_of_streams_harms_neither_side(service):
    """The child has streams of its own; the parent's go on, and its loop is not touched."""
    service.will(stream(event("1"), 0.2, event("2")))

    printed = ran(
        """
        def read():
            with sync.open_stream(REQUEST, OPTIONS) as events:
                return [payload for batch in events for payload in batch]

        async def aread():
            async with await aio.aopen_stream(REQUEST, OPTIONS) as events:
                return [payload async for batch in events for payload in batch]

        loop = asyncio.new_event_loop()
        started = loop.run_until_complete(aio.aopen_stream(REQUEST, OPTIONS))
        events = sync.open_stream(REQUEST, OPTIONS)
        child = os.fork()
        if child == 0:
            assert read() == [b"1", b"2"]
            assert asyncio.run(aread()) == [b"1", b"2"]
            sys.exit(0)  # with all finalizers
        assert os.waitpid(child, 0)[1] == 0
        assert [p for batch in events for p in batch] == [b"1", b"2"]

        async def rest():
            seen = [payload async for batch in started for payload in batch]
            assert seen == [b"1", b"2"], seen
            assert await aread() == [b"1", b"2"]

        loop.run_until_complete(rest())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        print("fine")
        """,
        service,
    )

    assert printed == "fine\n"


async def test_ten_thousand_calls_keep_to_the_connections_allowed(service):
    """`max_connections` bounds what is in flight, and every call is answered."""
    service.will(whole(OK))
    options = ClientOptions(max_connections=20)

    replies = await asyncio.gather(*(aio.asend(request(service), options) for _ in range(1000)))

    assert {reply.status for reply in replies} == {200}
    assert service.connections <= 20
    await pool.aclose_all()


def test_options_tell_clients_apart():
    """Equal options share a client, others do not; proxies' passwords are not shown."""
    assert ClientOptions() == ClientOptions()
    assert hash(ClientOptions(verify=False)) != hash(ClientOptions(max_connections=3))
    assert "secret" not in repr(ClientOptions(proxy="http://user:secret@host"))

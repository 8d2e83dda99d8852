"""Calls leave nothing behind: no memory, no socket, no task; however they end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import TYPE_CHECKING, Any

import pytest

from langchain_aimlapi import AimlapiError, ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox

from .footprint import growth, open_files
from .playing import open_connections, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BYTES_PER_CALL = 400
"""Far below the smallest object of a call that could be kept: a message takes thousands."""


@pytest.fixture
def quiet() -> Iterator[Sandbox]:
    """A sandbox that remembers neither requests nor calls, as that would be growth of its own."""
    with Sandbox() as sandbox:
        sandbox.requests_kept = sandbox.calls_kept = 0
        yield sandbox


@pytest.fixture
def model(quiet: Sandbox) -> Callable[[str], ChatAimlapi]:
    """A function that makes models whose requests meet a fault."""

    def make(fault: str = "none") -> ChatAimlapi:
        return ChatAimlapi(
            model="openai/gpt-4o",
            api_key=quiet.api_key,
            base_url=quiet.base_url,
            max_retries=0,
            default_headers={"x-sandbox-fault": fault},
        )

    return make


# --- what is done over and over -------------------------------------------------------------------


def invoke(llm: ChatAimlapi) -> None:
    """Ask, and take an error for an answer."""
    with contextlib.suppress(AimlapiError):
        llm.invoke("Hi")


def stream(llm: ChatAimlapi) -> None:
    """Stream to the end."""
    with contextlib.suppress(AimlapiError):
        for _ in llm.stream("Hi"):
            pass


def abandon(llm: ChatAimlapi) -> None:
    """Take one chunk of a stream, and drop it."""
    next(iter(llm.stream("Hi")))


def close_early(llm: ChatAimlapi) -> None:
    """Take one chunk of a stream, and close it: GeneratorExit inside."""
    chunks: Any = llm.stream("Hi")
    next(chunks)
    chunks.close()


async def ainvoke(llm: ChatAimlapi) -> None:
    """Ask, and take an error for an answer."""
    with contextlib.suppress(AimlapiError):
        await llm.ainvoke("Hi")


async def astream(llm: ChatAimlapi) -> None:
    """Stream to the end."""
    with contextlib.suppress(AimlapiError):
        async for _ in llm.astream("Hi"):
            pass


async def aabandon(llm: ChatAimlapi) -> None:
    """Take one chunk of a stream, and drop it for the event loop to close."""
    async for _ in llm.astream("Hi"):
        break


async def aclose_early(llm: ChatAimlapi) -> None:
    """Take one chunk of a stream, and close it."""
    chunks: Any = llm.astream("Hi")
    await anext(chunks)
    await chunks.aclose()


async def cancel_stream(llm: ChatAimlapi) -> None:
    """Cancel a task that waits for the next chunk."""
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in llm.astream("Hi"):
            begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, AimlapiError):
        await task


async def time_out(llm: ChatAimlapi) -> None:
    """Let `asyncio.timeout` end a stream under way."""
    begun = asyncio.Event()
    with contextlib.suppress(TimeoutError, AimlapiError):
        async with asyncio.timeout(None) as limit:
            async for _ in llm.astream("Hi"):
                if not begun.is_set():
                    begun.set()
                    limit.reschedule(asyncio.get_running_loop().time() + 0.002)


SYNC = {"invoke": invoke, "stream": stream, "abandon": abandon, "close early": close_early}
ASYNC = {
    "ainvoke": ainvoke,
    "astream": astream,
    "abandon": aabandon,
    "close early": aclose_early,
    "cancel": cancel_stream,
    "time out": time_out,
}
CUT_SHORT = ["abandon", "close early"]


def repeated(name: str, llm: ChatAimlapi, times: int) -> None:
    """Do one of `SYNC`, so many times."""
    for _ in range(times):
        SYNC[name](llm)
    gc.collect()
    llm.close()


async def arepeated(name: str, llm: ChatAimlapi, times: int) -> None:
    """Do one of `ASYNC` so many times, and leave no task."""
    before = asyncio.all_tasks()
    for _ in range(times):
        await ASYNC[name](llm)
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["none", "status_503", "malformed_line", "drop_stream"])
@pytest.mark.parametrize("name", ["invoke", "stream"])
def test_calls_do_not_grow(model, name, fault):
    """A call that is over, well or badly, has given back what it took."""
    llm = model(fault)

    assert growth(lambda times: repeated(name, llm, times), 40, BYTES_PER_CALL) < BYTES_PER_CALL


@pytest.mark.parametrize("fault", ["none", "status_503", "malformed_line", "drop_stream"])
@pytest.mark.parametrize("name", ["ainvoke", "astream"])
def test_async_calls_do_not_grow(model, name, fault):
    """The same in an event loop; each measured round has a loop of its own, which is let go too."""
    llm = model(fault)

    assert (
        growth(lambda times: asyncio.run(arepeated(name, llm, times)), 40, BYTES_PER_CALL)
        < BYTES_PER_CALL
    )


@pytest.mark.parametrize("name", CUT_SHORT)
def test_streams_cut_short_do_not_grow(model, name):
    """A stream nobody reads to its end is let go."""
    llm = model()

    assert growth(lambda times: repeated(name, llm, times), 40, BYTES_PER_CALL) < BYTES_PER_CALL


@pytest.mark.parametrize("name", [*CUT_SHORT, "cancel", "time out"])
def test_async_streams_cut_short_do_not_grow(model, name):
    """The same in an event loop."""
    llm = model()

    assert (
        growth(lambda times: asyncio.run(arepeated(name, llm, times)), 40, BYTES_PER_CALL)
        < BYTES_PER_CALL
    )


def test_models_do_not_grow(model):
    """A model that nobody holds is gone, and none has opened a socket."""
    files = open_files()

    def construct(times: int) -> None:
        for _ in range(times):
            model()

    assert growth(construct, 300, BYTES_PER_CALL) < BYTES_PER_CALL
    assert open_files() == files


def test_loops_do_not_grow(model):
    """An event loop that has ended is forgotten, with its session."""
    llm = model()

    def loops(times: int) -> None:
        for _ in range(times):
            asyncio.run(ainvoke(llm))

    assert growth(loops, 40, BYTES_PER_CALL) < BYTES_PER_CALL


# --- sockets --------------------------------------------------------------------------------------

SOME = [60, pytest.param(1_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("times", SOME)
@pytest.mark.parametrize("fault", ["none", "silence"])
@pytest.mark.parametrize("name", CUT_SHORT)
def test_abandoned_streams_leave_no_socket(model, quiet, name, fault, times):
    """However many are dropped, whether more would have come or not."""
    llm = model(fault)
    repeated(name, llm, 1)
    files = open_files()

    repeated(name, llm, times)

    assert open_connections(quiet) == 0
    assert open_files() <= files


@pytest.mark.parametrize("times", SOME)
@pytest.mark.parametrize("fault", ["none", "silence"])
@pytest.mark.parametrize("name", [*CUT_SHORT, "cancel", "time out"])
async def test_async_streams_leave_no_socket(model, quiet, name, fault, times):
    """Dropped, closed, cancelled or timed out: their sockets close while the loop goes on."""
    llm = model(fault)
    await arepeated(name, llm, times)
    await llm.aclose()

    assert await asyncio.to_thread(open_connections, quiet) == 0


@pytest.mark.parametrize("fault", ["no_answer", "silence", "stall", "slow_body"])
async def test_a_cancelled_call_leaves_no_socket(model, quiet, fault):
    """`ainvoke` can be cancelled at any point of waiting, and lets go at once."""
    llm = model(fault)
    for wait in (0.0, 0.001, 0.005, 0.02, 0.05):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(wait):
                await llm.ainvoke("Hi")

    assert await asyncio.to_thread(open_connections, quiet) == 0


async def test_a_cancelled_pause_sends_no_more(model, quiet):
    """A call cancelled while it waits to try again does not."""
    quiet.requests_kept = 10
    quiet.retry_after = 30.0
    patient = model("rate_limit").model_copy(update={"max_retries": 3})
    task = asyncio.create_task(patient.ainvoke("Hi"))
    await asyncio.to_thread(until, lambda: quiet.requests)
    await asyncio.sleep(0.02)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(quiet.requests) == 1


@pytest.mark.parametrize("fault", ["none", "silence", "socket_open_after_done"])
@pytest.mark.parametrize("held", [False, True])
def test_a_loop_may_end_with_a_stream_open(model, quiet, caplog, fault, held):
    """The loop closes what was begun and dropped, or is still held, and has nothing to report."""
    llm = model(fault)
    kept: list[Any] = []

    async def begin() -> None:
        chunks: Any = llm.astream("Hi")
        await anext(chunks)
        if held:
            kept.append(chunks)

    for _ in range(10):
        asyncio.run(begin())

    assert [record for record in caplog.records if record.name == "asyncio"] == []
    assert open_connections(quiet) == 0

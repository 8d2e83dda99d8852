"""What one sample does, in the fresh process that was started for it.

Each takes the peer, the address and the amount of work, and returns figures in seconds or bytes
per unit of work. The first round of work is not counted: imports, connections and caches belong
to figures of their own.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import statistics
import subprocess
import sys
import time
import warnings
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from benchmarks.replies import SCHEMA, TOOL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from benchmarks.peers import Peer

Amounts = dict[str, int]
_PROMPT = "Hi"
_WARM_STREAMS = 10
_SECONDS_TO_OPEN = 60


COUNTED = "BENCH_COUNTED"
"""Set in the environment of a process whose instructions are counted."""


def _settle() -> None:
    """What comes between the round that is not counted and the work that is."""
    gc.collect()
    if COUNTED in os.environ:
        # One full collection more or less of all that was imported would outweigh the work.
        gc.freeze()
        gc.collect()  # its result, next to nothing, is what the next full one is decided by
        _begin_counting()


def _begin_counting() -> None:
    """Tell the valgrind we run under to count from here on.

    Valgrind looks for commands while it runs our code. A process that merely waits is interrupted
    by vgdb with ptrace, unless it is told not to; that is not allowed everywhere, and now and then
    a process that was interrupted counted nothing.
    """
    command = ["vgdb", f"--pid={os.getpid()}", "--max-invoke-ms=0", "instrumentation", "on"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as telling:
        while telling.poll() is None:
            time.sleep(0.001)
    if telling.returncode:
        raise RuntimeError("valgrind does not listen")


def _cpu_of(work: Callable[[], int]) -> float:
    """Seconds of CPU per unit; `work` returns how many units it did."""
    _settle()
    before = time.process_time()
    units = work()
    return (time.process_time() - before) / units


async def _acpu_of(work: Callable[[], Awaitable[int]]) -> float:
    _settle()
    before = time.process_time()
    units = await work()
    return (time.process_time() - before) / units


def invoke(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one `invoke`."""
    model = peer.make(f"{address}/json/v1")

    def work(calls: int) -> int:
        for _ in range(calls):
            model.invoke(_PROMPT)
        return calls

    work(10)
    return _cpu_of(lambda: work(amounts["calls"]))


def stream(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one chunk of `stream`, replies in one burst."""
    tokens = amounts["tokens"]
    model = peer.make(f"{address}/burst/{tokens}/v1")
    return _cpu_of_streams(lambda: model.stream(_PROMPT), tokens, amounts["streams"])


def events(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one chunk of `stream_events(version="v3")`, replies in one burst."""
    warnings.simplefilter("ignore")
    tokens = amounts["tokens"]
    model = peer.make(f"{address}/burst/{tokens}/v1")
    return _cpu_of_streams(
        lambda: model.stream_events(_PROMPT, version="v3"), tokens, amounts["streams"]
    )


def structured(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one piece of an object that `with_structured_output(...).stream` yields part by part."""
    pieces = amounts["tokens"]
    model = peer.make(f"{address}/answer/{pieces}/v1")
    answers = model.with_structured_output(SCHEMA, method="json_schema")
    return _cpu_of_streams(lambda: answers.stream(_PROMPT), pieces, amounts["streams"])


def tools(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one piece of a streamed tool call, with the sum of its chunks made as they come."""
    pieces = amounts["tokens"]
    model = peer.make(f"{address}/call/{pieces}/v1").bind_tools([SCHEMA])

    def sums() -> Iterator[Any]:
        total: Any = None
        for chunk in model.stream(_PROMPT):
            total = chunk if total is None else total + chunk
            yield total
        assert total.tool_calls[0]["name"] == TOOL

    return _cpu_of_streams(sums, pieces, amounts["streams"])


def agent(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one chunk of an agent's `stream(stream_mode="messages")`."""
    from langchain.agents import create_agent  # noqa: PLC0415  # no other figure needs it

    tokens = amounts["tokens"]
    graph = create_agent(peer.make(f"{address}/burst/{tokens}/v1"), tools=[])
    asked = {"messages": [("user", _PROMPT)]}
    return _cpu_of_streams(
        lambda: graph.stream(asked, stream_mode="messages"), tokens, amounts["streams"]
    )


def _cpu_of_streams(stream: Callable[[], Iterable[object]], tokens: int, streams: int) -> float:
    def work() -> int:
        for _ in stream():
            pass
        return tokens

    work()
    return _cpu_of(lambda: sum(work() for _ in range(streams)))


def ainvoke(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one of many `ainvoke` at once."""
    at_once = amounts["at_once"]

    async def main() -> float:
        model = peer.make(f"{address}/json/v1")

        async def work() -> int:
            await asyncio.gather(*(model.ainvoke(_PROMPT) for _ in range(at_once)))
            return at_once

        async def repeated() -> int:
            return sum([await work() for _ in range(amounts["rounds"])])

        await work()
        return await _closing(model, _acpu_of(repeated))

    return asyncio.run(main())


def astream(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one chunk of many `astream` at once, at the server's pace."""
    tokens, at_once = amounts["tokens"], amounts["at_once"]
    pace = f"paced/{tokens}/{amounts['pace_ms']}" if "pace_ms" in amounts else f"burst/{tokens}"

    async def main() -> float:
        model = peer.make(f"{address}/{pace}/v1")

        async def read() -> int:
            async for _ in model.astream(_PROMPT):
                pass
            return tokens

        async def work() -> int:
            return sum(await asyncio.gather(*(read() for _ in range(at_once))))

        async def repeated() -> int:
            return sum([await work() for _ in range(amounts.get("rounds", 1))])

        await read()
        return await _closing(model, _acpu_of(repeated))

    return asyncio.run(main())


def first_token(peer: Peer, address: str, amounts: Amounts) -> float:
    """Wall time from the call to the first chunk, the median of many streams at once."""
    at_once = amounts["at_once"]

    async def main() -> float:
        model = peer.make(f"{address}/paced/2/5/v1")

        async def read() -> float:
            started = time.perf_counter()
            first = 0.0
            async for _ in model.astream(_PROMPT):
                first = first or time.perf_counter() - started
            return first

        async def work() -> list[float]:
            return await asyncio.gather(*(read() for _ in range(at_once)))

        async def repeated() -> float:
            return statistics.median([t for _ in range(amounts["rounds"]) for t in await work()])

        await work()
        return await _closing(model, repeated())

    return asyncio.run(main())


def memory(peer: Peer, address: str, amounts: Amounts) -> float:
    """Bytes of the process per stream that is open and silent."""
    at_once = amounts["at_once"]

    async def main() -> float:
        model = peer.make(f"{address}/paced/2/600000/v1")
        opened: asyncio.Queue[str] = asyncio.Queue()
        release = asyncio.Event()

        async def hold() -> None:
            async with aclosing(model.astream(_PROMPT)) as chunks:
                opened.put_nowait(await anext(chunks))
                await release.wait()

        async def opening(streams: int) -> list[asyncio.Task[None]]:
            tasks = [asyncio.create_task(hold()) for _ in range(streams)]
            for _ in tasks:
                await asyncio.wait_for(opened.get(), _SECONDS_TO_OPEN)
            return tasks

        tasks = await opening(_WARM_STREAMS)
        gc.collect()
        before = _resident()
        tasks += await opening(at_once - _WARM_STREAMS)
        gc.collect()
        grown = _resident() - before
        release.set()
        await asyncio.gather(*tasks)
        return await _closing(model, _ready(grown / (at_once - _WARM_STREAMS)))

    return asyncio.run(main())


def construct(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of one construction."""
    peer.make(address)

    def work() -> int:
        for _ in range(amounts["objects"]):
            peer.make(address)
        return amounts["objects"]

    return _cpu_of(work)


def load(peer: Peer, address: str, amounts: Amounts) -> float:
    """CPU of the import, over what langchain-core's own chat models import, and of some objects."""
    for name in ("language_models.chat_models", "messages", "outputs", "runnables", "tools"):
        importlib.import_module(f"langchain_core.{name}")
    if peer.module in sys.modules:
        raise RuntimeError(f"{peer.module} is imported already")
    before = time.process_time()
    peer.load()
    for _ in range(amounts.get("objects", 0)):
        peer.make(address)
    return time.process_time() - before


async def _ready(value: float) -> float:
    return value


async def _closing(model: Any, result: Awaitable[float]) -> float:
    value = await result
    if hasattr(model, "aclose"):
        await model.aclose()
    return value


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - not a file
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

"""Call a failing sandbox for minutes on end, in every way at once, and print what the process holds.

    python -m scripts.soak --minutes 30

Threads and an event loop work side by side, and now and then an event loop of its own comes and
goes. The sandbox runs in another process, so that all figures are the client's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from langchain_aimlapi import AimlapiError, ChatAimlapi, Timeouts
from langchain_aimlapi.sandbox import Sandbox
from tests.faults.footprint import open_files, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

RATES = {
    "close_connection": 0.03,
    "crlf": 0.03,
    "cut_stream": 0.02,
    "drop_stream": 0.02,
    "empty_200": 0.01,
    "error_mid_stream": 0.02,
    "html_502": 0.02,
    "malformed_line": 0.02,
    "no_answer": 0.005,
    "rate_limit_ms": 0.03,
    "reset_connection": 0.01,
    "reset_stream": 0.01,
    "silence": 0.005,
    "socket_open_after_done": 0.02,
    "split_bytes": 0.02,
    "stall": 0.005,
    "status_400": 0.01,
    "status_429": 0.05,
    "status_503": 0.03,
}
"""Shares of all requests; a third has some fault."""

LIMITS = Timeouts(first_token=0.5, between_tokens=0.5, total=3.0)
RETRY_AFTER = 0.05
THREADS, TASKS = 4, 8
REST = 0.04
"""Seconds each worker rests between two calls, so that the machine stays usable."""
NEW_LOOP_EVERY = 1.0


def serve(pipe: Connection) -> None:
    """Run the sandbox, and tell its address, until the other end of the pipe says something."""
    with Sandbox(faults=RATES) as sandbox:
        sandbox.requests_kept = 0
        sandbox.retry_after = RETRY_AFTER
        pipe.send(sandbox.base_url)
        pipe.recv()


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Run the sandbox in a process of its own; yield its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
        ours.send("end")
    finally:
        process.join(10)
        process.kill()


class Soak:
    """The workers, and the counts of what came of their calls."""

    def __init__(self, base_url: str, until: float) -> None:
        self.outcomes: Counter[str] = Counter()
        self._until = until
        self._numbers = itertools.count()
        self._model = ChatAimlapi(
            model="openai/gpt-4o",
            api_key="sandbox",
            base_url=base_url,
            max_retries=2,
            timeout=LIMITS,
        )

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return time.monotonic() >= self._until

    def work(self) -> None:
        """Call in this thread until time is up."""
        ways = (self._invoke, self._stream, self._abandon)
        while not self.over:
            self._count(random.choice(ways))  # noqa: S311  # any will do
            time.sleep(REST)

    async def awork(self) -> None:
        """Call in this loop until time is up."""
        ways = (self._ainvoke, self._astream, self._aabandon, self._cancel)
        while not self.over:
            await self._acount(random.choice(ways))  # noqa: S311  # any will do
            await asyncio.sleep(REST)

    def loops(self) -> None:
        """Run loop after loop."""
        while not self.over:
            asyncio.run(self._acount(self._ainvoke))
            asyncio.run(self._acount(self._aabandon))
            time.sleep(NEW_LOOP_EVERY)

    def _prompt(self) -> str:
        return f"item <{next(self._numbers)}>"

    def _count(self, call: Callable[[str], str]) -> None:
        try:
            outcome = call(self._prompt())
        except AimlapiError as error:
            outcome = type(error).__name__
        except Exception as error:  # noqa: BLE001  # this is what the soak is looking for
            outcome = f"FOREIGN {error!r}"[:80]
        self.outcomes[outcome] += 1

    async def _acount(self, call: Callable[[str], Awaitable[str]]) -> None:
        try:
            outcome = await call(self._prompt())
        except AimlapiError as error:
            outcome = type(error).__name__
        except Exception as error:  # noqa: BLE001  # likewise
            outcome = f"FOREIGN {error!r}"[:80]
        self.outcomes[outcome] += 1

    def _invoke(self, prompt: str) -> str:
        return _judged(prompt, self._model.invoke(prompt).text)

    def _stream(self, prompt: str) -> str:
        return _judged(prompt, "".join(chunk.text for chunk in self._model.stream(prompt)))

    def _abandon(self, prompt: str) -> str:
        next(iter(self._model.stream(prompt)))
        return "abandoned"

    async def _ainvoke(self, prompt: str) -> str:
        return _judged(prompt, (await self._model.ainvoke(prompt)).text)

    async def _astream(self, prompt: str) -> str:
        texts = [chunk.text async for chunk in self._model.astream(prompt)]
        return _judged(prompt, "".join(texts))

    async def _aabandon(self, prompt: str) -> str:
        async for _ in self._model.astream(prompt):
            break
        return "abandoned"

    async def _cancel(self, prompt: str) -> str:
        try:
            async with asyncio.timeout(random.uniform(0, 0.02)):  # noqa: S311  # any moment
                return await self._ainvoke(prompt)
        except AimlapiError:
            raise
        except TimeoutError:
            return "cancelled"


def _judged(prompt: str, text: str) -> str:
    return "answered" if f'"{prompt}"' in text else "WRONG ANSWER"


async def run(soak: Soak, every: float) -> None:
    """Let all workers work, and print a line now and then."""
    threads = [threading.Thread(target=soak.work) for _ in range(THREADS)]
    threads.append(threading.Thread(target=soak.loops))
    for thread in threads:
        thread.start()
    async with asyncio.TaskGroup() as group:
        for _ in range(TASKS):
            group.create_task(soak.awork())
        started = time.monotonic()
        while not soak.over:
            await asyncio.sleep(every)
            print(_line(time.monotonic() - started, soak), flush=True)
    for thread in threads:
        await asyncio.to_thread(thread.join)


def _line(seconds: float, soak: Soak) -> str:
    figures: dict[str, Any] = {
        "s": round(seconds),
        "calls": soak.outcomes.total(),
        "MiB": round(resident_bytes() / 2**20, 1),
        "files": open_files(),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
    }
    return "  ".join(f"{name} {value}" for name, value in figures.items())


def main(arguments: Sequence[str]) -> int:
    """Soak; return 1 if a call ended as none may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two lines")
    given = parser.parse_args(arguments)
    with served() as base_url:
        soak = Soak(base_url, time.monotonic() + given.minutes * 60)
        asyncio.run(run(soak, given.every))
    for outcome, count in soak.outcomes.most_common():
        print(f"{count:8} {outcome}")
    return int(any(outcome[:5].isupper() for outcome in soak.outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Jobs whose process is killed at any moment: nothing lost, nothing paid for twice but what flew."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from aiohttp import web

from .world import lines, read_lines

_JOB = """
import sys
from langchain_aimlapi import ChatAimlapi, bulk
source, sink, url, concurrency = sys.argv[1:]
llm = ChatAimlapi(model="gpt-4o", api_key="k", base_url=url)
bulk.run(source, llm, sink, prompt="{text}", concurrency=int(concurrency))
"""


class Counted:
    """A service that counts what it is asked, with a thread of its own."""

    def __init__(self, seconds: float) -> None:
        self.asked: Counter[str] = Counter()
        self._seconds = seconds
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        text = (await request.json())["messages"][0]["content"]
        self.asked[text] += 1
        await asyncio.sleep(self._seconds)
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": text.upper()},
        }
        return web.json_response({"id": "r", "object": "chat.completion", "choices": [choice]})

    def __enter__(self):
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


def killed(tmp_path, rows, kills, concurrency, seconds, seed):
    """Run a job, killing it `kills` times; returns the output and what the service was asked."""
    chance = random.Random(seed)  # noqa: S311  # moments, no secrets
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(rows)])
    sink = tmp_path / "out.jsonl"
    with Counted(seconds) as service:
        command = [
            sys.executable,
            "-c",
            _JOB,
            str(source),
            str(sink),
            service.url,
            str(concurrency),
        ]
        for _ in range(kills):
            before = sum(service.asked.values())
            process = subprocess.Popen(command)  # noqa: S603  # our own program
            until = before + chance.randrange(1, max(2, rows // (kills + 1)))
            while sum(service.asked.values()) < until and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            process.wait()
        subprocess.run(command, check=True)  # noqa: S603
    return read_lines(sink), service.asked


def check(rows, asked, total, kills, concurrency):
    """No row is lost or doubled, and only what was under way is paid for twice."""
    assert [row["text"] for row in rows] == [f"t{i}" for i in range(total)]
    assert all(row["answer"] == row["text"].upper() for row in rows)
    paid_again = sum(asked.values()) - total
    # A row is under way until the journal has it, at most 10 ms after its answer.
    assert paid_again <= kills * (concurrency + 100), paid_again
    return paid_again


def test_a_job_killed_in_its_middle(tmp_path):
    """Two kills, then the same command once more."""
    rows, asked = killed(tmp_path, rows=200, kills=2, concurrency=8, seconds=0.002, seed=7)
    check(rows, asked, total=200, kills=2, concurrency=8)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_long_job_killed_fifty_times(tmp_path):
    """Fifty kills at random moments of a job of 100,000 rows."""
    rows, asked = killed(tmp_path, rows=100_000, kills=50, concurrency=32, seconds=0.001, seed=1)
    again = check(rows, asked, total=100_000, kills=50, concurrency=32)
    print(f"rows paid for again: {again}")  # noqa: T201  # for who runs it by hand, with -s

"""Processes, the Redis server and the service are killed on a random schedule; nothing is lost."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import subprocess
import sys
import time

import pytest
from aiohttp import web

from ..test_kill import Counted
from ..world import lines, read_lines

pytestmark = [
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="redis-server is not installed"
    ),
    pytest.mark.timeout(3000),
]

_JOB = """
import sys
from langchain_aimlapi import ChatAimlapi, bulk
source, sink, url, redis_url = sys.argv[1:]
llm = ChatAimlapi(model="gpt-4o", api_key="k", base_url=url, timeout=20)
bulk.run(source, llm, sink, prompt="{text}", concurrency=16, requests_per_minute=60_000,
         redis_url=redis_url, retries=bulk.Retries(transport=8))
"""


class Service(Counted):
    """A service that can go away with all its connections, and come back at the same place."""

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}/v1"
        await self._open()
        self._ready.set()
        await self._stop.wait()
        await self._runner.cleanup()

    async def _open(self):
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def _restart(self, seconds):
        await self._runner.cleanup()
        await asyncio.sleep(seconds)
        await self._open()

    def restart(self, seconds):
        """Be away for some time."""
        asyncio.run_coroutine_threadsafe(self._restart(seconds), self._loop).result(60)


class Redis:
    """A Redis server that can be killed, and started again without what it held."""

    def __init__(self, folder):
        self._folder, self._port = folder, _free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.02)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def restart(self, seconds):
        """Be away for some time."""
        self.kill()
        time.sleep(seconds)
        self.start()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def chaos(tmp_path, rows, events, seed):
    """Run a job to its end while things are killed; returns how many rows were paid for again."""
    chance = random.Random(seed)  # noqa: S311  # moments, no secrets
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(rows)])
    sink, redis, process = tmp_path / "out.jsonl", Redis(tmp_path), None
    kinds = [*("process", "redis", "service") * (events // 3)]
    chance.shuffle(kinds)
    try:
        with Service(0.002) as service:
            command = [sys.executable, "-c", _JOB, str(source), str(sink), service.url, redis.url]
            process = subprocess.Popen(command)  # noqa: S603  # our own program
            for kind in kinds:
                _wait_for(service, chance.randrange(1, max(2, rows // (events + 1))), process)
                if kind == "process":
                    process.kill()
                elif kind == "redis":
                    redis.restart(chance.uniform(0.0, 1.0))
                else:
                    service.restart(chance.uniform(0.0, 0.5))
                if process.poll() is not None or kind == "process":
                    process.wait()
                    process = subprocess.Popen(command)  # noqa: S603
            assert process.wait(600) == 0
            asked = service.asked
    finally:
        if process is not None and process.poll() is None:
            process.kill()
        redis.kill()
    found = read_lines(sink)
    assert [row["text"] for row in found] == [f"t{i}" for i in range(rows)]
    assert all(row["answer"] == row["text"].upper() for row in found)
    return asked.total() - rows


def _wait_for(service, more, process):
    until = service.asked.total() + more
    while service.asked.total() < until and process.poll() is None:
        time.sleep(0.002)


def test_a_short_storm(tmp_path):
    """One of each; what was under way may be paid for again, no more."""
    again = chaos(tmp_path, rows=300, events=3, seed=5)
    assert again <= 3 * (16 + 100)


@pytest.mark.slow
def test_a_long_storm(tmp_path):
    """Thirty kills in a job of 20,000 rows."""
    again = chaos(tmp_path, rows=20_000, events=30, seed=11)
    print(f"rows paid for again: {again}")  # noqa: T201  # for who runs it by hand, with -s
    assert again <= 30 * (16 + 100)

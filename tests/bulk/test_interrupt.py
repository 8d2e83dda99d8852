"""Ctrl-C: what is under way ends and is kept, a second one ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from langchain_aimlapi import bulk
from langchain_aimlapi.bulk import own_loop
from langchain_aimlapi.bulk.own_loop import run_in_own_loop
from langchain_aimlapi.bulk.progress import progress_line

from .test_kill import Counted
from .world import lines

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals to one process are POSIX")
LONG = 60


def wait_for(happened):
    """Wait until something is so; the limit only says "not for ever"."""
    until = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)


_PATIENT = """
import sys
from langchain_aimlapi.bulk import job
from langchain_aimlapi.cli.app import app
job.GRACE = 600
app(sys.argv[1:], prog_name="aimlapi")
"""
"""The command, where calls under way have longer to end than a test may take."""


def interrupted(tmp_path, service, times):
    """A job in a process of its own that gets Ctrl-C so often; its exit code and words."""
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(50)])
    environment = os.environ | {"AIMLAPI_API_BASE": service.url, "AIMLAPI_API_KEY": "k"}
    command = [sys.executable, "-c", _PATIENT, "bulk", str(source), str(tmp_path / "out.jsonl")]
    command += ["--model", "gpt-4o", "--prompt", "{text}", "--concurrency", "4"]
    process = subprocess.Popen(  # noqa: S603  # our own command
        command, env=environment, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: service.asked.total() >= 4)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    _, said = process.communicate(timeout=LONG)
    assert "Traceback" not in said
    return process.returncode, said


@posix
def test_calls_under_way_are_kept(tmp_path):
    """Each call that was paid for is in the journal, and no new one began."""
    with Counted(1.5) as service:
        code, said = interrupted(tmp_path, service, times=1)

    assert code == 130
    assert bulk.status(f"{tmp_path}/out.jsonl.journal").done == service.asked.total() == 4
    assert "4 rows are through and kept in" in said
    assert "waiting for 4 calls under way" in said
    assert "Go on with:\n  " in said


@posix
def test_a_second_one_ends_at_once(tmp_path):
    """Whoever presses twice does not wait for the calls."""
    with Counted(10 * LONG) as service:
        code, said = interrupted(tmp_path, service, times=2)

    assert code == 130
    assert "0 rows are through" in said


def to_the_process():
    """A press as the terminal sends it."""
    os.kill(os.getpid(), signal.SIGINT)


def to_another_thread():
    """One that does not wake the main thread, as where it comes right before that begins to wait."""
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


def run_until_a_press(cell):
    """Run a cell as notebooks do, until Ctrl-C ends it."""
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(cell)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@posix
@pytest.mark.parametrize("send", [to_the_process, to_another_thread])
def test_the_same_in_a_thread_of_its_own(send):
    """Where a loop runs already, as in notebooks, the job does not go on behind one's back."""
    ended: list[str] = []
    begun = threading.Event()

    async def job():
        begun.set()
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            ended.append("once")
            raise

    async def cell():
        def press():
            begun.wait()
            send()

        presser = threading.Thread(target=press)
        presser.start()
        try:
            run_in_own_loop(job())
        finally:
            presser.join()

    run_until_a_press(cell())
    assert ended == ["once"]


@posix
@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_thread_is_just_being_started(monkeypatch, moment):
    """Ctrl-C right before and right after the start of the thread ends the job as well."""
    ended: list[str] = []

    class Pressed(threading.Thread):
        def start(self):
            if moment == "before":
                signal.raise_signal(signal.SIGINT)
            super().start()
            if moment == "after":
                signal.raise_signal(signal.SIGINT)

    async def job():
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            ended.append("once")
            raise

    async def cell():
        run_in_own_loop(job())

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(own_loop.threading, "Thread", Pressed)
    run_until_a_press(cell())
    assert ended == ["once"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("inside", [False, True], ids=["no loop", "within a loop"])
def test_results_and_errors_come_back(inside):
    """Whether a loop runs already or not."""

    async def job(fails):
        if fails:
            raise LookupError("no")
        return 7

    def run(fails):
        async def cell():
            return run_in_own_loop(job(fails))

        return asyncio.run(cell()) if inside else run_in_own_loop(job(fails))

    assert run(False) == 7
    with pytest.raises(LookupError, match="no"):
        run(True)


def test_what_progress_says_then():
    """It is no time for figures."""
    progress = bulk.Progress(done=1200, in_flight=3, stopping=True)

    assert progress_line(progress).startswith("1,200 rows are through; waiting for 3 calls")

"""Rates that are kept together, in one process and on a Redis server."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import time
from concurrent.futures import Future

import pytest

from langchain_aimlapi import ConfigurationError, bulk
from langchain_aimlapi.bulk import AimlapiRateLimiter, TokenLimiter
from langchain_aimlapi.bulk.limits import Rates

from .world import World

FAST = 60_000
"""Calls a minute: a millisecond each."""


def test_calls_are_let_through_until_the_rate_is_used_up():
    """Without blocking it says so; a burst may begin at once."""
    limiter = AimlapiRateLimiter(60, burst=3)
    assert [limiter.acquire(blocking=False) for _ in range(5)] == [True, True, True, False, False]


def test_a_blocking_call_waits_for_its_turn():
    """Thirty calls at a call a millisecond, one at once, take 29 milliseconds or more."""
    limiter = AimlapiRateLimiter(FAST, burst=1)
    began = time.monotonic()
    assert all(limiter.acquire() for _ in range(30))
    assert time.monotonic() - began >= 0.029


def test_ctrl_c_while_waiting(monkeypatch):
    """Nothing is taken for the one who left, and nobody waits behind them, the process's end least."""
    limiter = AimlapiRateLimiter(1, burst=1)
    assert limiter.acquire()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Future, "result", interrupted)
        with pytest.raises(KeyboardInterrupt):
            limiter.acquire()
    began = time.monotonic()

    assert not limiter.acquire(blocking=False)
    assert time.monotonic() - began < 30  # a minute, if one still waited


async def test_waiting_does_not_block_the_loop():
    """Other tasks go on, and calls are let through in their order."""
    limiter, order, ticks = AimlapiRateLimiter(FAST // 10, burst=1), [], 0

    async def call(number):
        await limiter.aacquire()
        order.append(number)

    async def tick():
        nonlocal ticks
        while len(order) < 10:
            ticks += 1
            await asyncio.sleep(0.001)

    await asyncio.gather(tick(), *(call(number) for number in range(10)))
    assert order == list(range(10))
    assert ticks > 10


def test_a_limiter_is_a_value():
    """It is pickled for workers, which have the rate to themselves without a Redis server."""
    limiter = AimlapiRateLimiter(60, burst=1)
    assert limiter.acquire(blocking=False)
    other = pickle.loads(pickle.dumps(limiter))  # noqa: S301
    assert other.acquire(blocking=False)
    assert not limiter.acquire(blocking=False)


def test_processes_share_a_rate_by_redis(redis_url):
    """Two processes with one key get no more than one would."""
    limiter = AimlapiRateLimiter(60, burst=8, redis_url=redis_url, key="shared")
    code = (
        "import pickle, sys\n"
        "limiter = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "print(sum(limiter.acquire(blocking=False) for _ in range(8)))\n"
    )
    command = [sys.executable, "-c", code, pickle.dumps(limiter).hex()]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603
    let_through = sum(int(child.communicate()[0]) for child in children)
    # One more per second that the processes take to start.
    assert 8 <= let_through <= 8 + 30
    other = AimlapiRateLimiter(60, burst=8, redis_url=redis_url, key="other")
    assert other.acquire(blocking=False)


def test_tokens_are_let_through_by_estimate_and_settled():
    """What a call took beyond its estimate is charged to the next one, and what it saved spared."""
    limiter = TokenLimiter(600)
    limiter.acquire(10)
    limiter.settle(10, 25)
    assert limiter._cost(10) == 25
    limiter.settle(10, 0)
    assert limiter._cost(4) == 0
    assert limiter._cost(8) == 2


def test_a_call_larger_than_the_rate_saves_up_is_let_through():
    """Piece by piece, instead of never."""
    limiter = TokenLimiter(60_000)
    began = time.monotonic()
    limiter.acquire(6_000 + 50)
    assert 0.03 <= time.monotonic() - began < 60


async def test_tokens_without_blocking_the_loop():
    """The async call is the sync one in another thread."""
    limiter = TokenLimiter(6_000_000)
    await limiter.aacquire(100)
    assert await asyncio.wait_for(limiter.aacquire(100), 30)


@pytest.mark.parametrize("limit", [0, -1])
def test_limits_that_are_none(limit):
    """A limit is at least one a minute."""
    with pytest.raises(ConfigurationError):
        AimlapiRateLimiter(limit)


async def test_a_job_keeps_its_rates(tmp_path):
    """Calls begin no faster than allowed, and tokens are settled by what the service counted."""
    world, began = World(), time.monotonic()
    await bulk.arun(
        (f"t{i}" for i in range(40)),
        world.runnable(),
        journal=tmp_path / "j",
        prompt="{input}",
        requests_per_minute=6000,
        tokens_per_minute=60_000_000,
    )
    # 100 a second, which may begin at once after a pause, then one every 10 ms.
    assert world.calls.total() == 40
    began = time.monotonic()
    await bulk.arun(
        (f"t{i}" for i in range(40)),
        World().runnable(),
        journal=tmp_path / "k",
        prompt="{input}",
        requests_per_minute=1200,
    )
    assert time.monotonic() - began >= (40 - 20) / 20 * 0.9


def test_rates_settle_by_what_was_counted():
    """An answer shorter than estimated leaves more for the next; none counted changes nothing."""
    tokens = TokenLimiter(6_000_000)
    rates = Rates(tokens=tokens)
    estimate = asyncio.run(rates.begin(400))
    assert estimate == 100 + 256
    rates.end(estimate, 90, 10)
    assert tokens._cost(300) == 300 - 256
    rates.end(estimate, 0, 0)
    assert tokens._cost(10) == 10

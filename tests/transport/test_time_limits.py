"""One timer for all calls of a loop ends them as a timer of each own would."""

from __future__ import annotations

import asyncio
import time

import pytest

from langchain_aimlapi._transport import aio, pool
from langchain_aimlapi._transport.request import ClientOptions
from langchain_aimlapi._transport.time_limits import TimeLimits

from .callers import request
from .service import OK, whole

LONG = 60


def of_asyncio():
    return asyncio.timeout_at


def of_ours():
    return TimeLimits(asyncio.get_running_loop()).at


@pytest.fixture(params=[of_asyncio, of_ours], ids=["asyncio", "ours"])
def limits(request):
    """What makes limits: asyncio's own, which ours are held against, and ours."""
    return request.param


def now():
    return asyncio.get_running_loop().time()


def play(scene):
    return asyncio.run(scene())


def test_what_takes_too_long_is_ended(limits):
    """With an error of its own, and the task can go on."""

    async def scene():
        with pytest.raises(TimeoutError):
            async with limits()(now() + 0.01):
                await asyncio.sleep(LONG)
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert play(scene) == 0


@pytest.mark.parametrize("when", [None, LONG])
def test_what_is_through_in_time_is_left_alone(limits, when):
    """Its value and its errors are its own."""

    async def scene():
        at = limits()
        async with at(when and now() + when):
            await asyncio.sleep(0.01)
        with pytest.raises(KeyError):
            async with at(when and now() + when):
                raise KeyError
        return "through"

    assert play(scene) == "through"


def test_a_moment_that_is_over(limits):
    """Ends what waits, at its next turn."""

    async def scene():
        with pytest.raises(TimeoutError):
            async with limits()(now() - 1):
                await asyncio.sleep(LONG)

    play(scene)


def test_whoever_cancels_from_outside_is_obeyed(limits):
    """It is no timeout then."""

    async def waits(at):
        async with at(now() + LONG):
            await asyncio.sleep(LONG)

    async def scene():
        task = asyncio.create_task(waits(limits()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    play(scene)


def test_both_at_once(limits):
    """Cancelled from outside while the limit ends it: that was meant for whoever is around it."""
    seen = []

    async def waits(at):
        try:
            async with at(now() + 0.01):
                try:
                    await asyncio.sleep(LONG)
                finally:
                    asyncio.current_task().cancel()
        except TimeoutError:
            seen.append("a timeout")

    async def scene():
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(waits(limits()))

    play(scene)
    assert seen == []


@pytest.mark.parametrize(("inner", "outer"), [(0.01, LONG), (LONG, 0.01)])
def test_one_within_another(limits, inner, outer):
    """The earlier one ends what is within it."""

    async def scene():
        at = limits()
        ended = []
        try:
            async with at(now() + outer):
                try:
                    async with at(now() + inner):
                        await asyncio.sleep(LONG)
                except TimeoutError:
                    ended.append("inner")
        except TimeoutError:
            ended.append("outer")
        return ended

    assert play(scene) == ["inner" if inner < outer else "outer"]


def test_each_by_its_own_time(limits):
    """However many, in whichever order they began, and never too early."""

    async def ends(at, seconds):
        until = now() + seconds
        with pytest.raises(TimeoutError):
            async with at(until):
                await asyncio.sleep(LONG)
        return now() - until

    async def scene():
        at = limits()
        return await asyncio.gather(*(ends(at, seconds) for seconds in (0.09, 0.03, 0.06, 0.0)))

    resolution = time.get_clock_info("monotonic").resolution
    assert all(late >= -resolution for late in play(scene))


def test_a_long_one_holds_up_no_short_one(limits):
    """Whichever began first."""

    async def ends(at, seconds):
        with pytest.raises(TimeoutError):
            async with at(now() + seconds):
                await asyncio.sleep(2 * LONG)

    async def scene():
        at = limits()
        long = asyncio.create_task(ends(at, LONG))
        await asyncio.gather(*(ends(at, seconds) for seconds in (0.0, 0.02, 0.01)))
        long.cancel()
        return "through"

    assert play(scene) == "through"


def test_the_end_that_comes_with_the_limit(limits):
    """What was through when the time was up is through."""

    async def scene():
        async with limits()(now() + 0.001):
            time.sleep(0.01)  # noqa: ASYNC251  # no turn for the timer
        return "through"

    assert play(scene) == "through"


# --- what it is for -------------------------------------------------------------------------------


def test_calls_set_no_timers(monkeypatch, service):
    """But for the first one."""
    service.will(whole(OK))
    due = []

    async def scene():
        loop = asyncio.get_running_loop()
        real = loop.call_at

        def noted(when, callback, *args, **named):
            due.append(when - loop.time())
            return real(when, callback, *args, **named)

        monkeypatch.setattr(loop, "call_at", noted)
        for seconds in (LONG, 2 * LONG, 3 * LONG):
            await aio.asend(request(service, total=seconds, connect=1), ClientOptions())

    asyncio.run(scene())
    assert len([seconds for seconds in due if seconds > LONG - 1]) == 1


def test_the_timer_ends_with_the_session(service):
    """A loop that goes on is not woken by it."""
    service.will(whole(OK))

    async def scene():
        options = ClientOptions()
        await aio.asend(request(service, total=LONG), options)
        shared = pool.reborrow(options)
        await pool.agive_back(shared)
        assert shared.limits._timer is not None
        assert not shared.limits._running
        await pool.aclose(options)
        return shared.limits._timer

    assert asyncio.run(scene()) is None

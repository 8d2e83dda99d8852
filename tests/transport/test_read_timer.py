"""One timer for all reads of a stream."""

from __future__ import annotations

import pytest

from langchain_aimlapi._transport.read_timer import ReadTimer


class Loop:
    """A loop whose clock is moved by hand."""

    def __init__(self):
        self.now = 0.0
        self.timers = []
        self.made = 0

    def time(self):
        """The time."""
        return self.now

    def call_at(self, when, callback):
        """Call back when the clock is there."""
        self.made += 1
        timer = Timer(self, when, callback)
        self.timers.append(timer)
        return timer

    def go(self, until):
        """Move the clock."""
        while due := [timer for timer in self.timers if timer.when <= until]:
            first = min(due, key=lambda timer: timer.when)
            self.timers.remove(first)
            self.now = max(self.now, first.when)
            first.callback()
        self.now = until


class Timer:
    """A call that is due."""

    def __init__(self, loop, when, callback):
        self.loop, self.when, self.callback = loop, when, callback

    def cancel(self):
        """Do not call."""
        self.loop.timers.remove(self)


@pytest.fixture
def loop():
    """A loop at 0 seconds."""
    return Loop()


@pytest.fixture
def expired(loop):
    """The times at which a read was ended."""
    return []


@pytest.fixture
def timer(loop, expired):
    """A timer that notes when it ends a read."""
    return ReadTimer(loop, lambda: expired.append(loop.now))


def test_a_read_that_takes_too_long_is_ended(loop, timer, expired):
    """At the moment the read was to be over."""
    timer.begin(5.0)
    loop.go(4.9)
    assert expired == []
    loop.go(9.0)
    assert expired == [5.0]


def test_many_reads_share_a_timer(loop, timer, expired):
    """A stream that keeps its pace for a minute sets a timer every ten seconds, not every read."""
    for second in range(60):
        loop.go(float(second))
        timer.begin(second + 10.0)
        timer.end()
    assert expired == []
    assert loop.made <= 7


def test_silence_after_many_reads_is_measured_from_the_last(loop, timer, expired):
    """However long the timer has been running, the last read has its full time."""
    for second in range(8):
        loop.go(float(second))
        timer.begin(second + 5.0)
    loop.go(99.0)
    assert expired == [12.0]


def test_an_earlier_end_is_kept(loop, timer, expired):
    """A later read with less time is ended in time, too."""
    timer.begin(50.0)
    timer.end()
    timer.begin(5.0)
    loop.go(60.0)
    assert expired == [5.0]
    assert loop.timers == []


def test_between_reads_nobody_waits(loop, timer, expired):
    """A reader may take its time over what it got."""
    timer.begin(5.0)
    timer.end()
    loop.go(100.0)
    assert expired == []
    timer.begin(105.0)
    loop.go(200.0)
    assert expired == [105.0]


def test_never_needs_no_timer(loop, timer):
    """A read without an end sets nothing."""
    timer.begin(None)
    assert loop.timers == []


def test_a_stopped_timer_leaves_nothing(loop, timer, expired):
    """No timer stays behind in the loop."""
    timer.begin(5.0)
    timer.stop()
    timer.stop()
    assert loop.timers == []
    loop.go(10.0)
    assert expired == []

"""One timer watches over all reads of a stream."""

from __future__ import annotations

import pytest

from langchain_aimlapi._transport.watch import Watch


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
def rings(loop):
    """The times at which the watch rang."""
    return []


@pytest.fixture
def watch(loop, rings):
    """A watch that notes when it rings."""
    return Watch(loop, lambda: rings.append(loop.now))


def test_a_read_that_takes_too_long_is_ended(loop, watch, rings):
    """It rings at the moment the read was to be over."""
    watch.begin(5.0)
    loop.go(4.9)
    assert rings == []
    loop.go(9.0)
    assert rings == [5.0]


def test_many_reads_share_a_timer(loop, watch, rings):
    """A stream that keeps its pace for a minute sets a timer every ten seconds, not every read."""
    for second in range(60):
        loop.go(float(second))
        watch.begin(second + 10.0)
        watch.end()
    assert rings == []
    assert loop.made <= 7


def test_silence_after_many_reads_is_measured_from_the_last(loop, watch, rings):
    """However long the timer has been running, the last read has its full time."""
    for second in range(8):
        loop.go(float(second))
        watch.begin(second + 5.0)
    loop.go(99.0)
    assert rings == [12.0]


def test_an_earlier_end_is_kept(loop, watch, rings):
    """A later read with less time is ended in time, too."""
    watch.begin(50.0)
    watch.end()
    watch.begin(5.0)
    loop.go(60.0)
    assert rings == [5.0]
    assert loop.timers == []


def test_between_reads_nobody_waits(loop, watch, rings):
    """A reader may take its time over what it got."""
    watch.begin(5.0)
    watch.end()
    loop.go(100.0)
    assert rings == []
    watch.begin(105.0)
    loop.go(200.0)
    assert rings == [105.0]


def test_never_needs_no_timer(loop, watch):
    """A read without an end sets nothing."""
    watch.begin(None)
    assert loop.timers == []


def test_a_stopped_watch_leaves_nothing(loop, watch, rings):
    """No timer stays behind in the loop."""
    watch.begin(5.0)
    watch.stop()
    watch.stop()
    assert loop.timers == []
    loop.go(10.0)
    assert rings == []

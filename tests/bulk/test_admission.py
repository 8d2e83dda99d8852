"""The pace of a job, by a clock of the test's own."""

from __future__ import annotations

import pytest

from langchain_aimlapi.bulk.admission import Admission
from langchain_aimlapi.bulk.gate import Gate


def answered(admission, times, now=0.0, seconds=0.1, busy=True):
    """Let calls be answered one after the other; returns the time after."""
    for _ in range(times):
        admission.succeeded(now, now + seconds, busy=busy)
        now += seconds
    return now


def test_it_grows_with_every_success_at_first():
    """Slow start: the limit doubles with each window."""
    admission = Admission(ceiling=100, limit=4)
    answered(admission, 4)
    assert admission.most == 8


def test_a_limit_that_is_not_used_proves_nothing():
    """It stays where it is."""
    admission = Admission(ceiling=100, limit=4)
    answered(admission, 50, busy=False)
    assert admission.most == 4


def test_it_never_grows_beyond_its_ceiling():
    """However well it goes."""
    admission = Admission(ceiling=6, limit=4)
    answered(admission, 50)
    assert admission.most == 6


def test_a_refusal_cuts_it_to_three_quarters_once_a_burst():
    """Calls that were under way at the cut are part of the same burst."""
    admission = Admission(ceiling=100, limit=40)
    admission.refused(1.0, 2.0, None)
    for _ in range(20):
        admission.refused(1.5, 2.1, None)
    assert admission.most == 30
    admission.refused(2.5, 3.0, None)
    assert admission.most == 22


def test_after_a_refusal_it_grows_by_one_a_window():
    """Additive increase: a window is as many successes as the limit."""
    admission = Admission(ceiling=100, limit=8)
    admission.refused(1.0, 2.0, None)
    answered(admission, 6, now=10.0)
    assert admission.most == 7
    answered(admission, 6, now=20.0)
    assert admission.most == 7
    answered(admission, 1, now=30.0)
    assert admission.most == 8


def test_retry_after_is_obeyed():
    """No call begins before the time the service named."""
    admission = Admission(ceiling=10)
    admission.refused(0.0, 1.0, 5.0)
    assert admission.wait(2.0) == 4.0
    assert admission.wait(6.0) == 0.0


def test_it_waits_longer_while_nothing_gets_through():
    """Without a time named, the pause doubles with every burst and is forgotten by a success."""
    admission = Admission(ceiling=10)
    waits, now = [], 1.0
    for _ in range(4):
        admission.refused(now, now + 0.001, None)
        waits.append(round(admission.wait(now + 0.001), 3))
        now += 1
    assert waits == [0.05, 0.1, 0.2, 0.4]
    answered(admission, 1, now=now)
    admission.refused(now + 1, now + 1, None)
    assert round(admission.wait(now + 1), 3) == 0.05


def test_queueing_is_congestion_too():
    """A service that answers ever later without refusing is not asked for more."""
    admission = Admission(ceiling=1000, limit=10)
    now = answered(admission, 20, seconds=0.1)
    before = admission.most
    answered(admission, 40, now=now, seconds=1.0)
    assert admission.most < before


def test_a_rate_limited_service_is_asked_at_its_rate():
    """Against 200 calls a second, of which others are refused, few are refused, and few lost."""
    admission = Admission(ceiling=256)
    now, tokens, answered_calls, refused = 0.0, 200.0, 0, 0
    flying: list[tuple[float, float]] = []
    step = 0.002
    while now < 60:
        now += step
        tokens = min(200.0, tokens + 200 * step)
        while flying and flying[0][1] <= now:
            began, _ = flying.pop(0)
            if tokens >= 1:
                tokens -= 1
                answered_calls += now > 10
                admission.succeeded(began, now, busy=len(flying) + 1 >= admission.most)
            else:
                refused += now > 10
                admission.refused(began, now, None)
        while len(flying) < admission.most and not admission.wait(now):
            flying.append((now, now + 0.02))
    assert answered_calls / 50 > 180
    assert refused / (answered_calls + refused) < 0.05


def test_a_fixed_number_stays():
    """Whoever names a number gets it, with pauses where the service asks for them."""
    admission = Admission(ceiling=7, adaptive=False)
    answered(admission, 50)
    admission.refused(100.0, 101.0, 2.0)
    assert (admission.most, admission.wait(101.0), admission.wait(103.0)) == (7, 2.0, 0.0)


def test_a_first_measure_that_is_far_too_low_is_soon_corrected():
    """The first refusal may come before there was a second to measure."""
    admission = Admission(ceiling=256)
    for _ in range(5):
        admission.succeeded(0.0, 0.01, busy=True)
    admission.refused(0.005, 0.02, None)
    assert admission.rate is not None
    low, now = admission.rate, 0.1
    while now < 12.0:
        now += max(admission.wait(now), 0.001)
    assert admission.rate > 4 * low


def test_the_rate_grows_slowly_after_each_refusal():
    """Or a service would be asked for twice its rate again and again."""
    admission = Admission(ceiling=256)
    for tick in range(200):
        admission.succeeded(tick / 200, tick / 200 + 0.001, busy=True)
    admission.refused(0.999, 1.0, None)
    measured = admission.rate
    assert measured == pytest.approx(196, rel=0.05)
    now = 1.1
    while now < 3.0:
        now += max(admission.wait(now), 0.001)
    assert measured < admission.rate < measured * 1.06


async def test_a_gate_is_entered_only_where_there_is_a_place():
    """Neither beyond the calls at once, nor while the service asked for a pause."""
    gate = Gate(Admission(ceiling=1, adaptive=False))
    assert gate.entered(0.0)
    assert not gate.entered(0.0)
    gate.leave()
    gate.admission.refused(0.0, 1.0, 5.0)
    assert not gate.entered(2.0)
    assert gate.entered(6.0)

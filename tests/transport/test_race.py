"""Attempts side by side: the first to succeed is taken, and nothing of the others is left."""

from __future__ import annotations

import socket
import sys
import threading
import time
from dataclasses import replace

import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport import race, tcp
from langchain_aimlapi._transport.race import Race

from .callers import ONCE, OURS, Caller, request
from .service import OK, whole
from .test_lives import settled
from .test_time import deaf_at


def fails():
    raise ConnectionRefusedError("no")


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is this machine on Linux only")
@pytest.mark.parametrize("way", OURS)
def test_a_dead_first_address_costs_a_quarter_of_a_second(service, way, monkeypatch):
    """And not half of the time there is to connect, sync as async."""
    real = socket.getaddrinfo

    def two(host, *args, **named):
        if host != "two.example" or named.get("flags", 0) & socket.AI_NUMERICHOST:
            return real(host, *args, **named)
        return real("127.0.0.2", *args, **named) + real("127.0.0.1", *args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", two)
    service.will(whole(OK))
    sent = replace(request(service, ONCE, connect=60), url=f"http://two.example:{service.port}/")
    started = time.monotonic()

    with deaf_at("127.0.0.2", service.port):
        assert Caller(way).send(sent).status == 200

    assert time.monotonic() - started < 15  # half of the 60 would be 30


def test_an_attempt_that_is_silent_does_not_hold_up_the_next():
    """The next begins a quarter of a second later; what the first brings then is thrown away."""
    late, dropped = threading.Event(), []

    def slow():
        late.wait(20)
        return "slow"

    started = time.monotonic()
    assert Race([slow, lambda: "quick"], dropped.append).winner(None) == "quick"
    assert time.monotonic() - started + 0.01 >= race.STAGGER_SECONDS

    late.set()
    assert settled(lambda: dropped, ["slow"]) == ["slow"]


def test_an_attempt_that_fails_makes_room_at_once(monkeypatch):
    """Without waiting for the quarter of a second."""
    monkeypatch.setattr(race, "STAGGER_SECONDS", 60)

    assert Race([fails, fails, lambda: "third"], list).winner(None) == "third"


def test_the_first_may_still_win():
    """A slow host is no dead host."""
    gone = []

    def first():
        time.sleep(2 * race.STAGGER_SECONDS)
        return "first"

    def second():
        time.sleep(20)
        return "second"

    assert Race([first, second], gone.append).winner(time.monotonic() + 20) == "first"


def test_the_last_failure_is_raised():
    """When all have failed."""

    def other():
        raise OSError("other")

    with pytest.raises(OSError, match="other"):
        Race([fails, other], list).winner(None)


def test_it_ends_in_time():
    """However long the attempts take."""
    over = threading.Event()
    with pytest.raises(TimeoutError):
        Race([over.wait, over.wait], print).winner(time.monotonic() + 0.3)
    over.set()


def test_families_take_turns(monkeypatch):
    """A machine without a way to IPv6 hosts tries one of them, not all, before the first of IPv4."""
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, "::a"), (six, "::b"), (six, "::b"), (four, "1.1.1.1"), (four, "2.2.2.2")]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(f, 1, 6, "", (a, 443)) for f, a in found]
    )

    assert tcp.addresses("host", 443, None) == ["::a", "1.1.1.1", "::b", "2.2.2.2"]


def test_all_addresses_refused_is_one_error(monkeypatch):
    """As for a host with one."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *rest, **named: [
            *real("127.0.0.2", port, *rest, **named),
            *real("127.0.0.3", port, *rest, **named),
        ],
    )

    class Nobody:
        url = "http://gateway.test:9/v1/chat/completions"

    with pytest.raises(errors.AimlapiConnectionError, match="cannot connect"):
        Caller("sync").send(request(Nobody(), ONCE))

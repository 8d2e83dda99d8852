"""TCP: the addresses of a host, and the options of a socket."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_AFTER_SECONDS, _EVERY_SECONDS, _PROBES = 60, 30, 4


def _keep_alive() -> list[tuple[int, int, int]]:
    named = {
        "TCP_KEEPIDLE": _AFTER_SECONDS,
        "TCP_KEEPINTVL": _EVERY_SECONDS,
        "TCP_KEEPCNT": _PROBES,
    }
    known = {getattr(socket, name, None): value for name, value in named.items()}
    options = [(socket.IPPROTO_TCP, name, value) for name, value in known.items() if name]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]


KEEP_ALIVE: Sequence[tuple[int, int, int]] = _keep_alive()
"""Socket options by which a dead peer is noticed after three minutes, not two hours."""


def addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses of a host, best first.

    The system's resolver cannot be told to hurry, so with a limit it works in a thread that is left
    behind when it is late.

    Raises:
        OSError: The host is unknown.
        TimeoutError: The resolver took longer than `timeout` seconds.
    """
    with contextlib.suppress(socket.gaierror):
        return _resolved(host, port, socket.AI_NUMERICHOST)  # asks nobody
    if timeout is None:
        return _resolved(host, port)
    found: Future[list[str]] = Future()
    threading.Thread(target=_resolve_into, args=(found, host, port), daemon=True).start()
    return found.result(timeout)


def _resolve_into(found: Future[list[str]], host: str, port: int) -> None:
    try:
        found.set_result(_resolved(host, port))
    except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
        found.set_exception(error)


def _resolved(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return _interleaved([(family, str(place[0])) for family, *_, place in found])


def _interleaved(found: list[tuple[int, str]]) -> list[str]:
    """Take IPv6 and IPv4 in turn, beginning with the best: often all of one kind are dead."""
    first = [address for family, address in found if family == found[0][0]]
    others = [address for family, address in found if family != found[0][0]]
    turns = itertools.zip_longest(first, others)
    return list(dict.fromkeys(address for turn in turns for address in turn if address))

"""What a process holds: memory, files, tasks."""

from __future__ import annotations

import gc
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS = Path("/proc/self/statm")
_FILES = Path("/proc/self/fd")


def resident_bytes() -> int:
    """Return the memory of this process, or 0 where the system does not tell it so."""
    if not _STATUS.exists():
        return 0
    return int(_STATUS.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Return the number of open files and sockets of this process, or 0 likewise."""
    return len(list(_FILES.iterdir())) if _FILES.exists() else 0


_TRIES = 4


def growth(work: Callable[[int], object], times: int, enough: float) -> float:
    """Return the bytes by which each of `times` rounds of work makes the process bigger.

    A server that still winds down looks like growth, but not again and again; a leak does.

    Args:
        work: Does a number of rounds.
        times: Rounds to measure; as many go before them, to fill caches and pools.
        enough: Bytes below which it is not measured once more.
    """
    work(times)
    gc.collect()
    tracemalloc.start(1)
    try:
        work(times // 4)  # what the tracer itself needs once
        measured: list[float] = []
        while len(measured) < _TRIES and min(measured, default=enough) >= enough:
            measured.append(_grown(work, times))
        return min(measured)
    finally:
        tracemalloc.stop()


def _grown(work: Callable[[int], object], times: int) -> float:
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    work(times)
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / times

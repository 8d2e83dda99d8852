"""What a check found, and how a check is held to its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from langchain_aimlapi._transport.proxies import Origin

Status = Literal["ok", "warning", "failed", "skipped"]
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    status: Status
    detail: str
    fix: str = ""
    """What to do about it, if there is something to do."""
    data: Mapping[str, object] = field(default_factory=dict)
    """The same for programs (`--json`)."""


@dataclass(slots=True)
class State:
    """What the checks that ran so far know, for those after them."""

    timeout: float
    """Seconds for each check."""
    model: str
    """Whom the last check calls."""
    makes_call: bool = True
    key: str | None = field(default=None, repr=False)
    base_url: str = ""
    """Tidy; empty while it is none."""
    origin: Origin | None = None
    proxy: str | None = field(default=None, repr=False)
    """Its address, with user and password; None for no proxy."""
    served_at: str | None = None
    """The `Date` header of the service."""
    clock_error: float = 0.0
    """Seconds between sending and receiving it."""


Check: TypeAlias = Callable[[State], Finding]


def within(seconds: float, check: Check, state: State) -> Finding:
    """Run a check, and stop waiting for it after a time.

    The time of a look-up of a name cannot be limited where it is made, so each check runs in a
    thread, which is left behind when its time is over.
    """
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.append(_run(check, state)), daemon=True)
    thread.start()
    thread.join(seconds + _GRACE)
    if found:
        return found[0]
    return Finding(
        "failed",
        f"not done within {seconds:g} s",
        "Something on the way swallows what is sent (a firewall?); --timeout waits longer.",
    )


def _run(check: Check, state: State) -> Finding:
    try:
        return check(state)
    except Exception as error:  # noqa: BLE001  # one check that breaks must not hide the others
        return Finding("failed", f"the check itself broke: {type(error).__name__}: {error}")

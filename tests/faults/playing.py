"""One call that may fail, in six ways, and all that its caller sees of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.errors import AimlapiTimeoutError
from tests.ways import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from langchain_aimlapi.sandbox import Sandbox

TIME_LIMIT = 60.0
LIMITS = (0.12, 0.6, 3.0, 15.0)
"""Seconds; the shortest is long enough on most machines, and the longest on any."""


@dataclass(slots=True)
class Outcome:
    """What came of a call."""

    message: Any = None
    """The answer, if it came to its end."""
    error: Exception | None = None
    pieces: list[Any] = field(default_factory=list)
    """The chunks or events before it ended or failed."""
    tasks: int = 0
    """Tasks left in the event loop when the call was over."""
    limit: float = 0.0
    """The time limit of `in_time` that the call ended with, in seconds."""


def _invoke(model: Any, prompt: Any, outcome: Outcome) -> None:
    outcome.message = model.invoke(prompt)


def _stream(model: Any, prompt: Any, outcome: Outcome) -> None:
    for chunk in model.stream(prompt):
        outcome.pieces.append(chunk)
    outcome.message = merged(outcome.pieces)


def _events(model: Any, prompt: Any, outcome: Outcome) -> None:
    stream = model.stream_events(prompt, version="v3")
    for event in stream:
        outcome.pieces.append(event)
    outcome.message = stream.output


async def _ainvoke(model: Any, prompt: Any, outcome: Outcome) -> None:
    outcome.message = await model.ainvoke(prompt)


async def _astream(model: Any, prompt: Any, outcome: Outcome) -> None:
    async with aclosing(model.astream(prompt)) as chunks:
        async for chunk in chunks:
            outcome.pieces.append(chunk)
    outcome.message = merged(outcome.pieces)


async def _aevents(model: Any, prompt: Any, outcome: Outcome) -> None:
    async with await model.astream_events(prompt, version="v3") as stream:
        async for event in stream:
            outcome.pieces.append(event)
        outcome.message = await stream.output


_SYNC: dict[str, Callable[[Any, Any, Outcome], None]] = {
    "invoke": _invoke,
    "stream": _stream,
    "stream_events": _events,
}
_ASYNC: dict[str, Callable[[Any, Any, Outcome], Coroutine[Any, Any, None]]] = {
    "ainvoke": _ainvoke,
    "astream": _astream,
    "astream_events": _aevents,
}
WAYS = ("invoke", "ainvoke", "stream", "astream", "stream_events", "astream_events")
"""The ways to call a model; the events are those of LangChain's version "v3"."""
STREAMING = WAYS[2:]


def play(way: str, model: Any, prompt: Any) -> Outcome:
    """Call a model in one of the ways, and keep what happens; sync connections end with the call."""
    outcome = Outcome()
    try:
        if way in _SYNC:
            _SYNC[way](model, prompt, outcome)
        else:
            asyncio.run(_watched(_ASYNC[way](model, prompt, outcome), outcome))
    except Exception as error:  # noqa: BLE001  # whatever it is, a test shall judge it
        outcome.error = error
    finally:
        model.close()
    return outcome


def in_time(attempt: Callable[[float], Outcome], came_so_far: Callable[[Outcome], bool]) -> Outcome:
    """Play a call that its time limit ends, once more with a longer one where it ended too soon.

    A busy machine may need any time to send a request or to read what had come. A call that ran out
    of time before that says nothing; at the longest limit, whatever comes of it is what counts.

    Args:
        attempt: Plays the call, within so many seconds.
        came_so_far: Whether all had happened that has to happen before the time is over.
    """
    for limit in LIMITS:
        outcome = attempt(limit)
        outcome.limit = limit
        if not isinstance(outcome.error, AimlapiTimeoutError) or came_so_far(outcome):
            break
    return outcome


def requests_of(outcome: Outcome, world: Sandbox) -> list[Any]:
    """The requests of a call that failed: those of one that was given up before may come late."""
    if outcome.limit == LIMITS[0]:
        return list(world.requests)
    own = getattr(outcome.error, "client_request_id", None)
    return [each for each in world.requests if each.headers["x-client-request-id"] == own]


def partial_text(error: Any) -> str | None:
    """The text that had come when a call failed, if any."""
    return error.partial.text if error.partial else None


async def _watched(call: Coroutine[Any, Any, None], outcome: Outcome) -> None:
    before = asyncio.all_tasks()
    try:
        await call
    finally:
        await asyncio.sleep(0)
        outcome.tasks = len(asyncio.all_tasks() - before)


def until(condition: Callable[[], object]) -> None:
    """Wait for something another thread does; not for ever."""
    end = time.monotonic() + TIME_LIMIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)


def open_connections(sandbox: Sandbox) -> int:
    """Count the connections open at the server, once those just closed have been seen to be."""
    until(lambda: not sandbox.connections)
    return sandbox.connections

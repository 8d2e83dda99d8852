"""Carries out the steps of an exchange in the calling thread.

Our own sockets wake at the deadline (see `deadline`). A client that was passed in gets the time that
is left as its timeout until the head of the reply is there, and is then watched (see `alarm`); only
a head that drips in may hold it up for longer.
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from langchain_aimlapi._transport import pool
from langchain_aimlapi._transport.alarm import Alarm
from langchain_aimlapi._transport.deadline import current, soonest
from langchain_aimlapi._transport.exchange import Pause, Tried, exchange
from langchain_aimlapi._transport.failures import failure
from langchain_aimlapi._transport.intake import Intake, Opened, Reading, reading
from langchain_aimlapi._transport.refusal import MAX_REFUSAL_BYTES
from langchain_aimlapi._transport.request import Reply, for_httpx
from langchain_aimlapi._transport.sse import DONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from langchain_aimlapi._transport.request import ClientOptions, Request
    from langchain_aimlapi.errors import AimlapiError

SyncClient: TypeAlias = Any
"""An `httpx2.Client` or an `httpx.Client`: not imported here, and the two share no base class."""

_DRAIN_SECONDS = 0.02
_DRAIN_READS = 4


def send(request: Request, options: ClientOptions, client: SyncClient | None = None) -> Reply:
    """Send a request, again if need be, and return the whole reply.

    Args:
        request: What to send.
        options: For the shared client; ignored if one is passed.
        client: Used as it is, and not closed.

    Raises:
        AimlapiError: No attempt succeeded.
    """
    return cast("Reply", _run(request, options, client, streaming=False))


def open_stream(
    request: Request, options: ClientOptions, client: SyncClient | None = None
) -> EventStream:
    """Send a request, again if need be, and return the reply once its first content is there.

    The arguments and errors are those of `send`. Close the stream, best with `with`.
    """
    result = _run(request, options, client, streaming=True)
    if isinstance(result, Reply):
        return EventStream(None, result.status, result.headers, [result.body])
    return cast("EventStream", result)


def _run(
    request: Request, options: ClientOptions, client: SyncClient | None, *, streaming: bool
) -> object:
    steps = exchange(request, time.monotonic(), pool.budget())
    step = next(steps)
    try:
        while True:
            result: object = None
            if isinstance(step, Pause):
                time.sleep(step.seconds)
            else:
                result = _attempt(_Source(request, options, client, step.until), streaming)
            outcome = Tried(result, time.monotonic(), time.time(), random.random())  # noqa: S311
            step = steps.send(outcome)
    except StopIteration as done:
        return done.value


def _attempt(source: _Source, streaming: bool) -> Reply | EventStream | AimlapiError:
    """Send once; return the reply, the stream that has begun, or what went wrong."""
    kept = False
    try:
        result = source.begin(streaming=streaming)
        kept = isinstance(result, EventStream)
    except Exception as exc:
        error = source.failure(exc)
        if error is None:
            raise
        return error
    else:
        return result
    finally:
        if not kept:
            source.close()


class EventStream:
    """The `data` of the events of a streamed reply: a list for each read, never an empty one.

    An answer in plain JSON is one list of one item. The end of the iteration means that the reply
    ended; whether it was complete is for its reader to judge.

    Attributes:
        status: HTTP status.
        headers: With lower-case names.
        complete: For its reader to set, when only the end of the reply is still to come.
    """

    def __init__(
        self, source: _Source | None, status: int, headers: Mapping[str, str], first: list[bytes]
    ) -> None:
        self.status = status
        self.headers = headers
        self._source = source
        self._first: list[bytes] | None = first
        self._last = first
        self.complete = False

    def __iter__(self) -> Iterator[list[bytes]]:
        return self

    def __next__(self) -> list[bytes]:
        if self._first is not None:
            batch, self._first = self._first, None
            return batch
        source = self._source
        if source is None:
            raise StopIteration
        try:
            batch = source.pull()
        except BaseException as exc:
            error = source.failure(exc)
            self.close()
            if error is None:
                raise
        else:
            if batch:
                self._last = batch
                return batch
            self.close()
            raise StopIteration
        # Outside of the handler, or the foreign exception would be chained.
        raise error

    def close(self) -> None:
        """Give the connection back if the reply has been read to its end, else close it."""
        source, self._source, self._first = self._source, None, None
        if source is not None:
            source.close(drain=self.complete or self._last[-1] == DONE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


class _Source:
    """One attempt: the request that went out and the reply that comes in."""

    def __init__(
        self,
        request: Request,
        options: ClientOptions,
        client: SyncClient | None,
        until: float | None,
    ) -> None:
        self._request = request
        self._until = until
        self._shared = pool.borrow(options) if client is None else None
        self._client = client
        self._close: Callable[[], None] | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._alarm: Alarm | None = None
        self._intake: Intake | None = None
        self._begun = False

    def begin(self, *, streaming: bool) -> Reply | EventStream | AimlapiError:
        """Send; return the whole reply, or the stream as soon as its first content is there."""
        timeouts = self._request.timeouts
        first = timeouts.first_token if streaming else None
        limit = soonest(self._until, time.monotonic(), first)
        status, headers = self._open(limit, streaming=streaming)
        how = reading(status, headers, streaming=streaming)
        if how is not Reading.EVENTS:
            most = MAX_REFUSAL_BYTES if how is Reading.BOUNDED else None
            return Reply(status, headers, self._whole(limit, most))
        self._intake = Intake(status, headers)
        batch = self._batch(self._intake, limit)
        if not batch:
            return self._intake.hollow()
        self._begun = True
        return EventStream(self, status, headers, batch)

    def _open(self, limit: float | None, *, streaming: bool) -> tuple[int, dict[str, str]]:
        current.until = limit
        headers = self._request.sent_headers(streaming=streaming)
        timeouts = self._native_timeouts(limit)
        if self._shared is not None:
            opened = self._shared.client.open(self._request, headers, timeouts)
        else:
            opened, self._alarm = _opened(self._client, self._request, headers, timeouts)
        # The library looks up this timeout once more, before the first read of the body.
        timeouts["read"] = None
        self._chunks, self._close = opened.chunks, opened.close
        return opened.status, opened.headers

    def _native_timeouts(self, limit: float | None) -> dict[str, float | None]:
        now, connect = time.monotonic(), self._request.timeouts.connect
        left = None if limit is None else max(limit - now, 0.001)
        most = left if connect is None else connect if left is None else min(connect, left)
        return {"connect": most, "read": left, "write": left, "pool": left}

    def pull(self) -> list[bytes]:
        """Return the content of the next read that brings some; nothing at the end."""
        between = self._request.timeouts.between_tokens
        limit = soonest(self._until, time.monotonic(), between)
        return self._batch(cast("Intake", self._intake), limit)

    def _batch(self, intake: Intake, limit: float | None) -> list[bytes]:
        while True:
            data = self._read(limit)
            batch = intake.feed(data)
            if batch or data is None:
                return batch

    def _whole(self, limit: float | None, most: int | None) -> bytes:
        body = bytearray()
        while (data := self._read(limit)) is not None:
            body += data
            if most is not None and len(body) > most:
                break
        return bytes(body)

    def _read(self, limit: float | None) -> bytes | None:
        if limit is not None and time.monotonic() >= limit:
            raise TimeoutError
        current.until = limit
        if self._alarm is None:
            return next(self._chunks, None)
        self._alarm.set(limit)
        try:
            data = next(self._chunks, None)
        except Exception:
            if self._alarm.rang:
                raise TimeoutError from None
            raise
        finally:
            self._alarm.set(None)  # what the caller does with the bytes takes its own time
        if data is None and self._alarm.rang:
            raise TimeoutError  # the end of a socket that was shut down, not of the reply
        return data

    def failure(self, exc: BaseException) -> AimlapiError | None:
        """Return our error for an exception, or None if it is not the network's."""
        late = None if self._until is None else time.monotonic() - self._until
        return failure(exc, self._request, late=late, begun=self._begun)

    def close(self, *, drain: bool = False) -> None:
        """Close the reply and give the client back.

        Args:
            drain: The reply is complete but for its end, which must have come by now: with it read
                the connection can be used again.
        """
        close, self._close = self._close, None
        if self._alarm is not None:
            self._alarm.stop()
        if close is not None:
            if drain and self._shared is not None:
                with contextlib.suppress(Exception):
                    self._drain()
            with contextlib.suppress(Exception):
                close()
        shared, self._shared = self._shared, None
        if shared is not None:
            pool.give_back(shared)

    def _drain(self) -> None:
        limit = time.monotonic() + _DRAIN_SECONDS
        for _ in range(_DRAIN_READS):
            if self._read(limit) is None:
                break


def _opened(
    client: SyncClient,
    request: Request,
    headers: Mapping[str, str],
    timeouts: dict[str, float | None],
) -> tuple[Opened, Alarm | None]:
    """Send by a client that was passed in, and guard the reads from its socket if it shows one."""
    native = for_httpx(client, request, headers, timeouts)
    response = client.send(native, stream=True, follow_redirects=False)
    stream = response.extensions.get("network_stream")
    sock = None if stream is None else stream.get_extra_info("socket")
    opened = Opened(
        response.status_code,
        dict(response.headers.items()),
        response.iter_bytes(),
        response.close,
    )
    return opened, None if sock is None else Alarm(sock)

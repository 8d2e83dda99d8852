"""Carries out the steps of an exchange in the calling thread.

Our own sockets wake at the deadline (see `deadline`). A client that was passed in gets the time that
is left as its timeout until the head of the reply is there, and is then watched (see `watchdog`); only
a head that drips in may hold it up for longer.
"""

from __future__ import annotations

import contextlib
import random
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from langchain_aimlapi._transport import leftover, pool, watching
from langchain_aimlapi._transport.body_reader import (
    Bounded,
    OpenResponse,
    StreamBody,
    body_mode,
    open_body,
    raw_events,
)
from langchain_aimlapi._transport.deadline import current, deadline_in, soonest
from langchain_aimlapi._transport.event_stream import EventStream
from langchain_aimlapi._transport.exchange import Pause, Tried, exchange
from langchain_aimlapi._transport.failures import failure
from langchain_aimlapi._transport.injected import with_own_timeouts
from langchain_aimlapi._transport.locks import holding, without_locks
from langchain_aimlapi._transport.request import Reply, for_httpx
from langchain_aimlapi._transport.unpacking import packing, unpacked
from langchain_aimlapi._transport.watchdog import SocketWatchdog
from langchain_aimlapi.errors import ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from langchain_aimlapi._transport.body_reader import BodyMode, MakeReader
    from langchain_aimlapi._transport.request import ClientOptions, Request
    from langchain_aimlapi.errors import AimlapiError

SyncClient: TypeAlias = Any
"""An `httpx2.Client` or an `httpx.Client`: not imported here, and the two share no base class."""

_DRAIN_SECONDS = 0.02
_DRAIN_READS = 4


def send(
    request: Request,
    options: ClientOptions,
    client: SyncClient | None = None,
    deadline: float | None = None,
) -> Reply:
    """Send a request, again if need be, and return the whole reply.

    Args:
        request: What to send.
        options: For the shared client; ignored if one is passed.
        client: Used as it is, and not closed.
        deadline: When the call has to be over, by the monotonic clock, where other requests are
            part of it; None begins a call, which may take `request.timeouts.total`.

    Raises:
        AimlapiError: No attempt succeeded.
    """
    return cast("Reply", _run(request, options, client, deadline, None))


def open_stream(
    request: Request,
    options: ClientOptions,
    client: SyncClient | None = None,
    deadline: float | None = None,
    make: MakeReader = raw_events,
) -> EventStream:
    """Send a request, again if need be, and return the reply once its first content is there.

    The errors are those of `send`. Close the stream, best with `with`.

    Args:
        request: What to send.
        options: For the shared client; ignored if one is passed.
        client: Used as it is, and not closed.
        deadline: As for `send`.
        make: Makes what reads the events of an attempt.
    """
    result = _run(request, options, client, deadline, make)
    if isinstance(result, Reply):
        reader = make(result.status, result.headers)
        return EventStream(None, reader, reader.read([result.body]))
    return cast("EventStream", result)


def _run(
    request: Request,
    options: ClientOptions,
    client: SyncClient | None,
    deadline: float | None,
    make: MakeReader | None,
) -> object:
    request = with_own_timeouts(request, client)
    if deadline is None:
        deadline = deadline_in(request.timeouts.total)
    steps = exchange(request, deadline, pool.budget())
    step = next(steps)
    try:
        while True:
            result: object = None
            if isinstance(step, Pause):
                time.sleep(step.seconds)
            else:
                sent = with_own_timeouts(step.request, client)
                watching.attempt(sent, options.proxy, streaming=make is not None)
                result = _attempt(_Source(sent, options, client, step.until), make)
            outcome = Tried(result, time.monotonic(), time.time(), random.random())  # noqa: S311
            step = steps.send(outcome)
    except StopIteration as done:
        return done.value


def _attempt(source: _Source, make: MakeReader | None) -> Reply | EventStream | AimlapiError:
    """Send once; return the reply, the stream that has begun, or what went wrong."""
    kept = False
    try:
        result = source.begin() if make is None else source.begin_stream(make)
        kept = isinstance(result, EventStream)
    except Exception as exc:
        error = source.failure(exc)
        if error is None:
            raise
        return error.with_traceback(None)  # its frames hold what was read
    else:
        return result
    finally:
        if not kept:
            source.close()


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
        self._watchdog: SocketWatchdog | None = None
        self._body_reader: StreamBody | None = None
        self._begun = False

    def begin(self) -> Reply:
        """Send; return the whole reply."""
        status, headers = self._open(self._until, streaming=False)
        how = body_mode(status, streaming=False)
        return Reply(status, headers, self._whole(how, self._until))

    def begin_stream(self, make: MakeReader) -> Reply | EventStream:
        """Send; return the stream as soon as its first content is there, or a reply that is none."""
        limit = soonest(self._until, time.monotonic(), self._request.timeouts.first_token)
        status, headers = self._open(limit, streaming=True)
        how = body_mode(status, streaming=True)
        if how != "events":
            return Reply(status, headers, self._whole(how, limit))
        reader = make(status, headers)
        body_reader = open_body(self._request, status, headers, reader)
        batch = self._batch(body_reader, limit)
        over = not batch
        if over:
            plain = body_reader.plain()
            if plain is not None:
                return plain
            batch = body_reader.last()
        self._body_reader = body_reader
        self._begun = True
        return EventStream(self, reader, batch, over=over)

    def _open(self, limit: float | None, *, streaming: bool) -> tuple[int, dict[str, str]]:
        current.until = limit
        headers = self._request.sent_headers(streaming=streaming)
        timeouts = self._native_timeouts(limit)
        if self._shared is not None:
            opened = self._shared.client.open(self._request, headers, timeouts)
        else:
            opened, self._watchdog = _open_response(self._client, self._request, headers, timeouts)
        # The library looks up this timeout once more, before the first read of the body.
        timeouts["read"] = self._request.timeouts.read
        self._close = opened.close
        kind = packing(opened.headers)
        chunks = unpacked(opened.chunks, kind) if kind else opened.chunks
        self._chunks = watching.chunks_of(opened.status, opened.headers, chunks)
        return opened.status, opened.headers

    def _native_timeouts(self, limit: float | None) -> dict[str, float | None]:
        now, connect = time.monotonic(), self._request.timeouts.connect
        left = None if limit is None else max(limit - now, 0.001)
        most = soonest(left, 0.0, connect)
        read = soonest(left, 0.0, self._request.timeouts.read)
        return {"connect": most, "read": read, "write": left, "pool": left}

    def pull(self) -> Sequence[Any]:
        """Return the content of the next read that brings some; nothing at the end."""
        between = self._request.timeouts.between_tokens
        limit = soonest(self._until, time.monotonic(), between)
        return self._batch(cast("StreamBody", self._body_reader), limit)

    def _batch(self, body_reader: StreamBody, limit: float | None) -> Sequence[Any]:
        while True:
            data = self._read(limit)
            batch = body_reader.feed(data)
            if batch or data is None or body_reader.reader.ended:
                return batch

    def _whole(self, how: BodyMode, limit: float | None) -> bytes:
        received = Bounded(how, self._request.max_bytes)
        try:
            while (data := self._read(limit)) is not None and received.add(data):
                pass
        except ResponseFormatError:
            if not received.suffices():
                raise
        return bytes(received.data)

    def _read(self, limit: float | None) -> bytes | None:
        if limit is not None and time.monotonic() >= limit:
            raise TimeoutError
        current.until = limit
        if self._watchdog is None:
            return next(self._chunks, None)
        self._watchdog.set(limit)
        try:
            data = next(self._chunks, None)
        except Exception:
            if self._watchdog.expired:
                raise TimeoutError from None
            raise
        finally:
            self._watchdog.set(None)  # what the caller does with the bytes takes its own time
        if data is None and self._watchdog.expired:
            raise TimeoutError  # the end of a socket that was shut down, not of the reply
        return data

    def failure(self, exc: BaseException) -> AimlapiError | None:
        """Return our error for an exception, or None if it is not the network's."""
        late = None if self._until is None else time.monotonic() - self._until
        own = self._client is not None
        error = failure(exc, self._request, late=late, begun=self._begun, injected=own)
        return watching.failed(error)

    def close(self, *, drain: bool = False) -> None:
        """Close the reply and give the client back.

        Args:
            drain: The reply is complete but for its end, which must have come by now: with it read
                the connection can be used again.
        """
        without_locks(partial(self._close_now, drain=drain))

    def _close_now(self, *, drain: bool) -> None:
        close, self._close = self._close, None
        shared, self._shared = self._shared, None
        if self._watchdog is not None:
            self._watchdog.stop()
        # The garbage collector may close a stream in the middle of another one's operation.
        deadline = current.until
        try:
            if close is not None:
                _close_reply(close, self._drain if drain and shared is not None else None)
        finally:
            current.until = deadline
            if shared is not None:
                pool.give_back(shared)

    def _drain(self) -> None:
        limit = time.monotonic() + _DRAIN_SECONDS
        for _ in range(_DRAIN_READS):
            if self._read(limit) is None:
                break


def _close_reply(close: Callable[[], None], drain: Callable[[], None] | None) -> None:
    try:
        if drain is not None:
            with contextlib.suppress(Exception):
                drain()
    finally:
        with contextlib.suppress(Exception), holding:
            close()


def _open_response(
    client: SyncClient,
    request: Request,
    headers: Mapping[str, str],
    timeouts: dict[str, float | None],
) -> tuple[OpenResponse, SocketWatchdog | None]:
    """Send by a client that was passed in, and guard the reads from its socket if it shows one."""
    native = for_httpx(client, request, headers, timeouts)
    with holding:
        response = client.send(native, stream=True, follow_redirects=False)
    leftover.guard(response)
    stream = response.extensions.get("network_stream")
    sock = None if stream is None else stream.get_extra_info("socket")
    headers = dict(response.headers.items())
    chunks = response.iter_raw
    if response.is_stream_consumed:  # by a hook of the client, or it was never a stream
        headers.pop("content-encoding", None)
        chunks = response.iter_bytes
    opened = OpenResponse(response.status_code, headers, chunks(), response.close)
    return opened, None if sock is None else SocketWatchdog(sock)

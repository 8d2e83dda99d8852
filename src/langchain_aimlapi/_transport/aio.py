"""Carries out the steps of an exchange in the running event loop: the twin of `sync`."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from langchain_aimlapi._transport import pool, watching
from langchain_aimlapi._transport.bodies import AiohttpBody, HttpxBody
from langchain_aimlapi._transport.body_reader import (
    Bounded,
    StreamBody,
    body_mode,
    open_body,
    raw_events,
)
from langchain_aimlapi._transport.deadline import deadline_in, soonest
from langchain_aimlapi._transport.event_stream import AsyncEventStream
from langchain_aimlapi._transport.exchange import Pause, Tried, exchange
from langchain_aimlapi._transport.failures import failure
from langchain_aimlapi._transport.injected import with_own_timeouts
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiTimeoutError,
    ConfigurationError,
    ResponseFormatError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from langchain_aimlapi._transport.body_reader import BodyMode, MakeReader
    from langchain_aimlapi._transport.request import ClientOptions, Request
    from langchain_aimlapi.errors import AimlapiError

AsyncClient: TypeAlias = Any
"""An `aiohttp.ClientSession`, an `httpx2.AsyncClient` or an `httpx.AsyncClient`."""

_USER_AGENT = ("User-Agent",)
_DRAIN_SECONDS = 0.02
_UNREACHED = (AimlapiConnectionError, AimlapiTimeoutError)


def asend(
    request: Request,
    options: ClientOptions,
    client: AsyncClient | None = None,
    deadline: float | None = None,
) -> Coroutine[Any, Any, Reply]:
    """Send a request, again if need be, and return the whole reply.

    Args:
        request: What to send.
        options: For the running loop's shared session; ignored if a client is passed.
        client: Used as it is, and not closed.
        deadline: When the call has to be over, by the monotonic clock, where other requests are
            part of it; None begins a call, which may take `request.timeouts.total`.

    Raises:
        AimlapiError: No attempt succeeded.
    """
    return cast("Coroutine[Any, Any, Reply]", _run(request, options, client, deadline, None))


async def aopen_stream(
    request: Request,
    options: ClientOptions,
    client: AsyncClient | None = None,
    deadline: float | None = None,
    make: MakeReader = raw_events,
) -> AsyncEventStream:
    """Send a request, again if need be, and return the reply once its first content is there.

    The arguments and errors are those of `asend`. Close the stream, best with `async with`.

    Args:
        request: What to send.
        options: For the running loop's shared session; ignored if a client is passed.
        client: Used as it is, and not closed.
        deadline: As for `asend`.
        make: Makes what reads the events of an attempt.
    """
    result = await _run(request, options, client, deadline, make)
    if isinstance(result, Reply):
        reader = make(result.status, result.headers)
        return AsyncEventStream(None, reader, reader.read([result.body]))
    return cast("AsyncEventStream", result)


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "the async methods need a running asyncio event loop; under trio, call the sync "
            "methods by trio.to_thread.run_sync"
        ) from None


async def _run(
    request: Request,
    options: ClientOptions,
    client: AsyncClient | None,
    deadline: float | None,
    make: MakeReader | None,
) -> object:
    clock = _running_loop().time
    request = with_own_timeouts(request, client)
    if deadline is None:
        deadline = deadline_in(request.timeouts.total)
    until = None if deadline is None else clock() + (deadline - time.monotonic())
    steps = exchange(request, until, pool.budget())
    step = next(steps)
    try:
        while True:
            result: object = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            else:
                sent = with_own_timeouts(step.request, client)
                watching.attempt(sent, options.proxy, streaming=make is not None)
                shared = None
                if client is None:
                    shared = pool.reborrow(options) or await pool.aborrow(options)
                source = _Source(sent, options, shared, client, step.until)
                result = await _attempt(source, make)
            outcome = Tried(result, clock(), time.time(), random.random())  # noqa: S311
            step = steps.send(outcome)
    except StopIteration as done:
        return done.value


async def _attempt(
    source: _Source, make: MakeReader | None
) -> Reply | AsyncEventStream | AimlapiError:
    """Send once; return the reply, the stream that has begun, or what went wrong."""
    kept = False
    try:
        result = await (source.begin() if make is None else source.begin_stream(make))
        kept = isinstance(result, AsyncEventStream)
    except Exception as exc:
        error = source.failure(exc)
        if error is None:
            raise
        return error.with_traceback(None)  # its frames hold what was read
    else:
        return result
    finally:
        if not kept:
            await source.close()


class _Source:
    """One attempt: the request that went out and the reply that comes in."""

    def __init__(
        self,
        request: Request,
        options: ClientOptions,
        shared: pool.Shared[Any] | None,
        client: AsyncClient | None,
        until: float | None,
    ) -> None:
        self._request = request
        self._options = options
        self._until = until
        self._shared = shared
        self._injected = shared is None
        self._client: Any = client if shared is None else shared.client
        self._body: AiohttpBody | HttpxBody | None = None
        self._body_reader: StreamBody | None = None
        self._clock = asyncio.get_running_loop().time
        self._begun = False
        self._slots: asyncio.Semaphore | None = None

    async def begin(self) -> Reply:
        """Send; return the whole reply."""
        async with self._within(self._until):
            self._body = body = watching.shown(await self._open(streaming=False))
            how = body_mode(body.status, streaming=False)
            return Reply(body.status, body.headers, await self._whole(body, how, self._until))

    async def begin_stream(self, make: MakeReader) -> Reply | AsyncEventStream:
        """Send; return the stream as soon as its first content is there, or a reply that is none."""
        limit = soonest(self._until, self._clock(), self._request.timeouts.first_token)
        async with self._within(limit):
            self._body = body = watching.shown(await self._open(streaming=True))
            how = body_mode(body.status, streaming=True)
            if how != "events":
                return Reply(body.status, body.headers, await self._whole(body, how, limit))
            reader = make(body.status, body.headers)
            body_reader = open_body(self._request, body.status, body.headers, reader)
            batch = await self._batch(body, body_reader, limit)
        over = not batch
        if over:
            plain = body_reader.plain()
            if plain is not None:
                return plain
            batch = body_reader.last()
        self._body_reader = body_reader
        self._begun = True
        body.guard()
        return AsyncEventStream(self, reader, batch, over=over)

    def _within(self, limit: float | None) -> AbstractAsyncContextManager[object]:
        limits = self._shared.limits if self._shared is not None else None
        return asyncio.timeout_at(limit) if limits is None else limits.at(limit)

    def _open(self, *, streaming: bool) -> Awaitable[AiohttpBody | HttpxBody]:
        headers = self._request.sent_headers(streaming=streaming)
        if self._shared is not None:
            return self._open_shared(self._shared, headers, streaming=streaming)
        return self._open_injected(headers)

    async def _open_injected(self, headers: Mapping[str, str]) -> AiohttpBody | HttpxBody:
        if hasattr(self._client, "build_request"):
            left = None if self._until is None else self._until - self._clock()
            return await HttpxBody.open(self._client, self._request, headers, left)
        timeouts = self._request.timeouts
        timeout = pool.client_timeout(timeouts.connect, timeouts.read, queued=True)
        return await AiohttpBody.open(self._client, self._request, headers, timeout, {})

    async def _open_shared(
        self, shared: pool.Shared[Any], headers: Mapping[str, str], *, streaming: bool
    ) -> AiohttpBody:
        timeouts = self._request.timeouts
        if (slots := shared.slots) is not None:
            await slots.acquire()  # another connection
            self._slots = slots
        timeout = pool.client_timeout(timeouts.connect, timeouts.read)
        what = (self._request.url, shared, self._options)
        ways = pool.ways_to(*what) or await pool.await_ways_to(*what)
        direct = shared.direct
        begun = direct.begin(self._request, headers, ways[0]) if direct and len(ways) == 1 else None
        if direct and begun:
            reply = await direct.send(self._request, begun, headers, ways[0], timeout)
            body = AiohttpBody(reply, packed=True)
        else:
            if self._request.header("user-agent") is None:  # not wanted, so aiohttp adds none
                ways = [{**each, "skip_auto_headers": _USER_AGENT} for each in ways]
            body = await AiohttpBody.open_by(ways, self._client, self._request, headers, timeout)
        if streaming:  # whoever leaves it unread may not close it before the loop ends
            shared.replies.add(body.response)
        return body

    async def pull(self) -> Sequence[Any]:
        """Return the content of the next read that brings some; nothing at the end."""
        body, body_reader = cast("AiohttpBody", self._body), cast("StreamBody", self._body_reader)
        limit = soonest(self._until, self._clock(), self._request.timeouts.between_tokens)
        if body.read_timer is None:
            async with asyncio.timeout_at(limit):
                return await self._batch(body, body_reader, limit)
        body.read_timer.begin(limit)
        try:
            while True:
                data = await body.read()
                batch = body_reader.feed(data or None)
                if batch or not data or body_reader.reader.ended:
                    return batch
                if limit is not None and self._clock() >= limit:
                    raise TimeoutError
        finally:
            body.read_timer.end()

    async def _batch(
        self, body: AiohttpBody | HttpxBody, body_reader: StreamBody, limit: float | None
    ) -> Sequence[Any]:
        while True:
            self._in_time(limit)
            data = await body.read()
            batch = body_reader.feed(data or None)
            if batch or not data or body_reader.reader.ended:
                return batch

    async def _whole(
        self, body: AiohttpBody | HttpxBody, how: BodyMode, limit: float | None
    ) -> bytes:
        received = Bounded(how, self._request.max_bytes)
        try:
            while self._in_time(limit) and (data := await body.read()) and received.add(data):
                if body.is_through is not None and body.is_through():
                    break
        except ResponseFormatError:
            if not received.suffices():
                raise
        return bytes(received.data)

    def _in_time(self, limit: float | None) -> bool:
        """Before each read: those that find their bytes waiting do not let the loop's timer in."""
        if limit is not None and self._clock() >= limit:
            raise TimeoutError
        return True

    def failure(self, exc: BaseException) -> AimlapiError | None:
        """Return our error for an exception, or None if it is not the network's."""
        late = None if self._until is None else self._clock() - self._until
        error = failure(exc, self._request, late=late, begun=self._begun, injected=self._injected)
        watching.failed(error)
        if self._shared is not None and isinstance(error, _UNREACHED):
            pool.forget_addresses(self._shared)
        return error

    async def close(self, *, drain: bool = False) -> None:
        """Close the reply and give the session back.

        Args:
            drain: The reply is complete but for its end, which must have come by now: with it read
                the connection can be used again.
        """
        body, self._body = self._body, None
        shared, self._shared = self._shared, None
        try:
            if body is not None:
                try:
                    if drain:
                        with contextlib.suppress(Exception):
                            await self._drain(body)
                finally:
                    await body.close()  # also if the caller is cancelled meanwhile
        finally:
            slots, self._slots = self._slots, None
            if slots is not None:
                slots.release()
            if shared is not None:
                await pool.agive_back(shared)

    async def _drain(self, body: AiohttpBody | HttpxBody) -> None:
        limit = self._clock() + _DRAIN_SECONDS
        async with asyncio.timeout_at(limit):
            while self._in_time(limit) and await body.read():
                pass

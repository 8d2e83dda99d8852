"""Carries out the steps of an exchange in the running event loop: the twin of `sync`."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from langchain_aimlapi._transport import pool
from langchain_aimlapi._transport.bodies import AiohttpBody, HttpxBody
from langchain_aimlapi._transport.deadline import soonest
from langchain_aimlapi._transport.exchange import Pause, Tried, exchange
from langchain_aimlapi._transport.failures import failure
from langchain_aimlapi._transport.intake import Intake, Reading, reading
from langchain_aimlapi._transport.refusal import MAX_REFUSAL_BYTES
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi._transport.sse import DONE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

    from langchain_aimlapi._transport.request import ClientOptions, Request
    from langchain_aimlapi.errors import AimlapiError

AsyncClient: TypeAlias = Any
"""An `aiohttp.ClientSession`, an `httpx2.AsyncClient` or an `httpx.AsyncClient`."""

_DRAIN_SECONDS = 0.02


async def asend(
    request: Request, options: ClientOptions, client: AsyncClient | None = None
) -> Reply:
    """Send a request, again if need be, and return the whole reply.

    Args:
        request: What to send.
        options: For the running loop's shared session; ignored if a client is passed.
        client: Used as it is, and not closed.

    Raises:
        AimlapiError: No attempt succeeded.
    """
    return cast("Reply", await _run(request, options, client, streaming=False))


async def aopen_stream(
    request: Request, options: ClientOptions, client: AsyncClient | None = None
) -> AsyncEventStream:
    """Send a request, again if need be, and return the reply once its first content is there.

    The arguments and errors are those of `asend`. Close the stream, best with `async with`.
    """
    result = await _run(request, options, client, streaming=True)
    if isinstance(result, Reply):
        return AsyncEventStream(None, result.status, result.headers, [result.body])
    return cast("AsyncEventStream", result)


async def _run(
    request: Request, options: ClientOptions, client: AsyncClient | None, *, streaming: bool
) -> object:
    clock = asyncio.get_running_loop().time
    steps = exchange(request, clock(), pool.budget())
    step = next(steps)
    try:
        while True:
            result: object = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            else:
                shared = await pool.aborrow(options) if client is None else None
                source = _Source(request, options, shared, client, step.until)
                result = await _attempt(source, streaming)
            outcome = Tried(result, clock(), time.time(), random.random())  # noqa: S311
            step = steps.send(outcome)
    except StopIteration as done:
        return done.value


async def _attempt(source: _Source, streaming: bool) -> Reply | AsyncEventStream | AimlapiError:
    """Send once; return the reply, the stream that has begun, or what went wrong."""
    kept = False
    try:
        result = await source.begin(streaming=streaming)
        kept = isinstance(result, AsyncEventStream)
    except Exception as exc:
        error = source.failure(exc)
        if error is None:
            raise
        return error
    else:
        return result
    finally:
        if not kept:
            await source.close()


class AsyncEventStream:
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

    def __aiter__(self) -> AsyncIterator[list[bytes]]:
        return self

    async def __anext__(self) -> list[bytes]:
        if self._first is not None:
            batch, self._first = self._first, None
            return batch
        source = self._source
        if source is None:
            raise StopAsyncIteration
        try:
            batch = await source.pull()
        except BaseException as exc:
            error = source.failure(exc)
            await self.aclose()
            if error is None:
                raise
        else:
            if batch:
                self._last = batch
                return batch
            await self.aclose()
            raise StopAsyncIteration
        # Outside of the handler, or the foreign exception would be chained.
        raise error

    async def aclose(self) -> None:
        """Give the connection back if the reply has been read to its end, else close it."""
        await self._close(drain=self.complete or self._last[-1] == DONE)

    async def _close(self, *, drain: bool) -> None:
        source, self._source, self._first = self._source, None, None
        if source is not None:
            await source.close(drain=drain)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.aclose()
        else:
            # Without waiting: a loop that ends meanwhile would close its generators a second time.
            await self._close(drain=False)


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
        self._client: Any = client if shared is None else shared.client
        self._body: AiohttpBody | HttpxBody | None = None
        self._intake: Intake | None = None
        self._clock = asyncio.get_running_loop().time
        self._begun = False

    async def begin(self, *, streaming: bool) -> Reply | AsyncEventStream | AimlapiError:
        """Send; return the whole reply, or the stream as soon as its first content is there."""
        first = self._request.timeouts.first_token if streaming else None
        limit = soonest(self._until, self._clock(), first)
        async with asyncio.timeout_at(limit):
            self._body = body = await self._open(streaming=streaming)
            how = reading(body.status, body.headers, streaming=streaming)
            if how is not Reading.EVENTS:
                most = MAX_REFUSAL_BYTES if how is Reading.BOUNDED else None
                return Reply(body.status, body.headers, await self._whole(body, limit, most))
            self._intake = Intake(body.status, body.headers)
            batch = await self._batch(body, self._intake, limit)
        if not batch:
            return self._intake.hollow()
        self._begun = True
        body.guard()
        return AsyncEventStream(self, body.status, body.headers, batch)

    async def _open(self, *, streaming: bool) -> AiohttpBody | HttpxBody:
        headers = self._request.sent_headers(streaming=streaming)
        if self._shared is not None:
            connect, most = self._request.timeouts.connect, self._options.max_connections
            way = pool.way(self._shared, self._options, self._request.url)
            timeout = pool.client_timeout(connect, queued=most is not None)
            body = await AiohttpBody.open(self._client, self._request, headers, timeout, way)
            self._shared.replies.add(body.response)
            return body
        if hasattr(self._client, "build_request"):
            left = None if self._until is None else self._until - self._clock()
            return await HttpxBody.open(self._client, self._request, headers, left)
        timeout = pool.client_timeout(self._request.timeouts.connect, queued=True)
        return await AiohttpBody.open(self._client, self._request, headers, timeout, {})

    async def pull(self) -> list[bytes]:
        """Return the content of the next read that brings some; nothing at the end."""
        body, intake = cast("AiohttpBody", self._body), cast("Intake", self._intake)
        limit = soonest(self._until, self._clock(), self._request.timeouts.between_tokens)
        if body.watch is None:
            async with asyncio.timeout_at(limit):
                return await self._batch(body, intake, limit)
        body.watch.begin(limit)
        try:
            while True:
                data = await body.read()
                batch = intake.feed(data or None)
                if batch or not data:
                    return batch
                if limit is not None and self._clock() >= limit:
                    raise TimeoutError
        finally:
            body.watch.end()

    async def _batch(
        self, body: AiohttpBody | HttpxBody, intake: Intake, limit: float | None
    ) -> list[bytes]:
        while True:
            data = await self._read(body, limit)
            batch = intake.feed(data or None)
            if batch or not data:
                return batch

    async def _whole(
        self, body: AiohttpBody | HttpxBody, limit: float | None, most: int | None
    ) -> bytes:
        received = bytearray()
        while data := await self._read(body, limit):
            received += data
            if most is not None and len(received) > most:
                break
        return bytes(received)

    async def _read(self, body: AiohttpBody | HttpxBody, limit: float | None) -> bytes:
        # Reads that find their bytes waiting do not let the loop's timer in.
        if limit is not None and self._clock() >= limit:
            raise TimeoutError
        return await body.read()

    def failure(self, exc: BaseException) -> AimlapiError | None:
        """Return our error for an exception, or None if it is not the network's."""
        late = None if self._until is None else self._clock() - self._until
        return failure(exc, self._request, late=late, begun=self._begun)

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
                if drain:
                    with contextlib.suppress(Exception):
                        await self._drain(body)
                await body.close()
        finally:
            if shared is not None:
                await pool.agive_back(shared)

    async def _drain(self, body: AiohttpBody | HttpxBody) -> None:
        limit = self._clock() + _DRAIN_SECONDS
        async with asyncio.timeout_at(limit):
            while await self._read(body, limit):
                pass

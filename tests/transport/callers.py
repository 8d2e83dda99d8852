"""The seven ways in which a request can be sent, each behind the same two functions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2

from langchain_aimlapi._transport import aio, sync
from langchain_aimlapi._transport.request import ClientOptions, Reply, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from .service import Service

KEY = "canary-0123456789abcdef"
SWIFT = RetryPolicy(initial=0.001)
ONCE = RetryPolicy(max_retries=0)

SYNC: dict[str, Callable[[], Any] | None] = {
    "sync": None,
    "sync-httpx2": httpx2.Client,
    "sync-httpx": httpx.Client,
}
ASYNC: dict[str, Callable[[], Any] | None] = {
    "async": None,
    "async-aiohttp": aiohttp.ClientSession,
    "async-httpx2": httpx2.AsyncClient,
    "async-httpx": httpx.AsyncClient,
}
WAYS = [*SYNC, *ASYNC]
OURS = ["sync", "async"]
"""With the pool's own clients."""


def request(service: Service, retry: RetryPolicy = SWIFT, **timeouts: float) -> Request:
    """A request to a service, with a key that must not be seen again."""
    return Request(
        service.url,
        b'{"model":"m"}',
        {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "application/json",
            "Idempotency-Key": "once",
            "X-Client-Request-Id": "mine",
        },
        timeouts=Timeouts(**timeouts),
        retry=retry,
    )


class Caller:
    """Sends in one of the ways; the async ones in a loop of their own, as scripts do."""

    def __init__(self, way: str, options: ClientOptions | None = None) -> None:
        self.way = way
        self.options = options or ClientOptions()

    def send(self, request: Request) -> Reply:
        """Return the whole reply."""
        if self.way in SYNC:
            return self._with_sync(lambda client: sync.send(request, self.options, client))
        return asyncio.run(self._with_async(lambda c: aio.asend(request, self.options, c)))

    def stream(self, request: Request, take: int | None = None) -> list[bytes]:
        """Return the content of a stream, or of its first `take` batches."""
        seen: list[bytes] = []
        self.stream_into(seen, request, take)
        return seen

    def stream_into(self, seen: list[bytes], request: Request, take: int | None = None) -> None:
        """Put the content into `seen`, so that what came before an error can be looked at."""
        if self.way in SYNC:
            self._with_sync(lambda client: self._listen(seen, request, take, client))
        else:
            asyncio.run(self._with_async(lambda c: self._alisten(seen, request, take, c)))

    def _listen(self, seen: list[bytes], request: Request, take: int | None, client: Any) -> None:
        with sync.open_stream(request, self.options, client) as stream:
            for number, batch in enumerate(stream, 1):
                seen += batch
                if number == take:
                    break

    async def _alisten(
        self, seen: list[bytes], request: Request, take: int | None, client: Any
    ) -> None:
        async with await aio.aopen_stream(request, self.options, client) as stream:
            number = 0
            async for batch in stream:
                number += 1
                seen += batch
                if number == take:
                    break

    def _with_sync(self, act: Callable[[Any], Any]) -> Any:
        make = SYNC[self.way]
        if make is None:
            return act(None)
        with make() as client:
            return act(client)

    async def _with_async(self, act: Callable[[Any], Any]) -> Any:
        make = ASYNC[self.way]
        if make is None:
            return await act(None)
        async with make() as client:
            return await act(client)

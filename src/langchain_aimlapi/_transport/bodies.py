"""The replies of the async HTTP libraries, each with the same few things to do with it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING, Any, Self

from langchain_aimlapi._transport.request import for_httpx
from langchain_aimlapi._transport.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    import aiohttp

    from langchain_aimlapi._transport.request import Request

_MARGIN = 0.02
_BIG_BODY = 2**20
"""aiohttp warns of plain bytes beyond this, which it would write in one go."""


class AiohttpBody:
    """The reply of an aiohttp session."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = _folded(response.headers.items())
        self.response = response
        self.read = response.content.readany
        """Takes what has come, or waits for some; nothing at the end."""
        self.watch: Watch | None = None

    def guard(self) -> None:
        """Have the reads of a stream watched over, one timer for all of them."""
        self.watch = Watch(asyncio.get_running_loop(), self._give_up)

    def _give_up(self) -> None:
        self.response.content.set_exception(TimeoutError())

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        request: Request,
        headers: Mapping[str, str],
        bounds: aiohttp.ClientTimeout,
        way: Mapping[str, Any],
    ) -> Self:
        body = request.body
        response = await session.request(
            request.method,
            request.url,
            data=io.BytesIO(body) if body and len(body) >= _BIG_BODY else body,
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=bounds,
            **way,
        )
        return cls(response)

    async def close(self) -> None:
        if self.watch is not None:
            self.watch.stop()
        self.response.close()


class HttpxBody:
    """The reply of an async client of httpx2 or httpx."""

    watch = None

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers: dict[str, str] = dict(response.headers.items())
        self._response = response
        self._chunks: AsyncGenerator[bytes, None] = response.aiter_bytes()

    @classmethod
    async def open(
        cls, client: Any, request: Request, headers: Mapping[str, str], left: float | None
    ) -> Self:
        # A little less than what is left: cancelled by us, a handshake would leak its socket.
        bounds = (left and max(left - _MARGIN, 0.001), request.timeouts.connect)
        connect = min((bound for bound in bounds if bound is not None), default=None)
        timeout = {"connect": connect, "read": None, "write": None, "pool": None}
        native = for_httpx(client, request, headers, timeout)
        return cls(await client.send(native, stream=True, follow_redirects=False))

    def guard(self) -> None:
        """Leave each read to a timer of its own: there is nobody to tell that time is up."""

    async def read(self) -> bytes:
        return await anext(self._chunks, b"")

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await self._chunks.aclose()
        with contextlib.suppress(Exception):
            await self._response.aclose()


def _folded(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower the names and join the values of repeated ones, as httpx does."""
    folded: dict[str, str] = {}
    for name, value in headers:
        lowered = name.lower()
        folded[lowered] = f"{folded[lowered]}, {value}" if lowered in folded else value
    return folded

"""The replies of the async HTTP libraries, each with the same few things to do with it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from langchain_aimlapi._transport.failures import proxy_wants_password
from langchain_aimlapi._transport.leftover import aguard, take_clean_only
from langchain_aimlapi._transport.proxies import shown_proxy
from langchain_aimlapi._transport.read_timer import ReadTimer
from langchain_aimlapi._transport.request import for_httpx
from langchain_aimlapi._transport.unpacking import Unpacker, packing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence

    import aiohttp

    from langchain_aimlapi._transport.direct import DirectReply
    from langchain_aimlapi._transport.request import Request

Read: TypeAlias = "Callable[[], Awaitable[bytes]]"

_MARGIN = 0.02
_WANTS_PASSWORD = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
_BIG_BODY = 2**20
"""aiohttp warns of plain bytes beyond this, which it would write in one go."""


class AiohttpBody:
    """The reply of an aiohttp session."""

    def __init__(self, response: aiohttp.ClientResponse | DirectReply, *, packed: bool) -> None:
        self.status = response.status
        self.headers = _folded(response.headers.items())
        self.response = response
        self.read: Read = response.content.readany
        """Takes what has come, or waits for some; nothing at the end."""
        self.read_timer: ReadTimer | None = None
        self.is_through: Callable[[], bool] | None = response.content.at_eof
        """Tells that a read would bring nothing, without one; None where only a read can tell."""
        if packed and (kind := packing(self.headers)):
            self.is_through = None
            self.read = unpacking(self.read, kind)

    def guard(self) -> None:
        """Bound the reads of a stream, by one timer for all of them."""
        self.read_timer = ReadTimer(asyncio.get_running_loop(), self._give_up)

    def _give_up(self) -> None:
        self.response.content.set_exception(TimeoutError())

    @classmethod
    async def open_by(
        cls,
        proxies: Sequence[Mapping[str, Any]],
        session: aiohttp.ClientSession,
        request: Request,
        headers: Mapping[str, str],
        bounds: aiohttp.ClientTimeout,
    ) -> Self:
        """Send by the first of the proxies to try that can be reached."""
        *others, last = proxies
        for proxy_and_tls in others:
            try:
                return await cls.open(session, request, headers, bounds, proxy_and_tls)
            except OSError as error:
                if not _is_unreachable(error):
                    raise
        try:
            body = await cls.open(session, request, headers, bounds, last)
        except Exception as error:
            if last["proxy"] and getattr(error, "status", None) == _WANTS_PASSWORD:
                raise proxy_wants_password(shown_proxy(last["proxy"])) from None
            raise
        if last["proxy"] and body.status == _WANTS_PASSWORD:
            await body.close()
            raise proxy_wants_password(shown_proxy(last["proxy"]))
        return body

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        request: Request,
        headers: Mapping[str, str],
        bounds: aiohttp.ClientTimeout,
        proxy_and_tls: Mapping[str, Any],
    ) -> Self:
        body = request.body
        if session.connector is not None:  # closed, which aiohttp says better than we could
            take_clean_only(session.connector)
        response = await session.request(
            request.method,
            request.url,
            data=io.BytesIO(body) if body and len(body) >= _BIG_BODY else body,
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=bounds,
            **proxy_and_tls,
        )
        return cls(response, packed=not session.auto_decompress)

    async def close(self) -> None:
        if self.read_timer is not None:
            self.read_timer.stop()
        self.response.close()


class HttpxBody:
    """The reply of an async client of httpx2 or httpx."""

    read_timer = None

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers: dict[str, str] = dict(response.headers.items())
        self.is_through: Callable[[], bool] | None = None
        self._response = response
        self._chunks: AsyncGenerator[bytes, None]
        if response.is_stream_consumed:  # by a hook of the client, or it was never a stream
            self._chunks, kind = response.aiter_bytes(), ""
        else:
            self._chunks, kind = response.aiter_raw(), packing(self.headers)
        read: Read = partial(anext, self._chunks, b"")
        self.read = unpacking(read, kind) if kind else read

    @classmethod
    async def open(
        cls, client: Any, request: Request, headers: Mapping[str, str], left: float | None
    ) -> Self:
        # A little less than what is left: cancelled by us, a handshake would leak its socket.
        bounds = (left and max(left - _MARGIN, 0.001), request.timeouts.connect)
        connect = min((bound for bound in bounds if bound is not None), default=None)
        read = request.timeouts.read
        timeout = {"connect": connect, "read": read, "write": None, "pool": None}
        native = for_httpx(client, request, headers, timeout)
        response = await client.send(native, stream=True, follow_redirects=False)
        aguard(response)
        return cls(response)

    def guard(self) -> None:
        """Leave each read to a timer of its own: there is nobody to tell that time is up."""

    async def close(self) -> None:
        try:
            with contextlib.suppress(Exception):
                await self._chunks.aclose()
        finally:
            with contextlib.suppress(Exception):
                await self._response.aclose()


def unpacking(read: Read, kind: str) -> Read:
    """Unpack what an async function reads.

    Args:
        read: Returns the next bytes of the body as received; nothing at the end.
        kind: As `packing` says it.
    """
    unpacker: Unpacker | None = None

    async def read_unpacked() -> bytes:
        nonlocal unpacker
        if unpacker is None:
            unpacker = Unpacker(kind)
        elif piece := unpacker.take():
            await asyncio.sleep(0)  # one read may unpack to a thousand pieces
            return piece
        while data := await read():
            unpacker.feed(data)
            if piece := unpacker.take():
                return piece
        return b""

    return read_unpacked


def _is_unreachable(error: OSError) -> bool:
    return any(kind.__name__ == "ClientConnectorError" for kind in type(error).__mro__)


def _folded(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower the names and join the values of repeated ones, as httpx does."""
    folded: dict[str, str] = {}
    for name, value in headers:
        lowered = name.lower()
        folded[lowered] = f"{folded[lowered]}, {value}" if lowered in folded else value
    if not "".join(folded.values()).isascii():
        return {name: _readable(value) for name, value in folded.items()}
    return folded


def _readable(value: str) -> str:
    """A header of other characters, as httpx reads it; aiohttp leaves halves of characters."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")

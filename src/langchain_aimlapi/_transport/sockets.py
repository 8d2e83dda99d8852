"""The sync connections of this process: httpx2's own, on sockets that obey the deadline of the call.

They are used without an `httpx2.Client` above them, which costs as much as everything below it and
adds nothing that we need. They are routed by the environment's proxies as those of `aio` are, and
idle ones are kept alive, so that a peer which vanished without a word is noticed within minutes.
A request goes out in one write, head and body together, where two would wake the service twice.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import httpcore2
import httpx2

from langchain_aimlapi._transport.body_reader import OpenResponse
from langchain_aimlapi._transport.deadline import remaining
from langchain_aimlapi._transport.failures import proxy_wants_password
from langchain_aimlapi._transport.framing import ChunkJoiner
from langchain_aimlapi._transport.leftover import close_cleanly
from langchain_aimlapi._transport.locks import Lock, holding
from langchain_aimlapi._transport.open_files import most_connections
from langchain_aimlapi._transport.proxies import origin_of, proxies_for, shown_proxy, split_proxy
from langchain_aimlapi._transport.race import Race
from langchain_aimlapi._transport.tcp import KEEP_ALIVE, addresses
from langchain_aimlapi._transport.unpacking import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from langchain_aimlapi._transport.request import ClientOptions, Request

IDLE_SECONDS = 30.0
"""How long an unused connection is kept."""

_ONE_WRITE = 2**16
"""Bytes of a body that are copied behind the head; a longer one is written by itself."""


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner
        self._joiner = ChunkJoiner()
        self._unsent = b""
        self._reads_ahead = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._flush(timeout)
        while True:
            data = self._inner.read(max_bytes, remaining(timeout))
            if not data or (data := self._joiner.feed(data)):
                return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._unsent and len(buffer) <= _ONE_WRITE:
            buffer, self._unsent = self._unsent + buffer, b""
        elif not self._unsent and buffer.endswith(b"\r\n\r\n"):
            # A head: what follows is a body, or else a read.
            self._joiner.begin()
            self._unsent = bytes(buffer)
            return
        self._flush(timeout)
        self._inner.write(buffer, remaining(timeout))

    def _flush(self, timeout: float | None) -> None:
        if self._unsent:
            head, self._unsent = self._unsent, b""
            self._inner.write(head, remaining(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        encrypted = self._inner.get_extra_info("ssl_object") is not None
        stream = _Stream(self._inner.start_tls(ssl_context, server_hostname, remaining(timeout)))
        stream._reads_ahead = encrypted  # TLS in TLS buffers what the socket brings
        return stream

    def has_more(self) -> bool:
        """Tell whether more has been read from the socket than was asked for."""
        if not self._reads_ahead:
            return False
        with contextlib.suppress(httpcore2.TimeoutException, httpcore2.NetworkError):
            return bool(self._inner.read(1, 0.0))
        return False

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        # By address: given a name, the library would allow each of them its full time in turn.
        until = None if timeout is None else time.monotonic() + timeout
        found = _looked_up(host, port, remaining(timeout))
        options = [*KEEP_ALIVE, *(socket_options or ())]
        left = None if until is None else remaining(max(until - time.monotonic(), 0.001))
        attempts = [
            functools.partial(self._inner.connect_tcp, each, port, left, local_address, options)
            for each in found
        ]
        if len(attempts) == 1:
            return _Stream(attempts[0]())
        if not attempts:
            raise httpcore2.ConnectError(f"no address for {host}")
        return _Stream(_first(attempts, until))


def _first(
    attempts: list[functools.partial[httpcore2.NetworkStream]], until: float | None
) -> httpcore2.NetworkStream:
    race = Race(attempts, discard=httpcore2.NetworkStream.close)
    try:
        return race.winner(until)
    except TimeoutError:
        raise httpcore2.ConnectTimeout("no address answered in time") from None


def _looked_up(host: str, port: int, timeout: float | None) -> list[str]:
    try:
        return addresses(host, port, timeout)
    except TimeoutError:
        raise httpcore2.ConnectTimeout(f"looking up {host} took too long") from None


@functools.lru_cache(maxsize=64)
def _target(url: str) -> tuple[httpcore2.URL, bytes]:
    """Where a URL leads, and the host header that goes there."""
    parsed = httpx2.URL(url)
    target = httpcore2.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
    )
    return target, parsed.netloc


_Pooled: TypeAlias = "tuple[str | None, ssl.SSLContext | None]"


class Connections:
    """Connections by the deadline; a pool for each proxy, for plain traffic and each TLS context.

    Args:
        options: Proxy and number of connections.
        context: Called when the first encrypted connection is due.
    """

    def __init__(self, options: ClientOptions, context: Callable[[], ssl.SSLContext]) -> None:
        self._options = options
        self._context = context
        self._backend = _Backend()
        self._lock = Lock()
        self._pools: dict[_Pooled, httpcore2.ConnectionPool] = {}

    def open(
        self, request: Request, headers: Mapping[str, str], timeouts: dict[str, float | None]
    ) -> OpenResponse:
        """Send a request and return as soon as the head of the reply is there.

        Args:
            request: Where to, and what.
            headers: Sent instead of the request's own.
            timeouts: Seconds, by httpx2's names; looked at during the whole reply.
        """
        target, host = _target(request.url)
        native = httpcore2.Request(
            request.method,
            target,
            headers=_sent(request, headers, host),
            content=request.body,
            extensions={"timeout": timeouts},
        )
        reply = self._sent(native, request.url)
        stream = cast("Any", reply.stream)
        received = _received(reply.headers)
        close = functools.partial(close_cleanly, stream, reply.extensions["network_stream"])
        return OpenResponse(reply.status, received, iter(stream), close)

    def close(self) -> None:
        """Close all connections."""
        with self._lock, contextlib.ExitStack() as stack:
            for pool in self._pools.values():
                stack.callback(pool.close)
            self._pools.clear()

    def _sent(self, native: httpcore2.Request, url: str) -> httpcore2.Response:
        """Send by the first of the proxies to try that can be reached."""
        *others, last = proxies_for(origin_of(url), self._options.proxy)
        for proxy in others:
            with contextlib.suppress(httpcore2.ConnectError):
                return self._sent_by(proxy, native)
        try:
            return self._sent_by(last, native)
        except (httpcore2.ConnectError, socket.gaierror) as error:
            if last is None or isinstance(error.__cause__, ssl.SSLError):
                raise
            raise httpcore2.ProxyError(f"{shown_proxy(last)}: {error}") from error

    def _sent_by(self, proxy: str | None, native: httpcore2.Request) -> httpcore2.Response:
        context = self._context() if native.url.scheme == b"https" else None
        pool = self._pools.get((proxy, context)) or self._made(proxy, context)
        try:
            with holding:
                reply = pool.handle_request(native)
        except httpcore2.ProxyError as error:
            if proxy is not None and str(error).startswith("407"):
                raise proxy_wants_password(shown_proxy(proxy)) from None
            raise
        if proxy is not None and reply.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            reply.close()
            raise proxy_wants_password(shown_proxy(proxy))
        return reply

    def _made(self, proxy: str | None, context: ssl.SSLContext | None) -> httpcore2.ConnectionPool:
        with self._lock:
            return self._pools.setdefault((proxy, context), self._new(proxy, context))

    def _new(self, proxy: str | None, context: ssl.SSLContext | None) -> httpcore2.ConnectionPool:
        common: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": self._options.max_connections or most_connections(),
            "keepalive_expiry": IDLE_SECONDS,
            "network_backend": self._backend,
        }
        if proxy is None:
            return httpcore2.ConnectionPool(**common)
        url, auth = split_proxy(proxy)
        own = self._context() if url.startswith("https:") else None
        said = auth and (auth[0].encode(), auth[1].encode())
        return httpcore2.HTTPProxy(url, proxy_auth=said, proxy_ssl_context=own, **common)


def _sent(request: Request, headers: Mapping[str, str], host: bytes) -> list[tuple[bytes, bytes]]:
    own = {b"host": host, b"accept": b"*/*", b"accept-encoding": ACCEPTED.encode()}
    if request.method != "GET":
        own[b"content-length"] = b"%d" % len(request.body or b"")
    given = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    for name, _ in given:
        own.pop(name.lower(), None)
    return [*own.items(), *given]


def _received(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower the names and join the values of repeated ones."""
    folded: dict[str, str] = {}
    for name, value in headers:
        lowered = name.decode("ascii").lower()
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        folded[lowered] = f"{folded[lowered]}, {text}" if lowered in folded else text
    return folded

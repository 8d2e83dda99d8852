"""A transport for httpx2 whose every socket operation obeys the deadline of the call.

It also routes by the environment's proxies as `aio` does, and keeps idle connections alive, so that
a peer which vanished without a word is noticed within minutes.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from langchain_aimlapi._transport.deadline import remaining
from langchain_aimlapi._transport.route import KEEP_ALIVE, proxy_for, split_proxy

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    from langchain_aimlapi._transport.request import ClientOptions

IDLE_SECONDS = 30.0
"""How long an unused connection is kept."""


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, remaining(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, remaining(timeout)))

    def get_extra_info(self, info: str) -> Any:
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
        # One address at a time: given a name, the library would allow each its full time.
        failure: Exception | None = None
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                stream = self._inner.connect_tcp(
                    str(address[0]),
                    port,
                    remaining(timeout),
                    local_address,
                    [*KEEP_ALIVE, *(socket_options or ())],
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream)
        raise failure or httpcore2.ConnectError(f"no address for {host}")


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        self._stream.close()


class DeadlineTransport(httpx2.BaseTransport):
    """Connections by the deadline; a pool for each proxy, and for plain and encrypted traffic.

    Args:
        options: Proxy and number of connections.
        context: Called when the first encrypted connection is due.
    """

    def __init__(self, options: ClientOptions, context: Callable[[], ssl.SSLContext]) -> None:
        self._options = options
        self._context = context
        self._backend = _Backend()
        self._lock = threading.Lock()
        self._pools: dict[tuple[str | None, bool], httpcore2.ConnectionPool] = {}
        self._routes: dict[tuple[str, str, int | None], httpcore2.ConnectionPool] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return as soon as the head of the reply is there."""
        url = request.url
        reply = self._pool(url.scheme, url.host, url.port).handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            reply.status,
            headers=reply.headers,
            stream=_Body(reply.stream),
            extensions=reply.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        with self._lock, contextlib.ExitStack() as stack:
            for pool in self._pools.values():
                stack.callback(pool.close)
            self._pools.clear()
            self._routes.clear()

    def _pool(self, scheme: str, host: str, port: int | None) -> httpcore2.ConnectionPool:
        origin = (scheme, host, port)
        pool = self._routes.get(origin)
        if pool is None:
            with self._lock:
                key = (proxy_for(scheme, host, port, self._options.proxy), scheme == "https")
                if key not in self._pools:
                    self._pools[key] = self._made(*key)
                pool = self._routes[origin] = self._pools[key]
        return pool

    def _made(self, proxy: str | None, encrypted: bool) -> httpcore2.ConnectionPool:
        common: dict[str, Any] = {
            "ssl_context": self._context() if encrypted else None,
            "max_connections": self._options.max_connections,
            "keepalive_expiry": IDLE_SECONDS,
            "network_backend": self._backend,
        }
        if proxy is None:
            return httpcore2.ConnectionPool(**common)
        url, auth = split_proxy(proxy)
        own = self._context() if url.startswith("https:") else None
        return httpcore2.HTTPProxy(url, proxy_auth=auth, proxy_ssl_context=own, **common)

"""Requests over the connections of an aiohttp session, without the work of the session itself.

For each request a session parses the URL, merges and checks headers, asks for cookies, middlewares,
redirects and traces, and starts a task that writes the body: more work than writing the bytes and
parsing the reply. None of it changes what we send. So the head is written here, and the rest is
aiohttp's own: its connector (pool, DNS, TLS, both families of addresses) and its parser.

Where they meet lies below documented names. Those are looked at once; an aiohttp without them gets
every request by its session, as requests do that are not plain: those by a proxy, with a large
body, or with headers that change how bytes are sent. So does everything once somebody watches or
replaces what sessions do, as tracing tools and tools for tests do.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from aiohttp import client, client_proto
from yarl import URL

from langchain_aimlapi._transport.leftover import take_clean_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._transport.request import Request

__all__ = ["Begun", "Direct", "DirectReply"]

_MOST_BYTES = 2**16
"""Of a body. What does not fit into the socket would be kept and sent even after a cancellation."""
_MOST_TARGETS = 64
_REPLACED_BY_TOOLS = ("request", "_request")
_FIRST_FINAL, _SWITCHING = 200, 101
_CHANGING = frozenset({"connection", "content-encoding", "cookie", "expect", "host", "upgrade"})
_PARSER = {"skip_payload": False, "read_until_eof": True, "auto_decompress": False}


class Direct:
    """Sends by the connections of one session.

    Args:
        session: Its connector is used.
        limits: Of the parser, by aiohttp's names.
    """

    def __init__(self, session: aiohttp.ClientSession, limits: Mapping[str, int]) -> None:
        self._session = session
        self._connector: Any = session.connector
        take_clean_only(self._connector)
        self._parser = {**_PARSER, **limits}
        self._usable = _is_known(tuple(self._parser))
        self._targets: dict[tuple[URL, object], aiohttp.ClientRequest] = {}

    def begin(
        self, request: Request, headers: Mapping[str, str], way: Mapping[str, Any]
    ) -> Begun | None:
        """Return what a request begins with if it is plain; None where it is for the session.

        Args:
            request: What to send.
            headers: With which headers.
            way: aiohttp's arguments for the proxy and TLS.
        """
        is_plain = (
            self._usable
            and _is_untouched(self._session)
            and way["proxy"] is None
            and request.method == "POST"
            and 0 < len(request.body or b"") < _MOST_BYTES
            and not self._connector.closed
        )
        return _begin(request.url, tuple(headers)) if is_plain else None

    async def send(
        self,
        request: Request,
        begun: Begun,
        headers: Mapping[str, str],
        way: Mapping[str, Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # aiohttp's own
    ) -> DirectReply:
        """Send a plain request; return the reply once its head is there.

        The arguments are those of `begin`, what it returned, and aiohttp's timeouts: of connecting
        and of a read.

        Raises:
            Exception: What aiohttp raises.
        """
        try:
            target = self._target(begun.origin, way["ssl"])
            connection = await self._connector.connect(target, traces=[], timeout=timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(
                f"Connection timeout to host {begun.origin}"
            ) from error
        try:
            protocol = connection.protocol
            protocol.set_response_params(read_timeout=timeout.sock_read, **self._parser)
            _write(protocol.transport, begun, request.body or b"", headers)
            protocol.start_timeout()
            while True:
                message, payload = await protocol.read()
                if message.code >= _FIRST_FINAL or message.code == _SWITCHING:
                    return DirectReply(connection, message, payload)
        except BaseException:
            connection.close()
            raise

    def _target(self, origin: URL, ssl: Any) -> aiohttp.ClientRequest:
        """What the connector takes the host and the trusted authorities from."""
        target = self._targets.get((origin, ssl))
        if target is None:
            if len(self._targets) >= _MOST_TARGETS:
                self._targets.clear()
            loop = asyncio.get_running_loop()
            target = aiohttp.ClientRequest("POST", origin, ssl=ssl, loop=loop)
            self._targets[origin, ssl] = target
        return target


class DirectReply:
    """The reply to a plain request, with those names of `aiohttp.ClientResponse` that we use."""

    __slots__ = ("__weakref__", "_connection", "content", "headers", "status")

    def __init__(self, connection: Any, message: Any, payload: aiohttp.StreamReader) -> None:
        self.status: int = message.code
        self.headers: Mapping[str, str] = message.headers
        self.content = payload
        self._connection = connection
        payload.on_eof(self._ended)

    def _ended(self) -> None:
        """Keep the connection, unless it is none of HTTP any more or the request is still going."""
        connection = self._connection
        if connection is None or connection.protocol.upgraded:
            return
        self._connection = None
        if connection.transport is None or connection.transport.get_write_buffer_size():
            connection.close()
        else:
            connection.release()

    def close(self) -> None:
        """Close the connection, unless the reply was read to its end."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self.content.exception() is None:  # whoever is reading
            self.content.set_exception(aiohttp.ClientConnectionError("Connection closed"))
        connection.close()

    def __del__(self) -> None:
        if (connection := self._connection) is not None:
            connection.release()  # closes it: there is more to come


class Begun(NamedTuple):
    """What requests to one URL with headers of the same names begin with."""

    origin: URL
    head: str


@functools.lru_cache(maxsize=256)
def _begin(url: str, names: tuple[str, ...]) -> Begun | None:
    """The first lines of a head, as a session writes them; None if the headers are not plain."""
    lowered = set(map(str.lower, names))
    if lowered & _CHANGING or "content-type" not in lowered:
        return None
    parsed = URL(url)
    host = parsed.host_port_subcomponent
    if host is None or parsed.raw_user is not None:
        return None
    accepted = "" if "accept" in lowered else "Accept: */*\r\n"
    head = f"POST {parsed.raw_path_qs} HTTP/1.1\r\nHost: {host}\r\n{accepted}"
    return Begun(parsed.origin(), head)


def _write(transport: Any, begun: Begun, body: bytes, headers: Mapping[str, str]) -> None:
    if transport is None or transport.is_closing():
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = f"{begun.head}{lines}Content-Length: {len(body)}\r\n\r\n"
    transport.write(head.encode() + body)


def _is_untouched(session: aiohttp.ClientSession) -> bool:
    """Tell whether nobody traces this session or has put something else before what all do."""
    return not session.trace_configs and all(
        _is_aiohttps(vars(aiohttp.ClientSession).get(name)) for name in _REPLACED_BY_TOOLS
    )


@functools.lru_cache(maxsize=16)
def _is_aiohttps(method: object) -> bool:
    return isinstance(method, FunctionType) and method.__globals__ is vars(client)


@functools.cache
def _is_known(options: tuple[str, ...]) -> bool:
    """Tell whether this aiohttp has what is used below its documented names."""
    try:
        handler = client_proto.ResponseHandler
        taken = inspect.signature(handler.set_response_params).parameters
        connecting = inspect.signature(aiohttp.BaseConnector.connect).parameters
        asked = inspect.signature(aiohttp.ClientRequest).parameters
    except AttributeError:
        return False
    return (
        {"read_timeout", *options} <= set(taken)
        and {"req", "traces", "timeout"} <= set(connecting)
        and {"ssl", "loop"} <= set(asked)
        and all(hasattr(handler, name) for name in ("read", "start_timeout", "upgraded"))
    )

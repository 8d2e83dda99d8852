"""Bytes that nobody asked for: what a service sends behind the end of a reply.

On a connection that is kept they would be read as the reply to the next request, whoever sends it
and with whatever key, and every later reply would be off by one. So a connection with such bytes is
closed. The HTTP libraries do not see to that themselves. Theory of where the bytes can be:

- In the parser, when they came with the end of the reply. httpx2 and httpx parse by h11, which keeps
  them for the next reply: looked at when a reply is closed, before its connection goes back to the
  pool. h11 is told that sending failed, and the library then closes the connection by itself. h11
  lies below private names; should they change, no connection is kept, and a test fails.
- In a TLS layer that reads ahead. A sync one is asked by a read that does not wait.
- In what anyio, below the async clients, has read from the socket and not handed on yet, and in the
  TLS layers over it. A read that does not wait would be wrong there: it takes bytes out of the
  socket, where the pool looks for them, and is cancelled before it hands them on. So nothing is
  read; its buffers are looked at. They lie below private names, as the parser does.
- In the socket, when they came later. The pools of httpx2 and httpx look there before they use a
  connection again; aiohttp's does not, and reads on while a connection is idle: so for aiohttp
  all is looked at when a connection is taken from the pool.
"""

from __future__ import annotations

import contextlib
import functools
import operator
import select
import ssl
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_NO_WAIT = 0.0
_STREAMS = ("_stream", "_httpcore_stream", "_connection")
_DEEPEST = 8

# Below what httpx2's own pools return, as `sockets` uses them.
_pooled_parser = operator.attrgetter("_stream._connection._h11_state")

# Of anyio's streams.
_socket_queue = operator.attrgetter("_protocol.read_queue")
_tls_object = operator.attrgetter("_ssl_object")
_tls_unread = operator.attrgetter("_read_bio.pending")


# --- httpx2, httpx and what is below them ---------------------------------------------------------


def close_cleanly(stream: Any, network_stream: Any) -> None:
    """Close the body of a reply; its connection is kept only if nothing came behind it.

    Args:
        stream: The library's stream of a body.
        network_stream: The connection's, one of `sockets`.
    """
    parser = _parser(stream)
    if parser is None:
        network_stream.close()
    elif parser.trailing_data[0] or network_stream.has_more():
        parser.send_failed()
    stream.close()


def guard(response: Any) -> None:
    """Let the close of a reply keep its connection only if nothing came behind it.

    Args:
        response: Of a sync client of httpx2 or httpx.
    """
    network_stream = _http1_stream(response)
    if network_stream is None:
        return
    stream = response.stream

    def checked_close() -> None:
        del stream.close  # once; and so there is no cycle left
        parser = _parser(stream)
        if parser is None:
            network_stream.close()
        elif not _spoilt(stream) and _has_more(network_stream):
            parser.send_failed()
        stream.close()

    if not response.is_closed:
        stream.close = checked_close
    elif _spoilt(stream):  # an event hook has read all of it
        network_stream.close()


def aguard(response: Any) -> None:
    """The same for a reply of an async client."""
    network_stream = _http1_stream(response)
    if network_stream is None:
        return
    stream = response.stream

    async def checked_aclose() -> None:
        del stream.aclose
        parser = _parser(stream)
        if parser is None:
            await network_stream.aclose()
        elif not _spoilt(stream) and _holds_more(network_stream):
            parser.send_failed()
        await stream.aclose()

    stream.aclose = checked_aclose


def _http1_stream(response: Any) -> Any:
    """The connection that a reply came on; None if there is none, or several share it."""
    version = response.extensions.get("http_version", b"")
    return response.extensions.get("network_stream") if version.startswith(b"HTTP/1") else None


def _parser(stream: Any) -> Any:
    """h11's connection, which the stream of a body is read by."""
    try:
        return _pooled_parser(stream)
    except AttributeError:
        pass
    for _ in range(_DEEPEST):
        parser = getattr(stream, "_h11_state", None)
        if parser is not None:
            return parser
        inner = (getattr(stream, name, None) for name in _STREAMS)
        stream = next((each for each in inner if each is not None), None)
    return None


def _spoilt(stream: Any) -> bool:
    """Have the connection closed if the parser holds more than the reply; tell whether it does."""
    parser = _parser(stream)
    if parser is None or not parser.trailing_data[0]:
        return False
    parser.send_failed()
    return True


def _has_more(network_stream: Any) -> bool:
    """Tell whether a TLS layer has read more."""
    if network_stream.get_extra_info("ssl_object") is None:
        return False
    with contextlib.suppress(Exception):
        return bool(network_stream.read(1, timeout=_NO_WAIT))
    return False


def _holds_more(network_stream: Any) -> bool:
    """Tell whether anyio holds bytes that were not asked for yet, or may hold some."""
    stream: Any = getattr(network_stream, "_stream", None)
    try:
        while hasattr(stream, "transport_stream"):
            if _tls_holds_more(stream):
                return True
            stream = stream.transport_stream
        return bool(_socket_queue(stream))
    except AttributeError:
        return True  # another anyio, or another kind of stream: better a new connection


def _tls_holds_more(stream: Any) -> bool:
    """Tell whether one TLS layer has whole or partial records; tickets in them are taken out."""
    try:
        _tls_object(stream).read(1)
    except ssl.SSLWantReadError:
        return bool(_tls_unread(stream))
    except ssl.SSLError:
        pass
    return True


# --- aiohttp --------------------------------------------------------------------------------------


def take_clean_only(connector: Any) -> None:
    """Let a connector of aiohttp hand out a kept connection only if nothing came on it meanwhile.

    Put before `connect` of this one object: a session that was passed in keeps its connector, with
    all that it was set to, and aiohttp offers no other place between the two.
    """
    if isinstance(connector.__dict__.get("connect"), _CleanConnect):
        return
    connector.connect = _CleanConnect(connector)


class _CleanConnect:
    """`connect` of one connector."""

    def __init__(self, connector: object) -> None:
        given = connector.__dict__.get("connect")
        self._connect: Callable[..., Awaitable[Any]] = given or functools.partial(
            _connect,
            weakref.ref(connector),  # no cycle, or it would be closed late
        )
        self._readable: weakref.WeakKeyDictionary[object, Callable[[], object]] = (
            weakref.WeakKeyDictionary()
        )

    async def __call__(self, *args: object, **named: Any) -> object:
        while True:
            connection = await self._connect(*args, **named)
            protocol = connection.protocol
            is_readable = self._readable.get(protocol)
            if is_readable is None:
                self._readable[protocol] = readable(protocol.transport)
                return connection  # a new one: TLS may well speak first
            if not (protocol.should_close or is_readable()):
                return connection
            connection.close()


def _connect(connector: weakref.ref[object], *args: object, **named: object) -> Awaitable[Any]:
    found: Any = connector()
    connecting: Awaitable[Any] = type(found).connect(found, *args, **named)
    return connecting


def readable(transport: Any) -> Callable[[], object]:
    """Return what tells whether a read from the socket of a transport would return at once.

    For as long as the transport is open.
    """
    sock = None if transport is None else transport.get_extra_info("socket")
    number: int = -1 if sock is None else sock.fileno()
    if number < 0:  # it was lost meanwhile, which the next write tells, or is no socket
        return bool
    if not hasattr(select, "poll"):
        return lambda: select.select([number], [], [], 0)[0]
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return functools.partial(poll.poll, 0)

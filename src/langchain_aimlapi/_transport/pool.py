"""HTTP clients, made on first use and shared by every model of a process that wants the same.

A sync client belongs to a process, an async session to a process and a running event loop. Theory:

- The session of a loop must be closed inside that loop, before it ends, and nobody tells us when
  that is. But `asyncio.run` closes the async generators that were started in the loop; so each
  session is held by one, advanced once, whose `finally` closes the session and forgets it.
- A loop that was closed without that leaves its session to us: the next call clears it away, and
  at the end of the process what remains is left to the operating system.
- After `os.fork()` the child has the parent's sockets. Using them would mix two conversations,
  closing them politely would end the parent's (and an event loop's selector is shared, too). So the
  child forgets everything without touching it.
- `close` must not cut off another model's stream: a client in use is only marked, and closed by
  whoever gives it back last.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import functools
import os
import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from langchain_aimlapi._transport.budget import ProcessBudget
from langchain_aimlapi._transport.locks import Lock
from langchain_aimlapi._transport.open_files import most_connections
from langchain_aimlapi._transport.proxies import for_aiohttp, origin_of, proxies_for
from langchain_aimlapi._transport.time_limits import TimeLimits
from langchain_aimlapi._transport.tls import environment, ssl_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

    import aiohttp

    from langchain_aimlapi._transport.direct import Direct, DirectReply
    from langchain_aimlapi._transport.request import ClientOptions
    from langchain_aimlapi._transport.sockets import Connections

C = TypeVar("C")

_DNS_SECONDS = 60
_LONGEST_HEAD = 2**16
_PARSER_LIMITS: dict[str, Any] = {
    "read_bufsize": 2**17,
    "max_field_size": _LONGEST_HEAD,
    "max_line_size": _LONGEST_HEAD,
    "max_headers": 500,
}


class Shared(Generic[C]):
    """A client, and how many calls are using it."""

    __slots__ = (
        "client",
        "direct",
        "holder",
        "limits",
        "reading",
        "replies",
        "retired",
        "slots",
        "users",
        "ways",
    )

    def __init__(self, client: C) -> None:
        self.client = client
        self.holder: AsyncGenerator[None, None] | None = None
        self.users = 0
        self.retired = False
        self.reading = asyncio.Lock()
        self.slots: asyncio.Semaphore | None = None
        self.direct: Direct | None = None
        self.limits: TimeLimits | None = None
        # aiohttp's arguments for each proxy and TLS context.
        self.ways: dict[tuple[str | None, ssl.SSLContext | None], dict[str, object]] = {}
        self.replies: weakref.WeakSet[aiohttp.ClientResponse | DirectReply] = weakref.WeakSet()


class _State:
    """All that one process shares."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.budget = ProcessBudget()
        self.contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
        self.clients: dict[ClientOptions, Shared[Connections]] = {}
        self.sessions: dict[
            tuple[asyncio.AbstractEventLoop, ClientOptions], Shared[aiohttp.ClientSession]
        ] = {}


_state = _State()


def _forget() -> None:
    """Start afresh in a forked child, leaving alone for ever what belongs to the parent."""
    global _state
    inherited, _state = _state, _State()
    if inherited.clients or inherited.sessions:
        _keep_for_ever(inherited)


def _keep_for_ever(state: _State) -> None:
    """Leak a reference on purpose, so that no finalizer touches a socket or a loop of it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(state))


def _at_exit() -> None:
    close_all()
    if _state.sessions:
        _keep_for_ever(_state)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(_at_exit)


def budget() -> ProcessBudget:
    """Return the retries that this process shares."""
    return _state.budget


def context_for(options: ClientOptions) -> ssl.SSLContext:
    """Return the one TLS context for these options: reading the authorities takes a while.

    What the environment says of them is read each time: it may be set after a first failure.
    """
    state, key = _state, _trust(options)
    context = state.contexts.get(key)
    if context is None:
        context = state.contexts.setdefault(key, ssl_context(options.verify))
    return context


def _trust(options: ClientOptions) -> tuple[object, ...]:
    verify = options.verify
    return (verify, *environment()) if verify is True else (verify,)


def borrow(options: ClientOptions) -> Shared[Connections]:
    """Return the sync client for these options; give it back when done."""
    state = _state
    with state.lock:
        shared = state.clients.get(options)
        if shared is None:
            shared = state.clients.setdefault(options, Shared(_connections(options)))
        shared.users += 1
        return shared


def give_back(shared: Shared[Connections]) -> None:
    """End a use of a sync client."""
    with _state.lock:
        shared.users -= 1
        last = shared.retired and not shared.users
    if last:
        shared.client.close()


def close(options: ClientOptions) -> None:
    """Close the sync client for these options, once no call uses it."""
    with _state.lock:
        shared = _state.clients.pop(options, None)
        if shared is None:
            return
        shared.retired = True
        idle = not shared.users
    if idle:
        shared.client.close()


def close_all() -> None:
    """Close every sync client of this process, each once no call uses it."""
    for options in list(_state.clients):
        close(options)


def _connections(options: ClientOptions) -> Connections:
    from langchain_aimlapi._transport.sockets import Connections  # noqa: PLC0415 - not before use

    return Connections(options, lambda: context_for(options))


def reborrow(options: ClientOptions) -> Shared[aiohttp.ClientSession] | None:
    """Return the session of the running loop for these options, if there is one, as `aborrow` does."""
    shared = _state.sessions.get((asyncio.get_running_loop(), options))
    if shared is not None:
        shared.users += 1
    return shared


async def aborrow(options: ClientOptions) -> Shared[aiohttp.ClientSession]:
    """Return the session of the running loop for these options; give it back when done."""
    if (shared := reborrow(options)) is not None:
        return shared
    loop = asyncio.get_running_loop()
    _sweep()
    shared = Shared(_session())
    shared.direct = _direct(shared.client)
    shared.limits = TimeLimits(loop)
    shared.slots = _slots(options)
    _state.sessions[loop, options] = shared
    shared.holder = _hold(shared, loop, options)
    await anext(shared.holder)
    shared.users += 1
    return shared


def ways_to(
    url: str, shared: Shared[aiohttp.ClientSession], options: ClientOptions
) -> list[dict[str, Any]] | None:
    """Return the arguments that send a request by the proxies to try, one after another.

    Returns:
        aiohttp's names: the proxy, and which authorities are trusted. Kept for each two of these,
        not for each URL, of which there may be as many as calls. None if the authorities have to
        be read first, which `await_ways_to` does.
    """
    origin = origin_of(url)
    ways = []
    for proxy in proxies_for(origin, options.proxy):
        context = None
        if origin.scheme == "https" or (proxy is not None and proxy.startswith("https:")):
            context = _state.contexts.get(_trust(options))
            if context is None:
                return None
        way = shared.ways.get((proxy, context))
        if way is None:
            named = proxy and for_aiohttp(proxy)
            way = shared.ways[proxy, context] = {"proxy": named, "ssl": context or True}
        ways.append(way)
    return ways


async def await_ways_to(
    url: str, shared: Shared[aiohttp.ClientSession], options: ClientOptions
) -> list[dict[str, Any]]:
    """Return the same, with the authorities read by a thread and not by the event loop."""
    while (ways := ways_to(url, shared, options)) is None:
        async with shared.reading:
            await asyncio.to_thread(context_for, options)
    return ways


def forget_addresses(shared: Shared[aiohttp.ClientSession]) -> None:
    """Look up hosts again: one that could not be reached may have moved."""
    clear = getattr(shared.client.connector, "clear_dns_cache", None)
    if clear is not None:  # a closed session has no connector
        clear()


@functools.lru_cache(maxsize=64)
def client_timeout(
    connect: float | None, read: float | None, *, queued: bool = False
) -> aiohttp.ClientTimeout:
    """Return aiohttp's timeouts: the connection's and the socket's; all others are ours.

    Args:
        connect: Seconds.
        read: Seconds without a byte.
        queued: Whether the session has a limit of connections, so that calls may wait for a free
            one. aiohttp's bound that includes looking up the host counts that wait too, so then
            only the connecting itself is limited.
    """
    import aiohttp  # noqa: PLC0415 - not before the first call

    if queued:
        return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)


async def agive_back(shared: Shared[aiohttp.ClientSession]) -> None:
    """End a use of a session."""
    shared.users -= 1
    if shared.retired and not shared.users and shared.holder is not None:
        await shared.holder.aclose()


async def aclose(options: ClientOptions) -> None:
    """Close the running loop's session for these options, once no call uses it."""
    shared = _state.sessions.pop((asyncio.get_running_loop(), options), None)
    if shared is None:
        return
    shared.retired = True
    if not shared.users and shared.holder is not None:
        await shared.holder.aclose()


async def aclose_all() -> None:
    """Close all sessions of the running loop, each once no call uses it."""
    running = asyncio.get_running_loop()
    for loop, options in list(_state.sessions):
        if loop is running:
            await aclose(options)


async def _hold(
    shared: Shared[aiohttp.ClientSession], loop: asyncio.AbstractEventLoop, options: ClientOptions
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        if _state.sessions.get((loop, options)) is shared:
            del _state.sessions[loop, options]
        for reply in list(shared.replies):
            reply.close()
        if shared.limits is not None:
            shared.limits.stop()
        await shared.client.close()


def _slots(options: ClientOptions) -> asyncio.Semaphore | None:
    """Return what calls wait for until they may have a connection.

    Not aiohttp's own limit: waiting for that counts as connecting, which has a bound of its own.
    """
    most = options.max_connections or most_connections()
    return None if most is None else asyncio.Semaphore(most)


def _session() -> aiohttp.ClientSession:
    import aiohttp  # noqa: PLC0415 - not before the first call

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,
            ttl_dns_cache=_DNS_SECONDS,
            keepalive_timeout=30.0,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        **_PARSER_LIMITS,
    )


def _direct(session: aiohttp.ClientSession) -> Direct:
    from langchain_aimlapi._transport.direct import Direct  # noqa: PLC0415 - not before use

    return Direct(session, _PARSER_LIMITS)


def _sweep() -> None:
    """Clear away the sessions of loops that were closed without closing them."""
    for loop, options in list(_state.sessions):
        if loop.is_closed() and (shared := _state.sessions.pop((loop, options), None)):
            # With its loop closed there is nothing to wait for, so one step takes it to its end.
            with contextlib.suppress(StopIteration):
                shared.client.close().send(None)

"""What is passed in from other libraries: their timeouts, and clients of one's own."""

from __future__ import annotations

import asyncio
import inspect
import sys
from typing import Any

from langchain_aimlapi._transport.request import Timeouts
from langchain_aimlapi.errors import ConfigurationError

_PAIR = 2


def as_timeouts(value: Any) -> Any:
    """Read `httpx.Timeout` and the pair (connect, read) of requests; leave all else as it is.

    Raises:
        ConfigurationError: A bound is not a positive number.
    """
    if isinstance(value, Timeouts):
        return value
    if all(hasattr(value, name) for name in ("connect", "read", "write", "pool")):
        return Timeouts(connect=value.connect, read=value.read)
    if isinstance(value, tuple | list):
        if len(value) != _PAIR:
            raise ConfigurationError(
                f"timeout={value!r} should be seconds, Timeouts, or the pair (connect, read)."
            )
        return Timeouts(connect=value[0], read=value[1])
    return value


def check_sync_client(client: Any) -> object:
    """Return a client for sync calls.

    Raises:
        ConfigurationError: It is an async one, or none at all.
    """
    if client is None or (_sends(client) and not inspect.iscoroutinefunction(client.send)):
        return client
    raise ConfigurationError(
        f"http_client must be an httpx2.Client or an httpx.Client, not {_name(client)}."
        + (" An async client goes to http_async_client." if _is_async(client) else "")
    )


def check_async_client(client: object) -> object:
    """Return a client for async calls.

    Raises:
        ConfigurationError: It is a sync one, or none at all.
    """
    if client is None or _is_async(client):
        return client
    raise ConfigurationError(
        "http_async_client must be an aiohttp.ClientSession, or an AsyncClient of httpx2 or httpx, "
        f"not {_name(client)}." + (" A sync client goes to http_client." if _sends(client) else "")
    )


def require_asyncio(*, now: bool = True) -> None:
    """Refuse to run without an event loop of asyncio, such as under trio.

    Args:
        now: Whether the loop must run already; an async iterator may be made before it.

    Raises:
        ConfigurationError: With the way out.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if not now and not _in_trio():
            return
        raise ConfigurationError(
            "The async methods need an event loop of asyncio; under trio, call the sync ones by "
            "trio.to_thread.run_sync."
        ) from None


def _in_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_run())


def _sends(client: object) -> bool:
    methods = (getattr(client, "build_request", None), getattr(client, "send", None))
    return all(map(callable, methods)) and not isinstance(client, type)


def _is_async(client: Any) -> bool:
    if _sends(client):
        return inspect.iscoroutinefunction(client.send)
    has_request = callable(getattr(client, "request", None)) and hasattr(client, "connector")
    return has_request and not isinstance(client, type)


def _name(client: object) -> str:
    kind = client if isinstance(client, type) else type(client)
    name = f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
    return f"the class {name}" if kind is client else name

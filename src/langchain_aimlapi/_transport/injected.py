"""Clients that were passed in: what they were set to holds where nothing was said to us."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._transport.request import Timeouts
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_aimlapi._transport.request import Request

_HTTPX_DEFAULT = (5.0, 5.0, 5.0, 5.0)
_AIOHTTP_DEFAULT = (300, None, None, 30)
"""What the libraries take if nobody says anything; too short for models, and nobody's wish."""


def with_own_timeouts(request: Request, client: object) -> Request:
    """Return a request that keeps to the timeouts of the client, if it has any of its own.

    Args:
        request: Its timeouts hold if they were set.
        client: None for one of the pool's.
    """
    if client is None or request.timeouts_are_set:
        return request
    own = None
    with contextlib.suppress(ConfigurationError):  # of seconds that we would not take
        own = _own(getattr(client, "timeout", None))
    return request if own is None else replace(request, timeouts=own)


def _own(timeout: Any) -> Timeouts | None:
    if hasattr(timeout, "sock_read"):  # aiohttp's
        told = (timeout.total, timeout.connect, timeout.sock_read, timeout.sock_connect)
        if told == _AIOHTTP_DEFAULT:
            return None
        connect = timeout.connect or timeout.sock_connect
        return Timeouts(connect=connect, read=timeout.sock_read, total=timeout.total or None)
    if hasattr(timeout, "read"):
        told = (timeout.connect, timeout.read, timeout.write, timeout.pool)
        return (
            None if told == _HTTPX_DEFAULT else Timeouts(connect=timeout.connect, read=timeout.read)
        )
    return None

"""How to get to a host: by which proxy, trusting which certificates, with which socket options.

Both worlds ask here, so that sync and async calls of one model take the same way.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_AFTER_SECONDS, _EVERY_SECONDS, _PROBES = 60, 30, 4


def _keep_alive() -> list[tuple[int, int, int]]:
    named = {
        "TCP_KEEPIDLE": _AFTER_SECONDS,
        "TCP_KEEPINTVL": _EVERY_SECONDS,
        "TCP_KEEPCNT": _PROBES,
    }
    known = {getattr(socket, name, None): value for name, value in named.items()}
    options = [(socket.IPPROTO_TCP, name, value) for name, value in known.items() if name]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]


KEEP_ALIVE: Sequence[tuple[int, int, int]] = _keep_alive()
"""Socket options by which a dead peer is noticed after three minutes, not two hours."""


def proxy_for(scheme: str, host: str, port: int | None, configured: str | None) -> str | None:
    """Return the URL of the proxy to use, or None to go straight.

    What is configured wins over `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Raises:
        ConfigurationError: The proxy is of a kind we do not speak.
    """
    proxy = configured or _from_environment(scheme, host, port)
    if not proxy:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    kind = proxy.partition("://")[0].lower()
    if kind not in {"http", "https"}:
        raise ConfigurationError(
            f"a {kind!r} proxy is not supported",
            hint="Pass an http_client and an http_async_client that use it.",
        )
    return proxy


def _from_environment(scheme: str, host: str, port: int | None) -> str | None:
    place = host if port is None or ":" in host else f"{host}:{port}"
    if proxy_bypass(place):
        return None
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all")


def addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses of a host, best first.

    The system's resolver cannot be told to hurry, so with a limit it works in a thread that is left
    behind when it is late.

    Raises:
        OSError: Nobody knows the host.
        TimeoutError: The resolver took longer than `timeout` seconds.
    """
    with contextlib.suppress(socket.gaierror):
        return _resolved(host, port, socket.AI_NUMERICHOST)  # asks nobody
    if timeout is None:
        return _resolved(host, port)
    found: Future[list[str]] = Future()
    threading.Thread(target=_resolve_into, args=(found, host, port), daemon=True).start()
    return found.result(timeout)


def _resolve_into(found: Future[list[str]], host: str, port: int) -> None:
    try:
        found.set_result(_resolved(host, port))
    except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
        found.set_exception(error)


def _resolved(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [str(place[0]) for *_, place in found]


def split_proxy(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the URL of a proxy without its user and password, and these."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}", (unquote(parts.username), unquote(parts.password or ""))


def ssl_context(verify: bool | str | ssl.SSLContext) -> ssl.SSLContext:
    """Make the context for encrypted connections.

    Args:
        verify: True for the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`;
            False for no check at all; a file or directory of authorities; or a context as it is.

    Raises:
        ConfigurationError: The authorities cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    try:
        return _context(verify)
    except (OSError, ssl.SSLError) as error:
        source = verify if isinstance(verify, str) else "SSL_CERT_FILE or the system's"
        raise ConfigurationError(f"cannot read certificates from {source}: {error}") from error


def _context(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, str):
        folder = Path(verify).is_dir()
        return ssl.create_default_context(
            cafile=None if folder else verify, capath=verify if folder else None
        )
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    # httpx2's choice: the system's store also where OpenSSL does not know it.
    from httpcore2 import default_ssl_context  # noqa: PLC0415 - only encrypted calls need it

    return default_ssl_context()

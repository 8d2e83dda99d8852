"""Which proxy a request goes by.

Sync and async calls of one model ask here, so that they take the same one. Theory: what is given in
code always holds. Else the environment is read for every call, since a notebook may learn of its
proxy late, and the answer is kept for as long as the variables stay the same.

A loopback address goes by no proxy of the environment: on another machine it means another machine,
and everything that is tried out here would fail behind a company's proxy. Only where nothing listens
there, a proxy on this machine itself is asked.
"""

from __future__ import annotations

import fnmatch
import functools
import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from langchain_aimlapi._transport.environment import reader
from langchain_aimlapi._transport.request import is_sendable
from langchain_aimlapi.errors import ConfigurationError

_variables = reader(
    name
    for kind in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method")
    for name in (kind, kind.upper())
)
_KEPT = 256


class Origin(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    """Without brackets."""
    port: int | None
    """None for the scheme's own."""


@functools.lru_cache(maxsize=_KEPT)
def origin_of(url: str) -> Origin:
    """Return where a URL leads."""
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port)


def proxies_for(origin: Origin, configured: str | None) -> tuple[str | None, ...]:
    """Return the URLs of the proxies to try, one after another; None stands for no proxy.

    Args:
        origin: Where to.
        configured: In code; wins over `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Raises:
        ConfigurationError: The proxy is of a kind we do not speak, or its address is none.
    """
    if configured:
        return (_usable(configured),)
    return _from_environment(origin, _variables())


@functools.lru_cache(maxsize=_KEPT)
def _from_environment(origin: Origin, _: tuple[object, ...]) -> tuple[str | None, ...]:
    """The same while the variables stay the same, which are read by the standard library."""
    proxies = getproxies()
    found = proxies.get(origin.scheme) or proxies.get("all")
    if not found or _is_excepted(origin, proxies.get("no", "")):
        return (None,)
    proxy = _usable(found)
    if not is_loopback(origin.host):
        return (proxy,)
    return (None, proxy) if is_loopback(urlsplit(proxy).hostname or "") else (None,)


def _usable(proxy: str) -> str:
    proxy = proxy.strip()
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    kind = proxy.partition("://")[0].lower()
    if kind not in {"http", "https"}:
        raise ConfigurationError(
            f"a {kind!r} proxy is not supported",
            hint="Pass an http_client and an http_async_client that use it.",
        )
    credentials, at, place = proxy.partition("://")[2].rpartition("@")
    if not is_sendable(f"{kind}://{place}"):
        raise ConfigurationError(
            "the address of the proxy is none",
            hint="It should look like http://user:password@host:3128.",
        )
    # People write passwords as they are, with slashes and question marks in them.
    user, colon, password = credentials.partition(":")
    return f"{kind}://{quote(user, safe='%')}{colon}{quote(password, safe='%')}{at}{place}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by any of its loopback names and addresses."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


# --- NO_PROXY -------------------------------------------------------------------------------------


def _is_excepted(origin: Origin, no_proxy: str) -> bool:
    """Read `NO_PROXY` as httpx, requests and the standard library do, each form that one of them has.

    Hosts and domains (`example.com` with all below it, `.example.com`), wildcards (`*`,
    `*.example.com`), addresses and networks (`10.0.0.0/8`, `[::1]`, `fd00::/8`), each with a port or
    a scheme.
    """
    entries = re.split(r"[,\s]+", no_proxy.strip())
    if any(entry and _matches(origin, entry.lower()) for entry in entries):
        return True
    # What the settings of macOS and Windows except; they hold where no variable is set.
    return not no_proxy and proxy_bypass(origin.host)


def _matches(origin: Origin, entry: str) -> bool:
    scheme, separator, place = entry.rpartition("://")
    if separator and scheme not in {origin.scheme, "all"}:
        return False
    host, port = _host_and_port(place)
    if port is not None and port != (origin.port or {"http": 80, "https": 443}[origin.scheme]):
        return False
    return _is_host(origin.host.rstrip(".").lower(), host)


def _host_and_port(place: str) -> tuple[str, int | None]:
    """Take a port off; an IPv6 address without brackets has none."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", place)
    return (found[1], int(found[2])) if found else (place, None)


def _is_host(host: str, pattern: str) -> bool:
    if "/" in pattern:
        return _is_in_network(host, pattern)
    wanted, given = _address(pattern), _address(host)
    if wanted is not None or given is not None:
        return wanted == given or ("*" in pattern and fnmatch.fnmatchcase(host, pattern))
    if "*" in pattern:
        return fnmatch.fnmatchcase(host, pattern)
    domain = pattern.strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _is_in_network(host: str, pattern: str) -> bool:
    address = _address(host)
    try:
        network = ipaddress.ip_network(pattern.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    return address is not None and address in network


# --- a proxy's URL --------------------------------------------------------------------------------


def split_proxy(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the URL of a proxy without its user and password, and these."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}", (unquote(parts.username), unquote(parts.password or ""))


def for_aiohttp(url: str) -> str:
    """A proxy's URL as aiohttp sends its user and password in UTF-8; it writes them in Latin-1."""
    bare, auth = split_proxy(url)
    if auth is None or "".join(auth).isascii():
        return url
    user, password = (quote(said.encode().decode("latin-1"), safe="") for said in auth)
    scheme, _, place = bare.partition("://")
    return f"{scheme}://{user}:{password}@{place}"


def shown_proxy(url: str) -> str:
    """Return a proxy's host and port, as an error may show them."""
    return urlsplit(url).netloc.rpartition("@")[2]

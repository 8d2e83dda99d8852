"""Names, connections and certificates, with the standard library: where on the way it ends.

A library says "cannot connect"; here each step is taken alone: the look-up of the name, the
connection (through the proxy, if one applies), and the encryption.
"""

from __future__ import annotations

import base64
import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from langchain_aimlapi._transport.proxies import is_loopback, shown_proxy, split_proxy
from langchain_aimlapi._transport.tls import ssl_context
from langchain_aimlapi.cli.doctor.finding import Finding, State
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}
_AUTHORITY_UNKNOWN = {18, 19, 20, 21}
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = {62, 64}
_SOON = 14 * 24 * 3600
_UNAUTHORIZED = 407
_TRUST = (
    "If a company's proxy reads the traffic, set SSL_CERT_FILE to a file with its authority (or "
    "pass verify=); else somebody may be listening."
)
_OK = 200


def check_dns(state: State) -> Finding:
    """Look up the name: the proxy's, where one applies, since the rest is its own business."""
    host, port = _next_stop(state)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Finding(
            "failed",
            f"{host} cannot be found: {_reason(error)}",
            "Check the spelling, and whether this machine is online. Behind a company's network, "
            "set HTTPS_PROXY. Without a network, `aimlapi sandbox` answers on this machine.",
        )
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    data = {"host": host, "addresses": addresses}
    return Finding("ok", f"{host} is {', '.join(addresses)}", data=data)


def check_connection(state: State) -> Finding:
    """Open a connection to the service, through the proxy where one applies."""
    started = time.monotonic()
    try:
        with _open(state):
            milliseconds = (time.monotonic() - started) * 1000
    except _ProxyRefusal as refusal:
        return Finding("failed", str(refusal), refusal.fix)
    except (OSError, HTTPException, ConfigurationError) as error:
        return _no_connection(state, error)
    via = f" through the proxy {shown_proxy(state.proxy)}" if state.proxy else ""
    host, port = _target(state)
    data = {"host": host, "port": port, "milliseconds": round(milliseconds, 1)}
    return Finding("ok", f"{host}:{port}{via} in {milliseconds:.0f} ms", data=data)


def _no_connection(state: State, error: Exception) -> Finding:
    host, port = _next_stop(state)
    if state.proxy:
        return Finding(
            "failed",
            f"the proxy {host}:{port} cannot be reached: {_reason(error)}",
            "Correct HTTPS_PROXY, or unset it; NO_PROXY excepts hosts from it.",
        )
    fix = (
        "Start the server on this machine, or correct the port in AIMLAPI_API_BASE."
        if is_loopback(host)
        else "A firewall may be in the way; behind a company's network, set HTTPS_PROXY."
    )
    return Finding("failed", f"{host}:{port} cannot be reached: {_reason(error)}", fix)


def check_tls(state: State) -> Finding:
    """Encrypt a connection as the client does, and look at the certificate."""
    if state.origin is None or state.origin.scheme != "https":
        return Finding("ok", "none: the address begins with http://", data={"encrypted": False})
    if state.proxy and state.proxy.startswith("https:"):
        return Finding("skipped", "not looked at inside of an encrypted proxy")
    host, _ = _target(state)
    try:
        context = ssl_context(True)
        with _open(state) as raw, context.wrap_socket(raw, server_hostname=host) as encrypted:
            certificate = encrypted.getpeercert() or {}
            version = encrypted.version()
    except ConfigurationError as error:
        return Finding("failed", error.message, "Correct or unset SSL_CERT_FILE and SSL_CERT_DIR.")
    except ssl.SSLCertVerificationError as error:
        return Finding("failed", *_untrusted(host, error))
    except (OSError, HTTPException) as error:
        return Finding(
            "failed",
            f"{host} does not encrypt as it should: {_reason(error)}",
            "Is the port in the address one for https? Does something on the way break TLS?",
        )
    return _certificate(certificate, version)


def _untrusted(host: str, error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """What is wrong with a certificate, and what to do."""
    code = error.verify_code
    if code in _AUTHORITY_UNKNOWN:
        what = f"the certificate of {host} is signed by an authority that is unknown here"
        return f"{what} ({error.verify_message})", _TRUST
    if code in {_EXPIRED, _NOT_YET_VALID}:
        when = "has expired" if code == _EXPIRED else "is not valid yet"
        return (
            f"the certificate of {host} {when}",
            f"Is the clock of this machine right? It says {time.strftime('%Y-%m-%d %H:%M %Z')}.",
        )
    if code in _WRONG_NAME:
        return (
            f"the certificate is not one for {host}: {error.verify_message}",
            "Correct the host in AIMLAPI_API_BASE; else somebody may be listening.",
        )
    return f"the certificate of {host} is not trusted: {error.verify_message}", ""


def _certificate(certificate: Mapping[str, object], version: str | None) -> Finding:
    end = str(certificate.get("notAfter") or "")
    issuer = _issuer(certificate)
    detail = f"{version}, certificate by {issuer}, valid until {end}"
    data = {"encrypted": True, "version": version, "issuer": issuer, "valid_until": end}
    if end and ssl.cert_time_to_seconds(end) - time.time() < _SOON:
        return Finding("warning", f"{detail}, which is soon", "Its owner has to renew it.", data)
    return Finding("ok", detail, data=data)


def _issuer(certificate: Mapping[str, object]) -> str:
    names = certificate.get("issuer")
    pairs = [pair for group in names for pair in group] if isinstance(names, tuple) else []
    told = dict(pairs)
    return str(told.get("organizationName") or told.get("commonName") or "nobody named")


# --- sockets --------------------------------------------------------------------------------------


class _ProxyRefusal(Exception):  # noqa: N818  # an answer, not a fault of ours
    def __init__(self, status: int, reason: str, proxy: str, target: str) -> None:
        super().__init__(f"the proxy {proxy} refuses {target}: {status} {reason}".rstrip())
        self.fix = (
            "Give user and password in HTTPS_PROXY, http://user:password@host:port, with special "
            "characters percent-encoded."
            if status == _UNAUTHORIZED
            else "Whoever runs the proxy has to allow this host; NO_PROXY excepts hosts from it."
        )


def _target(state: State) -> tuple[str, int]:
    origin = state.origin
    assert origin is not None  # noqa: S101  # checks that need an address run after it was found
    return origin.host, origin.port or _PORTS[origin.scheme]


def _next_stop(state: State) -> tuple[str, int]:
    """Whom a socket is opened to: the proxy or the service."""
    if state.proxy is None:
        return _target(state)
    parts = urlsplit(state.proxy)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def _open(state: State) -> socket.socket:
    """Open a socket on which the service speaks next."""
    opened = socket.create_connection(_next_stop(state), state.timeout)
    if state.proxy is None or state.origin is None:
        return opened
    try:
        if state.proxy.startswith("https:"):
            opened = ssl_context(True).wrap_socket(
                opened, server_hostname=urlsplit(state.proxy).hostname
            )
        if state.origin.scheme == "https":
            _ask_for_tunnel(opened, state.proxy, _target(state))
    except BaseException:
        opened.close()
        raise
    return opened


def _ask_for_tunnel(opened: socket.socket, proxy: str, target: tuple[str, int]) -> None:
    host, port = target
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if credentials := split_proxy(proxy)[1]:
        told = base64.b64encode(":".join(credentials).encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {told}")
    opened.sendall("\r\n".join([*lines, "", ""]).encode())
    with HTTPResponse(opened, method="CONNECT") as reply:
        reply.begin()
        if reply.status != _OK:
            raise _ProxyRefusal(reply.status, reply.reason, shown_proxy(proxy), place)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__

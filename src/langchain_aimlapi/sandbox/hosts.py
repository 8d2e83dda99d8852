"""Which host names the sandbox is: those of the loopback interface.

A page in a browser can let its own host name point to 127.0.0.1 (DNS rebinding) and then read what
a server there answers. Its requests still carry that name in the `Host` header.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine only."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_host(header: str) -> bool:
    """Tell whether a `Host` header names this machine; a missing one is allowed."""
    if not header:
        return True
    try:
        return is_loopback(urlsplit(f"//{header}").hostname or "")
    except ValueError:
        return False

"""Where calls go while a test runs under the pytest fixture `aimlapi_sandbox`.

The fixture sets an address for the whole process, and each call looks it up. A model that was made
before, at the import of the application, with or without a key, thereby never reaches the real
service from such a test. Without the fixture nothing is set, and nothing changes.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Redirect:
    """The server that answers instead of the service."""

    base_url: str
    api_key: SecretStr


_redirects: list[Redirect] = []


@contextmanager
def redirect_calls(base_url: str, api_key: str) -> Iterator[None]:
    """Send the calls of all models of this process elsewhere.

    Addresses and proxies of this machine are left alone: they are servers that the test started
    itself.

    Args:
        base_url: Where the calls go.
        api_key: The key they are sent with, instead of the model's own.
    """
    redirect = Redirect(base_url, SecretStr(api_key))
    _redirects.append(redirect)
    try:
        yield
    finally:
        _redirects.remove(redirect)


def redirect_for(address: object, proxy: str | None) -> Redirect | None:
    """Return where calls to an address, by a proxy, go instead; None if they go there."""
    if not _redirects or _is_local(address) or (proxy and _is_local(proxy)):
        return None
    return _redirects[-1]


def _is_local(address: object) -> bool:
    from langchain_aimlapi._transport.proxies import is_loopback  # noqa: PLC0415  # in tests only

    return isinstance(address, str) and is_loopback(urlsplit(address).hostname or "")

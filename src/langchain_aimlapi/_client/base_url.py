"""The base address: what people paste, and the URLs that are made of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from langchain_aimlapi._errors.secrets import HIDDEN
from langchain_aimlapi._transport.request import is_sendable
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_BASE_URL = "https://api.aimlapi.com/v1"
_VERSION = re.compile(r"/v\d{1,2}$")
_ENDPOINTS = ("/chat/completions", "/responses")


@lru_cache(maxsize=256)
def tidy_base_url(base_url: str) -> str:
    """Return a base address without blanks, trailing slashes and the path of an endpoint.

    A query stays: some gateways want one with every request.

    Raises:
        ConfigurationError: It is no `http(s)` address, or has a fragment, a user or a password.
    """
    text = base_url.strip()
    if not is_sendable(text):
        raise ConfigurationError(
            f"base_url={_without_password(text)!r} is not an address; it should look like "
            f"{DEFAULT_BASE_URL!r}."
        )
    if "#" in text:
        raise ConfigurationError(
            f"base_url={_without_password(text)!r} has a fragment (what stands behind '#'), which "
            "is never sent to a service. Remove it."
        )
    address, _, query = text.partition("?")
    if "@" in address.partition("//")[2].partition("/")[0]:
        raise ConfigurationError(
            f"base_url={_without_password(text)!r} holds a user or a password. Give the key as "
            "api_key=…, or what the service wants instead by default_headers={'Authorization': …}."
        )
    address = address.rstrip("/")
    for endpoint in _ENDPOINTS:
        address = address.removesuffix(endpoint)
    address = address.rstrip("/")
    return f"{address}?{query}" if query else address


def _without_password(text: str) -> str:
    """Return an address as an error may show it: passwords hold slashes and at signs, too."""
    scheme, separator, rest = text.rpartition("://")
    return f"{scheme}{separator}{HIDDEN}@{rest.rpartition('@')[2]}" if "@" in rest else text


def without_version(base_url: str) -> str:
    """Return a base address without the version at its end, for paths that begin with one."""
    address, mark, query = base_url.partition("?")
    return _VERSION.sub("", address) + mark + query


def join_url(base_url: str, path: str, *queries: Mapping[str, object] | None) -> str:
    """Return the URL of an endpoint.

    Args:
        base_url: Tidy.
        path: With its slash.
        queries: Parameters to add; of those of one name the last is sent, and none of the base's.
    """
    address, _, own = base_url.partition("?")
    if not own and not any(queries):
        return base_url + path
    from urllib.parse import unquote_plus, urlencode  # noqa: PLC0415  # few requests have a query

    given = {name: value for query in queries if query for name, value in query.items()}
    kept = [each for each in own.split("&") if unquote_plus(each.partition("=")[0]) not in given]
    query = "&".join(part for part in (*kept, urlencode(given, doseq=True)) if part)
    return f"{address}{path}?{query}" if query else address + path

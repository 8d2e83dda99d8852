"""`AIMLAPI_HEADERS`, a name of releases before 1.0: the headers that the package sends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi._client.request import OWN_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AIMLAPI_HEADERS", "merge_aimlapi_headers"]

AIMLAPI_HEADERS: dict[str, str] = dict(OWN_HEADERS)
"""The headers of every request that say what sent it; changing this dict changes nothing."""


def merge_aimlapi_headers(headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Put headers over those of the package; not needed, since `default_headers` adds to them.

    Args:
        headers: One's own.

    Returns:
        A new dict of both.
    """
    return {**AIMLAPI_HEADERS, **(headers or {})}

"""Where a command asks: the service, an address of the environment, or the sandbox."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from langchain_aimlapi.cli._output import note

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY_VARIABLE = "AIMLAPI_API_KEY"
_BASE_VARIABLES = ("AIMLAPI_API_BASE", "AIMLAPI_BASE_URL")
_SANDBOX_NOTICE = (
    f"{_KEY_VARIABLE} is not set, so the local sandbox answers: "
    "not a model, and nothing leaves this machine."
)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Service(NamedTuple):
    """How to reach what answers; None for what the model object finds in the environment."""

    api_key: str | None = None
    base_url: str | None = None
    is_sandbox: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """What a model object is made with."""
        given = {"api_key": self.api_key, "base_url": self.base_url}
        return {name: value for name, value in given.items() if value is not None}


@contextlib.contextmanager
def service() -> Iterator[Service]:
    """Find out where to ask.

    Without a key and an address the sandbox is started, and it is said. An address always holds; a
    server on this machine is asked without a key of one's own.
    """
    base_url = next(filter(None, map(os.environ.get, _BASE_VARIABLES)), None)
    if os.environ.get(_KEY_VARIABLE):
        yield Service()
        return
    if base_url:
        # Elsewhere the missing key is an error that says what to set.
        yield Service(api_key="none" if _is_local(base_url) else None)
        return
    from langchain_aimlapi.sandbox import Sandbox  # noqa: PLC0415  # a server, seldom needed

    note(_SANDBOX_NOTICE, "yellow")
    with Sandbox(tokens_per_second=60) as sandbox:
        yield Service(sandbox.api_key, sandbox.base_url, is_sandbox=True)


def _is_local(base_url: str) -> bool:
    try:
        return urlsplit(base_url).hostname in _LOOPBACK
    except ValueError:
        return False

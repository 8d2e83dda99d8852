"""The API key of a call: from an argument, the object or the environment, always wrapped.

It stays a `SecretStr` until it is a header, so that no traceback with local variables shows it.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from langchain_aimlapi._client.redirect import redirect_for
from langchain_aimlapi._errors.redaction import unwrap
from langchain_aimlapi.errors import ConfigurationError, MissingAPIKeyError

if TYPE_CHECKING:
    from langchain_aimlapi._client.settings import Connection

API_KEY_VARIABLE = "AIMLAPI_API_KEY"

ApiKey = SecretStr | Callable[[], str] | Callable[[], Awaitable[str]]


def resolve_key(connection: Connection, arguments: Mapping[str, object]) -> SecretStr:
    """Return the key of a sync call.

    Args:
        connection: The object, whose key holds where the call names none.
        arguments: Of the call; `api_key` among them goes first.

    Raises:
        MissingAPIKeyError: If there is no key anywhere.
        ConfigurationError: If a key function is async, or returned something else than text.
    """
    return as_secret(_given(connection, arguments))


async def aresolve_key(connection: Connection, arguments: Mapping[str, object]) -> SecretStr:
    """Return the key of an async call; the same, and key functions may be async.

    Raises:
        MissingAPIKeyError: If there is no key anywhere.
        ConfigurationError: If a key function returned something else than text.
    """
    key = _given(connection, arguments)
    return as_secret(await key if inspect.isawaitable(key) else key)


def _given(connection: Connection, arguments: Mapping[str, Any]) -> Any:
    redirect = redirect_for(
        arguments.get("base_url") or connection.aimlapi_api_base, connection.proxy
    )
    if redirect:
        return redirect.api_key
    key = arguments.get("api_key") or connection.aimlapi_api_key or environment_key()
    return key() if callable(key) else key


def as_secret(key: object) -> SecretStr:
    """Wrap a key, however it was given.

    Raises:
        MissingAPIKeyError: If it is None or blank.
        ConfigurationError: If it is no text.
    """
    if key is None:
        raise _missing()
    if inspect.iscoroutine(key):
        key.close()
    text = unwrap(key)
    if not isinstance(text, str):
        raise ConfigurationError(
            f"The API key function returned {type(text).__name__}, not text. An async function "
            "serves the async methods only (ainvoke, astream)."
        )
    if not text.strip():
        raise _missing()
    return SecretStr(text.strip())


def _missing() -> MissingAPIKeyError:
    return MissingAPIKeyError(
        f"There is no API key. Set {API_KEY_VARIABLE} or give api_key=…; to try things out "
        "without a key, run `aimlapi sandbox` or use langchain_aimlapi.sandbox.Sandbox."
    )


def environment_key() -> SecretStr | None:
    """Return the key in the environment now, for models that were made elsewhere without one."""
    key = os.environ.get(API_KEY_VARIABLE)
    return SecretStr(key) if key else None

"""The API key of a call: from an argument, the object or the environment, always wrapped.

It stays a `SecretStr` until it is a header, so that no traceback with local variables shows it.
"""

from __future__ import annotations

import inspect
import os
import re
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
        ConfigurationError: If a key function is async, or returned something else than text; if
            more than the key was pasted.
    """
    return as_secret(_given(connection, arguments))


async def aresolve_key(connection: Connection, arguments: Mapping[str, object]) -> SecretStr:
    """Return the key of an async call; the same, and key functions may be async.

    Raises:
        MissingAPIKeyError: If there is no key anywhere.
        ConfigurationError: If a key function returned something else than text; if more than the
            key was pasted.
    """
    key = _given(connection, arguments)
    return as_secret(_wrapped(await key) if inspect.isawaitable(key) else key)


def _given(connection: Connection, arguments: Mapping[str, Any]) -> Any:
    redirect = redirect_for(
        arguments.get("base_url") or connection.aimlapi_api_base, connection.proxy
    )
    if redirect:
        return redirect.api_key
    key = _wrapped(arguments.get("api_key")) or connection.aimlapi_api_key or environment_key()
    return _wrapped(key() if callable(key) else key)


def _wrapped(key: object) -> Any:
    """A text wrapped, so that no frame of an error about it shows it; anything else as it is."""
    return SecretStr(key) if isinstance(key, str) else key


def as_secret(key: object) -> SecretStr:
    """Wrap a key, however it was given.

    Raises:
        MissingAPIKeyError: If it is None or blank.
        ConfigurationError: If it is no text, or more than a key.
    """
    if key is None:
        raise _missing()
    if inspect.iscoroutine(key):
        key.close()
    secret = _stripped(unwrap(key))
    if problem := more_than_a_key(secret):
        raise ConfigurationError(
            f"The API key {problem}.",
            hint=f"Give the key alone, in api_key=… or {API_KEY_VARIABLE}.",
        )
    return secret


def _stripped(key: object) -> SecretStr:
    if not isinstance(key, str):
        raise ConfigurationError(
            f"The API key function returned {type(key).__name__}, not text. An async function "
            "serves the async methods only (ainvoke, astream)."
        )
    if not key.strip():
        raise _missing()
    return SecretStr(key.strip())


_USUAL = re.compile(r"[A-Za-z0-9._~+/=-]+").fullmatch
"""What a bearer token may consist of (RFC 6750); other keys are looked at, and sent as well."""
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_LABEL = re.compile(
    r"(?:-H\s*|--header\s*|export\s+|set\s+|\$env:)?"
    rf"[{_QUOTES}]?(?P<label>authorization|(?:x-|aiml_|aimlapi_|openai_)?api[_-]?key)[{_QUOTES}]?\s*[:=]\s*",
    re.IGNORECASE,
)
_LONGEST_SCHEME = len("bearer")
_SCHEME = re.compile(r"(?P<scheme>bearer|basic|token)(?=[\s:]|$)", re.IGNORECASE)


def more_than_a_key(key: SecretStr) -> str | None:
    """Say what was pasted along with a key, without showing the key; `None` if nothing was.

    Args:
        key: Without white space around it, and not empty.
    """
    text = key.get_secret_value()
    if len(text) > _LONGEST_SCHEME and (text.isalnum() or _USUAL(text)):
        return None
    bare = text.strip(_QUOTES)
    label = _LABEL.match(bare)
    scheme = _SCHEME.match(bare[label.end() :].strip(_QUOTES) if label else bare.strip())
    found = [f"{label['label']!r}"] if label else []
    if scheme:
        found.append(f"the scheme {scheme['scheme']!r}, which is added to it")
    if found:
        return f"begins with {' and '.join(found)}"
    return "stands in quotes, which would be sent along" if bare != text else None


def _missing() -> MissingAPIKeyError:
    return MissingAPIKeyError(
        f"There is no API key. Set {API_KEY_VARIABLE} or give api_key=…; to try things out "
        "without a key, run `aimlapi sandbox` or use langchain_aimlapi.sandbox.Sandbox."
    )


def environment_key() -> SecretStr | None:
    """Return the key in the environment now, for models that were made elsewhere without one."""
    key = os.environ.get(API_KEY_VARIABLE)
    return SecretStr(key) if key else None

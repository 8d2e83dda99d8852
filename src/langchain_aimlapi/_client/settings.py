"""Where the service is and how to reach it: what chat models and embeddings have in common.

Settings that say nothing of a model: address, key, headers, time, retries and connections. The
functions below them make an HTTP request out of a body.
"""

from __future__ import annotations

import inspect
import os
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import orjson
from langchain_core.utils import from_env, secret_from_env
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_serializer,
    field_validator,
    model_validator,
)

from langchain_aimlapi._client.warnings import warn_unknown
from langchain_aimlapi._errors.redaction import HIDDEN, revealed
from langchain_aimlapi._transport.request import ClientOptions, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi._version import __version__
from langchain_aimlapi.errors import ConfigurationError, MissingAPIKeyError

DEFAULT_BASE_URL = "https://api.aimlapi.com/v1"
API_KEY_VARIABLE = "AIMLAPI_API_KEY"
BASE_URL_VARIABLES = ("AIMLAPI_API_BASE", "AIMLAPI_BASE_URL")

OWN_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "User-Agent": f"langchain-aimlapi/{__version__}",
    # Attribution, as earlier releases of this package sent it.
    "HTTP-Referer": "https://github.com/langchain-ai/langchain",
    "X-Title": "LangChain",
}

ApiKey = SecretStr | Callable[[], str] | Callable[[], Awaitable[str]]


_TEN_MINUTES = 600.0
PATIENCE: Mapping[bool, Timeouts] = {
    False: Timeouts(total=_TEN_MINUTES),
    True: Timeouts(first_token=_TEN_MINUTES, between_tokens=_TEN_MINUTES),
}
"""What holds when nothing was said of time, for whole replies and for streams: models may think
for minutes, and a stream may last as long as it says something."""


class Connection(BaseModel):
    """How to reach the service."""

    aimlapi_api_key: ApiKey | None = Field(
        alias="api_key", default_factory=secret_from_env(API_KEY_VARIABLE, default=None)
    )
    """The key, or a function (sync or async) that is asked for it at every call; read from
    `AIMLAPI_API_KEY` if not given. A missing key is an error at the first call."""
    aimlapi_api_base: str = Field(
        alias="base_url",
        default_factory=from_env([*BASE_URL_VARIABLES], default=DEFAULT_BASE_URL),
        validate_default=True,
    )
    """Where the service is; read from `AIMLAPI_API_BASE` or `AIMLAPI_BASE_URL` if not given, else
    `https://api.aimlapi.com/v1`."""
    timeout: float | Timeouts | None = None
    """Seconds for one call with all its attempts, or `Timeouts` for finer bounds. If not given, ten
    minutes for a whole reply, and ten minutes of silence for a stream; `Timeouts()` has no end."""
    max_retries: int = Field(default=2, ge=0)
    """How often a failed call is tried again; 0 sends one request."""
    default_headers: Mapping[str, str | None] | None = Field(default=None, exclude=True, repr=False)
    """Headers of every request; `None` takes one of ours away. Not serialised."""
    default_query: Mapping[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Query parameters of every request. Not serialised."""
    http_client: Any = Field(default=None, exclude=True, repr=False)
    """An `httpx2.Client` or `httpx.Client` to use for sync calls; it stays yours to close."""
    http_async_client: Any = Field(default=None, exclude=True, repr=False)
    """An `aiohttp.ClientSession`, or an `AsyncClient` of `httpx2` or `httpx`, to use for async calls;
    yours to close."""
    verify: bool | str | ssl.SSLContext = Field(default=True, exclude=True)
    """TLS: a path of CA certificates, a context, or False for no check at all."""
    proxy: str | None = Field(default=None, exclude=True, repr=False)
    """Address of an HTTP proxy; `HTTPS_PROXY` and `NO_PROXY` hold if it is not given."""
    max_connections: int | None = Field(default=None, ge=1)
    """Most connections at once from this process (async: from this event loop)."""
    client_request_id: str | None = None
    """Sent as `X-Client-Request-Id`, to find the call in the service's logs; by default the run
    id of LangChain, so that logs and traces can be matched."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Parameters of the service that have no field here."""

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown_arguments(cls, values: Any) -> Any:
        """Arguments that are no fields go into the request's body, with a warning each.

        Raises:
            ConfigurationError: For a key by another name, which would be sent to be read by all.
        """
        if not isinstance(values, Mapping):
            return values
        known = {*cls.model_fields, *(field.alias for field in cls.model_fields.values())}
        unknown = {name: value for name, value in values.items() if name not in known}
        if not unknown:
            return values
        warn_unknown(unknown, known - {None}, where=cls.__name__)
        kept = {name: value for name, value in values.items() if name in known}
        kept["model_kwargs"] = {**(values.get("model_kwargs") or {}), **unknown}
        return kept

    @field_validator("timeout", mode="after")
    @classmethod
    def _refuse_no_time(cls, timeout: float | Timeouts | None) -> float | Timeouts | None:
        if timeout is None or isinstance(timeout, Timeouts):
            return timeout
        return Timeouts(total=timeout).total

    @field_validator("aimlapi_api_base", mode="after")
    @classmethod
    def _tidy_base_url(cls, base_url: str) -> str:
        return tidy_base_url(base_url)

    @field_serializer("aimlapi_api_key", when_used="json-unless-none")
    def _hide_key(self, _: ApiKey | None) -> str:
        return HIDDEN

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """What LangChain's `dumpd` writes otherwise than it stands: `load` reads plain dicts."""
        return {"timeout": asdict(self.timeout)} if isinstance(self.timeout, Timeouts) else {}

    def __getstate__(self) -> dict[Any, Any]:
        """Without clients, which hold sockets, and without a key that came from the environment."""
        state = super().__getstate__()
        fields = dict(state["__dict__"])
        fields |= {"http_client": None, "http_async_client": None}
        if "aimlapi_api_key" not in self.model_fields_set:
            fields["aimlapi_api_key"] = None
        return {**state, "__dict__": fields}

    # --- connections ------------------------------------------------------------------------------

    @property
    def _client_options(self) -> ClientOptions:
        return _options(self.verify, self.proxy, self.max_connections)

    def close(self) -> None:
        """Close the idle connections of this process's sync calls; the next call opens new ones.

        Connections are shared by all models with the same TLS and proxy settings.
        """
        from langchain_aimlapi._transport import pool  # noqa: PLC0415  # on first use

        pool.close(self._client_options)

    async def aclose(self) -> None:
        """Close the connections of the running event loop's calls, likewise."""
        from langchain_aimlapi._transport import pool  # noqa: PLC0415  # on first use

        await pool.aclose(self._client_options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


# --- a request ------------------------------------------------------------------------------------


def post(
    connection: Connection,
    path: str,
    body: Mapping[str, Any],
    arguments: Mapping[str, Any],
    *,
    key: SecretStr,
    call_id: str,
    streams: bool = False,
) -> Request:
    """A request to the service.

    Args:
        connection: How to reach it.
        path: The route, from the base address on.
        body: What to send as JSON.
        arguments: Of the call; those that steer a request go before the connection's settings.
        key: The API key.
        streams: Whether the reply is to come as events.
        call_id: Unique; the same on every attempt, so that the service can tell them for one call.

    Raises:
        ConfigurationError: For a body that is no JSON, or a header that cannot be sent.
    """
    timeout, retries = arguments.get("timeout"), arguments.get("max_retries")
    return Request(
        url=_url(base_url_of(connection, arguments) + path, connection, arguments),
        body=_json(body),
        headers=_headers(connection, arguments, key, call_id),
        timeouts=_timeouts(connection.timeout if timeout is None else timeout, streams=streams),
        retry=_retry(connection.max_retries if retries is None else retries),
    )


_retry = lru_cache(RetryPolicy)
_options = lru_cache(ClientOptions)


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise ConfigurationError(f"The request cannot be written as JSON: {error}.") from None


def base_url_of(connection: Connection, arguments: Mapping[str, Any]) -> str:
    given = arguments.get("base_url")
    return tidy_base_url(given) if given else connection.aimlapi_api_base


def _url(address: str, connection: Connection, arguments: Mapping[str, Any]) -> str:
    given = arguments.get("extra_query")
    if not given and not connection.default_query:
        return address
    return f"{address}?{urlencode({**(connection.default_query or {}), **(given or {})})}"


def _timeouts(timeout: float | Timeouts | None, *, streams: bool) -> Timeouts:
    if isinstance(timeout, Timeouts):
        return timeout
    return PATIENCE[streams] if timeout is None else Timeouts(total=timeout)


# --- headers --------------------------------------------------------------------------------------


def _headers(
    connection: Connection, arguments: Mapping[str, Any], key: SecretStr, call_id: str
) -> dict[str, str]:
    """All headers; later ones replace earlier ones whatever their case, `None` takes one away."""
    request_id = arguments.get("client_request_id") or connection.client_request_id or call_id
    named: dict[str, tuple[str, Any]] = {
        **_OWN,
        "authorization": ("Authorization", SecretStr(f"Bearer {key.get_secret_value()}")),
        "x-client-request-id": ("X-Client-Request-Id", clean_request_id(request_id)),
        "idempotency-key": ("Idempotency-Key", call_id),
    }
    for headers in (connection.default_headers, arguments.get("extra_headers")):
        if headers:
            named |= {name.lower(): (name, value) for name, value in headers.items()}
    kept = [header for header in named.values() if header[1] is not None]
    sent = _allowed(kept)
    if sent is None:
        raise _odd_header(kept)
    return sent


_OWN = {name.lower(): (name, value) for name, value in OWN_HEADERS.items()}


def _allowed(headers: Iterable[tuple[str, Any]]) -> dict[str, str] | None:
    """The headers as they are sent; `None` if they have characters that HTTP does not allow."""
    sent = {name: str(revealed(value)) for name, value in headers}
    text = "".join([*sent, *sent.values()])
    return sent if text.isascii() and text.isprintable() else None


def _odd_header(headers: Iterable[tuple[str, Any]]) -> ConfigurationError:
    name = next(header[0] for header in headers if _allowed([header]) is None)
    what = "The API key" if name == "Authorization" else f"The header {name!r}"
    return ConfigurationError(
        f"{what} has characters that no header may have, such as a line end or an accent."
    )


_NOT_IN_REQUEST_ID = re.compile(r"[^A-Za-z0-9._:-]")


def clean_request_id(request_id: str) -> str:
    """A request id the service accepts: others it ignores without a word (API docs)."""
    return _NOT_IN_REQUEST_ID.sub("-", request_id)[:128]


# --- the key --------------------------------------------------------------------------------------


def find_key(connection: Connection, arguments: Mapping[str, Any]) -> SecretStr | Awaitable[Any]:
    """The key of the call, of the object or of the environment.

    It stays wrapped until it is a header, so that no traceback with local variables shows it.

    Returns:
        The key, or what an async key function returned, for `awaited`.

    Raises:
        MissingAPIKeyError: If there is no key anywhere.
        ConfigurationError: If a key function returned something else.
    """
    key = arguments.get("api_key") or connection.aimlapi_api_key or environment_key()
    if callable(key):
        key = key()
    return key if inspect.isawaitable(key) else sealed(key)


async def awaited(key: SecretStr | Awaitable[Any]) -> SecretStr:
    """What `find_key` found, waited for if need be; the errors are those of `sealed`."""
    return key if isinstance(key, SecretStr) else sealed(await key)


def sealed(key: Any) -> SecretStr:
    """A key, however it was given, wrapped.

    Raises:
        MissingAPIKeyError: If it is none.
        ConfigurationError: If it is no text.
    """
    if key is None:
        raise _missing()
    if inspect.iscoroutine(key):
        key.close()
    text = revealed(key)
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


def tidy_base_url(base_url: str) -> str:
    """A base address without what people add to it.

    Raises:
        ConfigurationError: If it is no `http(s)` address.
    """
    try:
        parts = urlsplit(base_url.strip())
        readable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise ConfigurationError(
            f"base_url={base_url!r} is not an address; it should look like {DEFAULT_BASE_URL!r}."
        )
    return (
        base_url.strip()
        .rstrip("/")
        .removesuffix("/chat/completions")
        .removesuffix("/responses")
        .rstrip("/")
    )


def environment_key() -> SecretStr | None:
    """The key in the environment now, for models that were made elsewhere without one."""
    key = os.environ.get(API_KEY_VARIABLE)
    return SecretStr(key) if key else None

"""The fields that all endpoints have in common: address, key, headers, timeouts, retries, clients.

None of them is part of a request's body. `_client.request` makes requests out of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, ClassVar, Self

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

from langchain_aimlapi._client.base_url import DEFAULT_BASE_URL, tidy_base_url
from langchain_aimlapi._client.clients import (
    as_timeouts,
    check_async_client,
    check_sync_client,
)
from langchain_aimlapi._client.key import API_KEY_VARIABLE, ApiKey
from langchain_aimlapi._client.redirect import redirect_for
from langchain_aimlapi._client.reserved import refuse_reserved
from langchain_aimlapi._client.warnings import warn_unknown
from langchain_aimlapi._errors.secrets import HIDDEN
from langchain_aimlapi._transport.request import (
    MAX_RESPONSE_BYTES,
    ClientOptions,
    Timeouts,
)
from langchain_aimlapi.errors import ConfigurationError

BASE_URL_VARIABLES = ("AIMLAPI_API_BASE", "AIMLAPI_BASE_URL")


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
    """Address of the service; read from `AIMLAPI_API_BASE` or `AIMLAPI_BASE_URL` if not given, else
    `https://api.aimlapi.com/v1`. A query in it goes with every request."""
    timeout: float | Timeouts | None = None
    """Seconds for one call with all its attempts, or `Timeouts` for finer limits; `httpx.Timeout` and
    a pair (connect, read) are accepted too. By default, ten minutes for a whole reply, and for a
    stream ten minutes without content (or what an `http_client` was set to); `Timeouts()` limits
    connecting only."""
    max_retries: int = Field(default=2, ge=0)
    """How often a failed call is tried again; 0 for a single request."""
    default_headers: Mapping[str, str | None] | None = Field(default=None, exclude=True, repr=False)
    """Headers of every request; None removes a default header. Not serialised."""
    default_query: Mapping[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Query parameters of every request. Not serialised."""
    http_client: Any = Field(default=None, exclude=True, repr=False)
    """An `httpx2.Client` or `httpx.Client` for sync calls; you close it."""
    http_async_client: Any = Field(default=None, exclude=True, repr=False)
    """An `aiohttp.ClientSession`, or an `AsyncClient` of `httpx2` or `httpx`, for async calls; you
    close it."""
    verify: bool | str | ssl.SSLContext = Field(default=True, exclude=True)
    """How TLS certificates are checked: True, a path of CA certificates, an SSL context, or False for
    no check at all."""
    proxy: str | None = Field(default=None, exclude=True, repr=False)
    """Address of an HTTP proxy; `HTTPS_PROXY` and `NO_PROXY` hold if it is not given, but never for
    loopback addresses."""
    max_connections: int | None = Field(default=None, ge=1)
    """Maximum number of connections of this process (async: of this event loop); further calls wait.
    By default three quarters of the files that the process may open."""
    max_response_bytes: int = Field(default=MAX_RESPONSE_BYTES, ge=1)
    """Maximum size in bytes of a reply that is not streamed, decompressed; a larger one is an error.
    64 MB by default."""
    client_request_id: str | None = None
    """Sent as `X-Client-Request-Id`, to find the call in the service's logs; by default LangChain's
    run id, so that logs and traces can be matched."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Parameters of the service that have no field here; sent in the request body."""

    # Names of the request body that a class writes by itself, and what to use for each.
    _written_here: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        populate_by_name=True,
        defer_build=True,
        hide_input_in_errors=True,  # the key is among the input
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown_arguments(cls, values: Any) -> object:
        """Arguments that are no fields go into the request's body, with a warning each.

        Raises:
            ConfigurationError: For what is about the client, and for a key by another name, which
                would be sent to be read by all.
        """
        if not isinstance(values, Mapping):
            return values
        values = _with_timeout(values, where=cls.__name__)
        if isinstance(parameters := values.get("model_kwargs"), Mapping):
            refuse_reserved(parameters, cls._reserved_names(), where="model_kwargs")
        known = {*cls.model_fields, *(field.alias for field in cls.model_fields.values())}
        unknown = {name: value for name, value in values.items() if name not in known}
        if not unknown:
            return values
        refuse_reserved(unknown, cls._reserved_names(), where=cls.__name__)
        warn_unknown(unknown, known - {None}, where=cls.__name__)
        kept = {name: value for name, value in values.items() if name in known}
        kept["model_kwargs"] = {**(values.get("model_kwargs") or {}), **unknown}
        return kept

    @classmethod
    def _reserved_names(cls) -> Mapping[str, str]:
        """Names that are about the client and never parameters, and what to use for each."""
        return {**reserved_names(Connection, cls.__name__), **cls._written_here}

    @field_validator("timeout", mode="before")
    @classmethod
    def _read_timeouts(cls, timeout: object) -> object:
        return as_timeouts(timeout)

    @field_validator("http_client")
    @classmethod
    def _check_client(cls, client: object) -> object:
        return check_sync_client(client)

    @field_validator("http_async_client")
    @classmethod
    def _check_async_client(cls, client: object) -> object:
        return check_async_client(client)

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

    # --- changed later ----------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, _as_at_first(name, value))

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Copy the object, with some fields changed.

        Args:
            update: New values by the fields' names or aliases; only key, address and timeout are
                read as a constructor does.
            deep: Whether fields are copied too.

        Returns:
            The copy.
        """
        names = {field.alias: name for name, field in type(self).model_fields.items()}
        named = {names.get(name, name): value for name, value in (update or {}).items()}
        changed = {name: _as_at_first(name, value) for name, value in named.items()}
        return super().model_copy(update=changed, deep=deep)

    @property
    def lc_attributes(self) -> dict[str, object]:
        """What LangChain's `dumpd` writes otherwise than it stands: `load` reads plain dicts."""
        return {"timeout": asdict(self.timeout)} if isinstance(self.timeout, Timeouts) else {}

    def __getstate__(self) -> dict[object, Any]:
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
        redirect = redirect_for(self.aimlapi_api_base, self.proxy)
        proxy = None if redirect else self.proxy  # a test's calls stay on this machine
        return _options(self.verify, proxy, self.max_connections)

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


def _as_at_first(name: str, value: Any) -> object:
    """A value as the constructor reads it: pydantic does not look at what is set later.

    A key that stays a text would be shown by every `repr`, dump and trace.
    """
    if name == "aimlapi_api_key" and isinstance(value, str):
        return SecretStr(value)
    if name == "aimlapi_api_base" and isinstance(value, str):
        return tidy_base_url(value)
    return as_timeouts(value) if name == "timeout" else value


_options = lru_cache(ClientOptions)


@lru_cache
def reserved_names(model: type[Connection], shown: str) -> Mapping[str, str]:
    """The fields of a class as names that are no parameters, and what to use for each.

    Args:
        model: The class.
        shown: The name of the class that users make.
    """
    aliases = (field.alias for field in model.model_fields.values() if field.alias)
    names = {*model.model_fields, *aliases, "model", "request_timeout"}
    return {name: f"Give it to {shown} as {name}=…." for name in names} | {
        "extra_headers": "Give default_headers=…, or extra_headers=… on a call.",
        "extra_query": "Give default_query=…, or extra_query=… on a call.",
    }


def _with_timeout(values: Mapping[str, object], *, where: str) -> Mapping[str, object]:
    """Read `request_timeout`, as other packages call it, for `timeout`."""
    if "request_timeout" not in values:
        return values
    values = dict(values)
    timeout = values.pop("request_timeout")
    if values.setdefault("timeout", timeout) != timeout:
        raise ConfigurationError(f"{where}: timeout and request_timeout are one; give only one.")
    return values

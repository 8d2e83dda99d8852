"""The arguments of a constructor, for type checkers: fields by their names and by their aliases.

Pydantic tells checkers one name per field and the type of its value, while constructors take two
names for some and texts for keys. Each field stands here with what may be given for it; a test
compares the names with the fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypedDict

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping

    from pydantic import SecretStr

    from langchain_aimlapi._transport.request import Timeouts


class HttpxTimeout(Protocol):
    """What `httpx.Timeout` and `httpx2.Timeout` have in common."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None


if TYPE_CHECKING:
    Key = str | SecretStr
    GivenTimeout = float | Timeouts | tuple[float | None, float | None] | HttpxTimeout | None
    GivenKey = Key | Callable[[], Key] | Callable[[], Awaitable[Key]]


class ClientArguments(TypedDict, total=False):
    """How to reach the service."""

    api_key: GivenKey | None
    aimlapi_api_key: GivenKey | None
    base_url: str
    aimlapi_api_base: str
    timeout: GivenTimeout
    request_timeout: GivenTimeout
    max_retries: int
    default_headers: Mapping[str, str | None] | None
    default_query: Mapping[str, str] | None
    http_client: object
    http_async_client: object
    verify: bool | str | ssl.SSLContext
    proxy: str | None
    max_connections: int | None
    max_response_bytes: int
    client_request_id: str | None
    model_kwargs: dict[str, object]


class EmbeddingsArguments(ClientArguments, total=False):
    """The arguments of `AimlapiEmbeddings`."""

    model: str
    dimensions: int | None
    encoding_format: Literal["float", "base64"] | None
    input_type: str | None
    query_input_type: str | None
    task_type: str | None
    chunk_size: int
    max_request_tokens: int
    max_concurrency: int
    on_progress: Callable[[int, int], object] | None

"""The service's list of models and its metrics: requests, and the list of last time in a cache.

Neither needs a key. The list is kept in the user's cache folder with the service's own mark
(ETag), so that one that has not changed is not sent again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from langchain_aimlapi._client.key import as_secret, environment_key
from langchain_aimlapi._client.request import CallScope, Endpoint, build_request
from langchain_aimlapi._codec.decode.models import Metrics, listed_models, read_metrics
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request
from langchain_aimlapi.errors import AimlapiStatusError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from langchain_aimlapi._client.settings import Connection

_LIST = Endpoint("/v1/models", "GET", ReplyRules(content_key=b'"data"'), from_root=True)
_METRICS = Endpoint("/models/metrics", "GET", ReplyRules(content_key=b'"models"'), from_root=True)
_MOST_ALIASES = 100
_NOT_MODIFIED = 304


def _scope(connection: Connection, headers: Mapping[str, object]) -> CallScope:
    """A call with the key if there is one, and without the header if there is none."""
    key = connection.aimlapi_api_key or environment_key()
    if key is None or callable(key):
        return CallScope(
            as_secret("none"), arguments={"extra_headers": {"Authorization": None, **headers}}
        )
    return CallScope(as_secret(key), arguments={"extra_headers": headers})


def list_request(connection: Connection, cache: ListCache) -> Request:
    headers = {"If-None-Match": cache.etag} if cache.etag else {}
    query = {"include": "all"}
    return build_request(connection, _LIST, None, _scope(connection, headers), query=query)


def metrics_requests(connection: Connection, ids: Iterable[str]) -> Iterable[Request]:
    asked = list(dict.fromkeys(ids))
    for start in range(0, len(asked), _MOST_ALIASES):
        query = {"aliases": asked[start : start + _MOST_ALIASES]}
        yield build_request(connection, _METRICS, None, _scope(connection, {}), query=query)


def metrics_of(reply: Reply) -> dict[str, Metrics]:
    return read_metrics(parse_object(reply.body))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A list as it came."""

    body: bytes
    etag: str | None

    @classmethod
    def of(cls, reply: Reply) -> Fetched:
        listed_models(parse_object(reply.body))
        return cls(reply.body, reply.headers.get("etag"))


class ListCache:
    """The list of last time, in the user's cache folder; without one nothing is kept."""

    def __init__(self) -> None:
        self._path = _cache_folder()
        self._kept = self._read()

    @property
    def etag(self) -> str | None:
        return self._kept.etag if self._kept else None

    def _read(self) -> Fetched | None:
        try:
            kept = orjson.loads((self._path / "models.json").read_bytes())
            return Fetched(kept["body"].encode(), kept["etag"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None  # nothing there, or nothing of ours: it is fetched anew

    def still_good(self, error: AimlapiStatusError) -> Fetched:
        """The list of last time, if the service says that it is still good."""
        if error.status_code != _NOT_MODIFIED or self._kept is None:
            raise error
        return self._kept

    def write(self, fetched: Fetched) -> None:
        if fetched == self._kept:
            return
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            part = self._path / f".models.{os.getpid()}.json"
            part.write_bytes(orjson.dumps({"etag": fetched.etag, "body": fetched.body.decode()}))
            part.replace(self._path / "models.json")
        except OSError:
            return  # a folder that cannot be written costs a fetch each time, and no more


def _cache_folder() -> Path:
    try:
        import platformdirs  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError(
            "The live list is kept in the cache folder, which platformdirs knows: "
            "pip install 'langchain-aimlapi[cli]'."
        ) from None
    return Path(platformdirs.user_cache_path("langchain-aimlapi"))

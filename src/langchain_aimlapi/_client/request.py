"""Makes any request to the service: method, path, JSON or multipart, query, headers, timeouts.

An endpoint is a constant of the module that serves it (`Endpoint`), what is the same for all
requests of one call is a `CallScope`, and `build_request` brings them together with the settings of
the object. Whether a URL and headers can be sent is checked by `Request` alone.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._client.base_url import join_url, tidy_base_url, without_version
from langchain_aimlapi._client.clients import as_timeouts
from langchain_aimlapi._client.ids import new_id
from langchain_aimlapi._client.redirect import redirect_for
from langchain_aimlapi._codec.encode.body import dump_body
from langchain_aimlapi._errors.redaction import unwrap
from langchain_aimlapi._transport.request import ReplyRules, Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi._version import __version__
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from langchain_aimlapi._client.settings import Connection
    from langchain_aimlapi._transport.request import Alternative

_USER_AGENT = "User-Agent"
OWN_HEADERS: Mapping[str, str] = {_USER_AGENT: f"langchain-aimlapi/{__version__}"}
"""What says who is calling: the package and its version, and nothing more."""

_TEN_MINUTES = 600.0
DEFAULT_TIMEOUTS: Mapping[bool, Timeouts] = {
    False: Timeouts(total=_TEN_MINUTES),
    True: Timeouts(first_token=_TEN_MINUTES, between_tokens=_TEN_MINUTES),
}
"""By whether the reply streams: models may reason for minutes before they answer, and a stream may
last as long as content comes."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of the service."""

    path: str
    """From the base address on, with its slash."""
    method: str = "POST"
    reply: ReplyRules = field(default_factory=ReplyRules)
    """What a successful reply looks like."""
    from_root: bool = False
    """Whether the path has the version of the API in it, which the base address has, too."""
    at_most_once: bool = False
    """Whether a request is only repeated where the service cannot have acted on it."""


@dataclass(frozen=True, slots=True)
class CallScope:
    """What all requests of one call have in common: retries, a second dialect, polls."""

    key: SecretStr
    id: str = field(default_factory=new_id)
    """Sent as idempotency key, the same on every retry."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Of the call; those that steer a request override the settings of the object."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart form."""

    name: str
    data: bytes = field(repr=False)
    mime_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form."""

    fields: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """A field with several values is sent several times."""
    uploads: Mapping[str, Upload | Sequence[Upload]] = field(default_factory=dict)


Body = Mapping[str, object] | Form | None
"""JSON, a form, or nothing (GET)."""


def build_request(
    connection: Connection,
    endpoint: Endpoint,
    body: Body,
    scope: CallScope,
    *,
    query: Mapping[str, Any] | None = None,
    streams: bool = False,
    alternative: Alternative | None = None,
) -> Request:
    """Make a request to the service.

    Args:
        connection: How to reach it.
        endpoint: Which route.
        body: What to send.
        scope: The call that the request is part of.
        query: Parameters of the route; `default_query` and `extra_query` are added.
        streams: Whether the reply is to come as events.
        alternative: Another form of it, for a service that does not take this one.

    Raises:
        ConfigurationError: For a body that is no JSON, or a header or URL that cannot be sent.
    """
    kind, data = _encoded(body)
    arguments = scope.arguments
    timeout, retries = _timeout_of(arguments), arguments.get("max_retries")
    try:
        return Request(
            url=_url(connection, endpoint, scope, query),
            body=data,
            headers=_headers(connection, scope, kind),
            timeouts=_timeouts(connection.timeout if timeout is None else timeout, streams=streams),
            retry=_retry(
                connection.max_retries if retries is None else retries,
                at_most_once=endpoint.at_most_once,
            ),
            method=endpoint.method,
            timeouts_are_set=connection.timeout is not None or timeout is not None,
            max_bytes=connection.max_response_bytes,
            rules=endpoint.reply,
            alternative=alternative,
        )
    except ConfigurationError as error:
        # The frames below hold the headers, the key among them.
        raise error.with_traceback(None) from None


def repeating(request: Request) -> Callable[[bytes, Mapping[str, str]], Request]:
    """Return what makes the same request with another body, without checking it anew.

    Args:
        request: One that was checked; its headers are given again, with values that may differ in
            what can be sent for certain.
    """
    write = {each.name: vars(Request)[each.name].__set__ for each in fields(Request)}
    write_body, write_headers = write.pop("body"), write.pop("headers")
    same = [(write_same, getattr(request, name)) for name, write_same in write.items()]

    def repeated(body: bytes, headers: Mapping[str, str]) -> Request:
        other = object.__new__(Request)
        for write_same, value in same:
            write_same(other, value)
        write_body(other, body)
        write_headers(other, headers)
        return other

    return repeated


def build_download(
    connection: Connection, url: str, scope: CallScope, *, rules: ReplyRules | None = None
) -> Request:
    """Make a request for a file that a reply named: no key, no header or query of one's own.

    Args:
        connection: Its timeout, retries and `User-Agent` hold; nothing else of it is sent.
        url: Absolute; usually of another host than the service's.
        scope: The call that the request is part of.
        rules: What a successful reply looks like; by default any bytes.

    Raises:
        ConfigurationError: For a URL that is not http(s).
    """
    arguments = scope.arguments
    timeout, retries = _timeout_of(arguments), arguments.get("max_retries")
    return Request(
        url=url,
        headers=_user_agent(connection),
        timeouts=_timeouts(connection.timeout if timeout is None else timeout, streams=False),
        retry=_retry(connection.max_retries if retries is None else retries),
        method="GET",
        max_bytes=max(connection.max_response_bytes, _MAX_FILE_BYTES),
        rules=rules or ReplyRules(is_json=False),
    )


_MAX_FILE_BYTES = 2**30
"""Most bytes of a file that was asked for by its address; a video may have hundreds of megabytes."""
_retry = lru_cache(RetryPolicy)


def _timeout_of(arguments: Mapping[str, Any]) -> float | Timeouts | None:
    given = arguments.get("timeout")
    if given is None:
        given = arguments.get("request_timeout")
    timeout: float | Timeouts | None = None if given is None else as_timeouts(given)
    return timeout


def _timeouts(timeout: float | Timeouts | None, *, streams: bool) -> Timeouts:
    if isinstance(timeout, Timeouts):
        return timeout
    return DEFAULT_TIMEOUTS[streams] if timeout is None else Timeouts(total=timeout)


# --- the URL --------------------------------------------------------------------------------------


def base_url_of(connection: Connection, arguments: Mapping[str, object]) -> str:
    """Return the base address of a call, without a trailing slash."""
    given = arguments.get("base_url")
    address = tidy_base_url(given) if given else connection.aimlapi_api_base
    redirect = redirect_for(address, connection.proxy)
    return redirect.base_url if redirect else address


def _url(
    connection: Connection, endpoint: Endpoint, scope: CallScope, query: Mapping[str, Any] | None
) -> str:
    arguments = scope.arguments
    base_url = base_url_of(connection, arguments)
    if endpoint.from_root:
        base_url = without_version(base_url)
    return join_url(
        base_url, endpoint.path, connection.default_query, query, arguments.get("extra_query")
    )


# --- the headers ----------------------------------------------------------------------------------


def _headers(connection: Connection, scope: CallScope, kind: str | None) -> dict[str, str]:
    """All headers; later ones replace earlier ones whatever their case, None removes one."""
    arguments = scope.arguments
    # Before the key is in a local variable, which a crash report would show: this may fail.
    given = _given(connection.default_headers, arguments.get("extra_headers"))
    request_id = arguments.get("client_request_id") or connection.client_request_id or scope.id
    own = {
        **OWN_HEADERS,
        "Authorization": f"Bearer {scope.key.get_secret_value()}",
        "X-Client-Request-Id": clean_request_id(request_id),
    }
    if kind is not None:
        own["Content-Type"] = kind
        own["Idempotency-Key"] = scope.id
    if not given:
        return own
    kept = {name: value for name, value in own.items() if name.lower() not in given}
    return kept | {name: value for name, value in given.values() if value is not None}


def _given(*layers: Mapping[str, Any] | None) -> dict[str, tuple[str, str | None]]:
    """Headers of the caller's own, with their names and values by their lower-case names."""
    return {
        name.lower(): (name, None if value is None else str(unwrap(value)))
        for each in layers
        if each
        for name, value in each.items()
    }


def _user_agent(connection: Connection) -> dict[str, str]:
    own = {name.lower(): value for name, value in (connection.default_headers or {}).items()}
    value = own.get(_USER_AGENT.lower(), OWN_HEADERS[_USER_AGENT])
    return {} if value is None else {_USER_AGENT: str(unwrap(value))}


_NOT_IN_REQUEST_ID = re.compile(r"[^A-Za-z0-9._:-]")
_REQUEST_ID_CHARS = 128


def clean_request_id(request_id: str) -> str:
    """Make an id the service accepts: others it silently ignores (API docs)."""
    return _NOT_IN_REQUEST_ID.sub("-", request_id)[:_REQUEST_ID_CHARS]


# --- the body -------------------------------------------------------------------------------------


def _encoded(body: Body) -> tuple[str | None, bytes | None]:
    """Return the content type and the bytes of a body."""
    if body is None:
        return None, None
    return _multipart(body) if isinstance(body, Form) else ("application/json", dump_body(body))


def _multipart(form: Form) -> tuple[str, bytes]:
    """Write a form as RFC 7578 has it; the boundary is random, so no content can contain it."""
    boundary = uuid.uuid4().hex
    parts: list[bytes] = []
    for name, values in form.fields.items():
        for value in [values] if isinstance(values, str) else values:
            parts += [_part(boundary, name), b"\r\n", value.encode(), b"\r\n"]
    for name, uploads in form.uploads.items():
        for upload in [uploads] if isinstance(uploads, Upload) else uploads:
            parts += [_part(boundary, name, upload), b"\r\n", upload.data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def _part(boundary: str, name: str, upload: Upload | None = None) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if upload is None:
        return f"{head}\r\n".encode()
    kind = upload.mime_type if upload.mime_type.isprintable() else "application/octet-stream"
    return f'{head}; filename="{_quoted(upload.name)}"\r\nContent-Type: {kind}\r\n'.encode()


def _quoted(name: str) -> str:
    """Escape a name as browsers do (HTML standard, multipart/form-data encoding)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

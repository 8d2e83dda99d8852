"""Takes the secrets of a request out of the errors about it: one redactor, one mark.

A service or a proxy may repeat what it was sent: in an error response, in a reply that cannot be read, in a
header; as it is, or escaped (JSON within JSON, a URL, a page). Redaction happens once, where errors
leave (`_client.send`). It takes the secret alone and leaves the words around it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

import orjson

from langchain_aimlapi.errors import ErrorResponse

if TYPE_CHECKING:
    from langchain_aimlapi.errors import AimlapiError

HIDDEN = "**********"
"""Stands in the place of a secret, everywhere."""

SECRET_FIELDS = frozenset(
    {
        "api_key",
        "authorization",
        "authorization_token",
        "default_headers",
        "extra_headers",
        "headers",
        "x-api-key",
    }
)
"""Fields of arguments and bodies that hold secrets: those of calls and of remote tools."""
SCHEMA_FIELDS = frozenset({"parameters", "input_schema", "properties", "schema"})
"""Beneath these stand descriptions of arguments, which may be called like secrets."""
_SECRET_NAME = re.compile(
    r"key|token|secret|auth|passw|pwd|cookie|credential|session|signature|\bsig\b", re.IGNORECASE
)
_PUBLIC_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-type",
        "host",
        "http-referer",
        "idempotency-key",
        "referer",
        "traceparent",
        "user-agent",
        "x-client-request-id",
        "x-title",
    }
)
_PUBLIC_KEYS = frozenset({"sandbox", "Bearer sandbox"})
"""The key of the local sandbox: its documents name it, and its errors say the word."""
_SHORTEST = 6
"""Shorter values are not looked for: they stand in ordinary words."""
_SHORTEST_WITHIN_WORDS = 8
"""Shorter ones, and those of letters alone, are looked for as whole words only."""
_SHORTEST_TOKEN = 8
_REGEX_CHARS = 65_536
"""How much of a text is searched for secrets in any escaping; the rest for the usual ones."""
_DEPTH = 100
_TOO_DEEP = "[nested too deep to be shown]"
_MOST_VALUES = 20_000
"""How many values of a body an error keeps: looking for secrets takes microseconds in each."""
_TOO_MANY = "[more is not shown]"
_NESTED_ESCAPES = 8
_NESTED_DOUBLINGS = 3
"""JSON within JSON doubles each backslash; so often it is followed."""


def is_secret_name(name: str) -> bool:
    """Tell whether a header, parameter or query of this name is likely to hold a secret."""
    return _SECRET_NAME.search(name) is not None


# --- what is secret in a request ------------------------------------------------------------------


def secrets_in(headers: Mapping[str, str], url: str, proxies: Iterable[str]) -> Iterator[str]:
    """Yield the secrets of a request: whole values, and the parts that may be repeated alone.

    Args:
        headers: As sent. All count whose name speaks of a secret, and of the others those whose value
            looks like a token, unless the header is known to be public.
        url: The values of its query's secret names count.
        proxies: Addresses of proxies, whose passwords count.
    """
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in _PUBLIC_HEADERS:
            continue
        if is_secret_name(lowered) or _looks_like_token(value):
            yield from _parts(lowered, value.strip())
    yield from _in_query(url)
    for address in proxies:
        yield from _in_proxy(address)


def secrets_in_body(body: bytes | None) -> Iterator[str]:
    """Yield the secrets of a JSON body: what opens the remote tools that are named in it."""
    if body is None or not any(f'"{name}"'.encode() in body for name in SECRET_FIELDS):
        return
    with contextlib.suppress(ValueError):
        yield from _in_json(orjson.loads(body), secret=False)


def _in_json(value: object, *, secret: bool) -> Iterator[str]:
    if isinstance(value, str) and secret:
        yield from _parts("", value)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_json(inner, secret=secret)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in SCHEMA_FIELDS:
                yield from _in_json(inner, secret=secret or name.lower() in SECRET_FIELDS)


def _looks_like_token(value: str) -> bool:
    letters = any(map(str.isalpha, value))
    return letters and len(value) >= _SHORTEST_TOKEN and any(map(str.isdigit, value))


def _parts(header: str, value: str) -> Iterator[str]:
    yield value
    if header == "cookie":
        for pair in value.split(";"):
            yield pair.partition("=")[2].strip()
        return
    scheme, _, token = value.rpartition(" ")
    yield token
    if header == "authorization":
        yield from _encoded(token)
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            credentials = base64.b64decode(token).decode()
            yield from (credentials, credentials.partition(":")[2])


def _in_query(url: str) -> Iterator[str]:
    for name, value in parse_qsl(url.partition("?")[2]):
        if is_secret_name(name):
            yield value


def _in_proxy(address: str) -> Iterator[str]:
    """User and password as they stand, and as they are sent; they may hold slashes and more."""
    credentials = address.rpartition("@")[0].rpartition("://")[2]
    password = credentials.partition(":")[2]
    yield from (credentials, unquote(credentials), password, unquote(password))
    yield from _encoded(unquote(credentials))


def _encoded(secret: str) -> Iterator[str]:
    """A secret as base64, in which a proxy's is sent, and as hexadecimal digits."""
    data = secret.encode("utf-8", "replace")
    yield from (base64.b64encode(data).decode().rstrip("="), data.hex())


# --- the redactor ---------------------------------------------------------------------------------


class Redactor:
    """Replaces secrets by a mark, in texts and in JSON.

    Args:
        secrets: In any order; those too short to be told from words are left alone.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= _SHORTEST} - _PUBLIC_KEYS
        self._secrets = sorted(known, key=len, reverse=True)
        self._patterns = [_pattern(secret) for secret in self._secrets]

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        if not text or not self._secrets:
            return text
        head, tail = text[:_REGEX_CHARS], text[_REGEX_CHARS:]
        if tail:
            # No secret may lie across the border.
            whole = self._usual_forms(text)
            head, tail = whole[:_REGEX_CHARS], whole[_REGEX_CHARS:]
        for pattern in self._patterns:
            head = pattern.sub(HIDDEN, head)
        return self._without_cut_secret(head + tail)

    def value(self, value: Any) -> Any:
        """Return a copy of JSON in which no text holds any of the secrets.

        What is nested deeper than 100, and all behind the first 20,000 values, is left out.
        """
        return self._copied(value, _DEPTH, _Share())

    def _copied(self, value: Any, depth: int, share: _Share) -> Any:
        if isinstance(value, str):
            return self._shared(value, share)
        if isinstance(value, bytes):
            return self._shared(value.decode("latin-1"), share).encode("latin-1")
        if not isinstance(value, Mapping | list | tuple):
            return value
        if not depth:
            return _TOO_DEEP
        if isinstance(value, Mapping):
            return self._copied_mapping(value, depth, share)
        copied = [self._copied(inner, depth - 1, share) for inner in share.of(value)]
        return type(value)([*copied, _TOO_MANY] if len(copied) < len(value) else copied)

    def _copied_mapping(
        self, value: Mapping[Any, Any], depth: int, share: _Share
    ) -> dict[Any, Any]:
        copied = {
            self._copied(name, 0, share): self._copied(inner, depth - 1, share)
            for name, inner in share.of(value.items())
        }
        whole = share.values or len(copied) == len(value)
        return copied if whole else {**copied, "…": _TOO_MANY}

    def _shared(self, text: str, share: _Share) -> str:
        """A text without the secrets; in any escaping while the share of searching lasts."""
        share.chars -= len(text)
        return self.text(text) if share.chars > 0 else self._plain(text)

    def _plain(self, text: str) -> str:
        return self._without_cut_secret(self._usual_forms(text))

    def _usual_forms(self, text: str) -> str:
        for secret in self._secrets:
            for form in _forms(secret):
                if _is_distinct(secret):
                    text = text.replace(form, HIDDEN)
        return text

    def _without_cut_secret(self, text: str) -> str:
        """Hide the first half of a secret at the end of a text that was cut off there."""
        end = text.rstrip("…")
        for secret in self._secrets:
            for length in range(len(secret) - 1, max(_SHORTEST, len(secret) // 2) - 1, -1):
                if end.endswith(secret[:length]):
                    return end[:-length] + HIDDEN + text[len(end) :]
        return text


class _Share:
    """How much of a body is looked at, so that no body takes seconds."""

    __slots__ = ("chars", "values")

    def __init__(self) -> None:
        self.values = _MOST_VALUES
        self.chars = 16 * _REGEX_CHARS

    def of(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, as long as the share lasts."""
        for item in items:
            if not self.values:
                return
            self.values -= 1
            yield item


def _is_distinct(secret: str) -> bool:
    return len(secret) >= _SHORTEST_WITHIN_WORDS and not secret.isalpha()


@lru_cache(maxsize=64)
def _pattern(secret: str) -> re.Pattern[str]:
    """Match a secret in any escaping: each character may be escaped on its own."""
    form = "".join(_any_run(char, len(list(run))) for char, run in groupby(secret))
    if not _is_distinct(secret):
        form = rf"(?<![A-Za-z0-9_]){form}(?![A-Za-z0-9_])"
    return re.compile(form, re.IGNORECASE)


def _any_run(char: str, length: int) -> str:
    """Match a character said so many times; backslashes escape one another, so they are counted."""
    if char != "\\" or length == 1:
        return _any_form(char) * length
    most = length * 2**_NESTED_DOUBLINGS
    return rf"(?:\\{{{length},{most}}}|(?:%5c|&(?:#92|#x5c);){{{length}}})"


_ENTITIES = {'"': "quot", "&": "amp", "'": "apos", "<": "lt", ">": "gt"}


def _any_form(char: str) -> str:
    """Match a character as it is, and as JSON, URLs and pages escape it, within one another too."""
    code = ord(char)
    plain = r"\\" if char == "\\" else re.escape(char)
    escapes = rf"\\{{0,{_NESTED_ESCAPES}}}" + ("" if char == "\\" else "+")
    named = f"|{_ENTITIES[char]}" if char in _ENTITIES else ""
    return rf"(?:{escapes}(?:{plain}|u{code:04x})|%{code:02x}|&(?:#{code}|#x{code:x}{named});)"


def _forms(secret: str) -> set[str]:
    """The escapings in use, for texts too long for a pattern."""
    as_json = json.dumps(secret)[1:-1]
    slashed = as_json.replace("/", "\\/")
    return {secret, as_json, slashed, json.dumps(as_json)[1:-1], quote(secret, safe="")}


# --- an error -------------------------------------------------------------------------------------

_TEXTS = ("message", "code", "param", "request_id", "inference_id", "client_request_id", "hint")


def redact_error(error: AimlapiError, secrets: Iterable[str]) -> None:
    """Take secrets out of all that an error holds: texts, body, response, metadata, cause.

    What had arrived of an answer (`partial`) keeps its content: that is the model's, not the
    service's words about a request.
    """
    redactor = Redactor(secrets)
    for name in _TEXTS:
        value = getattr(error, name)
        if isinstance(value, str):
            setattr(error, name, redactor.text(value))
    error.args = redactor.value(error.args)
    error.body = redactor.value(error.body)
    if error.response is not None:
        error.response = ErrorResponse(
            error.response.status_code,
            redactor.value(error.response.headers),
            redactor.text(error.response.text),
        )
    _redact_partial(error.partial, redactor.value)
    _redact_cause(error, redactor)


def _redact_partial(partial: object, redacted: Callable[[object], Any]) -> None:
    if identity := getattr(partial, "id", None):
        partial.id = redacted(identity)  # type: ignore[attr-defined]
    if metadata := getattr(partial, "response_metadata", None):
        content = {name: metadata[name] for name in ("logprobs",) if name in metadata}
        rest = {name: value for name, value in metadata.items() if name not in content}
        partial.response_metadata = redacted(rest) | content  # type: ignore[attr-defined]


def _redact_cause(error: AimlapiError, redactor: Redactor) -> None:
    cause = error.__cause__
    if cause is None:
        return
    if hasattr(cause, "doc") or hasattr(cause, "object"):
        cause = None  # an error about JSON or an encoding, which holds all that was read
    else:
        cause.args = redactor.value(cause.args)
        cause.__traceback__ = None  # its frames hold what was read, too
    error.__cause__ = cause

"""One call: settings, options and messages brought together into one HTTP request.

The settings of the object are the base, the arguments of the call lie over them (`None` takes a
setting away), and what neither knows goes into the body as it is.
"""

from __future__ import annotations

import inspect
import re
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr

from langchain_aimlapi import _catalogue
from langchain_aimlapi._codec.metadata import ReplyContext
from langchain_aimlapi._codec.repair import without_empty_turns
from langchain_aimlapi._codec.request import Options, encode
from langchain_aimlapi._codec.responses import encode_responses
from langchain_aimlapi._hints import warn_dropped, warn_unknown
from langchain_aimlapi._redaction import revealed
from langchain_aimlapi._settings import (
    API_KEY_VARIABLE,
    SENT_FIELDS,
    ChatSettings,
    environment_key,
    tidy_base_url,
)
from langchain_aimlapi._transport.request import Request, Timeouts
from langchain_aimlapi._transport.retry import RetryPolicy
from langchain_aimlapi._version import __version__
from langchain_aimlapi.errors import (
    AimlapiError,
    ConfigurationError,
    InvalidRequestError,
    MissingAPIKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import BaseMessage

    from langchain_aimlapi._facts import Dialect, ModelFacts, Route

OWN_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "User-Agent": f"langchain-aimlapi/{__version__}",
    # Attribution, as earlier releases of this package sent it.
    "HTTP-Referer": "https://github.com/langchain-ai/langchain",
    "X-Title": "LangChain",
}

CALL_ARGUMENTS = frozenset(
    {
        "api_key",
        "base_url",
        "client_request_id",
        "dialect",
        "echo_reasoning",
        "extra_body",
        "extra_headers",
        "extra_query",
        "max_retries",
        "model",
        "model_name",
        "repair_empty_turns",
        "split_think_tags",
        "stream_usage",
        "structured_output",
        "timeout",
        "unsupported_params",
        "use_responses_api",
    }
)
"""Arguments of a call that steer it and are not sent in the body."""

SEEN_BY_CORE = frozenset({"ls_structured_output_format", "stream"})
"""Arguments that LangChain leaves among ours after using them."""

TOOL_ARGUMENTS = frozenset({"tools", "tool_choice"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and what decoding its reply needs to know of it."""

    request: Request
    model: str
    id: str
    split_think_tags: bool
    audio_format: str | None
    notes: Mapping[str, Any]
    """What the reply's metadata is to say of how it was asked for."""
    route: Route = "chat"
    shape: Dialect = "openai"
    in_other_shape: Callable[[], Call] | None = None
    """Writes the call in the other shape, for models documented in one of them where the service
    may take the other; `None` where there is no doubt."""

    def context(self, headers: Mapping[str, str]) -> ReplyContext:
        """What decoding needs, once the reply's headers are there."""
        return ReplyContext(
            model=self.model,
            headers=headers,
            call_id=self.id,
            split_think_tags=self.split_think_tags,
            audio_format=self.audio_format,
            notes=self.notes,
        )


def build_call(
    settings: ChatSettings,
    messages: Sequence[BaseMessage],
    arguments: Mapping[str, Any],
    *,
    key: SecretStr,
    stream: bool,
    run_id: uuid.UUID | None,
    dialect: Dialect | None = None,
) -> Call:
    """Bring a call together.

    Args:
        settings: The chat model.
        messages: The conversation.
        arguments: Keyword arguments of the call, `stop` among them.
        key: The API key.
        stream: Whether the reply is to come as events.
        run_id: LangChain's id of the run, if there is one.
        dialect: The shape to write it in, instead of the one the settings choose.

    Raises:
        ConfigurationError: For arguments that contradict each other.
        UnsupportedContentError: For content with no form on the wire.
    """

    def option(name: str) -> Any:
        value = arguments.get(name)
        return getattr(settings, name) if value is None else value

    model = arguments.get("model") or arguments.get("model_name") or settings.model_name
    facts = _catalogue.facts(model)
    base_url = _base_url(settings, arguments)
    route = _route(option("use_responses_api"), facts)
    wanted = option("dialect") if route == "chat" else "openai"
    in_doubt = wanted == "auto" and dialect is None and _may_differ(facts)
    dialect = dialect or _dialect(wanted, facts, (base_url, model))
    options = Options(
        facts=facts if _documented(facts, route, dialect) else None,
        dialect=dialect,
        unsupported=option("unsupported_params"),
        echo_reasoning=option("echo_reasoning"),
        stream=stream,
        stream_usage=option("stream_usage"),
    )
    parameters = _parameters(settings, arguments)
    if stream and (parameters.get("n") or 1) > 1:
        raise ConfigurationError(
            "n > 1 cannot be streamed: chunks of several answers would mix. Use invoke or "
            "generate with n, or batch to stream several answers."
        )
    turns = without_empty_turns(messages) if option("repair_empty_turns") else messages
    encoded = _ENCODERS[route](model, turns, parameters, options)
    warn_dropped(encoded.dropped, model)
    call_id = str(run_id or uuid.uuid4())

    def in_other_shape() -> Call:
        return build_call(
            settings,
            messages,
            arguments,
            key=key,
            stream=stream,
            run_id=run_id or uuid.UUID(call_id),
            dialect=_OTHER[dialect],
        )

    request = Request(
        url=_url(base_url, route, settings, arguments),
        body=_json(encoded.body),
        headers=_headers(settings, arguments, key, call_id),
        timeouts=_timeouts(option("timeout")),
        retry=RetryPolicy(max_retries=option("max_retries")),
    )
    audio = parameters.get("audio")
    audio_format = audio.get("format") if isinstance(audio, Mapping) else None
    form = arguments.get("structured_output")
    return Call(
        request=request,
        model=model,
        id=call_id,
        split_think_tags=option("split_think_tags"),
        audio_format=audio_format,
        notes={"structured_output": form} if form else {},
        route=route,
        shape=dialect,
        in_other_shape=in_other_shape if in_doubt else None,
    )


_ENCODERS = {"chat": encode, "responses": encode_responses}
_PATHS: Mapping[Route, str] = {"chat": "/chat/completions", "responses": "/responses"}


def _route(wanted: bool | None, facts: ModelFacts | None) -> Route:
    if wanted is None:
        return "chat" if facts is None else facts.route
    return "responses" if wanted else "chat"


def _documented(facts: ModelFacts | None, route: Route, dialect: Dialect) -> bool:
    """Whether the facts are about this very shape: they say nothing of another."""
    return facts is not None and route == facts.route and dialect in facts.dialects


_learnt: dict[tuple[str, str], Dialect] = {}
"""Shapes the service took after refusing the documented one, by base URL and model."""

_OTHER: Mapping[Dialect, Dialect] = {"openai": "anthropic", "anthropic": "openai"}


def _may_differ(facts: ModelFacts | None) -> bool:
    """Whether there is a second shape to try: the documents on Claude contradict one another."""
    return facts is not None and "anthropic" in facts.dialects


def _dialect(wanted: str, facts: ModelFacts | None, place: tuple[str, str]) -> Dialect:
    if wanted == "auto":
        if _may_differ(facts) and place in _learnt:
            return _learnt[place]
        only_anthropic = facts is not None and facts.dialects == {"anthropic"}
        return "anthropic" if only_anthropic else "openai"
    return "anthropic" if wanted == "anthropic" else "openai"


_ABOUT_SHAPE = re.compile(
    r"validation error|invalid enum value|unrecognized key|invalid input|input_schema"
    r"|expected .{1,60} received|messages\W{0,2}\d|unknown (field|parameter)|extra inputs",
    re.IGNORECASE,
)


def other_shape(call: Call, error: AimlapiError) -> Call | None:
    """The call in the other shape, if the service refused it for its shape and there is one."""
    refused = isinstance(error, InvalidRequestError) and _ABOUT_SHAPE.search(error.message)
    if not refused or call.in_other_shape is None:
        return None
    return call.in_other_shape()


def learn_shape(call: Call) -> None:
    """Remember, for this process, that the service took a call in this shape."""
    base_url = call.request.url.partition("?")[0].removesuffix("/chat/completions")
    _learnt[base_url, call.model] = call.shape


def _parameters(settings: ChatSettings, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into the body, by our names."""
    sent = {name: getattr(settings, name) for name in SENT_FIELDS}
    given = {
        name: value
        for name, value in arguments.items()
        if name not in CALL_ARGUMENTS and name not in SEEN_BY_CORE
    }
    unknown = given.keys() - sent.keys() - TOOL_ARGUMENTS - {"stop"}
    if unknown:
        warn_unknown(sorted(unknown), {*SENT_FIELDS, *CALL_ARGUMENTS}, where="call")
    if given.get("stop") is None:
        given.pop("stop", None)
    extra_body = {**(settings.extra_body or {}), **(arguments.get("extra_body") or {})}
    return {**settings.model_kwargs, **sent, **given, "extra_body": extra_body}


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise ConfigurationError(f"The request cannot be written as JSON: {error}.") from None


def _base_url(settings: ChatSettings, arguments: Mapping[str, Any]) -> str:
    given = arguments.get("base_url")
    return tidy_base_url(given) if given else settings.aimlapi_api_base


def _url(base_url: str, route: Route, settings: ChatSettings, arguments: Mapping[str, Any]) -> str:
    query = {**(settings.default_query or {}), **(arguments.get("extra_query") or {})}
    return f"{base_url}{_PATHS[route]}" + (f"?{urlencode(query)}" if query else "")


def _timeouts(timeout: float | Timeouts | None) -> Timeouts:
    if isinstance(timeout, Timeouts):
        return timeout
    return Timeouts() if timeout is None else Timeouts(total=timeout)


# --- headers --------------------------------------------------------------------------------------


def _headers(
    settings: ChatSettings, arguments: Mapping[str, Any], key: SecretStr, call_id: str
) -> dict[str, str]:
    """All headers; later ones replace earlier ones whatever their case, `None` takes one away."""
    named: dict[str, tuple[str, Any]] = {}
    request_id = arguments.get("client_request_id") or settings.client_request_id or call_id
    own = {
        **OWN_HEADERS,
        "Authorization": SecretStr(f"Bearer {key.get_secret_value()}"),
        "X-Client-Request-Id": clean_request_id(request_id),
        "Idempotency-Key": call_id,
    }
    given = (settings.default_headers or {}, arguments.get("extra_headers") or {})
    for headers in (own, *given):
        named |= {name.lower(): (name, value) for name, value in headers.items()}
    return {name: _header_text(name, value) for name, value in named.values() if value is not None}


def _header_text(name: str, value: Any) -> str:
    if not _fits_a_header(name) or not _fits_a_header(revealed(value)):
        what = "The API key" if name == "Authorization" else f"The header {name!r}"
        raise ConfigurationError(
            f"{what} has characters that no header may have, such as a line end or an accent."
        )
    return str(revealed(value))


def _fits_a_header(text: Any) -> bool:
    return str(text).isascii() and str(text).isprintable()


_NOT_IN_REQUEST_ID = re.compile(r"[^A-Za-z0-9._:-]")


def clean_request_id(request_id: str) -> str:
    """A request id the service accepts: others it ignores without a word (API docs)."""
    return _NOT_IN_REQUEST_ID.sub("-", request_id)[:128]


# --- the key --------------------------------------------------------------------------------------


def find_key(settings: ChatSettings, arguments: Mapping[str, Any]) -> SecretStr | Awaitable[Any]:
    """The key of the call, of the object or of the environment.

    It stays wrapped until it is a header, so that no traceback with local variables shows it.

    Returns:
        The key, or what an async key function returned, to be awaited and given to `sealed`.

    Raises:
        MissingAPIKeyError: If there is no key anywhere.
        ConfigurationError: If a key function returned something else.
    """
    key = arguments.get("api_key") or settings.aimlapi_api_key or environment_key()
    if callable(key):
        key = key()
    return key if inspect.isawaitable(key) else sealed(key)


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

"""One call: settings, options and messages brought together into one HTTP request.

The settings of the object are the base, the arguments of the call lie over them (`None` takes a
setting away), and what neither knows goes into the body as it is.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi import _catalogue
from langchain_aimlapi._chat.settings import (
    SENT_FIELDS,
    ChatSettings,
)
from langchain_aimlapi._client.request import CallScope, Endpoint, base_url_of, build_request
from langchain_aimlapi._client.warnings import warn_dropped, warn_unknown
from langchain_aimlapi._codec.decode.metadata import ReplyContext
from langchain_aimlapi._codec.encode.chat import Options, encode
from langchain_aimlapi._codec.encode.repair import without_empty_turns
from langchain_aimlapi._codec.encode.responses import encode_responses
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.errors import (
    AimlapiError,
    ConfigurationError,
    InvalidRequestError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import BaseMessage
    from pydantic import SecretStr

    from langchain_aimlapi._catalogue.spec import Dialect, ModelFacts, Route
    from langchain_aimlapi._transport.request import Request

CALL_ARGUMENTS = frozenset(
    {
        "api_key",
        "base_url",
        "clean_tool_schemas",
        "client_request_id",
        "coalesce",
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

_SENT_ARGUMENTS = frozenset({*SENT_FIELDS, "stop", "tool_choice", "tools"})


class Call(NamedTuple):
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
    coalesce: bool = False
    """Whether deltas that arrive together become one."""

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
    base_url = base_url_of(settings, arguments)
    route = _route(option("use_responses_api"), facts)
    wanted = option("dialect") if route == "chat" else "openai"
    in_doubt = wanted == "auto" and dialect is None and _may_differ(facts)
    dialect = dialect or _dialect(wanted, facts, (base_url, model))
    options = Options(
        facts=facts if _documented(facts, route, dialect) else None,
        dialect=dialect,
        unsupported=option("unsupported_params"),
        echo_reasoning=option("echo_reasoning"),
        clean_tools=_cleans_tools(option("clean_tool_schemas"), model),
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

    scope = CallScope(key, call_id, arguments)
    request = build_request(settings, _ENDPOINTS[route], encoded.body, scope, streams=stream)
    other = None
    if in_doubt:
        other = partial(
            build_call,
            settings,
            messages,
            arguments,
            key=key,
            stream=stream,
            run_id=run_id or uuid.UUID(call_id),
            dialect=_OTHER[dialect],
        )
    audio = parameters.get("audio")
    audio_format = audio.get("format") if isinstance(audio, Mapping) else None
    form = arguments.get("structured_output")
    return Call(
        request=request,
        model=model,
        id=call_id,
        split_think_tags=option("split_think_tags"),
        coalesce=option("coalesce"),
        audio_format=audio_format,
        notes={"structured_output": form} if form else {},
        route=route,
        shape=dialect,
        in_other_shape=other,
    )


_ENCODERS = {"chat": encode, "responses": encode_responses}
_ENDPOINTS: Mapping[Route, Endpoint] = {
    "chat": Endpoint("/chat/completions"),
    "responses": Endpoint("/responses", reply=ReplyRules(content_key=b'"output"')),
}


def _route(wanted: bool | None, facts: ModelFacts | None) -> Route:
    if wanted is None:
        return "chat" if facts is None else facts.route
    return "responses" if wanted else "chat"


def _cleans_tools(wanted: str, model: str) -> bool:
    if wanted != "auto":
        return wanted == "always"
    entry = _catalogue.entry(model)
    return entry is not None and entry.few_schema_words


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
    fields = vars(settings)
    sent = {name: fields[name] for name in SENT_FIELDS if fields[name] is not None}
    given = {
        name: value
        for name, value in arguments.items()
        if name not in CALL_ARGUMENTS and name not in SEEN_BY_CORE
    }
    unknown = given.keys() - _SENT_ARGUMENTS
    if unknown:
        warn_unknown(sorted(unknown), {*SENT_FIELDS, *CALL_ARGUMENTS}, where="call")
    if given.get("stop") is None:
        given.pop("stop", None)
    extra_body = {**(settings.extra_body or {}), **(arguments.get("extra_body") or {})}
    return {**settings.model_kwargs, **sent, **given, "extra_body": extra_body}

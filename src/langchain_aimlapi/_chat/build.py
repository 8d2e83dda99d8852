"""Settings, arguments of a call and messages -> one HTTP request.

Four steps: choose the route and the dialect (`dialects`), collect the parameters, encode the body,
and make the request. The settings of the object are the base, the arguments of the call lie over
them (`None` takes a setting away), and what neither knows goes into the body as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi import _catalogue
from langchain_aimlapi._catalogue.kinds import CHAT, check_class
from langchain_aimlapi._chat.dialects import (
    ENDPOINTS,
    OtherDialect,
    Place,
    Target,
    choose_targets,
)
from langchain_aimlapi._chat.limiting import Held
from langchain_aimlapi._chat.settings import SENT_FIELDS, ChatSettings, reserved_for_chat
from langchain_aimlapi._client.ids import new_id
from langchain_aimlapi._client.request import CallScope, base_url_of, build_request
from langchain_aimlapi._client.reserved import check_steering, refuse_reserved
from langchain_aimlapi._client.warnings import warn_dropped, warn_unforced, warn_unknown
from langchain_aimlapi._codec.decode.metadata import ReplyContext
from langchain_aimlapi._codec.encode.chat import Options, encode
from langchain_aimlapi._codec.encode.repair import without_empty_turns
from langchain_aimlapi._codec.encode.responses import encode_responses
from langchain_aimlapi._codec.encode.tools import bound_names
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    import uuid

    from langchain_core.messages import BaseMessage
    from pydantic import SecretStr

    from langchain_aimlapi._catalogue.spec import Route
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
        "request_timeout",
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

_CONFIG = "Give config={{{name!r}: …}}."


@cache
def reserved_on_calls() -> Mapping[str, str]:
    """Names that no call may have among its arguments, and what to use for each."""
    set_at_once = CALL_ARGUMENTS | SEEN_BY_CORE
    named = {name: use for name, use in reserved_for_chat().items() if name not in set_at_once}
    return named | {name: _CONFIG.format(name=name) for name in ("callbacks", "tags")}


_SENT_ARGUMENTS = frozenset({*SENT_FIELDS, "stop", "tool_choice", "tools"})


class ChatRequest(NamedTuple):
    """A request, and what decoding its reply needs to know of it."""

    request: Request
    model: str
    id: str
    route: Route
    split_think_tags: bool
    coalesce: bool
    """Whether deltas that arrive together become one."""
    audio_format: str | None
    notes: Mapping[str, object]
    """What the reply's metadata is to say of how it was asked for."""
    tool_names: Mapping[str, str] = MappingProxyType({})
    """Names of tools that had to be sent under another one: as bound, by the name as sent."""
    held: Held | None = None
    """The tokens that the call takes from the model's `token_limiter`, if it has one."""

    def context(self, headers: Mapping[str, str]) -> ReplyContext:
        """What decoding needs, once the reply's headers are there."""
        return ReplyContext(
            self.model, headers, self.id, self.split_think_tags, self.audio_format, self.notes
        )


def build_chat_request(
    settings: ChatSettings,
    messages: Sequence[BaseMessage],
    arguments: Mapping[str, Any],
    *,
    key: SecretStr,
    stream: bool,
    run_id: uuid.UUID | None,
) -> ChatRequest:
    """Build the request of one call.

    Args:
        settings: The chat model.
        messages: The conversation.
        arguments: Keyword arguments of the call, `stop` among them.
        key: The API key.
        stream: Whether the reply is to come as events.
        run_id: LangChain's id of the run, if there is one.

    Raises:
        ConfigurationError: For arguments that contradict each other, or the id of no chat model.
        UnsupportedContentError: For content with no form on the wire.
    """
    fields = vars(settings)

    def steered(name: str) -> Any:
        value = arguments.get(name)
        return fields[name] if value is None else value

    is_steered = not arguments.keys().isdisjoint(CALL_ARGUMENTS)
    if is_steered:
        check_steering(arguments)
    option: Callable[[str], Any] = steered if is_steered else fields.__getitem__
    model = arguments.get("model") or arguments.get("model_name") or settings.model_name
    check_class(model, CHAT)
    place = Place(base_url_of(settings, arguments), model)
    target, other = choose_targets(place, option("dialect"), option("use_responses_api"))
    parameters = collect_parameters(settings, arguments, stream=stream)
    turns = without_empty_turns(messages) if option("repair_empty_turns") else messages
    scope = CallScope(key, str(run_id) if run_id else new_id(), arguments)

    def write(target: Target, alternative: OtherDialect | None = None) -> Request:
        options = Options(
            spec=target.spec,
            dialect=target.dialect,
            unsupported=option("unsupported_params"),
            echo_reasoning=option("echo_reasoning"),
            clean_tools=_cleans_tools(option("clean_tool_schemas"), model),
            stream=stream,
            stream_usage=option("stream_usage"),
            vendor_of=_catalogue.vendor,
            reasons_unasked=_catalogue.reasons_unasked(model),
        )
        body = encode_body(target.route, model, turns, parameters, options)
        endpoint = ENDPOINTS[target.route]
        return build_request(
            settings, endpoint, body, scope, streams=stream, alternative=alternative
        )

    request = write(target, OtherDialect(place, other, write) if other else None)
    limit = fields["token_limiter"]
    most = parameters.get("max_tokens") or parameters.get("max_completion_tokens")
    return ChatRequest(
        request=request,
        model=model,
        id=scope.id,
        route=target.route,
        split_think_tags=option("split_think_tags"),
        coalesce=option("coalesce"),
        audio_format=_audio_format(parameters),
        notes=_notes(arguments),
        tool_names=bound_names(parameters.get("tools")),
        held=None if limit is None else Held(limit, request, most),
    )


def collect_parameters(
    settings: ChatSettings, arguments: Mapping[str, Any], *, stream: bool
) -> dict[str, Any]:
    """What goes into the body, by our names.

    Raises:
        ConfigurationError: For several answers in one stream, and for what is no parameter.
    """
    fields = vars(settings)
    sent = {name: fields[name] for name in SENT_FIELDS if fields[name] is not None}
    given = {
        name: value
        for name, value in arguments.items()
        if name not in CALL_ARGUMENTS and name not in SEEN_BY_CORE
    }
    unknown = given.keys() - _SENT_ARGUMENTS
    if unknown:
        refuse_reserved(sorted(unknown), reserved_on_calls(), where="call")
        warn_unknown(sorted(unknown), {*SENT_FIELDS, *CALL_ARGUMENTS}, where="call")
    if given.get("stop") is None:
        given.pop("stop", None)
    extra_body = {**(settings.extra_body or {}), **(arguments.get("extra_body") or {})}
    parameters = {**settings.model_kwargs, **sent, **given, "extra_body": extra_body}
    if settings.model_kwargs or extra_body:
        refuse_reserved(settings.model_kwargs, reserved_for_chat(), where="model_kwargs")
        refuse_reserved(extra_body.keys() & {"stream"}, reserved_for_chat(), where="extra_body")
    if not stream:
        parameters.pop("stream_options", None)  # refused where nothing streams
    if stream and (parameters.get("n") or 1) > 1:
        raise ConfigurationError(
            "n > 1 cannot be streamed: chunks of several answers would mix. Use invoke or "
            "generate with n, or batch to stream several answers."
        )
    return parameters


_ENCODERS = {"chat": encode, "responses": encode_responses}


def encode_body(
    route: Route,
    model: str,
    messages: Sequence[BaseMessage],
    parameters: Mapping[str, object],
    options: Options,
) -> dict[str, object]:
    """The body of a request, with a warning for each parameter that the model does not take."""
    encoded = _ENCODERS[route](model, messages, parameters, options)
    warn_dropped(encoded.dropped, model)
    if encoded.was_forced:
        warn_unforced(model)
    return encoded.body


def _cleans_tools(wanted: str, model: str) -> bool:
    if wanted != "auto":
        return wanted == "always"
    entry = _catalogue.entry(model)
    return entry is not None and entry.needs_schema_subset


def _audio_format(parameters: Mapping[str, object]) -> str | None:
    audio = parameters.get("audio")
    return audio.get("format") if isinstance(audio, Mapping) else None


def _notes(arguments: Mapping[str, object]) -> Mapping[str, object]:
    form = arguments.get("structured_output")
    return {"structured_output": form} if form else {}

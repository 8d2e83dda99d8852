"""Settings, call options and messages -> the JSON body of `/responses`.

The route says the same things by other names: tools and formats lie flat, the effort and the form
of the answer are objects, and the token limit includes reasoning. A few parameters of chat
completions (`stop`, `seed`, `n`, the penalties) have no counterpart; what becomes of them is what
becomes of every parameter a model does not take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._catalogue.spec import ModelSpec
from langchain_aimlapi._codec.encode.chat import (
    Encoded,
    Options,
    check_effort,
    drop_unsupported,
    fit_named_tools,
)
from langchain_aimlapi._codec.encode.conversation import prepare
from langchain_aimlapi._codec.encode.responses_input import encode_input

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

PARAMETERS = frozenset(
    {
        "background",
        "include",
        "instructions",
        "max_output_tokens",
        "parallel_tool_calls",
        "previous_response_id",
        "reasoning",
        "store",
        "stream",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
    }
)
"""What the route documents; which of it a model takes, its spec says."""

LEAST_TOKENS = 16
"""The smallest `max_output_tokens` the service takes; smaller limits are raised to it."""

_LOGPROBS = "message.output_text.logprobs"


def encode_responses(
    model: str,
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    options: Options,
) -> Encoded:
    """Write the body of a request to `/responses`.

    Args:
        model: The model's id.
        messages: The conversation.
        settings: Parameters by our names, which are those of chat completions; `None` means
            unset. The route's own names and unknown ones are sent as they are, and so is
            everything under `extra_body`, last.
        options: How to write it; the spec is used only where it is about this route.

    Raises:
        ConfigurationError: For an empty conversation, or settings that the model does not take
            when `options.unsupported` is "error".
        UnsupportedContentError: For content with no form on this route.
    """
    if (effort := settings.get("reasoning_effort")) is not None:
        check_effort(effort, options)
    spec = options.spec or ModelSpec(id=model, route="responses", parameters=PARAMETERS)
    options = options._replace(spec=spec)
    given = {name: value for name, value in settings.items() if value is not None}
    extra_body = given.pop("extra_body", None) or {}
    named = _renamed(given)
    fitted = fit_named_tools(named, extra_body, options, model)
    sent, dropped = drop_unsupported(named, options)
    body = {
        "model": model,
        "input": encode_input(
            prepare(messages, options.recipient(model, fitted.names), stored=True),
            stored={**sent, **extra_body}.get("store") is not False,
        ),
        **sent,
        **_tools(fitted.fields),
    }
    if options.stream:
        body["stream"] = True
        _drop_usage_option(body)
    return Encoded({**body, **extra_body}, dropped, fitted.was_forced)


def _drop_usage_option(body: dict[str, Any]) -> None:
    """Take out what chat completions alone know: the route reports its usage unasked."""
    asked = body.get("stream_options")
    if isinstance(asked, Mapping) and "include_usage" in asked:
        body["stream_options"] = {key: asked[key] for key in asked if key != "include_usage"}
        if not body["stream_options"]:
            del body["stream_options"]


# --- names --------------------------------------------------------------------------------------


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    named = dict(given)
    older, newer = named.pop("max_tokens", None), named.pop("max_completion_tokens", None)
    if (limit := newer or older) is not None:
        named.setdefault("max_output_tokens", max(LEAST_TOKENS, limit))
    if (effort := named.pop("reasoning_effort", None)) is not None:
        named["reasoning"] = {"effort": effort, **named.get("reasoning", {})}
    if (verbosity := named.pop("verbosity", None)) is not None:
        named["text"] = {"verbosity": verbosity, **named.get("text", {})}
    if (form := named.pop("response_format", None)) is not None:
        named["text"] = {"format": _flat(form, "json_schema"), **named.get("text", {})}
    if named.pop("logprobs", None) or named.get("top_logprobs"):
        asked = named.get("include", [])
        named["include"] = asked if _LOGPROBS in asked else [*asked, _LOGPROBS]
    return named


def _flat(form: Mapping[str, object], key: str) -> dict[str, Any]:
    """`{"type": …, key: {…}}` with everything on one level."""
    inner = form.get(key)
    rest = {name: value for name, value in form.items() if name != key}
    return rest | (dict(inner) if isinstance(inner, Mapping) else {})


# --- tools --------------------------------------------------------------------------------------


def _tools(fitted: Mapping[str, Any]) -> dict[str, object]:
    if not fitted:
        return {}
    written: dict[str, object] = {"tools": [_tool(tool) for tool in fitted["tools"]]}
    if (choice := fitted.get("tool_choice")) is not None:
        written["tool_choice"] = choice if isinstance(choice, str) else _choice(choice)
    return written


def _tool(tool: Mapping[str, Any]) -> dict[str, object]:
    """A tool with its function on the same level; tools of the service's own pass as they are."""
    kind = tool.get("type", "function")
    if not isinstance(tool.get(kind), Mapping):
        return dict(tool)
    flat = _flat(tool, kind)
    # Here a function is strict by default; in chat completions it is the other way.
    return {"strict": False, **flat} if kind == "function" else flat


def _choice(choice: Mapping[str, object]) -> dict[str, Any]:
    """A choice on one level: a function or custom tool by its name, or some tools of the bound."""
    flat = _flat(choice, str(choice.get("type")))
    if isinstance(flat.get("tools"), list):
        flat["tools"] = [_named(tool) for tool in flat["tools"]]
    return flat


def _named(tool: object) -> Any:
    kind = str(tool.get("type")) if isinstance(tool, Mapping) else ""
    return _flat(tool, kind) if isinstance(tool, Mapping) else tool

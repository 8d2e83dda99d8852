"""Settings, call options and messages -> the JSON body of a chat completion.

One table says what each parameter is called on the wire; the model's spec says which of them it
takes and by which name. Three need more than a name: the token limit (`max_tokens` is the only
one every model takes), the stop words (`stop_sequences` in the Anthropic dialect) and the
reasoning effort, for which the vendors have four different parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from langchain_aimlapi._catalogue.spec import Dialect, ModelSpec
from langchain_aimlapi._codec.encode.anthropic import anthropic_body
from langchain_aimlapi._codec.encode.conversation import prepare
from langchain_aimlapi._codec.encode.handover import Recipient, no_vendor
from langchain_aimlapi._codec.encode.messages import encode_messages
from langchain_aimlapi._codec.encode.tools import FittedTools, fit_tools
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from langchain_core.messages import BaseMessage

Policy = Literal["drop", "send", "error"]

PARAMETERS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "min_p",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "provider",
        "reasoning",
        "reasoning_effort",
        "repetition_penalty",
        "seed",
        "stop",
        "temperature",
        "thinking",
        "top_k",
        "top_logprobs",
        "top_p",
        "web_search_options",
    }
)
"""Parameters we know by name and leave out where a model is documented not to take them. Tools, the
form of the answer and of audio are not among them: without those the answer would be another
one than was asked for, so the service must decide."""


class Options(NamedTuple):
    """How a request is to be written."""

    spec: ModelSpec | None = None
    dialect: Dialect = "openai"
    unsupported: Policy = "drop"
    echo_reasoning: bool = True
    clean_tools: bool = False
    stream: bool = False
    stream_usage: bool = True
    vendor_of: Callable[[str], str | None] = no_vendor
    """Who makes a model, by its name, as the catalogue tells."""
    reasons_unasked: bool = False
    """Whether the model reasons unless it is told not to."""

    def recipient(self, model: str, tool_names: Mapping[str, str]) -> Recipient:
        """The model that is asked, and under which names it gets the tools."""
        echo = self.echo_reasoning
        known = (self.vendor_of, tool_names, self.reasons_unasked)
        return Recipient(model, self.spec, self.dialect, echo, *known)


class Encoded(NamedTuple):
    """A body ready to be sent, and the names of the settings that this model does not take."""

    body: dict[str, Any]
    dropped: tuple[str, ...] = ()
    was_forced: bool = False
    """Whether a forced tool call had to become a free one."""


def encode(
    model: str,
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    options: Options,
) -> Encoded:
    """Write the body of a chat completion.

    Args:
        model: The model's id.
        messages: The conversation.
        settings: Parameters by our names; `None` means unset. Names we do not know are sent as
            they are, and so is everything under `extra_body`, last.
        options: How to write it.

    Raises:
        ConfigurationError: For settings that contradict each other, or that the model does not
            take when `options.unsupported` is "error".
        UnsupportedContentError: For content or tools with no form on the wire.
    """
    if options.spec is not None and options.spec.parameters_by_dialect:
        options = options._replace(spec=options.spec.in_dialect(options.dialect))
    given = {name: value for name, value in settings.items() if value is not None}
    extra_body = given.pop("extra_body", None) or {}
    named = _renamed(given, options)
    fitted = fit_named_tools(named, extra_body, options, model)
    sent, dropped = drop_unsupported(named, options)
    turns = prepare(messages, options.recipient(model, fitted.names))
    if options.dialect == "anthropic":
        max_blocks = options.spec.max_blocks if options.spec else None
        body = anthropic_body(turns, sent, fitted.fields, max_blocks=max_blocks)
    else:
        body = {"messages": encode_messages(turns, options.spec), **sent, **fitted.fields}
    return Encoded(
        {"model": model, **body, **_streaming(options, sent), **extra_body},
        dropped,
        fitted.was_forced,
    )


def fit_named_tools(
    named: dict[str, Any], extra_body: Mapping[str, object], options: Options, model: str
) -> FittedTools:
    """Take the tools out of the parameters, fitted to the model and to what else is asked of it."""
    fitted = fit_tools(
        named.pop("tools", None) or [],
        named.pop("tool_choice", None),
        options.spec,
        clean=options.clean_tools,
        free=options.vendor_of(model) in _CALLS_FREELY
        and _reasons({**named, **extra_body}, unasked=options.reasons_unasked),
    )
    if not fitted.fields:
        named.pop("parallel_tool_calls", None)
    elif fitted.one_call:
        named.setdefault("parallel_tool_calls", False)
    return fitted


_CALLS_FREELY = frozenset({"Alibaba Cloud", "Anthropic", "DeepSeek", "Moonshot"})
"""Vendors that refuse a forced tool call while the model reasons, by their own documentation."""


def _reasons(sent: Mapping[str, object], *, unasked: bool) -> bool:
    """Whether the model reasons: as the request asks, or else as it does unasked."""
    asked = list(_asked_to_reason(sent))
    return any(asked) if asked else unasked


def _asked_to_reason(sent: Mapping[str, object]) -> Iterator[bool]:
    """What each parameter about reasoning asks for."""
    thinking, reasoning = sent.get("thinking"), sent.get("reasoning")
    if isinstance(thinking, Mapping):
        yield thinking.get("type") in {"adaptive", "enabled"}
    if isinstance(reasoning, Mapping) and reasoning.keys() & {"effort", "enabled", "max_tokens"}:
        switched = any(reasoning.get(key) for key in ("effort", "enabled", "max_tokens"))
        yield reasoning.get("effort") != "none" and switched
    if (effort := sent.get("reasoning_effort")) is not None:
        yield effort != "none"
    if (enabled := sent.get("enable_thinking")) is not None:
        yield enabled is True


def _streaming(options: Options, sent: Mapping[str, Any]) -> dict[str, object]:
    if not options.stream:
        return {}
    asks_usage = options.stream_usage and _takes(options.spec, "stream_options")
    asked = sent.get("stream_options") or {}
    asked = {"include_usage": True, **asked} if asks_usage else asked
    return {"stream": True, "stream_options": asked} if asked else {"stream": True}


def _takes(spec: ModelSpec | None, parameter: str) -> bool:
    return spec is None or parameter in spec.parameters


# --- names --------------------------------------------------------------------------------------


def _renamed(given: Mapping[str, object], options: Options) -> dict[str, Any]:
    named = dict(given)
    spec = options.spec or (_ANTHROPIC_NAMES if options.dialect == "anthropic" else None)
    _token_limit(named, spec)
    _stop_words(named, spec)
    if named.get("top_logprobs") is not None:
        named.setdefault("logprobs", True)
    if (effort := named.pop("reasoning_effort", None)) is not None:
        check_effort(effort, options)
        parameters = reasoning_parameters(str(effort), spec, _limit(named, spec))
        named = {**parameters, **named}
    return named


_ANTHROPIC_NAMES = ModelSpec(
    id="",
    dialects=frozenset({"anthropic"}),
    parameters=frozenset({"max_tokens", "stop_sequences", "thinking"}),
    thinking=frozenset({"budget_tokens", "disabled", "enabled"}),
)
"""What the dialect itself says of names, for a model nobody has documented."""


def _token_limit(named: dict[str, object], spec: ModelSpec | None) -> None:
    """One limit by the name the model takes; the newer name wins where both are set."""
    if spec is None or "max_completion_tokens" not in named:
        return
    if "max_completion_tokens" in spec.parameters:
        named.pop("max_tokens", None)
    else:
        named["max_tokens"] = named.pop("max_completion_tokens")


def _limit(named: Mapping[str, Any], spec: ModelSpec | None) -> int | None:
    """Tokens the answer may have: as asked for, or else the model's documented default."""
    asked = named.get("max_tokens") or named.get("max_completion_tokens")
    default = spec.ranges.get("max_tokens", {}).get("default", 0) if spec else 0
    # Smaller defaults are for answers without reasoning and leave it no room.
    return asked or (int(default) if default > _LEAST_BUDGET else None)


def _stop_words(named: dict[str, Any], spec: ModelSpec | None) -> None:
    stop = named.pop("stop", None)
    if not stop:
        return
    stop = [stop] if isinstance(stop, str) else list(stop)
    sequences = spec is not None and "stop" not in spec.parameters
    sequences = sequences and _takes(spec, "stop_sequences")
    named["stop_sequences" if sequences else "stop"] = stop


_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768}
"""Tokens of reasoning that stand for an effort where a model wants a number."""
_LEAST_BUDGET = 1024


def check_effort(effort: object, options: Options) -> None:
    """Refuse a word that is no effort of any model, and none that this one documents.

    Raises:
        ConfigurationError: Names those that are.
    """
    known = options.spec
    if known is None or options.unsupported == "send":
        return
    if isinstance(effort, str) and (effort in _EFFORTS or effort in known.efforts):
        return
    legal = ", ".join(map(repr, known.efforts or ("none", *_BUDGETS)))
    raise ConfigurationError(f"reasoning_effort={effort!r} is no effort; {known.id} takes {legal}.")


def reasoning_parameters(
    effort: str, spec: ModelSpec | None, limit: int | None
) -> dict[str, object]:
    """One effort as the parameter that the model documents.

    Args:
        effort: "none", "minimal", "low", "medium", "high" or "xhigh"; other words only where
            the model takes `reasoning_effort` itself.
        spec: What is known of the model.
        limit: The call's token limit; a thinking budget has to stay under it.
    """
    if spec is None or "reasoning_effort" in spec.parameters or effort not in _EFFORTS:
        return {"reasoning_effort": effort}
    if "reasoning" in spec.parameters:
        return {"reasoning": {"effort": effort}}
    budget = _budget(effort, limit)
    if "thinking" in spec.parameters:
        return _thinking(effort, budget, spec.thinking)
    if "enable_thinking" in spec.parameters:
        room = {"thinking_budget": budget} if budget else {}
        return {"enable_thinking": effort != "none", **room}
    return {"reasoning_effort": effort}


_EFFORTS = frozenset({"none", *_BUDGETS})


def _thinking(effort: str, budget: int, forms: frozenset[str]) -> dict[str, object]:
    """The switch, with a budget where one is documented; nothing where there is no form for it."""
    if effort == "none":
        # The older Claude schemas know no "disabled": there, thinking is off unless asked for.
        return {"thinking": {"type": "disabled"}} if "disabled" in forms else {}
    if "budget_tokens" not in forms:
        return {"thinking": {"type": "enabled"}}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget else {}


def _budget(effort: str, limit: int | None) -> int:
    """Tokens of reasoning; 0 for none, or when the limit leaves no room for the least budget."""
    wanted = _BUDGETS.get(effort, 0)
    if limit is None or not wanted:
        return wanted
    return min(wanted, limit - 1) if limit > _LEAST_BUDGET else 0


# --- what the model does not take ---------------------------------------------------------------


def drop_unsupported(
    named: Mapping[str, object], options: Options
) -> tuple[dict[str, object], tuple[str, ...]]:
    """What is sent, and the names of what is not.

    Raises:
        ConfigurationError: For what the model does not take, where `options.unsupported` is
            "error".
    """
    spec = options.spec
    if spec is None or options.unsupported == "send":
        return dict(named), ()
    refused = tuple(name for name in named if name in PARAMETERS and name not in spec.parameters)
    if options.dialect == "anthropic":
        refused = tuple(name for name in refused if name != "parallel_tool_calls")
    if refused and options.unsupported == "error":
        names = ", ".join(refused)
        raise ConfigurationError(f"{spec.id} does not take {names}; nothing was sent.")
    return {name: value for name, value in named.items() if name not in refused}, refused

"""What traces, callbacks and caches see of a chat model: its settings, without what is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.base import LangSmithParams

from langchain_aimlapi._chat.settings import SENT_FIELDS, ChatSettings
from langchain_aimlapi._codec.decode.metadata import PROVIDER
from langchain_aimlapi._errors.redaction import digest, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHANGEABLE = (*SENT_FIELDS, "model_kwargs", "extra_body")
"""Fields whose lists and mappings can be changed in place and change the answer."""


def identifying_params(model: ChatSettings) -> dict[str, object]:
    """The settings that are set and reach the service, and where it is."""
    fields = vars(model)
    named = {"model_name": model.model_name, "base_url": model.aimlapi_api_base}
    named |= {name: fields[name] for name in SENT_FIELDS if fields[name] is not None}
    kwargs = {"model_kwargs": model.model_kwargs, "extra_body": model.extra_body}
    return named | {name: value for name, value in kwargs.items() if value}


def langsmith_params(
    model: ChatSettings, stop: list[str] | None, kwargs: Mapping[str, Any]
) -> LangSmithParams:
    """What LangSmith shows of a call, by its own names."""

    def setting(name: str) -> Any:
        value = kwargs.get(name)
        return getattr(model, name) if value is None else value

    params = LangSmithParams(
        ls_provider=PROVIDER,
        ls_model_name=kwargs.get("model") or model.model_name,
        ls_model_type="chat",
    )
    if (temperature := setting("temperature")) is not None:
        params["ls_temperature"] = temperature
    if limit := setting("max_tokens") or setting("max_completion_tokens"):
        params["ls_max_tokens"] = limit
    if ends := stop or model.stop:
        params["ls_stop"] = [ends] if isinstance(ends, str) else list(ends)
    return params


def cache_key(model: ChatSettings) -> dict[str, object]:
    """What a cache must look an answer up by, beside LangChain's serialised form of the model.

    That form lacks headers and queries, and is kept after the first call: what can be changed in
    place is given here as it is now.
    """
    fields = vars(model)
    key = {name: fields[name] for name in _CHANGEABLE if isinstance(fields[name], dict | list)}
    for name in ("default_headers", "default_query"):
        if value := fields[name]:
            pairs = sorted((each.lower(), str(unwrap(inner))) for each, inner in value.items())
            key[f"{name}_digest"] = digest(pairs)
    return {name: value for name, value in key.items() if value}

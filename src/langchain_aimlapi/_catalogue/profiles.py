"""The catalogue in LangChain's words: one `ModelProfile` per model.

A profile states what is documented and leaves out what is not known; a key that is absent means
"nobody has said", never "no". Three kinds of evidence go in:

- The request schema. It is good evidence where it was written for the model. Over a hundred ids
  share one template, which accepts image parts and JSON schemas on behalf of models that know
  neither; from that one only what the gateway itself decides is taken (parameters, tools).
- The service's live list of modalities and capabilities, where the catalogue was refreshed from
  it. It goes before the schema.
- What others say of the model (`lookup.published`), where neither says anything: its name, dates and
  weights, and what it takes and gives, as far as a request of this service can hold it.

Context windows and limits of output are those of the model, by whichever id they are documented;
an id that the catalogue lacks has the profile of another id of the same model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_aimlapi._catalogue.lookup import documented, published
from langchain_aimlapi._catalogue.twins import twins, windows

if TYPE_CHECKING:
    from langchain_core.language_models.model_profile import ModelProfile

    from langchain_aimlapi._catalogue.entry import ModelEntry
    from langchain_aimlapi._catalogue.spec import ModelSpec

_STATUS = {"listed": "active", "deprecated": "deprecated"}
"""A model that is merely unlisted may be an alias or withdrawn: nobody has said."""

_REASONING_PARAMETERS = frozenset({"reasoning_effort", "reasoning", "thinking", "enable_thinking"})

_INPUTS = {
    "text": "text_inputs",
    "image": "image_inputs",
    "audio": "audio_inputs",
    "video": "video_inputs",
    "file": "pdf_inputs",
}
"""Modality words of the live list to profile keys; so is `_OUTPUTS`."""

_OUTPUTS = {
    "text": "text_outputs",
    "image": "image_outputs",
    "audio": "audio_outputs",
    "video": "video_outputs",
}

_CAPABILITIES = {
    "tools": "tool_calling",
    "structured_output": "structured_output",
    "vision": "image_inputs",
    "file_input": "pdf_inputs",
    "reasoning": "reasoning_output",
}
"""Capability words of the live list to the keys they prove; a missing word proves nothing."""

_ATTACHMENTS = ("image_inputs", "pdf_inputs", "audio_inputs", "video_inputs")


def profile(model: str) -> ModelProfile | None:
    """Return what `model` takes and gives, or `None` if the catalogue knows no id of it.

    The dictionary is the caller's own. Windows are in tokens.
    """
    found = documented(model) or next(iter(twins(model)), None)
    if found is None:
        return None
    stated = _from_entry(found, model)
    if found.spec is not None:
        stated |= _from_any_schema(found.spec)
        if not found.spec.generic:
            stated |= _from_own_schema(found.spec, found.vendor)
    stated |= _from_live_list(found)
    stated = {**_from_others(found, is_own=documented(model) is found), **stated}
    stated |= _follows(stated)
    if not stated.get("reasoning_effort_levels"):
        stated.pop("reasoning_effort_default", None)
    return cast("ModelProfile", {key: stated[key] for key in sorted(stated)})


def _from_entry(found: ModelEntry, model: str) -> dict[str, object]:
    context, output = windows(model)
    figures = {"name": found.name, "max_input_tokens": context, "max_output_tokens": output}
    if (
        documented(model) is found
    ):  # of an id that only has twins, nobody has said where it is listed
        figures |= {"status": _STATUS.get(found.listing), "release_date": found.released}
    return {key: value for key, value in figures.items() if value is not None}


def _from_any_schema(known: ModelSpec) -> dict[str, Any]:
    stated = {
        "text_inputs": True,
        "text_outputs": True,
        "tool_calling": "tools" in known.parameters,
        "tool_choice": "tool_choice" in known.parameters,
    }
    if known.route == "chat":
        stated["temperature"] = "temperature" in known.parameters
    if len(known.dialects) == 1:  # where there are two, the request decides
        # A system message stays where it is in OpenAI's dialect, and is lifted in Anthropic's.
        stated["mid_conversation_system_messages"] = (
            "openai" in known.dialects and "system" in known.roles
        )
    stated["mid_conversation_tools"] = False  # no message of the service adds one
    if {"tools", "stream_options"} <= known.parameters:
        # Where there are stream options, the chunks are documented, with tool call chunks in them.
        stated["tool_call_streaming"] = True
    return stated


def _from_own_schema(known: ModelSpec, vendor: str) -> dict[str, object]:
    stated: dict[str, object] = {
        # Old Claude schemas list audio output, copied from another vendor's.
        "audio_outputs": "audio" in known.parameters and vendor != "Anthropic",
        "structured_output": "json_schema" in known.response_formats,
    }
    if known.route == "chat":  # of the other route the content parts are not spelt out per model
        stated |= _inputs(known)
    if known.parameters & _REASONING_PARAMETERS:
        stated["reasoning_output"] = True
    if levels := _levels(known):
        stated["reasoning_effort_levels"] = levels
    return stated


def _inputs(known: ModelSpec) -> dict[str, bool]:
    openai = known.user_parts.get("openai", frozenset())
    parts = openai | known.user_parts.get("anthropic", frozenset())
    return {
        "image_inputs": bool(parts & {"image_url", "image"}),
        "image_url_inputs": "image_url" in openai,
        "pdf_inputs": bool(parts & {"file", "document"}),
        "audio_inputs": "input_audio" in parts,
        "video_inputs": "video_url" in parts,
    }


def _levels(known: ModelSpec) -> list[str]:
    if known.efforts:
        return list(known.efforts)
    # A level becomes a token budget where the model takes one; a mere switch has no levels.
    budget = "budget_tokens" in known.thinking or "thinking_budget" in known.parameters
    return ["low", "medium", "high"] if budget else []


def _from_live_list(found: ModelEntry) -> dict[str, object]:
    stated: dict[str, object] = {}
    if found.inputs:
        stated |= {key: word in found.inputs for word, key in _INPUTS.items()}
    if found.outputs:
        stated |= {key: word in found.outputs for word, key in _OUTPUTS.items()}
    return stated | {key: True for word, key in _CAPABILITIES.items() if word in found.capabilities}


_OF_THE_MODEL = (
    "audio_outputs",
    "image_outputs",
    "name",
    "open_weights",
    "reasoning_effort_default",
    "reasoning_output",
    "video_outputs",
)
_OF_THE_ID = ("last_updated", "release_date")
"""What an undated id's profiles do not tell of a dated one."""


def _from_others(found: ModelEntry, *, is_own: bool) -> dict[str, object]:
    """What is known of the model elsewhere, as far as a request of this service can hold it."""
    said = published(found.id)
    wanted = _OF_THE_MODEL + (_OF_THE_ID if is_own else ())
    stated = {key: said[key] for key in wanted if key in said}
    known = found.spec
    taken = _inputs(known) if known else {}
    stated |= {
        key: said[key] and taken.get(key, True)
        for key in ("image_inputs", "audio_inputs", "video_inputs", "pdf_inputs")
        if key in said
    }
    if "image_inputs" in stated and "image_url_inputs" in taken:
        stated["image_url_inputs"] = stated["image_inputs"] and taken["image_url_inputs"]
    if "structured_output" in said:
        takes_schemas = known is None or "json_schema" in known.response_formats
        stated["structured_output"] = said["structured_output"] and takes_schemas
    return stated


def _follows(stated: dict[str, Any]) -> dict[str, Any]:
    inferred = {}
    attachments = [stated[key] for key in _ATTACHMENTS if key in stated]
    if attachments:
        inferred["attachment"] = any(attachments)
    if "image_inputs" in stated and "tool_calling" in stated:
        # A tool's picture travels in a user message where the tool message holds text only.
        inferred["image_tool_message"] = stated["image_inputs"] and stated["tool_calling"]
    if "pdf_inputs" in stated and "tool_calling" in stated:
        inferred["pdf_tool_message"] = stated["pdf_inputs"] and stated["tool_calling"]
    return inferred

"""Profiles say in LangChain's words what is documented, and nothing else."""

from __future__ import annotations

import warnings
from typing import get_type_hints

import pytest
from langchain_core.language_models import model_profile

from langchain_aimlapi import _catalogue

from .samples import documented, listed

TYPES = get_type_hints(model_profile.ModelProfile)

KNOWN = {
    "gpt-4o-mini": {
        "status": "active",
        "max_input_tokens": 128000,
        "text_inputs": True,
        "image_inputs": True,
        "image_url_inputs": True,
        "pdf_inputs": True,
        "audio_inputs": False,
        "video_inputs": False,
        "attachment": True,
        "image_tool_message": True,
        "tool_calling": True,
        "tool_choice": True,
        "tool_call_streaming": True,
        "structured_output": True,
        "temperature": True,
        "text_outputs": True,
        "audio_outputs": False,
    },
    "openai/gpt-5-5": {
        "temperature": False,
        "reasoning_output": True,
        "reasoning_effort_levels": ["low", "medium", "high"],
    },
    "anthropic/claude-haiku-4.5": {
        "image_inputs": True,
        "image_url_inputs": False,
        "pdf_inputs": True,
        "structured_output": False,
        "reasoning_effort_levels": ["low", "medium", "high"],
    },
    "anthropic/claude-opus-5": {"temperature": False, "structured_output": False},
    "perplexity/sonar": {"tool_calling": False, "image_tool_message": False},
    "alibaba/qwen3.5-omni-plus": {
        "audio_inputs": True,
        "video_inputs": True,
        "audio_outputs": True,
    },
    "claude-3-5-haiku-latest": {"audio_outputs": False},
    "deepseek/deepseek-v4-pro-0813": {"structured_output": False},
    "Meta-Llama/Llama-Guard-7b": {"status": "deprecated"},
    "openai/gpt-5-4": {"tool_calling": True, "structured_output": True, "reasoning_output": True},
}

ABSENT = {
    "gpt-4o-mini": {"reasoning_output", "reasoning_effort_levels", "max_output_tokens", "name"},
    "gpt-4o": {"status"},
    "zhipu/glm-4.5": {"reasoning_effort_levels"},
    "openai/gpt-5-4": {"temperature", "image_inputs", "attachment", "max_input_tokens"},
    "moonshotai/kimi-k3": {"image_inputs", "structured_output", "reasoning_output", "attachment"},
}


@pytest.mark.parametrize("model", KNOWN)
def test_known_profiles(model):
    """Models of each kind have the profile their schema documents."""
    profile = _catalogue.profile(model)

    assert {key: profile.get(key) for key in KNOWN[model]} == KNOWN[model]


@pytest.mark.parametrize("model", ABSENT)
def test_unknown_is_absent(model):
    """What nobody has documented is left out, not denied."""
    assert not ABSENT[model] & set(_catalogue.profile(model))


@pytest.mark.parametrize("model", _catalogue.ids())
def test_every_model_has_a_valid_profile(model):
    """Each id has a profile whose keys and types LangChain declares."""
    profile = _catalogue.profile(model)

    assert profile["text_inputs"] is True
    for key, value in profile.items():
        assert isinstance(value, list if key == "reasoning_effort_levels" else TYPES[key]), key


@pytest.mark.parametrize("model", ["gpt-4o-mini", "anthropic/claude-opus-5", "moonshotai/kimi-k3"])
def test_langchain_has_nothing_to_warn_of(model):
    """LangChain's own check knows every key."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model_profile._warn_unknown_profile_keys(_catalogue.profile(model))


def test_profile_is_the_callers_own():
    """Changing a profile changes no other call's."""
    _catalogue.profile("openai/gpt-5-5")["reasoning_effort_levels"].append("extreme")

    assert _catalogue.profile("openai/gpt-5-5")["reasoning_effort_levels"] == [
        "low",
        "medium",
        "high",
    ]


def test_the_live_list_goes_before_the_schema(catalogue_of):
    """Where the service itself names what a model takes, that holds."""
    item = listed(
        "a/one",
        modalities={"input": ["text", "audio"], "output": ["text", "image"]},
        capabilities=["reasoning", "streaming"],
    )
    catalogue_of(documented("a/one", context=1), live=[item])
    profile = _catalogue.profile("a/one")

    assert (profile["image_inputs"], profile["audio_inputs"]) == (False, True)
    assert (profile["image_outputs"], profile["reasoning_output"]) == (True, True)
    assert (profile["name"], profile["release_date"]) == ("Acme One", "2026-05-01")
    assert (profile["max_input_tokens"], profile["max_output_tokens"]) == (64000, 8000)


def test_without_a_schema_the_live_list_speaks(catalogue_of):
    """An id that only the list has gets a profile of what the list says, and no more."""
    item = listed("a/one", info={}, modalities=None, capabilities=["tools", "vision"])
    catalogue_of(documented("b"), live=[item])

    assert _catalogue.profile("a/one") == {
        "attachment": True,
        "image_inputs": True,
        "image_tool_message": True,
        "status": "active",
        "tool_calling": True,
    }

"""Profiles say in LangChain's words what is documented, and nothing else."""

from __future__ import annotations

import warnings
from typing import get_type_hints

import pytest
from langchain_core.language_models import model_profile

from langchain_aimlapi import _catalogue
from langchain_aimlapi._catalogue import profiles, twins

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
    "gpt-4o-mini": {"reasoning_effort_levels", "reasoning_effort_default"},
    "gpt-4o": {"status"},
    "zhipu/glm-4.5": {"reasoning_effort_levels"},
    "chatgpt-4o-latest": {"max_input_tokens", "name", "release_date"},
    "switchpoint/router": {"image_inputs", "structured_output", "reasoning_output", "attachment"},
}

ELSEWHERE = {
    "gpt-4o-mini": {
        "name": "GPT-4o mini",
        "release_date": "2024-07-18",
        "open_weights": False,
        "max_output_tokens": 16384,
        "reasoning_output": False,
        "image_outputs": False,
        "pdf_tool_message": True,
        "mid_conversation_system_messages": True,
        "mid_conversation_tools": False,
    },
    "openai/gpt-5-1-codex": {"max_input_tokens": 272000, "name": "GPT-5.1 Codex"},
    "claude-opus-4-6": {"reasoning_effort_default": "high", "open_weights": False},
    "anthropic/claude-haiku-4.5": {"mid_conversation_system_messages": False},
    "moonshotai/kimi-k3": {"open_weights": True, "image_inputs": True, "reasoning_output": True},
}
"""What nobody has documented for the service, and others say of the models."""


@pytest.mark.parametrize("model", [*KNOWN, *ELSEWHERE])
def test_known_profiles(model):
    """Models of each kind have the profile their schema documents."""
    profile, expected = _catalogue.profile(model), {**KNOWN, **ELSEWHERE}[model]

    assert {key: profile.get(key) for key in expected} == expected


@pytest.mark.parametrize("model", ABSENT)
def test_unknown_is_absent(model):
    """What nobody has documented is left out, not denied."""
    assert not ABSENT[model] & set(_catalogue.profile(model))


def test_every_listed_id_has_a_window():
    """A fraction of it can be the trigger of a summary; few of those that are gone lack one."""
    without = [
        model for model in _catalogue.ids() if "max_input_tokens" not in _catalogue.profile(model)
    ]

    assert [model for model in without if _catalogue.entry(model).listing == "listed"] == []
    assert len(without) == 82


def test_every_key_of_langchain_is_known_of_some_model():
    """None was forgotten."""
    told = {key for model in _catalogue.ids() for key in _catalogue.profile(model)}
    assert set(TYPES) - told == set()


def test_others_go_last(catalogue_of, monkeypatch):
    """What the service says, by schema or list, is not replaced; what it cannot hold is not told."""
    said = {
        "image_inputs": True,
        "audio_inputs": True,
        "max_input_tokens": 7,
        "name": "Elsewhere",
        "structured_output": True,
    }
    catalogue_of(
        documented("a/one", context=1), documented("a/two", context=None, generic_template=True)
    )
    monkeypatch.setattr(profiles, "published", lambda model: said)
    monkeypatch.setattr(twins, "published", lambda model: said)
    one, two = _catalogue.profile("a/one"), _catalogue.profile("a/two")

    assert (one["max_input_tokens"], two["max_input_tokens"]) == (1, 7)
    assert one["name"] == two["name"] == "Elsewhere"
    assert (one["image_inputs"], one["audio_inputs"]) == (False, False)
    assert (two["image_inputs"], two["structured_output"]) == (False, True)


def test_a_dated_id_that_nobody_knows_has_no_date_of_release():
    """The undated one's is that of its first release."""
    known, dated = _catalogue.profile("gpt-4o"), _catalogue.profile("gpt-4o-2031-01-01")

    assert "release_date" in known
    assert "release_date" not in dated
    assert dated["max_input_tokens"] == known["max_input_tokens"]


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

"""Parameters: one name each for the caller, and whatever the model calls it on the wire."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.messages import HumanMessage

from langchain_aimlapi._catalogue.spec import ModelSpec
from langchain_aimlapi._codec.encode.chat import PARAMETERS, Options, encode, reasoning_parameters
from langchain_aimlapi.errors import ConfigurationError

from ..samples import CLAUDE, HYBRID, OPEN, TOOL, written

HI = HumanMessage("hi")
PLAIN = {"messages": [{"role": "user", "content": "hi"}]}


def taking(*parameters, **more):
    """Spec of a model that takes these parameters."""
    return dataclasses.replace(OPEN, parameters=frozenset(parameters), **more)


def test_nothing_is_sent_unasked():
    """A request holds the model and the messages; no default of ours decides the sampling."""
    assert written(HI) == PLAIN
    assert written(HI, spec=OPEN) == PLAIN


def test_none_means_unset():
    """A setting of None is not sent; zero and False are values."""
    sent = written(HI, temperature=None, top_p=0, logprobs=False)

    assert sent == {**PLAIN, "top_p": 0, "logprobs": False}


def test_unknown_names_are_sent_as_they_are():
    """What we do not know may be the vendor's own."""
    assert written(HI, spec=OPEN, guided_regex="a+")["guided_regex"] == "a+"


def test_extra_body_has_the_last_word():
    """It replaces whatever stands in the body, the messages and the model too."""
    body = encode("m", [HI], {"extra_body": {"model": "n", "x": None}}, Options()).body

    assert body == {**PLAIN, "model": "n", "x": None}


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("takes", "given", "sent"),
    [
        (("max_tokens",), {"max_tokens": 5}, {"max_tokens": 5}),
        (("max_tokens",), {"max_completion_tokens": 5}, {"max_tokens": 5}),
        (("max_tokens",), {"max_tokens": 9, "max_completion_tokens": 5}, {"max_tokens": 5}),
        (
            ("max_tokens", "max_completion_tokens"),
            {"max_completion_tokens": 5},
            {"max_completion_tokens": 5},
        ),
        (
            ("max_tokens", "max_completion_tokens"),
            {"max_tokens": 9, "max_completion_tokens": 5},
            {"max_completion_tokens": 5},
        ),
        (("max_tokens", "max_completion_tokens"), {"max_tokens": 9}, {"max_tokens": 9}),
        (
            None,
            {"max_tokens": 9, "max_completion_tokens": 5},
            {"max_tokens": 9, "max_completion_tokens": 5},
        ),
    ],
)
def test_the_token_limit_has_one_name(takes, given, sent):
    """The limit goes by the name the model takes; of two given, the newer one counts."""
    spec = taking(*takes) if takes else None

    assert written(HI, spec=spec, **given) == PLAIN | sent


@pytest.mark.parametrize(
    ("spec", "given", "sent"),
    [
        (None, "END", {"stop": ["END"]}),
        (None, ["A", "B"], {"stop": ["A", "B"]}),
        (None, ("A",), {"stop": ["A"]}),
        (None, [], {}),
        (None, "", {}),
        (OPEN, "END", {"stop": ["END"]}),
        (HYBRID, "END", {"stop_sequences": ["END"]}),
        (taking("stop", "stop_sequences"), "END", {"stop": ["END"]}),
        (taking("max_tokens"), "END", {}),
    ],
)
def test_stop_words(spec, given, sent):
    """Stop words are a list by the name the model takes, and are left out when there are none."""
    assert written(HI, spec=spec, stop=given) == PLAIN | sent


def test_top_logprobs_need_logprobs():
    """Asking for alternatives asks for the probabilities too, unless that was decided."""
    assert written(HI, top_logprobs=2)["logprobs"] is True
    assert written(HI, top_logprobs=2, logprobs=False)["logprobs"] is False


# --- reasoning --------------------------------------------------------------------------------------

ZHIPU = taking("thinking", thinking=frozenset({"disabled", "enabled"}))
QWEN = taking("enable_thinking", "thinking_budget")


@pytest.mark.parametrize(
    ("spec", "effort", "limit", "parameters"),
    [
        (None, "high", None, {"reasoning_effort": "high"}),
        (taking("reasoning_effort", "reasoning"), "low", None, {"reasoning_effort": "low"}),
        (taking("reasoning"), "low", None, {"reasoning": {"effort": "low"}}),
        (taking("reasoning"), "none", None, {"reasoning": {"effort": "none"}}),
        (ZHIPU, "high", None, {"thinking": {"type": "enabled"}}),
        (ZHIPU, "high", 100, {"thinking": {"type": "enabled"}}),
        (ZHIPU, "none", None, {"thinking": {"type": "disabled"}}),
        (QWEN, "low", None, {"enable_thinking": True, "thinking_budget": 2048}),
        (QWEN, "low", 100, {"enable_thinking": True}),
        (QWEN, "none", None, {"enable_thinking": False}),
        (CLAUDE, "low", None, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        (CLAUDE, "minimal", None, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (CLAUDE, "high", 4000, {"thinking": {"type": "enabled", "budget_tokens": 3999}}),
        (CLAUDE, "high", 1024, {}),
        (CLAUDE, "high", 1025, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (CLAUDE, "none", None, {}),
        (HYBRID, "none", None, {"thinking": {"type": "disabled"}}),
        (OPEN, "high", None, {"reasoning_effort": "high"}),
        (CLAUDE, "utmost", None, {"reasoning_effort": "utmost"}),
    ],
)
def test_one_effort_for_four_parameters(spec, effort, limit, parameters):
    """An effort becomes the parameter that the model documents, within its token limit."""
    assert reasoning_parameters(effort, spec, limit) == parameters


def test_a_budget_leaves_room_in_the_documented_limit():
    """With no limit asked for, the model's own default bounds the reasoning."""
    sent = written(HI, spec=CLAUDE, dialect="anthropic", reasoning_effort="xhigh")

    assert sent["thinking"]["budget_tokens"] == 31999


def test_a_small_default_does_not_switch_thinking_off():
    """A default of 512 tokens is for answers without reasoning; an effort asked for wins."""
    spec = dataclasses.replace(QWEN, ranges={"max_tokens": {"default": 512}})

    sent = written(HI, spec=spec, reasoning_effort="medium")

    assert sent == {**PLAIN, "enable_thinking": True, "thinking_budget": 8192}


def test_the_vendors_own_reasoning_parameter_passes():
    """An explicit vendor parameter is not replaced by the one an effort would become."""
    own = {"type": "adaptive"}

    sent = written(HI, spec=HYBRID, reasoning_effort="high", thinking=own)

    assert sent == {**PLAIN, "thinking": own}


def test_effort_is_dropped_where_there_is_no_reasoning_parameter():
    """A model without any parameters gets none, and the caller is told."""
    encoded = encode("m", [HI], {"reasoning_effort": "high"}, Options(spec=OPEN))

    assert encoded.body == {"model": "m", **PLAIN}
    assert encoded.dropped == ("reasoning_effort",)


# --- what a model does not take -----------------------------------------------------------------------

NEEDED_VALUES = {"top_logprobs": 1, "logprobs": True, "stop": ["x"], "reasoning_effort": "low"}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_undocumented_parameters_are_dropped(name):
    """Every parameter we know is left out where the model is documented not to take it."""
    spec = taking("stream")
    settings = {name: NEEDED_VALUES.get(name, 1)}
    if name == "parallel_tool_calls":
        settings["tools"] = [TOOL]

    encoded = encode("m", [HI], settings, Options(spec=spec))

    assert name not in encoded.body
    assert len(encoded.dropped) in {1, 2}


def test_dropped_parameters_are_named():
    """What was left out is reported by its name on the wire; the rest is sent."""
    given = {"temperature": 1, "seed": 7, "top_k": 3}

    encoded = encode("m", [HI], given, Options(spec=OPEN))

    assert encoded.body == {"model": "m", **PLAIN, "temperature": 1}
    assert encoded.dropped == ("seed", "top_k")


def test_everything_can_be_sent():
    """By the policy "send", documentation is not heeded."""
    assert written(HI, spec=OPEN, unsupported="send", seed=7) == {**PLAIN, "seed": 7}


def test_undocumented_parameters_can_be_errors():
    """By the policy "error", all of them are named and nothing is sent."""
    with pytest.raises(ConfigurationError, match=r"acme/open does not take seed, top_k"):
        written(HI, spec=OPEN, unsupported="error", seed=7, top_k=3, temperature=1)


@pytest.mark.parametrize(
    "given",
    [
        {"response_format": {"type": "json_object"}},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "v", "format": "wav"}},
        {"tools": [TOOL], "tool_choice": "auto"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_makes_another_answer_is_always_sent(given):
    """Without these the answer would be another one than was asked for."""
    encoded = encode("m", [HI], given, Options(spec=taking("stream"), unsupported="error"))

    assert given.keys() <= encoded.body.keys()


def test_the_dialect_narrows_what_is_taken():
    """Where two contradicting schemas document an id, the one in use decides."""
    spec = ModelSpec(
        id="m",
        dialects=frozenset({"anthropic", "openai"}),
        parameters=frozenset({"max_tokens", "seed", "thinking"}),
        parameters_by_dialect={
            "anthropic": frozenset({"max_tokens", "thinking"}),
            "openai": frozenset({"max_tokens", "seed"}),
        },
    )

    assert "seed" in written(HI, spec=spec, seed=7)
    assert "seed" not in written(HI, spec=spec, dialect="anthropic", seed=7)


# --- streaming ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "sent"),
    [
        ({"stream": False}, {}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": True, "stream_usage": False}, {"stream": True}),
        ({"stream": True, "spec": taking("stream")}, {"stream": True}),
    ],
    ids=["whole", "stream", "no usage", "no options"],
)
def test_streams_ask_for_usage(how, sent):
    """A stream asks for its usage wherever the model takes the option."""
    assert written(HI, **how) == PLAIN | sent


# --- tools --------------------------------------------------------------------------------------------


def test_parallel_calls_need_tools():
    """Without tools a word on parallel calls would be refused."""
    assert written(HI, tools=[], parallel_tool_calls=False) == PLAIN
    assert written(HI, tools=[TOOL], parallel_tool_calls=False)["parallel_tool_calls"] is False


@pytest.mark.parametrize(("default", "budget"), [(1023, 2048), (1024, 2048), (1025, 1024)])
def test_a_small_default_limit_bounds_no_thinking(default, budget):
    """Defaults of up to 1,024 tokens are for answers without reasoning and leave it no room."""
    spec = dataclasses.replace(CLAUDE, ranges={"max_tokens": {"default": default}})

    sent = written(HI, spec=spec, dialect="anthropic", reasoning_effort="low")

    assert sent["thinking"] == {"type": "enabled", "budget_tokens": budget}

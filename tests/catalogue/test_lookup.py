"""Models are found by id, case and alias, and never by a guess."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from langchain_aimlapi import _catalogue
from langchain_aimlapi._catalogue import lookup

from .samples import documented, listed

FILE = Path(lookup.__file__).with_name("models.json")

CLAUDE = frozenset(
    {
        "max_tokens",
        "metadata",
        "stop_sequences",
        "stream",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    }
)

KNOWN = {
    "gpt-4o-mini": {
        "dialects": {"openai"},
        "takes": {"temperature", "top_p", "stop", "logprobs", "parallel_tool_calls", "n"},
        "lacks": {"top_k", "reasoning_effort", "stop_sequences"},
        "user_parts": {"openai": {"string", "text", "image_url", "file"}},
        "tool_content": {"string"},
        "tool_shapes": {"openai_function"},
        "context_window": 128000,
        "listing": "listed",
    },
    "openai/gpt-5-5": {
        "takes": {"reasoning_effort", "max_tokens"},
        "lacks": {"temperature", "top_p"},
        "efforts": ("low", "medium", "high"),
    },
    "openai/o3-pro": {"route": "chat", "lacks": {"temperature"}},
    "openai/gpt-5-4-pro": {
        "route": "responses",
        "takes": {"instructions", "max_output_tokens", "text", "previous_response_id"},
        "lacks": {"max_tokens", "stop"},
        "response_formats": {"text", "json_object", "json_schema"},
    },
    "anthropic/claude-haiku-4.5": {
        "dialects": {"anthropic"},
        "parameters": CLAUDE | {"temperature", "top_p", "top_k"},
        "roles": {"user", "assistant"},
        "thinking": {"enabled", "budget_tokens"},
        "tool_shapes": {"anthropic"},
        "response_formats": frozenset(),
        "max_blocks": 5,
        "context_window": 200000,
    },
    "anthropic/claude-opus-4-7": {"dialects": {"anthropic"}, "parameters": CLAUDE},
    "anthropic/claude-opus-5": {
        "dialects": {"anthropic", "openai"},
        "parameters": CLAUDE,
        "parameters_by_dialect": {},
        "thinking": {"enabled", "disabled", "adaptive", "budget_tokens"},
        "closed_messages": False,
        "max_blocks": None,
    },
    "anthropic/claude-sonnet-4": {
        "dialects": {"anthropic", "openai"},
        "takes": {"system", "stop", "response_format", "stop_sequences"},
        "echoes_extra_content": True,
        "max_blocks": 5,
    },
    "google/gemini-3-5-flash": {
        "takes": {"reasoning_effort", "modalities", "audio"},
        "lacks": {"thinking", "enable_thinking"},
        "tool_choice_forms": {"allowed_tools", "auto", "function", "none", "required"},
    },
    "alibaba/qwen3-32b": {
        "takes": {"enable_thinking", "thinking_budget"},
        "lacks": {"reasoning_effort"},
        "thinking": frozenset(),
    },
    "zhipu/glm-4.5": {
        "takes": {"thinking"},
        "lacks": {"temperature"},
        "thinking": {"enabled", "disabled"},
        "tool_shapes": {"openai_function", "zhipu_web_search"},
        "strict_tools": False,
    },
    "moonshot/kimi-k2-6": {
        "tool_shapes": {"openai_function", "builtin_function"},
        "lacks": {"temperature", "top_p"},
        "strict_tools": False,
    },
    "perplexity/sonar-pro": {
        "takes": {"search_mode", "web_search_options"},
        "lacks": {"tools", "stop"},
        "roles": {"assistant", "system", "user"},
    },
    "minimax/m2": {"lacks": {"stop", "max_completion_tokens"}, "takes": {"max_tokens"}},
    "nvidia/nemotron-3-ultra-550b-a55b": {
        "user_parts": {"openai": {"string"}},
        "assistant_keys": {"content", "role"},
        "tool_choice_forms": {"auto", "none", "required"},
        "lacks": {"stream_options"},
    },
    "Meta-Llama/Llama-Guard-7b": {
        "listing": "deprecated",
        "closed_messages": True,
        "strict_tools": False,
        "context_window": None,
        "ranges": {
            "top_p": {"minimum": 0.01, "maximum": 1},
            "max_tokens": {"minimum": 1, "default": 512},
        },
    },
    "moonshotai/kimi-k3": {"generic": True, "takes": {"tools", "reasoning", "top_a"}},
}


@pytest.mark.parametrize("model", KNOWN)
def test_known_models(model):
    """What the schemas document of one id of each kind is what a look-up gives."""
    spec, expected = _catalogue.model_spec(model), dict(KNOWN[model])

    assert expected.pop("takes", set()) <= spec.parameters
    assert not expected.pop("lacks", set()) & spec.parameters
    assert {name: getattr(spec, name) for name in expected} == expected


@pytest.mark.parametrize("model", _catalogue.ids())
def test_every_id_loads(model):
    """Each line of the file makes a spec that says at least what to send."""
    spec = _catalogue.model_spec(model)

    assert spec.id == model
    assert spec.parameters
    assert set(spec.user_parts) == spec.dialects != set()
    assert {"stream"} <= spec.parameters
    assert set(spec.ranges) <= spec.parameters


def test_ids_are_sorted_and_unique():
    """Ids come in one order, each once."""
    ids = _catalogue.ids()

    assert list(ids) == sorted(set(ids))
    assert len(ids) > 400


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("GPT-4O-MINI", "gpt-4o-mini"),
        ("minimax-text-01", "MiniMax-Text-01"),
        ("Anthropic/Claude-Haiku-4.5", "anthropic/claude-haiku-4.5"),
    ],
)
def test_case_does_not_matter(written, found):
    """The service tells ids apart regardless of case; so does the catalogue."""
    assert _catalogue.model_spec(written).id == found


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("OpenAI/GPT-4o-mini", "gpt-4o-mini"),
        ("gpt-4o-mini-2099-01-01", "gpt-4o-mini"),
        ("openai/gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ("x-ai/grok-4", "x-ai/grok-4-07-09"),
        ("claude-3-5-sonnet", "anthropic/claude-3.5-sonnet"),
    ],
)
def test_a_prefix_or_a_date_is_another_name(model, found):
    """An id that differs by these alone has all that is known of the documented one."""
    assert _catalogue.entry(model).id == found
    assert _catalogue.model_spec(model).id == found
    assert _catalogue.profile(model)


@pytest.mark.parametrize(
    "model",
    ["foo/gpt-4o-mini", "google/gpt-4o-mini", "gpt-4o-mini-2", "gpt", "", "openai/", "claude"],
)
def test_nothing_is_guessed(model):
    """An id that merely begins like a known one is unknown."""
    assert _catalogue.entry(model) is None
    assert _catalogue.model_spec(model) is None
    assert _catalogue.pricing(model) is None


def test_dotted_and_dashed_ids_are_different_models():
    """`gpt-5.4-pro` chats, `gpt-5-4-pro` is served on the other route only."""
    assert _catalogue.model_spec("openai/gpt-5.4-pro").route == "chat"
    assert _catalogue.model_spec("openai/gpt-5-4-pro").route == "responses"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gpt4o-mini", "gpt-4o-mini"),
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("anthropic/claude-opus-4.8", "anthropic/claude-opus-4-8"),
        ("claude-sonnet-5", "anthropic/claude-sonnet-5"),
        ("google/gemini-3.7-flash", "google/gemini-3-7-flash"),
        ("deepseek/deepseek-v4pro", "deepseek/deepseek-v4-pro"),
    ],
)
def test_near_names_what_was_meant(written, meant):
    """A slip of the pen, a missing prefix or another spelling leads to the id."""
    assert meant in _catalogue.near(written)[:2]


def test_near_leaves_out_itself_and_the_retired():
    """After a 404 for a known id, neither that id nor a deprecated one helps."""
    retired = {m for m in _catalogue.ids() if _catalogue.entry(m).listing == "deprecated"}
    suggested = _catalogue.near("claude-3-opus-20240229", n=10)

    assert suggested
    assert not set(suggested) & (retired | {"claude-3-opus-20240229"})


@pytest.mark.parametrize("model", ["", "zzzzzzzzzzzz", "/", "?" * 1000])
def test_near_may_find_nothing(model):
    """What looks like no model gets no suggestion."""
    assert _catalogue.near(model) == []


def test_near_keeps_to_its_number():
    """As many as asked for, at most."""
    assert [len(_catalogue.near("gpt-4o-minni", n=n)) for n in (0, 1, 3)] == [0, 1, 3]


def test_suggestions_are_listed():
    """Ids offered to someone who named none are on the service's list, from several vendors."""
    entries = [_catalogue.entry(model) for model in _catalogue.suggest()]

    assert {entry.listing for entry in entries} == {"listed"}
    assert len({entry.vendor for entry in entries}) >= 4
    assert not any(entry.spec.generic for entry in entries)


def test_importing_reads_no_file():
    """The file is read on the first look-up, not on import."""
    program = (
        "import sys; opened = []\n"
        "sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == 'open' else 0)\n"
        "from langchain_aimlapi import _catalogue\n"
        "assert not [path for path in opened if path.endswith('.json')], opened\n"
        "_catalogue.model_spec('gpt-4o')\n"
        "assert [path for path in opened if path.endswith('models.json')], opened\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603


@pytest.mark.usefixtures("forget")
def test_reading_the_file_is_quick():
    """A first look-up delays no request: a wide bound for a slow machine."""
    started = time.process_time()
    _catalogue.model_spec("GPT-4O-mini")

    assert time.process_time() - started < 2


def test_file_can_be_reviewed():
    """The file stays small, one model a line, no line longer than a screen takes."""
    text = FILE.read_text("utf-8")

    assert len(text) < 250_000
    assert max(map(len, text.splitlines())) < 2_000
    assert list(json.loads(text)) == [
        "parameters",
        "shapes",
        "models",
        "aliases",
        "pricing",
        "profiles",
    ]


def test_every_row_is_used():
    """No row of the shared tables is left over from a model that went."""
    data = lookup._data()
    models = data["models"].values()

    assert set(data["parameters"]) == {model["parameters"] for model in models}
    assert set(data["shapes"]) == {model["shape"] for model in models}


def test_an_alias_leads_to_its_model(catalogue_of):
    """The service's aliases are known, regardless of case; an id goes before an alias."""
    catalogue_of(documented("o1"), live=[listed("a/one", aliases=["Uno", "O1"]), listed("o1")])

    assert _catalogue.entry("uno").id == "a/one"
    assert _catalogue.entry("O1").id == "o1"


def test_a_price_is_the_callers_own(catalogue_of):
    """A price is what the service stated, and changing it changes no other call's."""
    catalogue_of(documented("b"), live=[listed("a/one", aliases=["uno"])])
    _catalogue.pricing("uno")["units"].clear()

    assert [unit["price"] for unit in _catalogue.pricing("uno")["units"]] == [3.25]
    assert _catalogue.pricing("b") is None


def test_suggestions_outlive_the_well_known(catalogue_of):
    """When none of the well-known ids is listed any more, other listed ones are offered."""
    catalogue_of(documented("a", listed="unlisted"), *(documented(f"m{n}") for n in range(7)))

    assert _catalogue.suggest() == ["m0", "m1", "m2", "m3", "m4"]

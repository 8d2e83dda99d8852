"""Write what makers and others say of models into the catalogue, where the service says nothing.

    python scripts/refresh_profiles.py langchain_openai/data/_profiles.py langchain_openrouter/data/…

The files are the model profiles in LangChain's provider packages. Those are made of the models.dev
project (MIT licence). Of each, the keys are taken that describe the model itself, such as its window
and its date of release, and none that describe the package's own service. The maker's own package
goes before others, and those in the order given.

A model is found by its id without the vendor's prefix, dots, date and "-latest"; a dated id takes
the profile of its date, or of the undated id. What the service itself says in the catalogue stays.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from refresh_catalogue import CATALOGUE, render

from langchain_aimlapi._catalogue.twins import spelling

MAKERS = {
    "langchain_anthropic": "Anthropic",
    "langchain_deepseek": "DeepSeek",
    "langchain_google_genai": "Google",
    "langchain_mistralai": "Mistral AI",
    "langchain_openai": "OpenAI",
    "langchain_perplexity": "Perplexity",
    "langchain_xai": "xAI",
}
"""Packages of one maker, whose ids have no prefix."""

PREFIXES = {
    "ai21": "AI21",
    "aion-labs": "AionLabs",
    "amazon": "Amazon",
    "anthropic": "Anthropic",
    "baidu": "Baidu",
    "bytedance-seed": "ByteDance",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "deepseek-ai": "DeepSeek",
    "google": "Google",
    "meta-llama": "Meta",
    "microsoft": "Microsoft",
    "minimax": "MiniMax",
    "minimaxai": "MiniMax",
    "mistralai": "Mistral AI",
    "moonshotai": "Moonshot",
    "nousresearch": "Nous Research",
    "nvidia": "NVIDIA",
    "openai": "OpenAI",
    "perplexity": "Perplexity",
    "qwen": "Alibaba Cloud",
    "tencent": "Tencent",
    "x-ai": "xAI",
    "xiaomi": "Xiaomi",
    "xiaomimimo": "Xiaomi",
    "z-ai": "Zhipu",
    "zai-org": "Zhipu",
}
"""Prefixes elsewhere, by the vendor's name in the catalogue, where the catalogue has them not."""

OF_THE_MODEL = (
    "name",
    "release_date",
    "last_updated",
    "open_weights",
    "max_input_tokens",
    "max_output_tokens",
    "image_inputs",
    "audio_inputs",
    "video_inputs",
    "pdf_inputs",
    "image_outputs",
    "audio_outputs",
    "video_outputs",
    "reasoning_output",
    "structured_output",
)
"""Keys that are true of a model wherever it runs."""
OF_ITS_MAKER = ("reasoning_effort_default",)
"""Keys that only its maker's own package tells."""
NOT_OF_HOSTS = frozenset({"max_input_tokens", "max_output_tokens", "structured_output"})
"""Keys that whoever runs open weights decides; taken from makers and OpenRouter alone."""
HOSTS = frozenset({"langchain_fireworks", "langchain_groq", "langchain_huggingface"})


class Known(NamedTuple):
    """A model elsewhere."""

    vendor: str
    base: str
    date: str
    profile: dict[str, Any]


def main(arguments: list[str]) -> int:
    """Write the profiles in the files named on the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("profiles", nargs="+", type=Path, metavar="_profiles.py")
    parser.add_argument("--to", type=Path, default=CATALOGUE, metavar="CATALOGUE.json")
    chosen = parser.parse_args(arguments)
    catalogue = json.loads(chosen.to.read_text("utf-8"))
    vendors = prefixes(catalogue["models"])
    sources = sorted(chosen.profiles, key=lambda path: package(path) not in MAKERS)
    elsewhere = [each for path in sources for each in known(path, vendors)]
    profiles = {model: of(model, line, elsewhere) for model, line in catalogue["models"].items()}
    catalogue["profiles"] = shared({model: found for model, found in profiles.items() if found})
    chosen.to.write_text(render(catalogue), "utf-8")
    print(f"{chosen.to.name}: profiles of {len(catalogue['profiles'])} of {len(profiles)} models")
    return 0


def shared(profiles: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any] | str]:
    """The same profiles once; other ids of the model name the one that has them."""
    first: dict[str, str] = {}
    written: dict[str, dict[str, Any] | str] = {}
    for model, found in sorted(profiles.items()):
        known = first.setdefault(json.dumps(found), model)
        written[model] = found if known == model else known
    return written


def package(path: Path) -> str:
    """The package that a file of profiles is of."""
    return path.parents[1].name


def prefixes(models: dict[str, Any]) -> dict[str, str]:
    """The vendor that each prefix names, in the catalogue and elsewhere."""
    own = {
        prefix.lower(): line["vendor"]
        for model, line in models.items()
        if (prefix := model.rpartition("/")[0])
    }
    return {**own, **PREFIXES}


def known(path: Path, vendors: dict[str, str]) -> list[Known]:
    """The models in a file of profiles, whose vendor the catalogue knows."""
    spec = importlib.util.spec_from_file_location("profiles", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    taken = keys(package(path))
    found = []
    for model, profile in module._PROFILES.items():  # noqa: SLF001  # what the packages call it
        prefix, base, date = spelling(model.partition(":")[0].removesuffix("-latest"))
        vendor = MAKERS.get(package(path)) or vendors.get(prefix)
        if vendor:
            told = {key: profile[key] for key in taken if _tells(profile.get(key))}
            found.append(Known(vendor, base, date, told))
    return found


def _tells(value: object) -> bool:
    """Whether a value says something; where a number is not known, the files have 0."""
    return isinstance(value, bool) or bool(value)


def keys(name: str) -> tuple[str, ...]:
    """What is taken of a package."""
    if name in MAKERS:
        return OF_THE_MODEL + OF_ITS_MAKER
    return tuple(key for key in OF_THE_MODEL if name not in HOSTS or key not in NOT_OF_HOSTS)


def of(model: str, line: dict[str, Any], elsewhere: list[Known]) -> dict[str, Any]:
    """The profile of a model of the catalogue; of several sources, the first that tells a key."""
    _, base, date = spelling(model.removesuffix("-latest"))
    same = [each for each in elsewhere if each.base == base and each.vendor == line["vendor"]]
    fitting = [each for each in same if each.date == date] or [
        each for each in same if not date or not each.date
    ]
    newest = max((each.date for each in fitting), default="")
    profile: dict[str, Any] = {}
    for each in fitting:
        if each.date in {date, "", newest}:
            profile = {**each.profile, **profile}
    return dict(sorted(profile.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

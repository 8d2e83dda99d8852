"""Code, docs and messages use the field's terms, one for each thing.

`test_docs.py` forbids more words in prose; here stand those that are wrong in code too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_FOLDERS = ("src", "tests", "scripts", "benchmarks", "fuzz", "docs")
_KINDS = {".py", ".md", ".toml", ".yml", ".yaml", ".html", ".css", ".js"}
_INPUTS = ROOT / "fuzz" / "corpus"
_HOLDS_THE_LISTS = {"test_words.py", "test_docs.py"}

REPLACED = {
    r"thoughts": "reasoning",
    r"recordings": "audio, or recorded replies",
    r"knobs?": "reasoning parameters",
    r"facts": "model spec",
    r"nobody (here )?knows|nobody/knows": "unknown",
    r"as it comes": "streaming, or as received",
    r"mend(s|ed|ing)?": "fix",
    r"caller's to mend|says how to mend": "fix",
    r"front door": "public methods",
    r"accents of|fifty accents|the gateway's manners": "dialects",
    r"openai[- ]shaped?|anthropic[- ]shaped?|(openai|anthropic)('s)? shape": "dialect",
    r"vectors of an embeddings|unit vectors of": "embeddings",
    r"pieces? of (a|the) tool call": "tool call chunk",
    r"call fragments?|toolfragment": "tool call chunk",
    r"audio clips?": "audio file",
    r"soundreader|soundfile": "AudioDecoder",
    r"told_alone|hollow|in_doubt|sorted_out|_may_differ|few_schema_words": "a name of WORDS",
    r"aanswer|abatches|_stumbles|learn_shape": "acomplete, astream_deltas, DECODE_ERRORS",
    r"_explained|_identified|_cleaned": "add_context, add_ids, redact_error",
    r"patience": "timeouts",
    r"storms? of refusals|after a refusal": "error responses",
    r"made of the schema": "generated from the schema",
    r"can tell them for one call": "idempotency key",
    r"takes one of ours away": "removes a default header",
    r"forerunners?": "the deltas decoded before it",
    r"decoder stumble": "ResponseFormatError",
    r"looks of events": "templates",
    r"own word on it": "overridden by",
    r"told otherwise": "by default",
    r"one reference too many": "leak a reference on purpose",
    r"have no time for each": "to cut the cost per chunk",
    r"silence too": "do not reset it",
    r"out of breath|dribbl\w+": "slow",
}
"""Patterns that nothing of this field means, and what to say instead."""
_ANY = re.compile(rf"(?<![a-z])(?:{'|'.join(REPLACED)})(?![a-z])", re.IGNORECASE)


def files() -> list[Path]:
    """All texts of the project, but those that hold the lists."""
    found = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [
        path
        for path in sorted(found)
        if path.suffix in _KINDS
        and path.name not in _HOLDS_THE_LISTS
        and _INPUTS not in path.parents
        and path.is_file()
    ]


def found_in(text: str) -> list[str]:
    """The lines of a text in which a replaced word stands."""
    return [
        f"{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if _ANY.search(line)
    ]


def test_no_replaced_word_is_left():
    """In a name, a sentence or a message."""
    found = {
        str(path.relative_to(ROOT)): lines
        for path in files()
        if (lines := found_in(path.read_text("utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "def told_alone(body):",
        "    has_facts = True",
        '"""Thoughts come first."""',
        "self._explained(error)",
        "# An OpenAI-shaped stream",
    ],
)
def test_replaced_words_are_found(line):
    """The check sees them within names, at the start of a sentence and within comments."""
    assert found_in(line) == [f"1: {line.strip()}"]


@pytest.mark.parametrize("line", ["the artefacts", "recommended", "a thought signature", "amends"])
def test_other_words_pass(line):
    """Words that only contain one of them."""
    assert found_in(line) == []


def test_the_whole_project_is_read():
    """The walk reaches code, docs and the pages at the root."""
    names = {str(path.relative_to(ROOT)) for path in files()}

    assert {"README.md", "docs/index.md", "src/langchain_aimlapi/chat_models.py"} <= names

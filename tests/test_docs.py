"""The README and the docs: programs run, commands are those of CI, links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

import langchain_aimlapi
from langchain_aimlapi import __version__, _catalogue, errors
from langchain_aimlapi.sandbox import FAULTS
from scripts import compare_page

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [README, *DOCS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
_OTHER_WORDS = re.compile(
    r"\b(thoughts?|films|recordings?|accents|knobs?|heard|mend(?:ed|s)?|refusals?|as it comes|"
    r"out of breath|front door|to order|proof under|what you see of|dribbl\w+|"
    r"manners|clips?)\b",
    re.IGNORECASE,
)
"""Words that mean something else in this field, or nothing."""
_CODE = re.compile(r"`[^`]*`")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    """The fenced blocks of a page in one language."""
    found = _FENCE.findall(page.read_text("utf-8"))
    return [textwrap.dedent(text) for _, kind, text in found if kind == language]


def prose(page):
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def page_id(page):
    """Name a page in the test's name."""
    return str(page.relative_to(ROOT))


def anchor(heading):
    """The anchor of a heading, as GitHub and mkdocs make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


MEDIA = {"images.md", "video.md", "music.md", "speech.md", "transcription.md", "ocr.md"}
"""Pages whose programs run in tests/media/test_guides.py, with the files that they need."""
PROGRAMS = [page for page in [README, *DOCS] if blocks(page, "python") and page.name not in MEDIA]


@pytest.mark.parametrize("page", PROGRAMS, ids=page_id)
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_programs_run(page, aimlapi_sandbox, capsys, tmp_path, monkeypatch):
    """The programs of a page run one after the other, as a reader would type them."""
    monkeypatch.chdir(tmp_path)  # some write files
    namespace: dict[str, object] = {"__name__": "__main__"}
    for number, program in enumerate(blocks(page, "python"), 1):
        code = compile(program, f"{page.name}, program {number}", "exec")
        exec(code, namespace)  # noqa: S102  # our own programs


class TestTheReadme:
    """The first screen."""

    def commands(self):
        """The commands of "Try it"."""
        section = README.read_text("utf-8").partition("## Try it\n")[2].partition("\n## ")[0]
        return [
            line
            for _, kind, text in _FENCE.findall(section)
            if kind == "sh"
            for line in text.strip().splitlines()
        ]

    def test_there_are_two_commands(self):
        """One that does the main job and one that tests, with no tool but Python and pip."""
        first, second = self.commands()

        assert first.startswith("python3 -m venv .venv && .venv/bin/python -m pip install")
        assert first.endswith('aimlapi chat "I love programming."')
        assert second == ".venv/bin/python -m pytest -n 4"

    def test_ci_runs_these_very_commands(self):
        """CI reads them from the README, so that what is checked is what a reader types."""
        script = (ROOT / ".ci" / "run").read_text("utf-8")

        assert "/^## Try it/" in script
        assert "README.md" in script
        assert all(f'bash -c "${{commands[{index}]}}"' in script for index in (0, 1))
        assert not any(command in script for command in self.commands())

    def test_the_extras_exist(self):
        """What the commands install is declared."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        named = set(re.findall(r"\[(\w+)\]'", README.read_text("utf-8")))

        assert named <= project["optional-dependencies"].keys()

    def test_the_extra_for_tests_is_the_group(self):
        """Pip before 25.1 knows no groups, so both say the same."""
        config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

        assert config["dependency-groups"]["test"] == ["langchain-aimlapi[test]"]


class TestWords:
    """One word for one thing, and the field's own."""

    @pytest.mark.parametrize("page", [*PAGES, ROOT / "SECURITY.md"], ids=page_id)
    def test_pages_use_standard_terms(self, page):
        """Reasoning, audio, video, chunk, prompt, fix: not the words on the left of this list."""
        found = _OTHER_WORDS.findall(_CODE.sub("", prose(page)))

        assert found == []


class TestNumbers:
    """Figures in prose come from one place each."""

    @pytest.fixture
    def entries(self):
        """The models of the catalogue."""
        return [_catalogue.entry(model) for model in _catalogue.ids()]

    @pytest.fixture
    def medians(self):
        """The medians of the benchmark that the docs quote, per row."""
        path = ROOT / "benchmarks" / "results" / "reference.json"
        return {row["name"]: row["medians"] for row in json.loads(path.read_text("utf-8"))["rows"]}

    def test_models_and_vendors(self, entries):
        """The README counts ids and vendors as the catalogue does."""
        vendors = {entry.vendor for entry in entries}

        assert f"{len(entries)} model ids of {len(vendors)} vendors" in README.read_text("utf-8")

    def test_round_numbers(self, entries):
        """What must not change with every model is rounded down to a hundred."""
        hundreds = len(entries) // 100 * 100
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

        assert f"{hundreds}+ models" in project["description"]
        assert f"{hundreds}+ models" in langchain_aimlapi.__doc__

    def test_the_changelog_counts_likewise(self, entries):
        """The release says how many ids have a documented schema."""
        documented = sum(entry.spec is not None for entry in entries)

        assert f" {documented} model ids" in (ROOT / "CHANGELOG.md").read_text("utf-8")

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("stream", "{} % of ChatOpenAI's client CPU per streamed chunk"),
            ("events", "{} % with native events"),
            ("ainvoke", "{} % for a hundred calls at once"),
        ],
    )
    def test_speed(self, medians, row, words):
        """The README quotes the reference run."""
        ours, theirs = (medians[row][name] for name in ("langchain-aimlapi", "langchain-openai"))

        assert words.format(round(100 * ours / theirs)) in README.read_text("utf-8")

    def test_the_comparison(self):
        """The page that compares with ChatOpenAI quotes the reference run as well."""
        page = (ROOT / "docs" / "why.md").read_text("utf-8")
        rows = compare_page.figures()

        assert len(rows) > 5
        assert [row for row in rows if f"| {' | '.join(row)} |" not in page] == []

    @pytest.mark.slow
    def test_the_calls_of_the_comparison(self, capsys):
        """Each call of that page does today what the page says."""
        pytest.importorskip("langchain_openai", reason="it is in the dependency group `bench`")

        assert compare_page.main(["--check"]) == 0, capsys.readouterr().out

    def test_faults(self):
        """The README counts the faults of the sandbox, rounded down to ten."""
        assert f"any of {len(FAULTS) // 10 * 10}+ faults" in README.read_text("utf-8")


class TestLinks:
    """Links within the repository."""

    def test_the_readme_links_from_anywhere(self):
        """The package index shows the README without the files beside it."""
        links = re.findall(r"\]\(([^)\s]+)\)", prose(README))

        assert [link for link in links if not link.startswith("https://")] == []

    def test_the_readme_links_to_what_is_there(self):
        """Addresses in the repository are files of it."""
        source = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
        bases = (
            f"{source['Source']}/blob/main/",
            f"{source['Source']}/raw/main/",
            "https://raw.githubusercontent.com/aimlapi/langchain-aimlapi/main/",
        )
        links = re.findall(r"\]\((https://[^)\s]+)\)", prose(README))
        own = [link.removeprefix(base) for link in links for base in bases if base in link]

        assert len(own) > 10
        assert [path for path in own if not (ROOT / path).is_file()] == []

    @pytest.mark.parametrize("page", PAGES, ids=page_id)
    def test_pages_exist(self, page):
        """Every relative link leads to a file, and to a heading of it if it names one."""
        links = re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", prose(page))
        lost = [link for link in links if not _leads_somewhere(page, link)]

        assert lost == []

    @pytest.mark.parametrize("page", PAGES, ids=page_id)
    def test_addresses_are_encrypted(self, page):
        """Links to elsewhere are https."""
        assert re.findall(r"\]\(http://[^)]*\)", prose(page)) == []

    def test_the_menu_lists_every_page(self):
        """Mkdocs shows each page, once, and no other."""
        menu = re.findall(
            r"^ +- (?:.*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE
        )

        assert sorted(menu) == sorted(str(page.relative_to(ROOT / "docs")) for page in DOCS)


def _leads_somewhere(page, link):
    path, _, fragment = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE) if fragment else []
    return not fragment or fragment in map(anchor, headings)


class TestContent:
    """Pages that repeat what the source says."""

    @pytest.fixture
    def settings_page(self):
        """The script that writes the page of settings."""
        path = ROOT / "scripts" / "settings_page.py"
        spec = importlib.util.spec_from_file_location("settings_page", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def test_settings(self, settings_page, capsys):
        """The committed page is what the fields say."""
        assert settings_page.main(["--check"]) == 0, capsys.readouterr().out

    def test_a_stale_page_of_settings(self, settings_page, tmp_path, monkeypatch, capsys):
        """A missing or different page fails the check; one just written passes."""
        page = tmp_path / "settings.md"
        monkeypatch.setattr(settings_page, "PAGE", page)

        assert settings_page.main(["--check"]) == 1
        assert settings_page.main([]) == 0
        assert settings_page.main(["--check"]) == 0
        page.write_text(f"{page.read_text('utf-8')}\n", "utf-8")
        assert settings_page.main(["--check"]) == 1
        assert "out of date" in capsys.readouterr().out

    def test_the_tree_of_errors(self):
        """The page draws the tree that the source draws."""
        drawn = textwrap.dedent(errors.__doc__.partition("\n\n")[2].partition("\n\n")[0])

        assert drawn in (ROOT / "docs" / "errors.md").read_text("utf-8")

    @pytest.mark.parametrize(
        "name", [n for n in errors.__all__ if n.endswith("Error") and n != "AimlapiError"]
    )
    def test_each_error_has_advice(self, name):
        """The table says of each what to do; of the mere parent it need not."""
        text = (ROOT / "docs" / "errors.md").read_text("utf-8")

        assert f"| `{name}` |" in text or name == "AimlapiStatusError"

    def test_the_changelog_knows_the_version(self):
        """A release is written down before it is made."""
        assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")

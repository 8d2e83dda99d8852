"""The project's own commands: what stands in several files is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from scripts import check_site

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
PAGES = [*ROOT.glob("*.md"), ROOT / ".ci" / "run", ROOT / "noxfile.py", *ROOT.glob("docs/**/*.md")]


def test_hooks_run_the_linter_of_the_project():
    """A commit is checked by the version that CI uses."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    lint = next(r for r in PROJECT["dependency-groups"]["lint"] if r.startswith("ruff"))

    assert set(re.findall(r"additional_dependencies: \[\"(.*)\"\]", hooks)) == {lint}


def test_nox_runs_every_python_that_is_promised():
    """The classifiers, the lower bound and the sessions name the same versions."""
    nox = (ROOT / "noxfile.py").read_text("utf-8")
    tried = re.findall(r'"(3\.\d+)"', nox.partition("PYTHONS = ")[2].partition("\n")[0])
    named = [
        name.rpartition(" :: ")[2]
        for name in PROJECT["project"]["classifiers"]
        if re.search(r":: 3\.\d+$", name)
    ]

    assert tried == named
    assert PROJECT["project"]["requires-python"] == f">={tried[0]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_commands_exist(page):
    """`make …` in a page, a script or a session is a target of the Makefile."""
    text = page.read_text("utf-8")
    named = re.findall(r"(?:^|`)make ((?:[a-z][a-z-]+ ?)+?)(?=`| {2,}|$)", text, re.MULTILINE)

    assert {target for names in named for target in names.split()} <= TARGETS


def test_targets_say_what_they_do():
    """`make help` lists every target that is no abbreviation of another."""
    told = set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))

    assert told == TARGETS


def test_the_extra_for_docs_is_the_group():
    """Pip before 25.1 knows no groups, so both say the same."""
    assert PROJECT["dependency-groups"]["docs"] == ["langchain-aimlapi[docs]"]
    assert "docs" in PROJECT["project"]["optional-dependencies"]


def test_the_addresses_are_in_one_repository():
    """The metadata links to the repository's own pages."""
    urls = PROJECT["project"]["urls"]

    assert all(url.startswith(urls["Source"]) for url in urls.values())


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ('<a href="https://example.com">a link</a><script src="../x.js"></script>', 0),
        ('<script src="https://unpkg.com/x.js"></script>', 1),
        ('<link rel="preconnect" href="https://fonts.gstatic.com">', 1),
        ('<img src="//example.com/x.png">', 1),
        ("", 0),
    ],
)
def test_the_site_is_looked_through(tmp_path, page, status, capsys):
    """A page that loads something from elsewhere fails `make docs`."""
    (tmp_path / "index.html").write_text(f"<html>{page}</html>", "utf-8")

    assert check_site.main([str(tmp_path)]) == status


def test_styles_of_the_site_are_looked_through(tmp_path, capsys):
    """Fonts are loaded by styles."""
    (tmp_path / "index.html").write_text("<html></html>", "utf-8")
    (tmp_path / "a.css").write_text("@font-face{src:url('https://example.com/f.woff2')}", "utf-8")

    assert check_site.main([str(tmp_path)]) == 1
    assert "a.css: https://example.com/f.woff2" in capsys.readouterr().out


def test_a_site_that_was_not_built(tmp_path, capsys):
    """No page at all is a failure too."""
    assert check_site.main([str(tmp_path)]) == 1

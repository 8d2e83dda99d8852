"""The page of models is what the catalogue says."""

from __future__ import annotations

import pytest

from langchain_aimlapi import _catalogue

from .samples import documented, listed


@pytest.fixture
def page_at(model_pages, tmp_path, monkeypatch):
    """Write the page elsewhere."""
    monkeypatch.setattr(model_pages, "PAGE", tmp_path / "models.md")
    return tmp_path / "models.md"


def test_committed_page_is_current(model_pages, capsys):
    """Whoever refreshes the catalogue writes the page anew."""
    assert model_pages.main(["--check"]) == 0, capsys.readouterr().out


def test_check_tells_a_stale_page(model_pages, page_at, capsys):
    """A page that is missing or differs fails the check; one just written passes."""
    assert model_pages.main(["--check"]) == 1
    assert model_pages.main([]) == 0
    assert model_pages.main(["--check"]) == 0
    page_at.write_text(page_at.read_text("utf-8") + "\n", "utf-8")
    assert model_pages.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out


def test_every_model_is_on_the_page(model_pages, page_at):
    """No id is left out, and each is named once."""
    model_pages.main([])
    page = page_at.read_text("utf-8")

    assert [model for model in _catalogue.ids() if page.count(f"`{model}`") != 1] == []


def test_tables_are_even(model_pages, page_at):
    """Every row of a table has as many cells as its head."""
    model_pages.main([])
    tables = page_at.read_text("utf-8").split("\n\n")

    for lines in (table.strip().splitlines() for table in tables if table.startswith("| ")):
        assert {line.count(" | ") for line in lines} == {lines[0].count(" | ")}


@pytest.mark.parametrize(
    ("model", "cells"),
    [
        ("gpt-4o-mini", ["chat", "image, PDF", "yes", "schema", "", ""]),
        ("anthropic/claude-haiku-4.5", ["chat, Anthropic", "image, PDF", "yes", "by tool"]),
        ("anthropic/claude-opus-5", ["chat, either", "image, PDF, audio, video", "yes"]),
        ("openai/gpt-5-4", ["responses"]),
        ("perplexity/sonar", ["chat", "image", "no", "schema"]),
        ("gryphe/mythomax-l2-13b", ["chat"]),
        ("deepseek/deepseek-v4-pro-0813", ["chat"]),
    ],
)
def test_rows_of_known_models(model_pages, model, cells):
    """The cells of one id of each kind."""
    assert list(model_pages.row(_catalogue.entry(model)))[: len(cells)] == cells


def test_an_id_without_a_schema_has_a_row(model_pages, catalogue_of):
    """Of an id that only the service's list has, the page states the window."""
    catalogue_of(documented("b"), live=[listed("a/one")])
    page = model_pages.render([_catalogue.entry("a/one")])

    assert "| `a/one` | chat |  |  |  |  |  |  | 64,000 |" in page
    assert "| Acme | 1 | 1 | 0 |" in page

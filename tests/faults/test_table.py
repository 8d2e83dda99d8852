"""The page of faults in the docs."""

from __future__ import annotations

import pytest

from scripts import fault_table


def test_the_page_shows_what_the_tests_hold():
    """The table in the docs is the one that the matrix of tests is judged by."""
    assert fault_table.page(fault_table.expected()) == fault_table.PAGE.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_the_page_is_what_a_run_gives():
    """Written anew from a run, the page is the same."""
    assert fault_table.main(["--check"]) == 0


def test_a_stale_page_is_noticed(monkeypatch, tmp_path, capsys):
    """The check fails and says how to fix it."""
    stale = tmp_path / "faults.md"
    stale.write_text("stale", "utf-8")
    monkeypatch.setattr(fault_table, "PAGE", stale)
    monkeypatch.setattr(fault_table, "measured", fault_table.expected)

    assert fault_table.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert fault_table.main([]) == 0
    assert fault_table.main(["--check"]) == 0

"""Counts of instructions are read, divided and told right; valgrind itself is not needed here."""

from __future__ import annotations

import json
import math
import sys

import pytest

from benchmarks import instructions
from benchmarks.figures import FIGURES, Figure
from benchmarks.instructions import Count, per_unit, row, table
from benchmarks.peers import FLOOR, OPENAI, OURS

PROFILE = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
positions: line
events: Ir

fl=(1) ???
fn=(1) totals: 7
0 12
calls=1 0
0 340

totals: 1029771543
"""
FIGURE = Figure("f", "a figure", "stream", {})


def test_the_total_is_read_from_the_profile():
    """The total of all threads stands on a line of its own at the end."""
    assert instructions.total(PROFILE) == 1029771543


@pytest.mark.parametrize("profile", ["", PROFILE.partition("\ntotals")[0], "totals: 0\n"])
def test_a_profile_with_no_total_is_an_error(profile):
    """Neither half a profile nor one of a process that never began to count says anything."""
    with pytest.raises(RuntimeError, match="counted nothing"):
        instructions.total(profile)


def test_what_both_processes_need_cancels_out():
    """A million instructions of imports do not count, three hundred for each of ten calls do."""
    assert per_unit(Count(5, 1_000_000 + 5 * 300), Count(15, 1_000_000 + 15 * 300)) == 300


def test_a_row_keeps_the_counts_it_is_from():
    """What is written to JSON can be checked by hand."""
    found = row(FIGURE, {OURS.name: [Count(1, 10), Count(3, 50)]})
    assert found["instructions"] == {OURS.name: 20}
    counts = [{"units": 1, "instructions": 10}, {"units": 3, "instructions": 50}]
    assert json.loads(json.dumps(found))["counts"] == {OURS.name: counts}


def test_the_table_shows_thousands_and_ratios():
    """Ours is divided by each of the others; a peer that failed leaves its cells empty."""
    both = row(
        FIGURE,
        {OURS.name: [Count(1, 0), Count(2, 1_500)], FLOOR.name: [Count(1, 0), Count(2, 6_000)]},
    )
    more = {OPENAI.name: [Count(1, 0), Count(2, 3_000_000)]}
    text = table([both, row(Figure("g", "another", "stream", {}), more)])
    assert text.splitlines() == [
        "| figure | aimlapi | floor | openai | to floor | to openai |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| a figure | 1.5 | 6.0 |  | 0.25 |  |",
        "| another |  |  | 3,000.0 |  |  |",
    ]


def test_every_figure_has_less_and_more_work():
    """The difference of the amounts is divided by, and the names are those of real figures."""
    names = {figure.name for figure in FIGURES}
    for name, (less, more) in instructions.AMOUNTS.items():
        assert name in names
        assert math.prod(less.values()) < math.prod(more.values())


def test_without_valgrind_the_command_says_so(monkeypatch, tmp_path):
    """One line, no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["instructions"])
    with pytest.raises(SystemExit, match="^valgrind is not installed[^\n]*$"):
        instructions.main()

"""The benchmarks run; what they measure is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import workloads
from benchmarks.figures import FIGURES, Figure, Target
from benchmarks.peers import CORE, OURS, RAW
from benchmarks.report import row, table
from benchmarks.run import medians, sample, server


@pytest.fixture(scope="module")
def address():
    """The loopback server of the benchmarks."""
    with server() as address:
        yield address


AMOUNTS = {"tokens": 3, "streams": 1, "calls": 1, "at_once": 2, "rounds": 1, "objects": 1}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize(
    "workload",
    [
        "stream",
        "events",
        "structured",
        "tools",
        "agent",
        "astream",
        "invoke",
        "first_token",
    ],
)
def test_every_kind_of_work_runs(address, workload):
    """Its value is a positive number."""
    assert getattr(workloads, workload)(OURS, address, AMOUNTS) > 0


def test_a_sample_is_taken_in_a_process_of_its_own(address):
    """Which prints the value."""
    figure = Figure("tiny", "tiny", "stream", AMOUNTS, peers=(OURS,))
    assert sample(figure, OURS, address, quick=False) > 0


def test_a_peer_that_cannot_run_is_named(address):
    """A failing sample says which figure and which peer."""
    figure = Figure("tiny", "tiny", "events", {"tokens": 3, "streams": 1})
    with pytest.raises(RuntimeError, match="tiny with raw: AttributeError"):
        sample(figure, RAW, address, quick=False)


def test_targets_are_judged_by_medians():
    """Two of three samples under the bound meet it, whatever the third."""
    figure = Figure("f", "a figure", "stream", {}, targets=(Target(0.5, CORE),), most=4.0)
    found = row(figure, {OURS.name: [1.0, 1.0, 99.0], CORE.name: [4.0, 4.0, 4.0]})
    assert [check["met"] for check in found["checks"]] == [True, True]
    assert medians({"x": [3.0, 1.0, 2.0], "none": []}) == {"x": 2.0}


@pytest.mark.parametrize(("ours", "word"), [(1.0, "yes"), (9.0, "**no**")])
def test_the_table_says_whether_a_target_is_met(ours, word):
    """Every target has a line with the ratio reached and a plain yes or no."""
    figure = Figure("f", "a figure", "stream", {}, targets=(Target(0.5, CORE),))
    text = table([row(figure, {OURS.name: [ours], CORE.name: [4.0]})])
    assert text.splitlines()[-1] == f"| a figure | core | {ours / 4:.2f} | 0.5 | {word} |"


def test_a_missing_peer_leaves_its_targets_out():
    """A target beside a peer that is not there is no target."""
    figure = Figure("f", "a figure", "stream", {}, targets=(Target(0.5, CORE),))
    assert row(figure, {OURS.name: [1.0]})["checks"] == []


def test_figures_have_names_of_their_own():
    """`--only` chooses exactly one figure by each name."""
    names = [figure.name for figure in FIGURES]
    assert len(names) == len(set(names))


def test_the_command_writes_its_result(tmp_path):
    """One command measures, prints a table and writes the samples as JSON."""
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", "--only", "linear-100", "--quick"]
    options = ["--peers", OURS.name, CORE.name, "--json", str(path)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)  # noqa: S603
    assert "100-chunk reply" in done.stdout
    assert json.loads(path.read_text())["rows"][0]["medians"].keys() == {OURS.name, CORE.name}

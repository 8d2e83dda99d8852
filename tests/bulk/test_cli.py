"""`aimlapi bulk`: what it writes, what it says, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from langchain_aimlapi import AuthenticationError, bulk
from langchain_aimlapi.bulk.progress import ProgressDisplay, progress_line
from langchain_aimlapi.cli.app import app

from .test_kill import Counted
from .world import World, answered, lines, read_lines


@pytest.fixture
def aimlapi(monkeypatch, aimlapi_sandbox):
    """The command, run in this process: a function of its arguments."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        return CliRunner().invoke(app, ["bulk", *map(str, arguments)])

    return run


@pytest.fixture
def source(tmp_path):
    """Three rows."""
    return lines(tmp_path / "in.jsonl", [{"id": i, "text": f"t{i}"} for i in range(3)])


def test_a_table_through_a_model(aimlapi, tmp_path, source):
    """The prompt and the instructions may stand in files; the result is said on standard error."""
    (tmp_path / "p.txt").write_text("Say {text}", "utf-8")
    out = tmp_path / "out.jsonl"
    result = aimlapi(source, out, "-m", "gpt-4o", "-p", tmp_path / "p.txt", "-s", "Be brief.")
    assert result.exit_code == 0, result.stderr
    assert "3 of 3 rows answered" in result.stderr
    assert result.stdout == ""
    assert ["Say t0" in row["answer"] for row in read_lines(out)] == [True, False, False]

    result = aimlapi(source, out, "-m", "gpt-4o", "-p", "Say {text}!")
    assert result.exit_code == 2
    assert "prompt differs" in result.stderr
    result = aimlapi(source, out, "-m", "gpt-4o", "-p", "Say {text}!", "--force", "--json")
    assert json.loads(result.stdout)["resumed"] == 3


def test_a_schema(aimlapi, tmp_path, source):
    """Answers are objects of it."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    (tmp_path / "thing.json").write_text(json.dumps(schema), "utf-8")
    options = ["-m", "gpt-4o", "-p", "{text}", "--schema", tmp_path / "thing.json"]
    assert aimlapi(source, tmp_path / "o.jsonl", *options).exit_code == 0
    assert all(isinstance(row["parsed"]["n"], int) for row in read_lines(tmp_path / "o.jsonl"))


def test_embeddings_by_their_id(aimlapi, tmp_path, source):
    """The catalogue knows which ids embed."""
    result = aimlapi(source, tmp_path / "o.parquet", "-m", "text-embedding-3-small", "-p", "{text}")
    assert result.exit_code == 0, result.stderr
    import pyarrow.parquet as pq

    assert all(pq.read_table(tmp_path / "o.parquet")["embedding"].to_pylist())


def test_a_dry_run_then_status_and_export(aimlapi, tmp_path, source):
    """Some rows are asked; what is there can be looked at and written out."""
    out = tmp_path / "o.jsonl"
    common = [source, out, "-m", "gpt-4o", "-p", "{text}"]
    dry = aimlapi(*common, "--dry-run", "--sample", 2, "--json")
    assert dry.exit_code == 0, dry.stderr
    assert json.loads(dry.stdout)["rows"] == 3
    assert json.loads(aimlapi(*common, "--status", "--json").stdout)["done"] == 2
    assert aimlapi(*common, "--export", tmp_path / "some.csv").exit_code == 0
    assert (tmp_path / "some.csv").read_text("utf-8").count("\n") == 3
    assert not out.exists()
    assert "will cost about" in aimlapi(*common, "--dry-run", "--sample", 2).stderr


def test_the_price_list_stands_in_for_the_bill(tmp_path, source, monkeypatch):
    """Where the service tells no cost; where the list has none either, nothing is made up."""

    class Listed:
        @staticmethod
        def usd(measure):
            return {"input": 0.001, "output": 0.01}[measure]

    world = World(how=lambda text, _: answered(text, usd=None))
    runnable = world.runnable()
    object.__setattr__(runnable, "model", "m")
    monkeypatch.setattr("langchain_aimlapi.catalogue.price", lambda _: Listed)
    found = bulk.estimate(source, runnable, tmp_path / "o.jsonl", prompt="{text}")
    assert (found.cost_usd, found.basis) == (pytest.approx(3 * 0.025), "by the price list")
    monkeypatch.setattr("langchain_aimlapi.catalogue.price", lambda _: None)
    found = bulk.estimate(source, runnable, tmp_path / "o.jsonl", prompt="{text}")
    assert found.cost_usd is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-p", "{txt}"], 2, "names 'txt'"),
        (["-p", "no.txt"], 2, "cannot be read"),
        (["-p", "{text}", "--concurrency", "many"], 2, "whole number"),
        (["-p", "{text}", "--schema", "no.json"], 2, "is no JSON"),
        (["-s", "x"], 2, "goes with --prompt"),
        (["-p", "{text}", "--budget-usd", "0"], 2, "more than 0"),
        (["-p", "{text}", "--status"], 1, "no journal"),
    ],
)
def test_wrong_use(aimlapi, tmp_path, arguments, code, said):
    """Each is one line, and nothing is asked."""
    (tmp_path / "in.csv").write_text("text\na\n", "utf-8")
    result = aimlapi(tmp_path / "in.csv", tmp_path / "o.jsonl", "-m", "gpt-4o", *arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


def test_rows_that_failed_and_jobs_that_ended_early(aimlapi, tmp_path, source, monkeypatch):
    """Both end with 1; the second says the command that goes on."""
    out = tmp_path / "o.jsonl"
    source.write_text('{"text": "a"}\nno json\n', "utf-8")
    result = aimlapi(source, out, "-m", "gpt-4o", "-p", "{text}")
    assert (result.exit_code, out.exists()) == (1, True)
    assert "1 failed (1 RowError)" in result.stderr

    async def refused(*_, **__):
        raise AuthenticationError("bad key", status_code=401)

    monkeypatch.setattr("langchain_aimlapi.ChatAimlapi._agenerate", refused)
    result = aimlapi(source, tmp_path / "p.jsonl", "-m", "gpt-4o", "-p", "{text}")
    assert result.exit_code == 1
    assert "Go on with:\n  aimlapi" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals to one process are POSIX")
def test_an_interrupted_job_names_the_command_that_goes_on(tmp_path):
    """Ctrl-C ends with 130, without a traceback, and the finished rows stay."""
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(500)])
    out = tmp_path / "out.jsonl"
    with Counted(0.02) as service:
        environment = os.environ | {"AIMLAPI_API_BASE": service.url, "AIMLAPI_API_KEY": "k"}
        command = [sys.executable, "-m", "langchain_aimlapi.cli", "bulk", str(source), str(out)]
        command += ["--model", "gpt-4o", "--prompt", "{text}", "--concurrency", "2"]
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, env=environment, stderr=subprocess.PIPE, text=True
        )
        until = time.monotonic() + 60
        while service.asked.total() < 20 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Go on with:\n  aimlapi bulk" in said
    assert "Traceback" not in said
    assert bulk.status(f"{out}.journal").done >= 10


def test_what_progress_says():
    """One line with speed, money, time left and errors by kind."""
    progress = bulk.Progress(total=100, done=49, failed=1, seconds=10.0, cost_usd=0.5)
    progress.errors["ValueError"] = 1
    line = progress_line(progress)
    for part in (
        "50/100 rows",
        "5.0 rows/s",
        "$0.5000 of about $1.00",
        "10 s left",
        "1 ValueError",
    ):
        assert part in line


def test_plain_lines_when_it_is_no_terminal(tmp_path):
    """A line every ten seconds, and the last state."""
    with (tmp_path / "log").open("w", encoding="utf-8") as file, ProgressDisplay(file) as display:
        for second in range(25):
            display(bulk.Progress(total=24, done=second, seconds=float(second)))
    shown = Path(tmp_path / "log").read_text("utf-8").splitlines()
    assert [line.split(" ")[0] for line in shown] == ["0/24", "10/24", "20/24", "24/24"]


def test_a_bar_on_a_terminal(tmp_path):
    """Rich redraws one line in its place."""
    with (
        (tmp_path / "log").open("w", encoding="utf-8") as file,
        ProgressDisplay(file, live=True) as display,
    ):
        display(bulk.Progress(total=24, done=12, seconds=1.0))
    assert "12/24 rows" in Path(tmp_path / "log").read_text("utf-8")

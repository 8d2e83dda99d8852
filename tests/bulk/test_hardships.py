"""What a job meets in the field: odd rows, a full disk, two runs, answers of all kinds."""

from __future__ import annotations

import asyncio
import csv
import subprocess
import sys
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from langchain_aimlapi import ChatAimlapi, ConfigurationError, bulk
from langchain_aimlapi.bulk import limits
from langchain_aimlapi.bulk.journal import Journal

from .world import World, answered, lines, read_lines

_FULL_DISK = """
import resource, sys
from langchain_core.runnables import RunnableLambda
from langchain_aimlapi import bulk
source, sink, limit = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    bulk.run(source, RunnableLambda(lambda text: "x" * 300), sink, prompt="{text}")
except bulk.BulkError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def source(tmp_path):
    """Twenty rows."""
    return lines(tmp_path / "in.jsonl", [{"id": i, "text": f"t{i}"} for i in range(20)])


def test_odd_lines_are_rows(tmp_path):
    """NaN, long numbers, halves of characters and a byte order mark keep nobody from an answer."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "a", "n": NaN}\r\n\n{"text": "b", "n": 123456789012345678901234}\n'
        b'{"text": "\\ud83d"}\n'
    )
    bulk.run(path, World().runnable(), tmp_path / "o.jsonl", prompt="{text}")
    rows = read_lines(tmp_path / "o.jsonl")
    assert [row["answer"] for row in rows] == ["A", "B", "\ufffd"]
    assert (str(rows[0]["n"]), rows[1]["n"]) == ("nan", 123456789012345678901234)


ODD_NUMBERS = [float("nan"), float("inf"), -float("inf"), None, 1.5]


def _in_file(path):
    """The odd numbers as a column of a file."""
    rows = [{"text": "abcde"[at], "n": number} for at, number in enumerate(ODD_NUMBERS)]
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        shown = [f"{row['text']},{'' if row['n'] is None else row['n']}" for row in rows]
        path.write_text("\n".join(["text,n", *shown]), "utf-8")
    else:
        lines(path, rows)
    return path


def _numbers_of(path):
    """The column, as texts; nothing for null."""
    if path.suffix == ".parquet":
        column = pq.read_table(path).column("n").to_pylist()
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            column = [row["n"] for row in csv.DictReader(file)]
    else:
        column = [row["n"] for row in read_lines(path)]
    return ["" if number is None else str(number) for number in column]


@pytest.mark.parametrize("sink", [".jsonl", ".csv", ".parquet"])
@pytest.mark.parametrize("source", [".jsonl", ".csv", ".parquet", "rows of a program"])
def test_what_is_no_number_stays_what_it_is(tmp_path, source, sink):
    """NaN and infinite numbers are not null, from any kind of file to any other."""
    given = (
        [{"text": "abcde"[at], "n": number} for at, number in enumerate(ODD_NUMBERS)]
        if source == "rows of a program"
        else _in_file(tmp_path / f"in{source}")
    )
    report = bulk.run(given, World().runnable(), tmp_path / f"o{sink}", prompt="{text}")

    assert report.done == len(ODD_NUMBERS)
    assert _numbers_of(tmp_path / f"o{sink}") == ["nan", "inf", "-inf", "", "1.5"]


def test_the_same_in_an_answer(tmp_path):
    """What a runnable gives back is kept by the journal, and by a second run."""
    world = World(how=lambda _, __: {"score": float("nan"), "none": None})
    for _ in range(2):
        bulk.run([{"text": "a"}], world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
        (row,) = read_lines(tmp_path / "o.jsonl")
        assert (str(row["parsed"]["score"]), row["parsed"]["none"]) == ("nan", None)
    assert world.calls.total() == 1


def test_a_long_field_of_a_csv_file(tmp_path):
    """Documents are longer than the 128 KB that Python's reader allows by itself."""
    (tmp_path / "in.csv").write_text("text\n" + "a" * 200_000 + "\n", "utf-8")
    bulk.run(tmp_path / "in.csv", World().runnable(), tmp_path / "o.jsonl", prompt="{text}")
    assert read_lines(tmp_path / "o.jsonl")[0]["answer"] == "A" * 200_000


def test_lines_with_columns_that_the_job_adds(tmp_path):
    """They would be lost in the output, so nothing is asked for."""
    path = lines(tmp_path / "in.jsonl", [{"text": "a", "model": "mine"}])
    world = World()
    with pytest.raises(bulk.SourceError, match=r"model.*Rename"):
        bulk.run(path, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
    lines(path, [{"text": "a"}, {"text": "b", "error": "mine"}])
    bulk.run(path, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
    assert "'error'" in read_lines(tmp_path / "o.jsonl")[1]["error"]
    assert world.calls == {"a": 1}


def test_values_that_no_json_knows(tmp_path):
    """An answer or a row of any kind goes into the journal, and does not end the job."""
    odd = [{"text": "a", "n": 2**70, "s": {1}}, {"text": "b", 5: "\ud83d"}, {"text": "c"}]
    world = World(how=lambda text, _: {"n": 2**70, "half": "\ud83d"} if text == "a" else text)
    for _ in range(2):
        report = bulk.run(odd, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
    rows = read_lines(tmp_path / "o.jsonl")
    assert (report.done, world.calls.total()) == (3, 3)
    assert rows[0]["parsed"] == {"n": 2**70, "half": "\ufffd"}
    assert (rows[0]["n"], rows[0]["s"], rows[1]["5"]) == (2**70, [1], "\ufffd")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the size of files are POSIX")
@pytest.mark.parametrize(
    ("limit", "error"), [(200_000, "JournalError"), (5_000_000, "OutputError")]
)
def test_a_full_disk(tmp_path, limit, error):
    """The error says that the rows are safe, and the next run asks for the others alone."""
    rows = [{"text": f"t{i}", "more": "m" * 8000} for i in range(1000)]
    path, sink = lines(tmp_path / "in.jsonl", rows), tmp_path / "o.jsonl"
    command = [sys.executable, "-c", _FULL_DISK, str(path), str(sink), str(limit)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert said.startswith(error), said
    assert "safe" in said
    assert not sink.exists()
    before = bulk.status(f"{sink}.journal").done
    command[-1] = "100000000"
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert (said, len(read_lines(sink))) == ("", 1000)
    assert before == 1000 if error == "OutputError" else before < 1000


def test_two_runs_on_one_journal(tmp_path, source):
    """The second one is refused while the first one runs, and goes through afterwards."""
    world, out = World(seconds=0.02), tmp_path / "o.jsonl"
    options = {"prompt": "{text}", "concurrency": 2}
    first = threading.Thread(target=bulk.run, args=(source, world.runnable(), out), kwargs=options)
    first.start()
    asyncio.run(world.reached(2))
    with pytest.raises(bulk.JournalError, match="in use"):
        bulk.run(source, World().runnable(), out, **options)
    first.join()
    assert bulk.run(source, world.runnable(), out, **options).resumed == 20


def test_an_error_before_the_first_row_lets_go_of_the_journal(tmp_path, source):
    """A setting that cannot be does not keep the journal from the next run."""
    out = tmp_path / "o.jsonl"
    with pytest.raises(Exception, match="limit"):
        bulk.run(source, World().runnable(), out, prompt="{text}", requests_per_minute=-1)
    assert bulk.run(source, World().runnable(), out, prompt="{text}").done == 20


def test_a_capped_job_asks_nothing_once_it_has_stopped(tmp_path):
    """Rows that wait for their turn when the budget is reached are left to the next run."""
    source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(40)])
    world = World(how=lambda text, _: answered(text, usd=1.0), seconds=0.005)
    with pytest.raises(bulk.JobStoppedError):
        bulk.run(
            source,
            world.runnable(),
            tmp_path / "o.jsonl",
            prompt="{text}",
            budget_usd=2.0,
            requests_per_minute=120,
            concurrency=8,
        )
    assert world.calls.total() <= 3


def test_a_redis_server_that_is_gone(tmp_path, source, monkeypatch):
    """The job ends with what is the matter, and keeps what it has."""
    monkeypatch.setattr(limits, "_CONNECT_TIMEOUT", 0.1)
    with pytest.raises(bulk.JobStoppedError, match="Redis server"):
        bulk.run(
            source,
            World().runnable(),
            tmp_path / "o.jsonl",
            prompt="{text}",
            requests_per_minute=6000,
            redis_url="redis://127.0.0.1:1/0",
        )
    assert bulk.run(source, World().runnable(), tmp_path / "o.jsonl", prompt="{text}").done == 20


def test_an_export_of_another_input_is_refused(tmp_path, source):
    """Answers would stand beside the wrong rows."""
    bulk.run(source, World().runnable(), tmp_path / "o.jsonl", prompt="{text}")
    other = lines(tmp_path / "other.jsonl", [{"text": "x"}])
    with pytest.raises(bulk.SourceError, match="not the one"):
        bulk.export(tmp_path / "o.jsonl.journal", other, tmp_path / "x.jsonl")


def test_rows_finished_meanwhile_are_not_taken_for_old_ones(tmp_path, monkeypatch):
    """The numbers of finished rows are read by the page while the job writes others."""
    monkeypatch.setattr("langchain_aimlapi.bulk.journal._PAGE", 3)
    rows = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(50)])
    world = World(how=lambda text, _: ValueError("no") if int(text[1:]) % 4 == 0 else text)
    bulk.run(rows, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
    world.how = None
    report = bulk.run(
        rows, world.runnable(), tmp_path / "o.jsonl", prompt="{text}", retry_failed=True
    )
    assert (report.done, world.calls.total()) == (50, 50 + 13)
    with Journal.snapshot(tmp_path / "o.jsonl.journal") as saved:
        assert [row.row for row in saved()] == list(range(50))


def test_a_dataset_that_streams(tmp_path):
    """Hugging Face `datasets`, from memory and as a stream."""
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    data = datasets.Dataset.from_list([{"text": f"t{i}"} for i in range(5)])
    for name, given in (("a", data), ("b", data.to_iterable_dataset())):
        out = tmp_path / f"{name}.jsonl"
        report = bulk.run(given, World().runnable(), out, prompt="{text}")
        assert [row["answer"] for row in read_lines(out)] == [f"T{i}" for i in range(5)]
        assert report.done == 5


def test_an_output_that_is_the_input(tmp_path, source, monkeypatch):
    """It would replace what the job is asked to read; by whatever name."""
    monkeypatch.chdir(tmp_path)
    world, before = World(), source.read_bytes()

    with pytest.raises(bulk.SourceError, match="is the input"):
        bulk.run("in*.jsonl", world.runnable(), source, prompt="{text}")

    assert source.read_bytes() == before
    assert not world.calls


@pytest.mark.parametrize("most", [0, 10**9, "lots"])
def test_so_many_calls_at_once_are_none(tmp_path, source, most):
    """A billion tasks would only fill the memory."""
    with pytest.raises(ConfigurationError, match="concurrency"):
        bulk.run(
            source, World().runnable(), tmp_path / "o.jsonl", prompt="{text}", concurrency=most
        )


def test_a_sample_of_nothing(tmp_path, source):
    """It tells nothing of a cost."""
    with pytest.raises(ConfigurationError, match="sample"):
        bulk.estimate(source, World().runnable(), tmp_path / "o.jsonl", sample=0, prompt="{text}")


@pytest.mark.parametrize("schema", [list[int], {"type": "object", "properties": {}}])
def test_a_schema_that_langchain_makes_no_function_of(tmp_path, source, aimlapi_sandbox, schema):
    """A list or a schema without a title is a schema for `with_structured_output`, and here."""
    llm = ChatAimlapi(model="gpt-4o")

    report = bulk.run(source, llm, tmp_path / "o.jsonl", prompt="{text}", schema=schema)

    assert (report.done, report.failed) == (20, 0)


def test_a_blank_prompt_is_the_fault_of_its_row(tmp_path, aimlapi_sandbox):
    """Anthropic's dialect takes no blank message; the other rows are answered all the same."""
    source = lines(tmp_path / "in.jsonl", [{"text": text} for text in (" ", "a", "")])
    llm = ChatAimlapi(model="claude-sonnet-4-5", dialect="anthropic")

    report = bulk.run(source, llm, tmp_path / "o.jsonl", prompt="{text}")

    assert (report.done, report.failed) == (1, 2)
    assert "blank" in read_lines(tmp_path / "o.jsonl")[0]["error"]

"""Inputs and outputs in every form."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from langchain_aimlapi import bulk
from langchain_aimlapi.bulk.sources import open_source

from .world import World, lines, read_lines

ROWS = [{"id": i, "text": f"t{i}"} for i in range(5)]


def table():
    """Five rows with types that JSON has not."""
    return pa.table(
        {
            "id": pa.array(range(5), pa.int16()),
            "text": [f"t{i}" for i in range(5)],
            "day": [dt.date(2026, 1, day) for day in range(1, 6)],
        }
    )


def written(folder, suffix):
    """The rows as a file."""
    path = folder / f"in{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif suffix == ".arrow":
        with pa.ipc.new_file(str(path), pa.Table.from_pylist(ROWS).schema) as writer:
            writer.write_table(pa.Table.from_pylist(ROWS))
    elif suffix == ".jsonl":
        lines(path, ROWS)
    else:
        separator = "," if suffix == ".csv" else "\t"
        path.write_text(
            "".join(
                f"{a}{separator}{b}\n"
                for a, b in [("id", "text"), *((r["id"], r["text"]) for r in ROWS)]
            ),
            "utf-8",
        )
    return path


def read(path):
    """The rows of a file of any kind."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".arrow":
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_file(file).read_all().to_pylist()
    if path.suffix == ".jsonl":
        return read_lines(path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="," if path.suffix == ".csv" else "\t"))


@pytest.mark.parametrize("sink", [".jsonl", ".csv", ".tsv", ".parquet", ".arrow"])
@pytest.mark.parametrize("source", [".jsonl", ".csv", ".tsv", ".parquet", ".arrow"])
def test_every_kind_goes_into_every_kind(tmp_path, source, sink):
    """Rows, their order and their answers are the same, whatever the files."""
    out = tmp_path / f"out{sink}"
    bulk.run(written(tmp_path, source), World().runnable(), out, prompt="{text}")

    rows = read(out)
    assert [(str(row["id"]), row["answer"]) for row in rows] == [
        (str(i), f"T{i}") for i in range(5)
    ]
    assert not any(row["error_type"] for row in rows)


def test_parquet_keeps_the_types_of_the_input(tmp_path):
    """Also those that JSON has not, and columns that are null in every row have a type."""
    bulk.run(table(), World().runnable(), tmp_path / "out.parquet", prompt="{text}")

    schema = pq.read_schema(tmp_path / "out.parquet")
    assert [str(schema.field(name).type) for name in ("id", "day")] == ["int16", "date32[day]"]
    assert str(schema.field("error_type").type) == "string"
    assert str(schema.field("cost_usd").type) == "double"


def test_rows_that_differ_in_what_they_have(tmp_path):
    """JSON Lines may; a column that comes late is null before."""
    source = lines(
        tmp_path / "in.jsonl", [{"text": "a"}, {"text": "b", "n": 1}, {"text": "c", "n": 1.5}]
    )
    bulk.run(source, World().runnable(), tmp_path / "out.parquet", prompt="{text}")

    assert [row["n"] for row in read(tmp_path / "out.parquet")] == [None, 1.0, 1.5]


def test_columns_of_no_common_type(tmp_path):
    """The message says what to do; the journal has the rows, so nothing is lost."""
    source = lines(tmp_path / "in.jsonl", [{"text": "a", "n": 1}, {"text": "b", "n": {"x": 1}}])
    with pytest.raises(bulk.SourceError, match="JSON Lines"):
        bulk.run(source, World().runnable(), tmp_path / "out.parquet", prompt="{text}")
    world = World()
    bulk.run(
        source,
        world.runnable(),
        tmp_path / "out.jsonl",
        journal=tmp_path / "out.parquet.journal",
        prompt="{text}",
    )
    assert not world.calls


def test_a_glob_is_one_input(tmp_path):
    """Files in the order of their names, rows counted through."""
    lines(tmp_path / "b.jsonl", [{"text": "b"}])
    lines(tmp_path / "a.jsonl", [{"text": "a"}])
    bulk.run(str(tmp_path / "*.jsonl"), World().runnable(), tmp_path / "o.csv", prompt="{text}")

    assert [row["answer"] for row in read(tmp_path / "o.csv")] == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,a\n1,2\n", "distinct"),
        ("", "distinct"),
    ],
)
def test_csv_without_names(tmp_path, text, said):
    """A CSV begins with a line of distinct names."""
    (tmp_path / "in.csv").write_text(text, "utf-8")
    with pytest.raises(bulk.SourceError, match=said):
        open_source(tmp_path / "in.csv")


def test_csv_rows_that_do_not_fit(tmp_path):
    """Too few values, and bytes that are no UTF-8, spoil their row and no other."""
    (tmp_path / "in.csv").write_bytes(b'text,n\nok,1\nshort\n\xff,2\n"two\nlines",3\n')
    rows = list(open_source(tmp_path / "in.csv").rows())

    assert [bool(row.problem) for row in rows] == [False, True, True, False]
    assert "line 3 has 1 values for 2 columns" in rows[1].problem
    assert rows[3].values == {"text": "two\nlines", "n": "3"}


@pytest.mark.parametrize("name", ["in.parquet", "in.arrow"])
def test_columnar_files_that_are_none(tmp_path, name):
    """A broken file is named."""
    (tmp_path / name).write_bytes(b"not a table")
    with pytest.raises(bulk.SourceError, match=name):
        open_source(tmp_path / name)


def test_files_of_different_columns(tmp_path):
    """One input has one set of columns."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": [1]}), tmp_path / "2.parquet")
    with pytest.raises(bulk.SourceError, match="different columns"):
        open_source(str(tmp_path / "*.parquet"))


def test_the_fingerprint_is_of_the_content(tmp_path):
    """A copy is the same input; a changed cell is another."""
    first = written(tmp_path, ".parquet")
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(first.read_bytes())
    assert open_source(first).fingerprint() == open_source(copy).fingerprint()
    assert open_source(table()).fingerprint() == open_source(table()).fingerprint()
    assert open_source(table()).fingerprint() != open_source(table().slice(1)).fingerprint()


def test_objects_are_json_in_tables_and_objects_in_json(tmp_path):
    """A parsed answer is text where a format has no objects."""
    world = World(how=lambda *_: {"title": "Alien"})
    source = lines(tmp_path / "in.jsonl", [{"text": "a"}])
    for suffix in (".jsonl", ".csv", ".parquet"):
        bulk.run(source, world.runnable(), tmp_path / f"o{suffix}", prompt="{text}")
    assert read(tmp_path / "o.jsonl")[0]["parsed"] == {"title": "Alien"}
    for suffix in (".csv", ".parquet"):
        assert json.loads(read(tmp_path / f"o{suffix}")[0]["parsed"]) == {"title": "Alien"}


class Frame:
    """A data frame of any package that hands its columns to Arrow."""

    def __init__(self, held):
        self._held = held

    def __arrow_c_stream__(self, requested_schema=None):
        """Arrow's protocol between packages."""
        return self._held.__arrow_c_stream__(requested_schema)

    def __iter__(self):
        """The columns, as frames have it: nothing of a row."""
        return iter(self._held.column_names)


def test_a_data_frame_is_a_table(tmp_path):
    """Its rows are asked about, and not the names of its columns."""
    frame = Frame(pa.table({"text": ["a", "b"], "n": [1, 2]}))
    world = World()
    bulk.run(frame, world.runnable(), tmp_path / "o.parquet", prompt="{text}")

    assert world.calls == {"a": 1, "b": 1}
    assert pq.read_table(tmp_path / "o.parquet").select(["text", "n", "answer"]).to_pylist() == [
        {"text": "a", "n": 1, "answer": "A"},
        {"text": "b", "n": 2, "answer": "B"},
    ]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_real_data_frames(tmp_path, package):
    """Of the two packages that most have."""
    frames = pytest.importorskip(package, reason=f"{package} is not installed")
    frame = frames.DataFrame({"text": ["a", "b", "c"], "n": [1.5, None, 3.0]})
    frame = frame[frame["text"] != "a"] if package == "pandas" else frame[1:]
    bulk.run(frame, World().runnable(), tmp_path / "o.jsonl", prompt="{text}")

    rows = read_lines(tmp_path / "o.jsonl")
    assert [(row["text"], row["n"], row["answer"]) for row in rows] == [
        ("b", None, "B"),
        ("c", 3.0, "C"),
    ]
    assert list(rows[0])[:3] == ["text", "n", "answer"]


def test_a_frame_that_is_no_table():
    """It is named, with what to give instead."""

    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            raise ValueError("mixed types")

    with pytest.raises(bulk.SourceError, match=r"Broken cannot be read as a table: mixed types"):
        open_source(Broken())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("name", ["in.csv", "in.jsonl"])
def test_utf_16_is_named(tmp_path, name, encoding):
    """Every row of it would fail, for reasons that nobody understands."""
    mark = b"" if encoding == "utf-16" else b"\xfe\xff"
    (tmp_path / name).write_bytes(mark + '{"text": "a"}\n'.encode(encoding))

    with pytest.raises(bulk.SourceError, match=f"{name} is written in UTF-16"):
        open_source(tmp_path / name)

"""Outputs of a job: the input's columns and the job's, in the order of the input.

A file is written beside its place and moved there in one step: it is there whole, or not at all.
Parquet and Arrow keep the types of the input; where the input has none (JSON Lines, iterables)
they are found by reading it once more before.
"""

from __future__ import annotations

import csv
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.bulk.errors import SourceError
from langchain_aimlapi.bulk.outcome import COLUMNS
from langchain_aimlapi.bulk.values import dumps

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_sink", "job_schema", "write"]

Record = Mapping[str, Any]
Records = Callable[[], Iterable[Record]]
"""The output's rows; may be asked for twice."""

_BATCH = 1024
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_KINDS = frozenset({".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", *_SEPARATORS})


def check_sink(path: Path) -> None:
    """Refuse an output at the start that could not be written at the end.

    Raises:
        SourceError: For an ending that is not known, a folder that is not there, or a missing
            pyarrow.
    """
    suffix = path.suffix.lower()
    if suffix not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        raise SourceError(f"{path.name}: outputs are known by their ending, one of {known}.")
    if not path.parent.is_dir():
        raise SourceError(f"There is no folder {path.parent}.")
    if suffix in {".parquet", ".arrow", ".feather"}:
        try:
            import pyarrow as pa  # noqa: PLC0415, F401  # an extra
        except ImportError:
            raise SourceError(
                f"{path.name} needs pyarrow: pip install 'langchain-aimlapi[bulk]'."
            ) from None


def write(path: Path, records: Records, schema: pa.Schema | None) -> None:
    """Write an output.

    Args:
        path: Where to; what stands there is replaced when all is written.
        records: Gives the rows.
        schema: The input's Arrow schema, if it has one.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    suffix = path.suffix.lower()
    with _whole(path) as part:
        if suffix in _SEPARATORS:
            _write_separated(part, records, _SEPARATORS[suffix])
        elif suffix in {".jsonl", ".ndjson"}:
            _write_lines(part, records)
        else:
            _write_columnar(part, records, schema, parquet=suffix == ".parquet")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place at the end, or goes away."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)  # mkstemp's files are for their owner alone
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_lines(path: Path, records: Records) -> None:
    with path.open("wb") as file:
        for record in records():
            file.write(dumps(record, newline=True))


def _write_separated(path: Path, records: Records, separator: str) -> None:
    names = _names(records())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(names)
        for record in records():
            writer.writerow([_cell(record.get(name)) for name in names])


def _names(records: Iterable[Record]) -> list[str]:
    """All columns in the order in which they first come."""
    names: dict[str, None] = {}
    for record in records:
        if not record.keys() <= names.keys():
            names |= dict.fromkeys(record)
    return list(names)


def _cell(value: object) -> object:
    return dumps(value).decode() if isinstance(value, dict | list | bool | bytes) else value


def _write_columnar(
    path: Path, records: Records, given: pa.Schema | None, *, parquet: bool
) -> None:
    import pyarrow as pa  # noqa: PLC0415  # an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    own = given if given is not None else _found_schema(records())
    schema = pa.schema([*own, *job_schema()])
    with (
        pq.ParquetWriter(path, schema) if parquet else pa.ipc.new_file(str(path), schema)
    ) as writer:
        for rows in _batches(records()):
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Rows by the batch, with objects of the job's own as JSON text."""
    iterator = iter(records)
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield [_flat(record) for record in batch]


def _flat(record: Record) -> Record:
    texts = {
        name: dumps(record[name]).decode()
        for name, kind in COLUMNS.items()
        if kind == "json" and record.get(name) is not None
    }
    return {**record, **texts} if texts else record


def _found_schema(records: Iterable[Record]) -> pa.Schema:
    """The types of the input's own columns, where rows may differ in what they have."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    schema = pa.schema([])
    for batch in _batches(records):
        own = [{name: row[name] for name in row if name not in COLUMNS} for row in batch]
        try:
            names = dict.fromkeys(name for row in own for name in row)
            arrays = {name: pa.array([row.get(name) for row in own]) for name in names}
            found = pa.schema([(name, array.type) for name, array in arrays.items()])
            schema = pa.unify_schemas([schema, found], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise SourceError(
                f"The input's columns have no common type: {error}. Write JSON Lines instead."
            ) from error
    return schema


def job_schema() -> pa.Schema:
    """The Arrow types of the columns that a job adds."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    kinds = {
        "string": pa.string(),
        "json": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "floats": pa.list_(pa.float32()),
    }
    return pa.schema([pa.field(name, kinds[kind]) for name, kind in COLUMNS.items()])

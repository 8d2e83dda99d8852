"""Inputs of a job: files, tables and iterables, read row by row in constant memory.

JSON Lines and CSV are read with the standard library, Parquet and Arrow with pyarrow (extra
`bulk`). A line that is no JSON object is a row with a problem, not the end of the job.
"""

from __future__ import annotations

import csv
import glob
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from langchain_aimlapi.bulk.errors import SourceError
from langchain_aimlapi.bulk.rows import Row
from langchain_aimlapi.bulk.values import loads_line

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Source", "open_source"]

_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_COMMA_SEPARATED = {".csv": ",", ".tsv": "\t"}
_COLUMNAR = frozenset({".parquet", ".arrow", ".feather"})
_BATCH = 1024
_LONGEST_FIELD = 1 << 30
_BLOCK = 1 << 20


class Source(Protocol):
    """An input."""

    rereadable: bool
    """Whether `rows` may be called again: the output takes the input's columns from there."""

    def rows(self) -> Iterator[Row]:
        """All rows in order, numbered from 0."""
        ...

    def columns(self) -> tuple[str, ...] | None:
        """The columns, where each row has the same."""
        ...

    def count(self) -> int | None:
        """The number of rows, where it is known without reading them all."""
        ...

    def fingerprint(self) -> str:
        """A digest of the content: the same input has the same, whatever its path."""
        ...


def open_source(source: object) -> Source:
    """Find out what an input is.

    Args:
        source: A path (`.jsonl`, `.csv`, `.tsv`, `.parquet`, `.arrow`), a glob or several of them;
            an Arrow table; a Hugging Face dataset; an iterable of mappings or of texts.

    Raises:
        SourceError: For a file that is not there, or a kind that is not known.
    """
    if paths := input_files(source):
        return _files(paths)
    if hasattr(source, "to_batches") and hasattr(source, "schema"):
        return _Arrow([_InMemory(source)])
    if hasattr(source, "with_format") and hasattr(source, "features"):
        return _of_dataset(source)
    if isinstance(source, Mapping | bytes) or not isinstance(source, Iterable):
        raise SourceError(
            f"{type(source).__name__} is no input: give a path, a table or an iterable of rows."
        )
    return _Iterable(source)


def _of_dataset(source: Any) -> Source:
    """A Hugging Face dataset; one that streams is read as its rows come."""
    dataset: Any = source
    if not isinstance(source, Sized):
        return _Iterable(source)
    return _Arrow([_InMemory(dataset.with_format("arrow")[:])])


def input_files(source: object) -> list[Path]:
    """The files that an input is read from; none for a table or an iterable.

    Raises:
        SourceError: For a path that leads to no file.
    """
    given: Iterable[str | Path] = ()
    if isinstance(source, str | Path):
        given = [source]
    elif isinstance(source, Sequence) and all(isinstance(path, Path) for path in source):
        given = source
    return [path for pattern in given for path in _matching(str(pattern))]


def _files(paths: list[Path]) -> Source:
    suffixes = {path.suffix.lower() for path in paths}
    if len(suffixes) > 1:
        raise SourceError(f"The input files are of several kinds: {', '.join(sorted(suffixes))}.")
    suffix = suffixes.pop()
    if suffix in _COLUMNAR:
        return _Arrow([_columnar(path) for path in paths])
    if suffix in _JSON_LINES:
        return _Lines(paths)
    if suffix in _COMMA_SEPARATED:
        return _Separated(paths, _COMMA_SEPARATED[suffix])
    known = ", ".join(sorted({*_JSON_LINES, *_COMMA_SEPARATED, *_COLUMNAR}))
    raise SourceError(f"{paths[0].name}: files are known by their ending, one of {known}.")


def _matching(pattern: str) -> list[Path]:
    if Path(pattern).is_file():
        return [Path(pattern)]
    found = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file())  # noqa: PTH207  # absolute patterns
    if not found:
        raise SourceError(f"There is no file {pattern}.")
    return found


def _digest_of_files(paths: Iterable[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        digest.update(b"\0end of file\0")
    return digest.hexdigest()


class _Lines:
    """JSON Lines; blank lines are no rows."""

    rereadable = True

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def rows(self) -> Iterator[Row]:
        number = itertools.count()
        for path in self._paths:
            with path.open("rb") as file:
                for place, line in enumerate(file, start=1):
                    if not _is_blank(line):
                        yield _row_of_line(next(number), line, path, place)

    def columns(self) -> tuple[str, ...] | None:
        """None, since each line may have others."""
        return None

    def count(self) -> int | None:
        """Counted line by line, which is quick beside calls of a model."""
        total = 0
        for path in self._paths:
            with path.open("rb") as file:
                total += sum(1 for line in file if not _is_blank(line))
        return total

    def fingerprint(self) -> str:
        return _digest_of_files(self._paths)


def _is_blank(line: bytes) -> bool:
    return not line.strip(b" \t\r\n\xef\xbb\xbf")


def _row_of_line(number: int, line: bytes, path: Path, place: int) -> Row:
    try:
        value = loads_line(line)
    except ValueError as error:
        return Row(number, problem=f"{path.name}, line {place} is not JSON: {error}")
    if isinstance(value, dict):
        return Row(number, value)
    kind = type(value).__name__
    return Row(number, problem=f"{path.name}, line {place} is a JSON {kind}, not an object.")


class _Separated:
    """CSV with a line of names at its top; every value is a text."""

    rereadable = True

    def __init__(self, paths: list[Path], separator: str) -> None:
        self._paths = paths
        self._separator = separator
        if csv.field_size_limit() < _LONGEST_FIELD:
            csv.field_size_limit(_LONGEST_FIELD)  # 128 KB by default, which documents exceed
        self._columns = self._names()

    def _names(self) -> tuple[str, ...]:
        heads = {tuple(self._head(path)) for path in self._paths}
        if len(heads) > 1:
            raise SourceError("The input files have different columns.")
        names = heads.pop()
        if not names or len(set(names)) != len(names):
            raise SourceError(f"{self._paths[0].name} does not begin with distinct column names.")
        return names

    def _head(self, path: Path) -> list[str]:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return next(csv.reader(file, delimiter=self._separator), [])

    def rows(self) -> Iterator[Row]:
        number = itertools.count()
        for path in self._paths:
            # A byte that is no UTF-8 spoils its row, not the file.
            with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                reader = csv.reader(file, delimiter=self._separator)
                next(reader, None)
                for record in reader:
                    if record:
                        where = f"{path.name}, line {reader.line_num}"
                        yield self._row(next(number), record, where)

    def _row(self, number: int, record: list[str], where: str) -> Row:
        if len(record) != len(self._columns):
            sizes = f"{len(record)} values for {len(self._columns)} columns"
            return Row(number, problem=f"{where} has {sizes}.")
        values = dict(zip(self._columns, record, strict=True))
        try:
            "".join(record).encode()
        except UnicodeEncodeError:
            return Row(number, problem=f"{where} is not UTF-8.")
        return Row(number, values)

    def columns(self) -> tuple[str, ...] | None:
        return self._columns

    def count(self) -> int | None:
        return sum(1 for _ in self.rows())

    def fingerprint(self) -> str:
        return _digest_of_files(self._paths)


class _Batched(Protocol):
    """A columnar input, in parts."""

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self) -> Iterator[pa.RecordBatch]: ...

    def count(self) -> int: ...

    def digest(self) -> str: ...


class _InMemory:
    """An Arrow table."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @property
    def schema(self) -> pa.Schema:
        return self._table.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._table.to_batches(max_chunksize=_BATCH)

    def count(self) -> int:
        return int(self._table.num_rows)

    def digest(self) -> str:
        import pyarrow as pa  # noqa: PLC0415  # an extra

        digest = hashlib.blake2b(digest_size=16)
        # Written as a stream, since the buffers of a slice hold more than the slice.
        for batch in self.batches():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            digest.update(sink.getvalue())
        return digest.hexdigest()


class _ParquetFile:
    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                self.schema: pa.Schema = file.schema_arrow
                self._rows = int(file.metadata.num_rows)
        except (OSError, ValueError) as error:
            raise SourceError(f"{path.name} cannot be read as Parquet: {error}") from error

    def batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

        with pq.ParquetFile(self._path) as file:
            yield from file.iter_batches(batch_size=_BATCH)

    def count(self) -> int:
        return self._rows

    def digest(self) -> str:
        return _digest_of_files([self._path])


class _ArrowFile:
    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415  # an extra

        self._path = path
        try:
            with pa.OSFile(str(path)) as file:
                self.schema: pa.Schema = pa.ipc.open_file(file).schema
        except (OSError, ValueError) as error:
            raise SourceError(f"{path.name} cannot be read as an Arrow file: {error}") from error

    def batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415  # an extra

        with pa.OSFile(str(self._path)) as file:
            reader = pa.ipc.open_file(file)
            yield from map(reader.get_batch, range(reader.num_record_batches))

    def count(self) -> int:
        return sum(batch.num_rows for batch in self.batches())

    def digest(self) -> str:
        return _digest_of_files([self._path])


def _columnar(path: Path) -> _Batched:
    try:
        import pyarrow as pa  # noqa: PLC0415, F401  # an extra
    except ImportError:
        raise SourceError(
            f"{path.name} needs pyarrow: pip install 'langchain-aimlapi[bulk]'."
        ) from None
    return _ParquetFile(path) if path.suffix.lower() == ".parquet" else _ArrowFile(path)


class _Arrow:
    """Columnar inputs of one schema, one after the other."""

    rereadable = True

    def __init__(self, parts: list[_Batched]) -> None:
        self.schema = parts[0].schema
        self._parts = parts
        if any(not part.schema.equals(self.schema) for part in parts):
            raise SourceError("The input files have different columns, or columns of other types.")

    def rows(self) -> Iterator[Row]:
        number = itertools.count()
        for part in self._parts:
            for batch in part.batches():
                for values in batch.to_pylist():
                    yield Row(next(number), values)

    def columns(self) -> tuple[str, ...] | None:
        return tuple(self.schema.names)

    def count(self) -> int | None:
        return sum(part.count() for part in self._parts)

    def fingerprint(self) -> str:
        return "-".join(part.digest() for part in self._parts)


class _Iterable:
    """Any iterable of mappings or texts; a text is the column "input".

    It may be a generator, so it is read once, and its rows are kept in the journal. A job is
    resumed by giving the same rows again, which is checked row by row.
    """

    rereadable = False

    def __init__(self, items: Iterable[object]) -> None:
        self._items = items

    def rows(self) -> Iterator[Row]:
        for number, item in enumerate(self._items):
            if isinstance(item, str):
                yield Row(number, {"input": item})
            elif isinstance(item, Mapping):
                yield Row(number, item)
            else:
                kind = type(item).__name__
                yield Row(number, problem=f"Row {number} is of type {kind}, no mapping or text.")

    def columns(self) -> tuple[str, ...] | None:
        return None

    def count(self) -> int | None:
        return len(self._items) if isinstance(self._items, Sized) else None

    def fingerprint(self) -> str:
        return "rows given by the program"

"""Inputs of a job: files, tables and iterables, read row by row in constant memory.

JSON Lines and CSV are read with the standard library, Parquet and Arrow with pyarrow (extra
`bulk`). A line that is no JSON object is a row with a problem, not the end of the job.
"""

from __future__ import annotations

import codecs
import csv
import glob
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import Protocol

from langchain_aimlapi.bulk.columnar import digest_of_files, from_files, from_table
from langchain_aimlapi.bulk.errors import SourceError
from langchain_aimlapi.bulk.rows import Row
from langchain_aimlapi.bulk.values import loads_line

__all__ = ["Source", "open_source"]

_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_COMMA_SEPARATED = {".csv": ",", ".tsv": "\t"}
_COLUMNAR = frozenset({".parquet", ".arrow", ".feather"})
_LONGEST_FIELD = 1 << 30


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
            an Arrow table; a data frame of pandas or polars; a Hugging Face dataset; an iterable
            of mappings or of texts.

    Raises:
        SourceError: For a file that is not there, or a kind that is not known.
    """
    if paths := input_files(source):
        return _files(paths)
    if table := from_table(source):
        return table
    if isinstance(source, Mapping | bytes) or not isinstance(source, Iterable):
        raise SourceError(
            f"{type(source).__name__} is no input: give a path, a table or an iterable of rows."
        )
    return _Iterable(source)


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
        return from_files(paths)
    _refuse_utf16(paths)
    if suffix in _JSON_LINES:
        return _Lines(paths)
    if suffix in _COMMA_SEPARATED:
        return _Separated(paths, _COMMA_SEPARATED[suffix])
    known = ", ".join(sorted({*_JSON_LINES, *_COMMA_SEPARATED, *_COLUMNAR}))
    raise SourceError(f"{paths[0].name}: files are known by their ending, one of {known}.")


def _refuse_utf16(paths: Iterable[Path]) -> None:
    """Refuse what some programs on Windows write unasked: each row of it would fail."""
    for path in paths:
        with path.open("rb") as file:
            if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
                raise SourceError(f"{path.name} is written in UTF-16. Save it in UTF-8.")


def _matching(pattern: str) -> list[Path]:
    if Path(pattern).is_file():
        return [Path(pattern)]
    found = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file())  # noqa: PTH207  # absolute patterns
    if not found:
        raise SourceError(f"There is no file {pattern}.")
    return found


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
        return digest_of_files(self._paths)


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
        return digest_of_files(self._paths)


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

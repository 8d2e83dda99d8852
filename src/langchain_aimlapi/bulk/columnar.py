"""Columnar inputs of a job: Parquet and Arrow files, tables and data frames (extra `bulk`)."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any, Protocol

from langchain_aimlapi.bulk.errors import SourceError
from langchain_aimlapi.bulk.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

__all__ = ["ArrowRows", "digest_of_files", "from_files", "from_table"]

_BATCH = 1024
_BLOCK = 1 << 20


def from_files(paths: Iterable[Path]) -> ArrowRows:
    """The rows of Parquet or Arrow files.

    Raises:
        SourceError: For a file that cannot be read, columns that differ, or a missing pyarrow.
    """
    return ArrowRows([_columnar(path) for path in paths])


def from_table(source: Any) -> ArrowRows | None:
    """The rows of what is a table: Arrow's, a data frame of pandas or polars, a loaded dataset.

    Returns:
        The rows; `None` for what is no table.

    Raises:
        SourceError: For a table that Arrow cannot hold, or a missing pyarrow.
    """
    if hasattr(source, "to_batches") and hasattr(source, "schema"):
        return ArrowRows([_InMemory(source)])
    if hasattr(source, "with_format") and hasattr(source, "features"):
        # A Hugging Face dataset; one that streams has no length, and is read as its rows come.
        is_loaded = hasattr(source, "__len__")
        return ArrowRows([_InMemory(source.with_format("arrow")[:])]) if is_loaded else None
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "iterrows"):
        return ArrowRows([_InMemory(_from_data_frame(source))])
    return None


def _from_data_frame(source: Any) -> pa.Table:
    kind = type(source).__name__
    pa = _arrow(f"a {kind}")
    try:
        if hasattr(source, "iterrows"):
            is_named = any(name is not None for name in source.index.names)
            return pa.Table.from_pandas(source, preserve_index=None if is_named else False)
        return pa.table(source)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise SourceError(
            f"The {kind} cannot be read as a table: {error}. Give its rows as dicts instead."
        ) from error


def _arrow(what: str) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra
    except ImportError:
        raise SourceError(f"{what} needs pyarrow: pip install 'langchain-aimlapi[bulk]'.") from None
    return pa


def digest_of_files(paths: Iterable[Path]) -> str:
    """A digest of what files hold, whatever they are called."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        digest.update(b"\0end of file\0")
    return digest.hexdigest()


class Batched(Protocol):
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
        return digest_of_files([self._path])


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
        return digest_of_files([self._path])


def _columnar(path: Path) -> Batched:
    _arrow(path.name)
    return _ParquetFile(path) if path.suffix.lower() == ".parquet" else _ArrowFile(path)


class ArrowRows:
    """Columnar inputs of one schema, one after the other."""

    rereadable = True

    def __init__(self, parts: list[Batched]) -> None:
        self.schema = parts[0].schema
        self._parts = parts
        if any(not part.schema.equals(self.schema) for part in parts):
            raise SourceError("The input files have different columns, or columns of other types.")

    def rows(self) -> Iterator[Row]:
        """All rows in order."""
        number = itertools.count()
        for part in self._parts:
            for batch in part.batches():
                for values in batch.to_pylist():
                    yield Row(next(number), values)

    def columns(self) -> tuple[str, ...] | None:
        """The names of the columns."""
        return tuple(self.schema.names)

    def count(self) -> int | None:
        """The number of rows, as the files say it."""
        return sum(part.count() for part in self._parts)

    def fingerprint(self) -> str:
        """A digest of all of them."""
        return "-".join(part.digest() for part in self._parts)

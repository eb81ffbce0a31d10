"""Parquet files of persons, written row group by row group: memory does not grow with the file.

Needs the extra `export`, that is pyarrow, which is imported on use.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from types import TracebackType
from typing import IO, Any, Final, Literal, Self, TypeAlias

from posthog_environments.tables.arrow import batches, persons, pyarrow, schema
from posthog_environments.tables.columns import Layout, Row

__all__ = ["Compression", "ParquetSink", "write_parquet"]

Compression: TypeAlias = Literal["zstd", "snappy", "none"]

ROW_GROUP: Final = 20_000
"""Rows of a row group."""
ROW_GROUP_BYTES: Final = 64 * 2**20
"""Where rows are so large that this many bytes of them wait, a row group has fewer."""


class _Gate:
    """A file that can be shut: pyarrow ends its file when it lets go of it, also one that was broken off."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0
        self.shut = False

    def write(self, data: bytes) -> int:
        self._at += len(data)
        if not self.shut:
            self._file.write(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        if not self.shut:
            self._file.flush()


class _RowGroupWriter:
    """Gathers record batches of any size to row groups; the same rows give the same bytes."""

    def __init__(self, file: IO[bytes], schema: Any, compression: Compression) -> None:
        self.schema = schema
        self._gate = _Gate(file)
        self._writer = pyarrow("parquet").ParquetWriter(self._gate, schema, compression=compression)
        self._waiting: list[Any] = []
        self._rows = self._bytes = 0

    def add(self, batch: Any) -> None:
        while batch.num_rows:
            piece = batch.slice(0, ROW_GROUP - self._rows)
            batch = batch.slice(piece.num_rows)
            self._waiting.append(piece)
            self._rows += piece.num_rows
            self._bytes += piece.nbytes
            if self._rows == ROW_GROUP or self._bytes >= ROW_GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        table = pyarrow().Table.from_batches(self._waiting, self.schema)
        self._waiting, self._rows, self._bytes = [], 0, 0
        self._writer.write_table(table, row_group_size=ROW_GROUP)

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Write nothing more: what there is must not look whole."""
        self._gate.shut = True
        self._writer.close()


class ParquetSink:
    """Writes persons as one Parquet file.

    Args:
        file: Where to write, open and binary; it need not be seekable, and is not closed.
        layout: The columns.
        compression: How columns are packed.

    Raises:
        ImportError: The extra is not installed; the message says how to get it.
        OSError: Here and later: the file cannot be written. What was written is no Parquet file then.
    """

    def __init__(self, file: IO[bytes], layout: Layout, *, compression: Compression = "zstd") -> None:
        self._table = persons(layout)
        self._writer = _RowGroupWriter(file, schema(layout.columns), compression)

    def write(self, rows: Iterable[Row]) -> None:
        """Add persons.

        Raises:
            ValueError: A row is no person, or holds what JSON has no word for: NaN or infinity.
        """
        for batch in batches(rows, self._table):
            self._writer.add(batch)

    def copy(self, path: str | os.PathLike[str], drop: Container[str] = frozenset()) -> int:
        """Add the rows of a Parquet file of the same columns, but for those with certain uuids.

        Returns:
            How many rows were added.

        Raises:
            ValueError: The file has other columns, or is no Parquet file.
            OSError: It cannot be read.
        """
        kept = 0
        with _opened(path) as old:
            if not old.schema_arrow.equals(self._writer.schema):
                raise ValueError(
                    f"{os.fspath(path)} has other columns: {', '.join(old.schema_arrow.names)} instead of "
                    f"{', '.join(self._writer.schema.names)}, or other types."
                )
            for batch in old.iter_batches():
                left = _without(batch, drop)
                kept += left.num_rows
                self._writer.add(left)
        return kept

    def close(self) -> None:
        """Write what waits, and the end of the file, without which it cannot be read."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.abandon()


def write_parquet(file: IO[bytes], schema: Any, batches: Iterable[Any], *, compression: Compression = "zstd") -> int:
    """Write record batches as one Parquet file, in row groups of bounded size; the same rows give the same bytes.

    Args:
        file: Where to write, open and binary; it need not be seekable, and is not closed.
        schema: The `pyarrow.Schema` of the batches.
        batches: The batches, of any size; they are taken one at a time.
        compression: How columns are packed.

    Returns:
        How many rows there are.

    Raises:
        ImportError: The extra is not installed; the message says how to get it.
        OSError: The file cannot be written. What was written is no Parquet file then.
    """
    writer = _RowGroupWriter(file, schema, compression)
    rows = 0
    try:
        for batch in batches:
            rows += batch.num_rows
            writer.add(batch)
    except BaseException:
        writer.abandon()
        raise
    writer.close()
    return rows


def _opened(path: str | os.PathLike[str]) -> Any:
    try:
        return pyarrow("parquet").ParquetFile(path, pre_buffer=False)
    except pyarrow().ArrowInvalid as error:
        raise ValueError(f"{os.fspath(path)} is no Parquet file: {error}") from None


def _without(batch: Any, drop: Container[str]) -> Any:
    keep = [uuid not in drop for uuid in batch.column("uuid").to_pylist()]
    return batch if all(keep) else batch.filter(pyarrow().array(keep, pyarrow().bool_()))

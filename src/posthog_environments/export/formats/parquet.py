"""Parquet, written one row group at a time: memory does not grow with the file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType
from typing import IO, Any, ClassVar, Final, Self

from posthog_environments.export.formats.base import AbandonableFile, ExportFormat, OldFile, OldRows
from posthog_environments.results.raw_rows import person_of
from posthog_environments.tables.arrow import batches, persons, pyarrow, schema
from posthog_environments.tables.layout import Layout

__all__ = ["Parquet"]

ROW_GROUP: Final = 20_000
"""Rows of a row group."""
ROW_GROUP_BYTES: Final = 64 * 2**20
"""A row group ends early when its rows take this many bytes."""
BATCH: Final = 1000
"""Persons that are read at a time. As records they take many times the memory that they take in a row group."""


class Parquet(ExportFormat):
    """Parquet, compressed with zstd."""

    __slots__ = ()
    name: ClassVar[str] = "parquet"
    label: ClassVar[str] = "Parquet"
    suffixes: ClassVar[tuple[str, ...]] = ("parquet",)
    requires: ClassVar[tuple[str, str] | None] = ("pyarrow", "export")

    def write(
        self, sink: IO[bytes], layout: Layout | None, rows: Iterable[bytes], old: OldFile | None = None
    ) -> OldRows:
        """Write a whole file; the same persons give the same bytes."""
        assert layout is not None
        with _RowGroupWriter(sink, schema(layout.columns)) as writer:
            for batch in batches(map(person_of, rows), persons(layout), BATCH):
                writer.add(batch)
            return OldRows() if old is None else _copy(old, writer)


class _RowGroupWriter:
    """Gathers record batches of any size into row groups."""

    def __init__(self, file: IO[bytes], schema: Any) -> None:
        self.schema = schema
        self._file = AbandonableFile(file)
        self._writer = pyarrow("parquet").ParquetWriter(self._file, schema, compression="zstd")
        self._waiting: list[Any] = []
        self._rows = self._bytes = 0

    def add(self, batch: Any) -> None:
        while batch.num_rows:
            some = batch.slice(0, ROW_GROUP - self._rows)
            batch = batch.slice(some.num_rows)
            self._waiting.append(some)
            self._rows += some.num_rows
            self._bytes += some.nbytes
            if self._rows == ROW_GROUP or self._bytes >= ROW_GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        table = pyarrow().Table.from_batches(self._waiting, self.schema)
        self._waiting, self._rows, self._bytes = [], 0, 0
        self._writer.write_table(table, row_group_size=ROW_GROUP)
        self._file.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        whole = False
        try:
            if kind is None and self._waiting:
                self._flush()
            whole = kind is None
        finally:
            if not whole:
                self._file.abandon()
            self._writer.close()
        if whole:
            self._file.check()


def _copy(old: OldFile, writer: _RowGroupWriter) -> OldRows:
    kept = dropped = 0
    with _opened(old.path) as file:
        if not file.schema_arrow.equals(writer.schema):
            raise ValueError(
                f"{os.fspath(old.path)} has other columns: {', '.join(file.schema_arrow.names)} instead of "
                f"{', '.join(writer.schema.names)}, or other types."
            )
        for batch in file.iter_batches():
            keep = [uuid not in old.drop for uuid in batch.column("uuid").to_pylist()]
            kept, dropped = kept + sum(keep), dropped + len(keep) - sum(keep)
            writer.add(batch if all(keep) else batch.filter(pyarrow().array(keep, pyarrow().bool_())))
    return OldRows(kept, dropped)


def _opened(path: os.PathLike[str]) -> Any:
    try:
        return pyarrow("parquet").ParquetFile(path, pre_buffer=False)
    except pyarrow().ArrowInvalid as error:
        raise ValueError(f"{os.fspath(path)} is not a Parquet file: {error}") from None

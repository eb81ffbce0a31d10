"""Formats with one record after the other: JSON Lines and CSV.

Each chunk is compressed on its own, so that a file can be cut off after any of them.
"""

from __future__ import annotations

import gzip
import io
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from posthog_environments.export.formats import cells
from posthog_environments.export.formats.base import Compression, ExportFormat, OldFile, OldRows
from posthog_environments.results.raw_rows import person_of, uuid_of

if TYPE_CHECKING:
    from pathlib import Path

    from posthog_environments.tables.layout import Layout

__all__ = ["Csv", "JsonLines"]

GZIP_LEVEL = 6
CHUNK_RECORDS = 1000


class _Records(ExportFormat):
    """A format with one record after the other."""

    __slots__ = ()
    compressions: ClassVar[tuple[Compression, ...]] = ("gz", "zst")
    streams: ClassVar[bool] = True

    @abstractmethod
    def _encode(self, layout: Layout | None, rows: Iterable[bytes], *, header: bool) -> Iterator[bytes]:
        """Encode rows as records, after a header if there is one."""

    @abstractmethod
    def _old(self, file: IO[bytes], old: OldFile) -> Iterator[tuple[bytes, bool]]:
        """Read the records of an old file, each with whether it is kept."""

    def chunk(self, layout: Layout | None, rows: Iterable[bytes], *, first: bool) -> bytes:
        """Write rows as one chunk; the first begins with the header."""
        return self._compressed(self._encode(layout, rows, header=first))

    def write(
        self, sink: IO[bytes], layout: Layout | None, rows: Iterable[bytes], old: OldFile | None = None
    ) -> OldRows:
        """Write a whole file."""
        kept = dropped = 0

        def old_records(old: OldFile) -> Iterator[bytes]:
            nonlocal kept, dropped
            with _opened(old.path, self.compression) as file:
                for record, keep in self._old(file, old):
                    kept, dropped = kept + keep, dropped + (not keep)
                    if keep:
                        yield record

        records = chain(self._encode(layout, rows, header=True), () if old is None else old_records(old))
        empty = True
        while some := list(islice(records, CHUNK_RECORDS)):
            sink.write(self._compressed(some))
            empty = False
        if empty:
            # A compressed file without persons is a valid file, too.
            sink.write(self._compressed(()))
        return OldRows(kept, dropped)

    def _compressed(self, records: Iterable[bytes]) -> bytes:
        """Compress records into a gzip member or zstd frame; the same records give the same bytes."""
        data = b"".join(records)
        if self.compression == "gz":
            return gzip.compress(data, GZIP_LEVEL, mtime=0)
        if self.compression == "zst":
            from posthog_environments.tables.arrow import pyarrow

            return cast("bytes", pyarrow().Codec("zstd").compress(data, asbytes=True))
        return data


class JsonLines(_Records):
    """JSON Lines: each person as the server wrote it."""

    __slots__ = ()
    name: ClassVar[str] = "jsonl"
    label: ClassVar[str] = "JSON Lines"
    suffixes: ClassVar[tuple[str, ...]] = ("jsonl", "ndjson")
    has_columns: ClassVar[bool] = False

    def _encode(self, layout: Layout | None, rows: Iterable[bytes], *, header: bool) -> Iterator[bytes]:  # noqa: ARG002
        return (b"%b\n" % row for row in rows)

    def _old(self, file: IO[bytes], old: OldFile) -> Iterator[tuple[bytes, bool]]:
        return ((line, uuid_of(line) not in old.drop) for line in file)


class Csv(_Records):
    """CSV, with a header."""

    __slots__ = ()
    name: ClassVar[str] = "csv"
    label: ClassVar[str] = "CSV"
    suffixes: ClassVar[tuple[str, ...]] = ("csv",)
    has_raw: ClassVar[bool] = True

    def _encode(self, layout: Layout | None, rows: Iterable[bytes], *, header: bool) -> Iterator[bytes]:
        assert layout is not None
        if header:
            # Names of columns come from the data as well.
            yield cells.line(layout.names, raw=self.raw).encode()
        for row in rows:
            yield cells.line(layout.cells(person_of(row)), raw=self.raw).encode()

    def _old(self, file: IO[bytes], old: OldFile) -> Iterator[tuple[bytes, bool]]:
        records = cells.records(file)
        next(records, None)
        # A uuid that looks like a formula has an apostrophe before it.
        drop = old.drop if self.raw else frozenset(map(cells.harmless, old.drop))
        for record in records:
            yield record, cells.first_cell(record) not in drop


def _opened(path: Path, compression: Compression | None) -> IO[bytes]:
    """Open a file that was written in compressed chunks."""
    if compression == "gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if compression == "zst":
        from posthog_environments.tables.arrow import pyarrow

        stream: Any = pyarrow().CompressedInputStream(str(path), "zstd")
        return cast("IO[bytes]", io.BufferedReader(stream))
    return path.open("rb")

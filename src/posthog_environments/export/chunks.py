"""Rows as pieces of a file: lines, and each piece compressed by itself, so that a file can be cut off behind one."""

from __future__ import annotations

import gzip
import io
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, cast

from posthog_environments.calls.notices import warn
from posthog_environments.export import cells
from posthog_environments.results.raw_rows import Row, person_of
from posthog_environments.tables.columns import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from posthog_environments.export.formats import Compression, FileFormat

__all__ = ["ChunkWriter", "choose_layout", "compressed", "opened", "warn_of_absent"]

GZIP_LEVEL = 6


class ChunkWriter:
    """Writes rows in a form, piece by piece; the first piece of CSV begins with the header.

    With `checks` JSON Lines are read as well, for somebody who must be able to read them later.

    Attributes:
        layout: The columns; chosen by the first rows if it is not given. JSON Lines have none.
    """

    def __init__(
        self,
        file_format: FileFormat,
        *,
        columns: Sequence[str] | None = None,
        flatten: bool = False,
        raw: bool = False,
        only: Sequence[str] | None = None,
        layout: Layout | None = None,
        checks: bool = False,
    ) -> None:
        self._file_format = file_format
        self._columns = columns
        self._flatten = flatten
        self._raw = raw
        self._only = only
        self._checks = checks
        self.layout = layout

    def piece(self, rows: Sequence[Row], *, first: bool) -> bytes:
        """Write a piece.

        Raises:
            DecodeError: A row is no person.
        """
        return compressed(self._text(rows, first=first), self._file_format.compression)

    def _text(self, rows: Sequence[Row], *, first: bool) -> bytes:
        if self._file_format.kind == "jsonl":
            if self._checks:
                for row in rows:
                    person_of(row.raw)
            return lines_of(rows)
        persons = [person_of(row.raw) for row in rows]
        if self.layout is None:
            # Texts show everything, and whoever comes later may have something else there.
            only = None if self._only is None else Layout.of_only(self._only)
            self.layout = only or choose_layout(persons, columns=self._columns, flatten=self._flatten)
            if only is not None:
                had = {key for person in persons for key in person.properties}
                warn_of_absent(only, had, f"none of the first {len(persons):,} persons has" if persons else "")
        split = self.layout.cells
        head = cells.header(self.layout.names, raw=self._raw) if first else ""
        return (head + "".join([cells.line(split(person), raw=self._raw) for person in persons])).encode()


def warn_of_absent(layout: Layout, had: Container[str], who: str) -> None:
    """Warn of columns of properties that were asked for by `only` and that nobody had; "" where there was nobody."""
    absent = [repr(each.key) for each in layout.properties if str(each.key) not in had]
    if who and absent:
        warn(f"only: {who} the property {', '.join(absent)}; the column is empty where nobody has it.", UserWarning)


def lines_of(rows: Sequence[Row]) -> bytes:
    """Write JSON Lines."""
    return b"\n".join([row.raw for row in rows]) + b"\n" if rows else b""


def choose_layout(persons: Iterable[Any], *, columns: Sequence[str] | None, flatten: bool) -> Layout:
    """Choose the columns by a sample."""
    if flatten:
        return Layout.flattened(persons)
    return Layout.of(columns, sample=persons) if columns else Layout()


def compressed(data: bytes, compression: Compression | None) -> bytes:
    """Compress a piece into a member, or frame, of its own; the same bytes each time."""
    if compression == "gz":
        return gzip.compress(data, GZIP_LEVEL, mtime=0)
    if compression == "zst":
        from posthog_environments.tables.arrow import pyarrow

        return cast("bytes", pyarrow().Codec("zstd").compress(data, asbytes=True))
    return data


def opened(path: Path, compression: Compression | None) -> IO[bytes]:
    """Open a file of such pieces to read what was written into it."""
    if compression == "gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if compression == "zst":
        from posthog_environments.tables.arrow import pyarrow

        return cast("IO[bytes]", io.BufferedReader(pyarrow().CompressedInputStream(str(path), "zstd")))
    return path.open("rb")


def batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Take lines together."""
    held: list[bytes] = []
    for each in lines:
        held.append(each)
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held

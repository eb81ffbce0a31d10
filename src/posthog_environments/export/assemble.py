"""The target made from what was fetched and, for an export of what is new, from the file that it takes the place of.

Rows come in the order of the walk, newest first; behind them the rows of the file before whose persons did not come
again. Nothing is kept in memory but the uuids of what was fetched, and of that only beside a file before. It can be
done again from its beginning as often as it is broken off, with the same result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, cast

from posthog_environments.export import cells
from posthog_environments.export.chunks import batches, choose_layout, compressed, opened, warn_of_absent
from posthog_environments.results.raw_rows import person_of, uuid_of
from posthog_environments.tables.columns import Layout

if TYPE_CHECKING:
    from io import RawIOBase
    from pathlib import Path

    from posthog_environments_api.models import Person

    from posthog_environments.export.options import ExportOptions

__all__ = ["Assembler"]

PIECE = 1000
SAMPLE = 10_000


class Assembler:
    """Makes a target.

    Args:
        wishes: What was asked for.
        spool: Opens what was fetched: JSON Lines, of which so many bytes count.
        old: The file before, whose persons are kept; None if there is none.
        layout: The columns; None lets the first rows choose them.

    Attributes:
        layout: The columns.
        rows: Rows that were written.
        new: Of these, those that `old` did not have.
    """

    def __init__(
        self, options: ExportOptions, spool: Callable[[], Iterable[bytes]], old: Path | None, layout: Layout | None
    ) -> None:
        self._options = options
        self._spool = spool
        self._old = old
        self.layout = layout
        self.rows = 0
        self.new = 0

    def write(self, sink: RawIOBase) -> None:
        """Write the target."""
        if self.layout is None and self._options.file_format.kind != "jsonl":
            self.layout = self._choose()
        fetched = frozenset(map(uuid_of, self._spool())) if self._old is not None else frozenset[str]()
        if self._options.file_format.kind == "parquet":
            self._parquet(sink, fetched)
        elif self._options.file_format.kind == "xlsx":
            self._excel(sink)
        else:
            self._lines(sink, fetched)

    def _choose(self) -> Layout:
        options = self._options
        if options.only is not None:
            # There is no column for what does not fit, so the kinds are those of everybody.
            seen = set[str]()
            layout = Layout.of_only(options.only, sample=_noting(map(person_of, self._spool()), seen))
            warn_of_absent(layout, seen, "nobody has" if seen else "")
        else:
            sample = map(person_of, itertools.islice(self._spool(), SAMPLE))
            layout = choose_layout(sample, columns=options.columns, flatten=options.flatten)
        return layout.shown() if options.file_format.kind == "xlsx" else layout

    def _excel(self, sink: RawIOBase) -> None:
        from posthog_environments.export.excel import write_excel

        assert self.layout is not None
        self.rows = self.new = write_excel(cast("IO[bytes]", sink), self.layout, map(person_of, self._spool()))

    def _parquet(self, sink: RawIOBase, fetched: frozenset[str]) -> None:
        from posthog_environments.tables.arrow import pyarrow
        from posthog_environments.tables.parquet import ParquetSink

        assert self.layout is not None
        with ParquetSink(cast("IO[bytes]", sink), self.layout) as target:
            # A few at a time: as records they take many times the room that they take in a row group.
            for piece in batches(self._counted(self._spool()), PIECE):
                target.write(map(person_of, piece))
            if self._old is not None:
                kept = target.copy(self._old, fetched)
                self.new -= pyarrow("parquet").read_metadata(self._old).num_rows - kept
                self.rows += kept

    def _lines(self, sink: RawIOBase, fetched: frozenset[str]) -> None:
        file_format = self._options.file_format
        head: list[bytes] = []
        lines: Iterable[bytes] = self._spool()
        uuid: Callable[[bytes], str] = uuid_of
        if file_format.kind == "csv":
            assert self.layout is not None
            head = [cells.header(self.layout.names, raw=self._options.raw).encode()]
            lines, uuid = map(self._csv, lines), cells.first_cell
            if not self._options.raw:
                fetched = frozenset(map(cells.harmless, fetched))
        pieces = batches(itertools.chain(head, self._counted(lines), self._kept(fetched, uuid)), PIECE)
        sink.writelines(compressed(b"".join(piece), file_format.compression) for piece in pieces)
        if not sink.tell():
            # A compressed file of nobody is a file all the same.
            sink.write(compressed(b"", file_format.compression))

    def _csv(self, raw: bytes) -> bytes:
        assert self.layout is not None
        return cells.line(self.layout.cells(person_of(raw)), raw=self._options.raw).encode()

    def _counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for each in lines:
            self.rows += 1
            self.new += 1
            yield each

    def _kept(self, fetched: frozenset[str], uuid: Callable[[bytes], str]) -> Iterator[bytes]:
        if self._old is None:
            return
        with opened(self._old, self._options.file_format.compression) as file:
            lines = cells.records(file) if self._options.file_format.kind == "csv" else file
            if self._options.file_format.kind == "csv":
                next(iter(lines), None)
            for each in lines:
                if uuid(each) in fetched:
                    self.new -= 1
                else:
                    self.rows += 1
                    yield each


def _noting(persons: Iterable[Person], seen: set[str]) -> Iterator[Person]:
    """Pass persons on, and note the properties that they have."""
    for person in persons:
        seen.update(person.properties)
        yield person

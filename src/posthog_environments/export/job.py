"""The frame of an export: pages go in, and pieces of a file come out.

Rows are collected until a few pages are together, and turned into one piece. Where pieces end depends on the pages
alone, so that a compressed file, too, is the same whether it was interrupted or not.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from posthog_environments.calls.messages import CallGenerator, Send, Sleep, with_observer
from posthog_environments.errors import MalformedResponseError
from posthog_environments.export.checkpoint import Written
from posthog_environments.export.chunks import ChunkWriter
from posthog_environments.export.filesystem import FileSystem
from posthog_environments.export.formats import FileFormat
from posthog_environments.export.options import ExportOptions, Progress
from posthog_environments.export.summary import ExportStats, ExportSummary
from posthog_environments.tables.columns import Layout

if TYPE_CHECKING:
    from posthog_environments.paging.listing import ExportListRequest
    from posthog_environments.paging.offset import OffsetPaginator
    from posthog_environments.paging.page import RawPage, Report
    from posthog_environments.results.raw_rows import Row

__all__ = ["ExportJob"]

T = TypeVar("T")

# A piece ends with the page that brings it to so many rows, or is the last of so many pages.
PIECE_ROWS = 4000
PIECE_PAGES = 8


class ExportJob:
    """An export under way: fetch what `fetch` gives and hand it to `take` while there is `more`; then `finish`."""

    def __init__(
        self,
        listing: ExportListRequest,
        options: ExportOptions,
        progress: Progress | None,
        disk: FileSystem,
        clock: Callable[[], float],
    ) -> None:
        self._listing = listing
        self._options = options
        self._progress = progress
        self._disk = disk
        self._clock = clock
        self._began = clock()
        self._tally = ExportStats()
        self._pending: list[Row] = []
        self._pages = 0
        self._rows = 0
        self._written = Written()
        self._mark: datetime | None = None
        self._paginator: OffsetPaginator[Row] = listing.restore(None)
        self._writer = self._new_writer(None)

    def _new_writer(self, layout: Layout | None) -> ChunkWriter:
        options = self._options
        file_format = FileFormat("jsonl") if options.spools else options.file_format
        return ChunkWriter(
            file_format,
            columns=options.columns,
            flatten=options.flatten,
            raw=options.raw,
            only=options.only,
            layout=layout,
            checks=options.file_format.kind != "jsonl",
        )

    @property
    def report(self) -> Report:
        """What the walk has seen so far."""
        return self._paginator.report

    @property
    def more(self) -> bool:
        """Whether there is more to fetch."""
        return self._paginator.cursor is not None

    def fetch(self) -> CallGenerator[RawPage[Row]]:
        """Give the flow that fetches the next page."""
        assert self._paginator.cursor is not None
        return _counted(self._listing.fetch(self._paginator.cursor), self._tally)

    def take(self, page: RawPage[Row]) -> None:
        """Take a page, and write what is to be written.

        Raises:
            PagingError: The page leads nowhere, or back.
            MalformedResponseError: A row is no person.
            OSError: It cannot be written. What came before it is kept.
        """
        fresh = self._paginator.consume(page)
        if self._options.file_format.kind == "xlsx":
            self._refuse_too_many(page.count)
        if self._mark is None:
            self._mark = next((row.created_at for row in fresh if row.created_at is not None), None)
        self._pending += fresh
        self._pages += 1
        self._look_back(fresh)
        if not self.more or len(self._pending) >= PIECE_ROWS or self._pages >= PIECE_PAGES:
            self._store(self._piece())
        if self._progress is not None:
            self._progress(self.report.rows, page.count)

    def _refuse_too_many(self, total: int | None) -> None:
        """Raise before more is fetched than a sheet holds.

        Raises:
            ValueError: There are more persons, as the server says or as they have come.
        """
        from posthog_environments.export.excel import MOST_PERSONS, too_many

        rows = max(self.report.rows, total or 0)
        if rows > MOST_PERSONS:
            self._give_up()
            raise too_many(rows)

    def _give_up(self) -> None:
        """Keep nothing of what was fetched: it could not become a file."""

    def _look_back(self, fresh: list[Row]) -> None:
        """End the walk where nothing new is to be expected."""

    def _piece(self) -> bytes:
        """Turn the rows that wait into a piece of the file."""
        from posthog_environments_api.records import DecodeError

        problem = piece = None
        try:
            piece = self._writer.piece(self._pending, first=self._written.bytes == 0)
        except DecodeError as error:
            problem = str(error)
        if piece is None:
            raise MalformedResponseError(
                f"persons.list: a row before offset {self.report.next_offset} cannot be read: {problem}",
                status_code=200,
                body=b"",
            )
        self._rows += len(self._pending)
        self._pending, self._pages = [], 0
        self._written = Written(self._written.bytes + len(piece), zlib.crc32(piece, self._written.crc))
        return piece

    def _store(self, piece: bytes) -> None:
        raise NotImplementedError

    def _layout(self) -> Layout | None:
        return self._writer.layout

    def _count_time(self) -> None:
        now = self._clock()
        self._tally.seconds += now - self._began
        self._began = now

    def finish(self) -> ExportSummary:
        """Put the file in its place, and say what was done.

        Raises:
            OSError: It cannot be written. What was fetched is kept.
        """
        raise NotImplementedError

    def _summary(self, path: str, made: Written, rows: int, new: int) -> ExportSummary:
        report, tally = self.report, self._tally
        return ExportSummary(
            path=path,
            format=str(self._options.file_format),
            rows=rows,
            new=new,
            bytes=made.bytes,
            pages=report.pages,
            short_pages=report.short_pages,
            duplicates=report.duplicates,
            complete=report.complete,
            reason=report.reason,
            seconds=tally.seconds,
            requests=tally.requests,
            waits=tally.waits,
            waited=tally.waited,
            resumed=tally.resumed,
        )

    def close(self) -> None:
        """Let go of the files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _counted(generator: CallGenerator[T], tally: ExportStats) -> CallGenerator[T]:
    """Run a flow, and count what it asks for."""
    waits = False

    def count(command: object) -> None:
        nonlocal waits
        if isinstance(command, Send):
            tally.requests += 1
        elif isinstance(command, Sleep) and command.for_quota:
            tally.waits += not waits
            tally.waited += command.seconds
            waits = True

    return with_observer(generator, count)

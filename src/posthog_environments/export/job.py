"""Exports: pages go in, and chunks of a file come out.

Rows are collected until a few pages have arrived, and become one chunk. The pages alone decide where a chunk ends, so
that a compressed file is the same whether the export was interrupted or not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar, cast

from posthog_environments.calls.messages import CallGenerator, Send, Sleep, with_observer
from posthog_environments.errors import MalformedResponseError
from posthog_environments.export.assemble import assemble, first_layout
from posthog_environments.export.checkpoint import Checkpoint, ChecksumWriter, ExportIdentity, Written
from posthog_environments.export.formats import STDOUT
from posthog_environments.export.formats.base import DoesNotFit
from posthog_environments.export.formats.lines import JsonLines
from posthog_environments.export.summary import ExportSummary
from posthog_environments.results.raw_rows import person_of

if TYPE_CHECKING:
    from posthog_environments.export.filesystem import FileSystem
    from posthog_environments.export.options import ExportOptions, Progress
    from posthog_environments.export.summary import ExportStats
    from posthog_environments.paging.listing import ExportListRequest
    from posthog_environments.paging.offset import OffsetPaginator
    from posthog_environments.paging.page import RawPage, Report
    from posthog_environments.results.raw_rows import Row

__all__ = ["ExportJob", "StreamExport"]

T = TypeVar("T")

# A chunk ends with the page that brings it to this many rows or pages.
CHUNK_ROWS = 4000
CHUNK_PAGES = 8


class ExportJob:
    """A running export. While there is `more`, pass the page that `fetch` returns to `take`. Then call `finish`."""

    def __init__(
        self,
        listing: ExportListRequest,
        options: ExportOptions,
        progress: Progress | None,
        disk: FileSystem,
    ) -> None:
        self._listing = listing
        self._options = options
        self._progress = progress
        self._disk = disk
        self._began = time.monotonic()
        self._state = Checkpoint(ExportIdentity.of(listing, options))
        self._pending: list[Row] = []
        self._pages = 0
        self._paginator: OffsetPaginator[Row] = listing.restore(None)
        self._keeps_files = False

    @property
    def report(self) -> Report:
        """The report of the listing so far."""
        return self._paginator.report

    @property
    def more(self) -> bool:
        """Whether there is more to fetch."""
        return self._paginator.cursor is not None

    def fetch(self) -> CallGenerator[RawPage[Row]]:
        """Return the call that fetches the next page."""
        assert self._paginator.cursor is not None
        return _counted(self._listing.fetch(self._paginator.cursor), self._state.stats)

    def take(self, page: RawPage[Row]) -> None:
        """Take a page, and write a chunk if it is the last page of one.

        Raises:
            PagingError: The next link leads nowhere, or back.
            MalformedResponseError: A row is not a person.
            DoesNotFit: There are more persons than the format can hold.
            OSError: The chunk cannot be written. Earlier chunks are kept.
        """
        new = self._paginator.consume(page)
        try:
            self._options.file_format.check_rows(max(self.report.rows, page.count or 0))
        except DoesNotFit:
            # What was fetched cannot become a file.
            self._keeps_files = False
            raise
        if self._state.mark is None:
            self._state.mark = next((row.created_at for row in new if row.created_at is not None), None)
        self._pending += new
        self._pages += 1
        self._look_back(new)
        if not self.more or len(self._pending) >= CHUNK_ROWS or self._pages >= CHUNK_PAGES:
            self._store(self._chunk())
        if self._progress is not None:
            self._progress(self.report.rows, page.count)

    def _look_back(self, new: list[Row]) -> None:
        """With `since_last`, stop the paginator when no new person can follow."""
        since = self._state.since
        if since is None or not self.more:
            return
        self._state.older += sum(row.created_at is not None and row.created_at < since for row in new)
        # Half a page more is read, for persons who were created with a time in the past.
        if self._state.older >= max(1, self._listing.page_size // 2):
            self._paginator.stop()

    def _chunk(self) -> bytes:
        """Turn the pending rows into a chunk of the file, or of the spool."""
        from posthog_environments_api.records import DecodeError

        problem = chunk = None
        try:
            chunk = self._encoded([cast("bytes", row.raw) for row in self._pending])
        except DecodeError as error:
            problem = str(error)
        if chunk is None:
            raise MalformedResponseError(
                f"persons.list: a row before offset {self.report.next_offset} cannot be read: {problem}",
                status_code=200,
                body=b"",
            )
        self._state.rows += len(self._pending)
        self._pending, self._pages = [], 0
        self._state.part = self._state.part.plus(chunk)
        return chunk

    def _encoded(self, rows: list[bytes]) -> bytes:
        file_format = self._options.file_format
        if self._options.spools:
            if file_format.has_columns:
                # To see now that they can be read later.
                for row in rows:
                    person_of(row)
            return JsonLines().chunk(None, rows, first=False)
        state = self._state
        if state.layout is None and file_format.has_columns:
            state.layout = first_layout(self._options, list(map(person_of, rows)))
        return file_format.chunk(state.layout, rows, first=state.part.bytes == 0)

    def _store(self, chunk: bytes) -> None:
        raise NotImplementedError

    def _count_time(self) -> None:
        now = time.monotonic()
        self._state.stats.seconds += now - self._began
        self._began = now

    def finish(self) -> ExportSummary:
        """Complete the file, and return the summary.

        Raises:
            OSError: The file cannot be written. What was fetched is kept.
        """
        raise NotImplementedError

    def _summary(self, path: str, made: Written, rows: int, new: int) -> ExportSummary:
        report, stats = self.report, self._state.stats
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
            **asdict(stats),
        )

    def close(self) -> None:
        """Close the files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class StreamExport(ExportJob):
    """An export to standard output. It cannot be resumed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        sys.stdout.flush()
        self._out = sys.stdout.buffer
        self._spool = tempfile.TemporaryFile() if self._options.spools else None  # noqa: SIM115 - closed by close()

    def _store(self, chunk: bytes) -> None:
        out = self._out if self._spool is None else self._spool
        out.write(chunk)
        out.flush()

    def finish(self) -> ExportSummary:
        """Write what is left, and return the summary."""
        written = self._state.part
        if self._spool is not None:
            spool = self._spool

            def rows() -> Iterator[bytes]:
                spool.seek(0)
                return (line.rstrip(b"\n") for line in spool)

            sink = ChecksumWriter(self._out.write)
            assemble(self._options, cast("IO[bytes]", sink), rows)
            self._out.flush()
            written = sink.written
        self._count_time()
        return self._summary(STDOUT, written, self._state.rows, self._state.rows)

    def close(self) -> None:
        """Close the spool."""
        if self._spool is not None:
            self._spool.close()


def _counted(generator: CallGenerator[T], stats: ExportStats) -> CallGenerator[T]:
    """Run a call, and count its requests and waits."""
    waits = False

    def count(command: object) -> None:
        nonlocal waits
        if isinstance(command, Send):
            stats.requests += 1
        elif isinstance(command, Sleep) and command.for_quota:
            stats.waits += not waits
            stats.waited += command.seconds
            waits = True

    return with_observer(generator, count)

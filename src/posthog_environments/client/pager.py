"""Pagers: lazy listings that fetch one page at a time and keep a report."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from posthog_environments.calls.messages import CallGenerator
from posthog_environments.calls.raw import raw
from posthog_environments.paging.listing import ListRequest
from posthog_environments.paging.page import Paginator, RawPage, Report
from posthog_environments.query.validation import whole
from posthog_environments.results.models import Page
from posthog_environments.results.responses import RawResponse

if TYPE_CHECKING:
    from posthog_environments.export.formats import Format
    from posthog_environments.export.options import ExportOptions, Progress
    from posthog_environments.export.summary import ExportSummary
    from posthog_environments.tables.arrow import ArrowStream
    from posthog_environments.tables.values import PropertyKind

__all__ = ["AsyncPager", "Pager"]

T = TypeVar("T")


def _page(paginator: Paginator[T], response: RawResponse[RawPage[T]]) -> Page[T]:
    raw_page = response.parse()
    return Page(paginator.consume(raw_page), raw_page.count, response.giving(raw_page.results))


class _Base(Generic[T]):
    def __init__(self, listing: ListRequest[T], run: Callable[[CallGenerator[Any]], Any]) -> None:
        self._listing = listing
        self._run = run
        self._report = Report()

    @property
    def report(self) -> Report:
        """The report on the latest iteration: rows, pages, and whether the listing is complete or why not."""
        return self._report

    def _paginator(self) -> Paginator[T]:
        """Start an iteration, and keep its report."""
        paginator = self._listing.paginator()
        self._report = paginator.report
        return paginator

    def _read_options(self, path: str | os.PathLike[str], **options: Any) -> ExportOptions:
        from posthog_environments.export.options import read_options

        if self._listing.export is None:
            raise TypeError("Only env.persons.list(…) without created_since and created_before can be exported.")
        return read_options(path, **options)

    def _export(self, options: ExportOptions, progress: Progress | None) -> CallGenerator[ExportSummary]:
        from posthog_environments.export.run import carry_out

        def began(report: Report) -> None:
            self._report = report

        assert self._listing.export is not None
        return carry_out(self._listing.export, options, progress, began)


class Pager(_Base[T]):
    """Iterates over the items of a listing, and fetches them page by page.

    Nothing is sent before the first item is requested, and no page is fetched ahead. Iterating again starts over, with
    a new report.
    """

    def __iter__(self) -> Iterator[T]:
        paginator = self._paginator()
        while paginator.cursor is not None:
            # The response is not kept, and a page is dropped before the next one is fetched.
            yield from paginator.consume(self._run(self._listing.fetch(paginator.cursor)))

    def pages(self) -> Iterator[Page[T]]:
        """Iterate over pages; each has the items that were not returned before.

        Raises:
            PostHogError: A page could not be fetched; `report.next_offset` is where to continue.
        """
        paginator = self._paginator()
        while paginator.cursor is not None:
            yield _page(paginator, self._run(raw(self._listing.fetch(paginator.cursor))))

    def first(self) -> T | None:
        """Return the first item, or None if there is none.

        Raises:
            PostHogError: A page could not be fetched.
        """
        return next(iter(self), None)

    def take(self, n: int) -> list[T]:
        """Return the first `n` items, or all if there are fewer.

        Args:
            n: How many, 0 or more.

        Raises:
            PostHogError: A page could not be fetched.
            TypeError, ValueError: `n` is invalid. Nothing was sent.
        """
        whole("n", n)
        taken: list[T] = []
        for item in self if n else ():
            taken.append(item)
            if len(taken) == n:
                break
        return taken

    def export(
        self,
        path: str | os.PathLike[str],
        resume: bool = False,
        *,
        force: bool = False,
        format: Format | None = None,
        columns: Sequence[str] | None = None,
        flatten: bool = False,
        raw: bool = False,
        since_last: bool = False,
        only: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> ExportSummary:
        """Export all persons to a file: JSON Lines, CSV, Parquet or an Excel workbook.

        `PATH.part` holds the rows so far, and `PATH.checkpoint` the position. After any interruption `resume=True`
        continues from there, and the file is the same as without the interruption. The file appears when it is
        complete; only its owner can read it. The export waits for the quota up to an hour, or `max_wait`.

        Args:
            path: The file. Its name ends in .jsonl, .csv, .parquet or .xlsx; the first two also with .gz or .zst. "-"
                is standard output.
            resume: Continue an interrupted export; start if there is none.
            force: Replace an existing file, or drop an interrupted export.
            format: "jsonl", "csv", "parquet", "jsonl.gz", ...; None for the format of the file name.
            columns: Names of properties that get a column each. Not for JSON Lines.
            flatten: Give each property of the first persons a column. Later properties, and values that do not fit,
                stay in the column `properties`.
            raw: Do not escape CSV cells that a spreadsheet would read as formulas.
            since_last: Add the persons created since the last complete export to this file, which needs `since_last`
                too and left a record beside the file. Persons changed or deleted since then stay as they were.
            only: The columns of the file in their order, and no others: fields of a person (`uuid`, `id`, `name`,
                `created_at`, `distinct_ids`, `properties`, `additional_properties`) and names of properties. Write
                `properties.name` for a property with the name of a field.
            progress: Called after each page with the rows so far, and the total if the server sends it.

        Returns:
            A summary; `.complete` tells whether all persons were seen, and `.reason` why not.

        Raises:
            PostHogError: A page could not be fetched. The rows before it are kept.
            FileExistsError: The file exists, or an export to it was interrupted. Nothing was sent.
            TypeError, ValueError: An argument is invalid, or differs from the interrupted export.
            OSError: The file cannot be written. The rows so far are kept.
            ImportError: The extra `export` is not installed.
        """
        options = self._read_options(
            path,
            resume=resume,
            force=force,
            format=format,
            columns=columns,
            flatten=flatten,
            raw=raw,
            since_last=since_last,
            only=only,
        )
        run: Callable[[CallGenerator[ExportSummary]], ExportSummary] = cast("Any", self._run)
        return run(self._export(options, progress))

    def arrow(
        self, columns: Iterable[str] | Mapping[str, PropertyKind] | None = None, *, flatten: bool = False
    ) -> ArrowStream[T]:
        """Return an Arrow stream for polars, duckdb, pandas and pyarrow, fetched while they read; extra `export`.

        They can read the pager itself, too, with all properties in one column of JSON. No value is lost: a property
        with a column stays in `properties` where the column cannot hold it exactly.

        Args:
            columns: Names of properties that get a column each. Their types are those of the first page, which is
                fetched once more for that; or give a mapping of names to "text", "json", "bool", "int64" or "float64".
            flatten: Whether each property of the first page gets a column.

        Raises:
            TypeError, ValueError: `columns` is invalid, is combined with `flatten`, or the items are not persons.
        """
        from posthog_environments.tables.arrow import stream

        return stream(self._listing.rows, self._tables, columns, flatten=flatten)

    def _tables(self) -> Iterator[Sequence[T]]:
        # Do not keep the bytes of a page while its rows are read.
        return map(attrgetter("results"), self.pages())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the items for polars, duckdb, pandas or pyarrow as a table, page by page; needs the extra `export`."""
        return self.arrow().__arrow_c_stream__(requested_schema)

    def __array__(self, *_: object, **__: object) -> Any:
        """Refuse the conversion by numpy and `pandas.DataFrame`, and name the right one.

        Raises:
            TypeError: Always. Nothing was sent.
        """
        raise TypeError(
            "pandas would make one column of objects. Write pandas.DataFrame.from_arrow(pager) (pandas 3), or "
            "pyarrow.table(pager).to_pandas(), which give a column for each field; for an array list(pager)."
        )

    def __repr__(self) -> str:
        return f"<Pager: {self._report.rows} items in {self._report.pages} pages so far>"


class AsyncPager(_Base[T]):
    """Iterates over the items of a listing with `async for`; see `Pager`."""

    _run: Callable[[CallGenerator[RawResponse[RawPage[T]]]], Awaitable[RawResponse[RawPage[T]]]]

    def __aiter__(self) -> AsyncIterator[T]:
        return _AsyncItems(self.pages())

    def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over pages; see `Pager.pages`."""
        return _AsyncPages(self._begin, self._run)

    def _begin(self) -> ListRequest[T]:
        paginator = self._paginator()
        return ListRequest(self._listing.fetch, lambda: paginator)

    async def first(self) -> T | None:
        """Return the first item, or None if there is none; see `Pager.first`."""
        async for page in self.pages():
            if page.results:
                return page.results[0]
        return None

    async def take(self, n: int) -> list[T]:
        """Return the first `n` items, or all if there are fewer; see `Pager.take`."""
        whole("n", n)
        taken: list[T] = []
        if n:
            async for page in self.pages():
                taken += page.results[: n - len(taken)]
                if len(taken) == n:
                    break
        return taken

    async def export(
        self,
        path: str | os.PathLike[str],
        resume: bool = False,
        *,
        force: bool = False,
        format: Format | None = None,
        columns: Sequence[str] | None = None,
        flatten: bool = False,
        raw: bool = False,
        since_last: bool = False,
        only: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> ExportSummary:
        """Export all persons to a file; see `Pager.export`. Files are written in a thread, not in the event loop."""
        options = self._read_options(
            path,
            resume=resume,
            force=force,
            format=format,
            columns=columns,
            flatten=flatten,
            raw=raw,
            since_last=since_last,
            only=only,
        )
        run: Callable[[CallGenerator[ExportSummary]], Awaitable[ExportSummary]] = cast("Any", self._run)
        return await run(self._export(options, progress))

    def __repr__(self) -> str:
        return f"<AsyncPager: {self._report.rows} items in {self._report.pages} pages so far>"


class _AsyncPages(Generic[T]):
    """The pages of one iteration.

    This is not an async generator, because nothing is open between two pages. An unfinished async generator has to be
    closed by the event loop, and trio warns about it.
    """

    def __init__(
        self,
        begin: Callable[[], ListRequest[T]],
        run: Callable[[CallGenerator[RawResponse[RawPage[T]]]], Awaitable[RawResponse[RawPage[T]]]],
    ) -> None:
        self._begin: Callable[[], ListRequest[T]] | None = begin
        self._run = run
        self._listing: ListRequest[T] | None = None
        self._fetching = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Page[T]:
        if self._fetching:
            raise RuntimeError("This iterator is fetching a page already; iterate separately in each task.")
        if self._begin is not None:
            self._listing, self._begin = self._begin(), None
        listing, self._listing = self._listing, None
        paginator = None if listing is None else listing.paginator()
        if listing is None or paginator is None or paginator.cursor is None:
            raise StopAsyncIteration
        self._fetching = True
        try:
            page = _page(paginator, await self._run(raw(listing.fetch(paginator.cursor))))
        finally:
            self._fetching = False
        # Set only now: as in a generator, an error ends the iteration.
        self._listing = listing
        return page

    async def aclose(self) -> None:
        """End the iteration, for `contextlib.aclosing`; not needed otherwise."""
        self._begin = self._listing = None


class _AsyncItems(Generic[T]):
    """The items of one iteration."""

    def __init__(self, pages: AsyncIterator[Page[T]]) -> None:
        self._pages = pages
        self._rows: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._rows:
                return item
            self._rows = iter(())
            self._rows = iter((await anext(self._pages)).results)

    async def aclose(self) -> None:
        """End the iteration, for `contextlib.aclosing`; not needed otherwise."""
        self._rows = iter(())
        await cast("_AsyncPages[T]", self._pages).aclose()

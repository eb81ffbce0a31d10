"""Listings as people hold them: lazy, one page at a time, with a report of what was seen."""

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
    fetched = response.parse()
    return Page(paginator.consume(fetched), fetched.count, response.giving(fetched.results))


class _Base(Generic[T]):
    def __init__(self, listing: ListRequest[T], run: Callable[[CallGenerator[Any]], Any]) -> None:
        self._listing = listing
        self._run = run
        self._report = Report()

    @property
    def report(self) -> Report:
        """What the latest walk has seen so far: rows, pages, whether it is complete and if not why."""
        return self._report

    def _paginator(self) -> Paginator[T]:
        """Begin a walk, and report on it from now on."""
        paginator = self._listing.paginator()
        self._report = paginator.report
        return paginator

    def _wish(self, path: str | os.PathLike[str], **options: Any) -> ExportOptions:
        from posthog_environments.export.options import read_options

        if self._listing.export is None:
            raise TypeError("Only persons can be exported, as env.persons.list(…) gives them, and no range of time.")
        return read_options(path, **options)

    def _export(self, options: ExportOptions, progress: Progress | None) -> CallGenerator[ExportSummary]:
        from posthog_environments.export.run import carry_out

        def began(report: Report) -> None:
            self._report = report

        assert self._listing.export is not None
        return carry_out(self._listing.export, options, progress, began)


class Pager(_Base[T]):
    """The items of a listing, fetched page by page while you iterate.

    Iterating again starts over, with a report of its own. Nothing is sent before the first item is asked for, and no
    page is fetched ahead.
    """

    def __iter__(self) -> Iterator[T]:
        paginator = self._paginator()
        while paginator.cursor is not None:
            # Nobody sees the answer behind items, so it is not kept; nor is a page when the next one is fetched.
            yield from paginator.consume(self._run(self._listing.fetch(paginator.cursor)))

    def pages(self) -> Iterator[Page[T]]:
        """Iterate page by page; each has the items that were not handed out before.

        Raises:
            PostHogError: A page could not be fetched; `report.next_offset` tells where to go on.
        """
        paginator = self._paginator()
        while paginator.cursor is not None:
            yield _page(paginator, self._run(raw(self._listing.fetch(paginator.cursor))))

    def first(self) -> T | None:
        """Fetch the first item, or None if there is none.

        Raises:
            PostHogError: A page could not be fetched.
        """
        return next(iter(self), None)

    def take(self, n: int) -> list[T]:
        """Fetch the first items.

        Args:
            n: How many, 0 or more; there may be fewer.

        Raises:
            PostHogError: A page could not be fetched.
            TypeError, ValueError: `n` is no such number. Nothing was sent.
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
        """Take everybody out into a file: JSON Lines, CSV, Parquet or a workbook of Excel.

        What was fetched is kept in `PATH.part`, and `PATH.checkpoint` says how far it goes; whatever interrupts the
        export, `resume=True` goes on from there, and the file is the same as without the interruption. The file
        appears when all is there, for its owner alone. The quota is waited for up to an hour, or `max_wait`.

        Args:
            path: The file; its name ends in .jsonl, .csv, .parquet or .xlsx, the first two also with .gz or .zst. "-"
                is standard output.
            resume: Go on with an export that was interrupted; where there is none, begin.
            force: Replace a file that is there, or drop an interrupted export.
            format: "jsonl", "csv", "parquet", "jsonl.gz", ...; None goes by the name.
            columns: Names of properties that get a column of their own, but for JSON Lines.
            flatten: Give every property of the first persons a column of its own. What comes later, and what does not
                fit, is kept in the column `properties`.
            raw: Leave cells of CSV as they are that a spreadsheet would take for formulas.
            since_last: Fetch who is new since the last complete export to this file, and add them; that one had
                `since_last`, too, and has left a record beside the file. Persons that were changed or deleted since
                stay as they were.
            only: The columns of the file in their order, and no others: fields of a person (`uuid`, `id`, `name`,
                `created_at`, `distinct_ids`, `properties`, `additional_properties`) and names of properties. A
                property that is called as a field is `properties.name`.
            progress: Called after each page with the rows so far, and how many there are where the server says it.

        Returns:
            What was done; `.complete` says whether everybody was seen, and `.reason` why not.

        Raises:
            PostHogError: A page could not be fetched. What came before it is kept.
            FileExistsError: The file is there, or an export to it was interrupted; nothing was sent.
            TypeError, ValueError: The arguments make no sense, or those of the interrupted export were others.
            OSError: The file cannot be written. What was fetched is kept.
            ImportError: The extra `export` is not installed.
        """
        options = self._wish(
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
        """Make a table for polars, duckdb, pandas and pyarrow of it, which is fetched while they read; extra `export`.

        The pager itself can be read by them as well, with all properties in one column of JSON. A property that has a
        column of its own is left in `properties` only where the column cannot hold it exactly: no value is lost.

        Args:
            columns: Names of properties to have a column of their own. Their kinds are those of the first page, which
                is fetched once more for that, or given by a mapping of names to "text", "json", "bool", "int64" or
                "float64".
            flatten: Whether every property of the first page has a column of its own.

        Raises:
            TypeError, ValueError: `columns` is no such thing, comes with `flatten`, or the items are no persons.
        """
        from posthog_environments.tables.arrow import stream

        return stream(self._listing.rows, self._tables, columns, flatten=flatten)

    def _tables(self) -> Iterator[Sequence[T]]:
        # The bytes of a page are not held while its rows are read.
        return map(attrgetter("results"), self.pages())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the items to polars, duckdb, pandas or pyarrow as a table, page by page; needs the extra `export`."""
        return self.arrow().__arrow_c_stream__(requested_schema)

    def __array__(self, *_: object, **__: object) -> Any:
        """Say how it becomes a frame or an array; numpy asks for this, and so does `pandas.DataFrame`.

        Raises:
            TypeError: Always. Nothing was sent.
        """
        raise TypeError(
            "pandas makes one column of objects of a listing. Write pandas.DataFrame.from_arrow(pager) (pandas 3), or "
            "pyarrow.table(pager).to_pandas(), which give a column for each field; for an array list(pager)."
        )

    def __repr__(self) -> str:
        return f"<Pager: {self._report.rows} items in {self._report.pages} pages so far>"


class AsyncPager(_Base[T]):
    """The items of a listing, fetched page by page in an `async for`; see `Pager`."""

    _run: Callable[[CallGenerator[RawResponse[RawPage[T]]]], Awaitable[RawResponse[RawPage[T]]]]

    def __aiter__(self) -> AsyncIterator[T]:
        return _AsyncItems(self.pages())

    def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate page by page; see `Pager.pages`."""
        return _AsyncPages(self._begin, self._run)

    def _begin(self) -> ListRequest[T]:
        paginator = self._paginator()
        return ListRequest(self._listing.fetch, lambda: paginator)

    async def first(self) -> T | None:
        """Fetch the first item, or None if there is none; see `Pager.first`."""
        async for page in self.pages():
            if page.results:
                return page.results[0]
        return None

    async def take(self, n: int) -> list[T]:
        """Fetch the first `n` items, or as many as there are; see `Pager.take`."""
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
        """Take everybody out into a file; see `Pager.export`. Files are written in a thread, not in the event loop."""
        options = self._wish(
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
    """The pages of one walk, which begins with the first of them.

    No generator, for nothing is open between two pages: whoever stops half-way has nothing to close, where an event
    loop would have to close a generator, and trio would complain of it.
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
            raise RuntimeError("A page of this walk is being fetched already; begin a walk of its own in each task.")
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
        # Only now: as in a generator, a walk that failed is over.
        self._listing = listing
        return page

    async def aclose(self) -> None:
        """End the walk, as `contextlib.aclosing` does; not needed."""
        self._begin = self._listing = None


class _AsyncItems(Generic[T]):
    """The items of such pages."""

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
        """End the walk, as `contextlib.aclosing` does; not needed."""
        self._rows = iter(())
        await cast("_AsyncPages[T]", self._pages).aclose()

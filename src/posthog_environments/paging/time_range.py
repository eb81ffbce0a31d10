"""Paginator by time range: the rows of a listing that were created in a range of time. Pure: no I/O, no clock.

Servers have no filter for such a range, but they list newest first. The paginator searches for a page that starts with
a row newer than the range, pages on from there by offset, returns the rows of the range, and stops at older rows. The
range of a row depends on the row alone, never on its position. Adjacent ranges, listed at different times while rows
are added and deleted, therefore return each surviving row once.

A row without a readable time belongs to the range of its neighbours. At the start of the list it belongs to the range
that is open towards now, at the end to the range that is open towards the past. Neighbours may be deleted, so another
listing may assign it to another range. A listing that meets such a row is reported as not complete.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Final, Generic, TypeVar

from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage, Report

__all__ = ["TimeRangePaginator"]

T = TypeVar("T")
UNREADABLE: Final = (
    "the created_at of a row cannot be read: its range follows from its neighbours, which may differ in another listing"
)
MAX_LOOKS: Final = 64
"""Most pages to search for the start. Some ten are enough, unless rows change faster than pages are fetched."""


MAX_STEP: Final = 1 << 32


class Side(IntEnum):
    """Position of a row relative to the range, in the order of the list."""

    NEWER = 0
    INSIDE = 1
    OLDER = 2


class TimeRangePaginator(Generic[T]):
    """Pages through rows by offset, newest first, and returns those of a range of time.

    Args:
        page_size: Rows to request per page.
        offset: Rows to skip at the start, if the range has no end.
        near: Estimated number of rows newer than the range, if it has an end. A wrong estimate only costs requests.
        key: Returns the identity of a row.
        created: Returns when a row was created, or None if that is not known.
        since: Start of the range, inclusive; None for no start.
        before: End of the range, exclusive; None for no end.
    """

    def __init__(
        self,
        page_size: int,
        offset: int,
        near: int,
        key: Callable[[T], Hashable],
        created: Callable[[T], datetime | None],
        since: datetime | None,
        before: datetime | None,
    ) -> None:
        self.report = Report(next_offset=offset)
        self._size = page_size
        self._filter = _RangeFilter(created, since, before)
        self._search = None if before is None else _StartSearch(page_size, near, created, before)
        # It may rewind to rows newer than the range; these are dropped.
        self._paginator: OffsetPaginator[T] = OffsetPaginator(page_size, offset, key, created)
        # Older rows that end the range: more than one, because a single one may be out of order.
        self._older_rows_at_end = max(1, page_size // 100)

    @property
    def cursor(self) -> Cursor | None:
        """The page to request next, or None at the end."""
        return self._paginator.cursor if self._search is None else Cursor(self._search.number, self._size)

    def consume(self, page: RawPage[T]) -> list[T]:
        """Consume the page at `cursor`, and return its new rows in the range; see `OffsetPaginator.consume`.

        Raises:
            PagingError: The page leads nowhere or back, or is the hundredth in a row without new rows.
        """
        self.report.pages += 1
        if self._search is not None:
            if not self._search.is_start(page):
                return []
            self._paginator.start_at(Cursor(self._search.number, self._size), self._search.newest)
            self._search = None
        rows = self._filter.of(self._paginator.consume(page))
        if self._filter.older >= self._older_rows_at_end:
            self._paginator.stop()
        if self._paginator.cursor is None:
            rows += self._filter.end()
        self._note(len(rows))
        return rows

    def _note(self, rows: int) -> None:
        report, seen = self.report, self._paginator.report
        report.rows += rows
        report.short_pages, report.duplicates, report.next_offset = seen.short_pages, seen.duplicates, seen.next_offset
        if self._paginator.cursor is None:
            report.reason = seen.reason or self._filter.trouble
            report.complete = report.reason is None


class _RangeFilter(Generic[T]):
    """Selects the rows of the range. Rows without a time are held until the next row with one."""

    def __init__(
        self, created: Callable[[T], datetime | None], since: datetime | None, before: datetime | None
    ) -> None:
        self._created = created
        self._since = since
        self._before = before
        self._last: Side | None = None
        self._waiting: list[T] = []
        self.older = 0
        self.trouble: str | None = None

    def of(self, rows: Sequence[T]) -> list[T]:
        """Return the rows of the range, in their order."""
        found: list[T] = []
        for row in rows:
            time = self._created(row)
            if time is None:
                self._waiting.append(row)
                if not self.older:
                    self.trouble = UNREADABLE
                continue
            side = self._side(time)
            if self._waiting:
                found += self._between()
            if side is Side.INSIDE:
                found.append(row)
            self.older += side is Side.OLDER
            self._last = side
        return found

    def _side(self, time: datetime) -> Side:
        if self._before is not None and time >= self._before:
            return Side.NEWER
        return Side.OLDER if self._since is not None and time < self._since else Side.INSIDE

    def _between(self) -> list[T]:
        """Return the held rows if they belong to the range, before a row that has a time."""
        rows, self._waiting = self._waiting, []
        first = self._last is None and self._before is None
        return rows if first or self._last is Side.INSIDE else []

    def end(self) -> list[T]:
        """Return the held rows if they belong to the range, at the end of the list."""
        rows, self._waiting = self._waiting, []
        if self.older:
            return []
        return rows if (self._before if self._last is None else self._since) is None else []


class _StartSearch(Generic[T]):
    """Searches for a page that starts with a row newer than the range, and reaches the range or ends close to it.

    All rows before such a page are newer still, so nothing of the range is skipped. Earlier pages only suggest where to
    look next. Rows that change meanwhile may make the suggestion wrong, but not the page itself.
    """

    def __init__(self, page_size: int, near: int, created: Callable[[T], datetime | None], before: datetime) -> None:
        self.number = max(0, near - page_size // 10)
        self._size = self._step = page_size
        self._created = created
        self._before = before
        # The latest time in the range.
        self.newest = before - datetime.resolution
        # Offsets of a page that starts with a newer row, and of one that does not.
        self._low: int | None = None
        self._high: int | None = None
        self._looks = 0

    def is_start(self, page: RawPage[T]) -> bool:
        """Return whether the listing can start with this page; if not, `number` is where to look next."""
        self._looks += 1
        times = [time for time in map(self._created, page.results) if time is not None]
        if times and times[0] >= self._before:
            if times[-1] < self._before or page.next is None or self._is_close():
                return True
            self._look_further()
        elif self.number == 0:
            return True
        else:
            self._look_back()
        if self._looks >= MAX_LOOKS:
            self.number = 0
        return self._looks > MAX_LOOKS

    def _is_close(self) -> bool:
        return self._high is not None and self._high <= self.number + 2 * self._size

    def _look_further(self) -> None:
        self._low = self.number
        if self._high is None:
            self.number += self._step
            self._step = min(4 * self._step, MAX_STEP)
        else:
            self.number = (self.number + self._high) // 2

    def _look_back(self) -> None:
        if self._low is not None and self.number <= self._low:
            self._low = None
        self._high = self.number
        if self._low is None:
            self.number = max(0, self.number - self._step)
            self._step = min(4 * self._step, MAX_STEP)
        elif self._high <= self._low + 2 * self._size:
            self.number = self._low
        else:
            self.number = (self._low + self.number) // 2

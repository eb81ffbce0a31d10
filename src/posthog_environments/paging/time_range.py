"""A walk over the rows of a listing that were created in a range of time. Pure: no I/O, no clock.

Servers cannot be asked for such a range, but they list newest first. So the walk looks for a page that begins with a
row newer than the range, goes on from there as any walk does, hands out what is in the range, and ends when rows are
older. Which range a row belongs to depends on the row alone, never on its place: ranges that follow each other, walked
at different times while rows come and go, give each surviving row once.

A row whose time cannot be read belongs where its neighbours do: at the very beginning of the list to the range that is
open towards now, at the very end to the one that is open towards the past. But neighbours go away, so that another
range, walked at another time, may see it elsewhere: a walk that meets such a row says that it is not complete.
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
    "the created_at of a row cannot be read: its range follows from its neighbours, who may be others for another walk"
)
MOST_LOOKS: Final = 64
"""Pages to look for the beginning with; it is found in some ten, unless rows come and go faster than pages."""


MOST_STEP: Final = 1 << 32


class Side(IntEnum):
    """Where a row lies, as seen from the range; the list goes from the first to the last."""

    NEWER = 0
    INSIDE = 1
    OLDER = 2


class TimeRangePaginator(Generic[T]):
    """A walk over rows by offset, newest first, that hands out those of a range of time.

    Args:
        page_size: Rows to ask for.
        offset: Rows to pass over at the start, where the range is open towards now.
        near: About how many newer rows there are, where it is not; a wrong guess costs requests, and nothing else.
        key: Gives what identifies a row.
        created: Gives when a row was created, or None where that is not known.
        since: Start of the range, which belongs to it; None is the beginning of time.
        before: End of the range, which does not belong to it; None is for ever.
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
        self._inside = _Inside(created, since, before)
        self._search = None if before is None else _Search(page_size, near, created, before)
        # It may step back over rows that are newer than the range: they are passed over, whatever moved.
        self._paginator: OffsetPaginator[T] = OffsetPaginator(page_size, offset, key, created)
        # Rows that show that the range is over: more than one, for a single one may just lie wrong.
        self._enough = max(1, page_size // 100)

    @property
    def cursor(self) -> Cursor | None:
        """What to ask for next, or None at the end."""
        return self._paginator.cursor if self._search is None else Cursor(self._search.number, self._size)

    def consume(self, page: RawPage[T]) -> list[T]:
        """Take the answer to `cursor`, and return its new rows that are in the range; see `OffsetPaginator.receive`.

        Raises:
            PagingError: The page leads nowhere, or back, or is the hundredth in a row that brings nothing new.
        """
        self.report.pages += 1
        if self._search is not None:
            if not self._search.ends_with(page):
                return []
            self._paginator.begin_at(Cursor(self._search.number, self._size), self._search.newest)
            self._search = None
        rows = self._inside.of(self._paginator.consume(page))
        if self._inside.older >= self._enough:
            self._paginator.stop()
        if self._paginator.cursor is None:
            rows += self._inside.end()
        self._note(len(rows))
        return rows

    def _note(self, rows: int) -> None:
        report, seen = self.report, self._paginator.report
        report.rows += rows
        report.short_pages, report.duplicates, report.next_offset = seen.short_pages, seen.duplicates, seen.next_offset
        if self._paginator.cursor is None:
            report.reason = seen.reason or self._inside.trouble
            report.complete = report.reason is None


class _Inside(Generic[T]):
    """Chooses the rows of the range; rows without a time wait until it is known what follows them."""

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
        """Return those of the range, in their order."""
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
        """Decide about rows without a time that lie before one that has one."""
        rows, self._waiting = self._waiting, []
        first = self._last is None and self._before is None
        return rows if first or self._last is Side.INSIDE else []

    def end(self) -> list[T]:
        """Decide about those that nothing follows."""
        rows, self._waiting = self._waiting, []
        if self.older:
            return []
        return rows if (self._before if self._last is None else self._since) is None else []


class _Search(Generic[T]):
    """Looks for a page that begins with a row newer than the range, and reaches into it or is close before.

    All that lies before such a page is newer still, so nothing of the range is passed over. What was learnt from other
    pages only says where to look next: rows that come and go meanwhile can make that wrong, but not the page itself.
    """

    def __init__(self, page_size: int, near: int, created: Callable[[T], datetime | None], before: datetime) -> None:
        self.number = max(0, near - page_size // 10)
        self._size = self._step = page_size
        self._created = created
        self._before = before
        # The latest moment of the range.
        self.newest = before - datetime.resolution
        # Offsets of a page that began with a newer row, and of one that did not.
        self._low: int | None = None
        self._high: int | None = None
        self._looks = 0

    def ends_with(self, page: RawPage[T]) -> bool:
        """Tell whether the walk can begin with this page; if not, `number` is where to look next."""
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
        if self._looks >= MOST_LOOKS:
            self.number = 0
        return self._looks > MOST_LOOKS

    def _is_close(self) -> bool:
        return self._high is not None and self._high <= self.number + 2 * self._size

    def _look_further(self) -> None:
        self._low = self.number
        if self._high is None:
            self.number += self._step
            self._step = min(4 * self._step, MOST_STEP)
        else:
            self.number = (self.number + self._high) // 2

    def _look_back(self) -> None:
        if self._low is not None and self.number <= self._low:
            self._low = None
        self._high = self.number
        if self._low is None:
            self.number = max(0, self.number - self._step)
            self._step = min(4 * self._step, MOST_STEP)
        elif self._high <= self._low + 2 * self._size:
            self.number = self._low
        else:
            self.number = (self._low + self.number) // 2

"""A page and its successor: what to ask for next, and what of an answer is new. Pure: no I/O, no clock.

How a walk stays complete while rows come and go. Persons come newest first, and a page is cut by its offset. A row
that is added at the front pushes all others back, so that rows come again: they are dropped by their uuid. A row that
is deleted pulls the others forward, so that the next page would begin behind rows that nobody has seen. Each page is
therefore asked for from a little before the end of the last one. If it begins with a row that was seen, nothing lies
between the two; if not, the walk steps back, further each time, until it sees a known row or the beginning.

Remembered are the uuids of the last `window` rows (ten pages, at least 10,000 rows). A row that comes again from
further back cannot be told from a new one by its uuid; it is newer than its predecessor, though, and this disorder is
reported. A person who moves from the unread to the read part between two requests cannot be seen by any client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from posthog_environments.errors import PagingError

__all__ = ["Cursor", "Fetched", "Listing", "NumberedWalk", "OffsetWalk", "Report", "next_number"]

T = TypeVar("T")

MAX_EMPTY_PAGES = 100
MIN_WINDOW = 10_000
# How many pages' rows the walk asks for at once to get over a stretch that the server does not show.
MAX_REACH = 32
# The largest number that a server may point to; beyond it an offset is nonsense, not a place.
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """What to ask for: `number` is the offset of a row, or the number of a page."""

    number: int
    limit: int


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """One page as it came."""

    results: Sequence[T]
    next: str | None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A listing that has been asked for and not begun: how to fetch a page, and how to walk.

    `fetch` gives a flow of `exchange`, which drivers run; this module need not know what that is.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, Fetched[T]]]
    walk: Callable[[], OffsetWalk[T] | NumberedWalk[T]]


@dataclass(slots=True)
class Report:
    """What a walk has seen so far.

    Attributes:
        rows: Items handed out.
        pages: Pages fetched.
        short_pages: Pages with fewer rows than asked for that nevertheless had a successor.
        duplicates: Rows dropped because they had been handed out before, beyond those read again on purpose.
        next_offset: Where a walk that failed can go on: `list(offset=report.next_offset)`; for activity the page.
        complete: True if and only if the walk came to the last page, saw no disorder, and closed every gap.
        reason: Why it is not complete; None when it is.
    """

    rows: int = 0
    pages: int = 0
    short_pages: int = 0
    duplicates: int = 0
    next_offset: int = 0
    complete: bool = False
    reason: str | None = "the walk has not come to its end"


def next_number(link: str, parameter: str) -> int:
    """Read the one thing that is taken from a next link: the number of its successor.

    Raises:
        PagingError: There is none, or it is none.
    """
    if not isinstance(cast("object", link), str):
        raise PagingError(f"The server's next link is no text but {type(link).__name__}, so the walk cannot go on.")
    try:
        values = [value for name, value in parse_qsl(urlsplit(link).query) if name == parameter]
    except ValueError:
        values = []
    if len(values) == 1 and values[0].isascii() and values[0].isdigit() and len(values[0]) <= 19:
        number = int(values[0])
        if number <= MAX_NUMBER:
            return number
    raise PagingError(f"The server's next link names no {parameter} that can be used, so the walk cannot go on.")


class _EmptyPages:
    """Counts empty pages in a row."""

    def __init__(self) -> None:
        self._count = 0

    def see(self, rows: int) -> None:
        self._count = 0 if rows else self._count + 1
        if self._count >= MAX_EMPTY_PAGES:
            raise PagingError(
                f"{MAX_EMPTY_PAGES} empty pages came in a row, each with a next link. The walk ends here."
            )


class OffsetWalk(Generic[T]):
    """A walk over rows by offset, newest first.

    Args:
        page_size: Rows to ask for.
        offset: Rows to pass over at the start.
        key: Gives what identifies a row.
        created: Gives when a row was created, by which rows are ordered, or None where that is not known.
    """

    def __init__(
        self,
        page_size: int,
        offset: int,
        key: Callable[[T], Hashable],
        created: Callable[[T], datetime | None],
    ) -> None:
        self.report = Report(next_offset=offset)
        self.cursor: Cursor | None = Cursor(offset, page_size)
        self._size = page_size
        self._start = offset
        self._memory = _Memory(key, max(MIN_WINDOW, 10 * page_size))
        self._order = _Order(created)
        self._least_overlap = self._overlap = max(1, page_size // 100)
        self._frontier = offset
        self._empty = _EmptyPages()
        self._back = 0
        self._reach = 1
        self._gap_is_open = False
        self._trouble: str | None = None

    def receive(self, page: Fetched[T]) -> list[T]:
        """Take the answer to `cursor`, and return its new rows; `cursor` is what to ask for next, None at the end.

        Raises:
            PagingError: The page leads nowhere, or back, or is the hundredth empty one in a row.
        """
        asked = self.cursor
        assert asked is not None
        rows = page.results
        self.report.pages += 1
        self._empty.see(len(rows))
        successor = self._successor(asked, page)
        if self._begins_behind_a_gap(asked, rows) and not self._gap_is_open:
            self._step_back(asked)
            return []
        was_back, self._back = self._back > 0 or self._reach > 1, 0
        fresh = self._fresh(rows, self._frontier - asked.number)
        if was_back and not fresh and successor is not None and self._reach_further(asked):
            return []
        self._advance(asked, successor, len(rows))
        return fresh

    def _successor(self, asked: Cursor, page: Fetched[T]) -> int | None:
        if page.next is None:
            return None
        successor = next_number(page.next, "offset")
        if successor <= asked.number:
            raise PagingError(
                f"The server's next link leads from offset {asked.number} to {successor}, which is not beyond it."
            )
        if len(page.results) < asked.limit:
            self.report.short_pages += 1
        return successor

    def _begins_behind_a_gap(self, asked: Cursor, rows: Sequence[T]) -> bool:
        """Tell whether rows that nobody has seen may lie before this page."""
        if not self._memory:
            return False
        if rows and self._memory.knows(rows[0]):
            return False
        if asked.number > self._start:
            return True
        if asked.number > 0 and self._back:
            self._blame("rows went away before the offset at which the walk began, and others took their places")
        return False

    def _reach_further(self, asked: Cursor) -> bool:
        """Ask once more from a known row, for more rows: beyond it lies nothing that the server would show.

        Some servers cut a page first and then leave out rows that they cannot show, so that a page begins with an
        unknown row, or is empty, although nothing moved. Only a page that holds a known row and new ones is proof.
        """
        self._reach *= 2
        if self._reach > MAX_REACH:
            self._blame("a gap between two pages could not be closed")
            self._gap_is_open = True
            return False
        self.cursor = Cursor(asked.number, self._size * self._reach)
        return True

    def _step_back(self, asked: Cursor) -> None:
        self._back = max(2 * self._back, self._size // 2, 1)
        number = max(self._start, asked.number - self._back)
        self._overlap = min(self._size, max(self._overlap, self._frontier - number))
        self.cursor = Cursor(number, self._size * self._reach + self._overlap)

    def _fresh(self, rows: Sequence[T], expected: int) -> list[T]:
        fresh = self._memory.take_new(rows)
        again = len(rows) - len(fresh)
        if fresh:
            self._reach, self._gap_is_open = 1, False
            if not self._order.holds(fresh):
                self._blame("a row came that is newer than the one before it: rows moved, or came twice")
        self.report.duplicates += max(0, again - max(0, expected))
        self.report.rows += len(fresh)
        # Fewer rows came again than were asked for again: so many went away. Be ready for twice as many.
        missing = expected - again
        wanted = 2 * missing if missing > 0 else self._overlap // 2
        self._overlap = min(self._size, max(self._least_overlap, wanted))
        return fresh

    def _blame(self, reason: str) -> None:
        self._trouble = self._trouble or reason

    def _advance(self, asked: Cursor, successor: int | None, rows: int) -> None:
        if successor is None:
            self.cursor = None
            self.report.next_offset = self._frontier = asked.number + rows
            self.report.complete = self._trouble is None
            self.report.reason = self._trouble
            return
        self._frontier = successor
        number = max(self._start, successor - self._overlap) if self._memory else successor
        # The rows that are read again come on top, so that a quiet walk needs no more requests than N / page_size.
        self.cursor = Cursor(number, self._size + successor - number)
        self.report.next_offset = number


class _Memory(Generic[T]):
    """The keys of the last rows, page by page. Works on whole pages, for it is on the hot path of every walk."""

    def __init__(self, key: Callable[[T], Hashable], window: int) -> None:
        self._key = key
        self._window = window
        self._pages: deque[set[Hashable]] = deque()
        self._seen: set[Hashable] = set()

    def __bool__(self) -> bool:
        return bool(self._seen)

    def knows(self, row: T) -> bool:
        return self._key(row) in self._seen

    def take_new(self, rows: Sequence[T]) -> list[T]:
        """Return the rows that were not seen before, in their order, and remember them."""
        seen = self._seen
        keys = list(map(self._key, rows))
        known = 0
        while known < len(keys) and keys[known] in seen:
            known += 1
        fresh, keys = list(rows[known:]), keys[known:]
        new = set(keys)
        if len(new) < len(keys) or not seen.isdisjoint(new):
            kept = {key: row for key, row in zip(reversed(keys), reversed(fresh), strict=True) if key not in seen}
            fresh, new = list(reversed(kept.values())), set(kept)
        seen |= new
        self._pages.append(new)
        while len(seen) - len(self._pages[0]) >= self._window:
            seen.difference_update(self._pages.popleft())
        return fresh


class _Order(Generic[T]):
    """Whether rows come newest first. Rows newer than the first one were added meanwhile, and are no disorder."""

    def __init__(self, created: Callable[[T], datetime | None]) -> None:
        self._created = created
        self._newest: datetime | None = None
        self._last: datetime | None = None

    def holds(self, rows: Sequence[T]) -> bool:
        times: list[Any] = list(map(self._created, rows))
        if None in times:  # some row has no time that could be read
            times = [time for time in times if time is not None]
        if not times:
            return True
        falls = times == sorted(times, reverse=True)
        newest = self._newest = self._newest or times[0]
        if falls and times[0] <= (self._last or newest):
            self._last = times[-1]
            return True
        times = [time for time in times if time <= newest]
        if self._last is not None:
            times.insert(0, self._last)
        if times:
            self._last = times[-1]
        return times == sorted(times, reverse=True)


class NumberedWalk(Generic[T]):
    """A walk over entries by the number of the page, newest first.

    Args:
        page_size: Entries to ask for.
        key: Gives what identifies an entry.
    """

    def __init__(self, page_size: int, key: Callable[[T], Hashable]) -> None:
        self.report = Report(next_offset=1)
        self._size = page_size
        self._key = key
        self._seen: set[Hashable] = set()
        self._count: int | None = None
        self._gap: str | None = None
        self._empty = _EmptyPages()
        self.cursor: Cursor | None = Cursor(1, page_size)

    def receive(self, page: Fetched[T]) -> list[T]:
        """Take the answer to `cursor`, and return its new entries; see `OffsetWalk.receive`."""
        asked = self.cursor
        assert asked is not None
        self.report.pages += 1
        self._empty.see(len(page.results))
        fresh: list[T] = []
        for entry in page.results:
            key = self._key(entry)
            if key in self._seen:
                self.report.duplicates += 1
            else:
                self._seen.add(key)
                fresh.append(entry)
        self.report.rows += len(fresh)
        if self._count is not None and page.count is not None and page.count < self._count:
            self._gap = "entries went away during the walk, so that others may have been passed over"
        self._count = page.count
        self._advance(asked, page, len(page.results))
        return fresh

    def _advance(self, asked: Cursor, page: Fetched[T], rows: int) -> None:
        if page.next is None:
            self.cursor = None
            self.report.complete = self._gap is None
            self.report.reason = self._gap
            return
        successor = next_number(page.next, "page")
        if successor <= asked.number:
            raise PagingError(
                f"The server's next link leads from page {asked.number} to {successor}, which is not beyond it."
            )
        if rows < asked.limit:
            self.report.short_pages += 1
        self.report.next_offset = successor
        self.cursor = Cursor(successor, self._size)

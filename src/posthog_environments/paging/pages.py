"""A page and its successor: what to ask for next, and what of an answer is new. Pure: no I/O, no clock.

How a walk stays complete while rows come and go. Persons come newest first, and a page is cut by its offset. A row
that is added at the front pushes all others back, so that rows come again: they are dropped by their uuid. A row that
is deleted pulls the others forward, so that the next page would begin behind rows that nobody has seen. Each page is
therefore asked for from a little before the end of the last one. If it begins with a row that was seen, nothing lies
between the two; if not, the walk steps back, further each time, until it sees a known row or the beginning.

Quotas count requests, not rows. So what churn costs in requests is made up for by larger pages, up to twice the size
that was asked for (at least `LEAST_ROOM` rows): a walk through heavy churn takes few more requests than a quiet one.

Remembered are the uuids of the last `window` rows (ten pages, at least 10,000 rows). A row that comes again from
further back cannot be told from a new one by its uuid; it is newer than its predecessor, though, and this disorder is
reported. A person who moves from the unread to the read part between two requests cannot be seen by any client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from posthog_environments.errors import PagingError

__all__ = [
    "MOST_ROWS",
    "Cursor",
    "Exportable",
    "Fetched",
    "Listing",
    "NumberedWalk",
    "OffsetWalk",
    "Report",
    "Walk",
    "next_number",
]

T = TypeVar("T")

MAX_IDLE_PAGES = 100
MIN_WINDOW = 10_000
# Rows that a page may be asked to hold to make up for churn, however small the pages are.
LEAST_ROOM = 200
# How many times that the walk asks for at once to get over a stretch that the server does not show.
MAX_REACH = 16
# The most rows that a request asks for. Servers since 2026 give no more at once, and then no next link, as if that were
# all (PostHog's source: posthog/api/person.py).
MOST_ROWS = 50_000
# The largest number that a server may point to; beyond it an offset is nonsense, not a place.
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """What to ask for: `number` is the offset of a row, or the number of a page."""

    number: int
    limit: int


def _rows_from(number: int, limit: int) -> Cursor:
    return Cursor(number, min(limit, MOST_ROWS))


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """One page as it came."""

    results: Sequence[T]
    next: str | None
    count: int | None = None


class Walk(Protocol[T]):
    """What knows which page to ask for next, and what of an answer is new."""

    @property
    def cursor(self) -> Cursor | None:
        """What to ask for next, or None at the end."""
        ...

    @property
    def report(self) -> Report:
        """What has been seen so far."""
        ...

    def receive(self, page: Fetched[T], /) -> list[T]:
        """Take the answer to `cursor`, and return what is new in it."""
        ...


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A listing that has been asked for and not begun: how to fetch a page, and how to walk.

    `fetch` gives a flow of `exchange`, which drivers run; this module need not know what that is. `rows` says what the
    items are, for those that make tables of them.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, Fetched[T]]]
    walk: Callable[[], Walk[T]]
    rows: Literal["persons", "activity", "deletions"] = "persons"
    export: Exportable | None = None


@dataclass(frozen=True, slots=True)
class Exportable:
    """The same listing for an export: with rows as they came, and a walk that can be written down.

    Attributes:
        fetch: Fetches a page; a row has `uuid`, `created_at` and `raw`, the bytes of it.
        restore: Makes a walk, or goes on with one whose `state` is given.
        identity: What tells this listing from others, in words of JSON. It may hold what people are filtered by, so it
            is not to be written down as it is.
        page_size: Rows that a page is asked for.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, Fetched[Any]]]
    restore: Callable[[Mapping[str, Any] | None], OffsetWalk[Any]]
    identity: Mapping[str, object]
    page_size: int


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


class _Idle:
    """Counts pages in a row that brought nothing new, each with a successor: such a walk has no end."""

    def __init__(self) -> None:
        self.count = 0

    def see(self, fresh: int) -> None:
        self.count = 0 if fresh else self.count + 1
        if self.count >= MAX_IDLE_PAGES:
            raise PagingError(
                f"{MAX_IDLE_PAGES} pages in a row were empty or held nothing new, each with a next link. "
                "The walk ends here."
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
        self._most = min(max(2 * page_size, LEAST_ROOM), MOST_ROWS)
        self._memory = _Memory(key, max(MIN_WINDOW, 10 * page_size))
        self._order = _Order(created)
        self._least_overlap = self._overlap = max(1, page_size // 100)
        # Where the first row that was not seen would be, had nothing moved.
        self._frontier = offset
        # Where the last page of rows ended that were all known, or followed known ones.
        self._known_to = offset
        # As far as pages went that began where the walk did, and showed nothing.
        self._reached = offset
        self._idle = _Idle()
        self._back = 0
        self._refused: Hashable = None
        self._gap_is_open = False
        self._asked_twice = False
        self._trouble: str | None = None

    def receive(self, page: Fetched[T]) -> list[T]:
        """Take the answer to `cursor`, and return its new rows; `cursor` is what to ask for next, None at the end.

        Raises:
            PagingError: The page leads nowhere, or back, or is the hundredth in a row that brings nothing new.
        """
        asked = self.cursor
        assert asked is not None
        rows = page.results
        self.report.pages += 1
        successor = self._successor(asked, page)
        if self._begins_behind_a_gap(asked, rows) and not self._gap_is_open:
            self._idle.see(0)
            self._step_back(asked, rows)
            return []
        if self._is_the_refused(rows) and not self._asked_twice:
            self._asked_twice = True
            return []
        expected = self._frontier - asked.number
        fresh = self._fresh(rows, expected)
        if successor is None and not fresh and (self._back or len(rows) > expected) and not self._asked_twice:
            # A last page of old rows alone, more than were asked for again: a stale answer looks just like that.
            self._asked_twice = True
            return []
        if successor is None:
            self._end(asked, len(rows))
            return fresh
        self._idle.see(len(fresh))
        if fresh:
            self._back, self._gap_is_open, self._asked_twice = 0, False, False
        elif self._back:
            self._reach_further(asked, successor, len(rows))
            return []
        elif rows:
            # Rows that were added have pushed the place of the first unknown one back by so many.
            self._known_to = successor
            self._advance(successor + self._memory.after(rows[-1]))
            return fresh
        self._known_to = successor
        self._advance(successor)
        return fresh

    def begin_at(self, cursor: Cursor, newest: datetime) -> None:
        """Ask for this first, beyond the offset as far back as which the walk may step; newer rows are as if added."""
        self.cursor = cursor
        self._frontier = self._known_to = self._reached = cursor.number
        self._order.begin_at(newest)

    def state(self) -> dict[str, Any]:
        """Write down where the walk is, in words of JSON; rows must be identified by text."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "cursor": None if self.cursor is None else [self.cursor.number, self.cursor.limit],
            "report": asdict(self.report),
            "idle": self._idle.count,
            "memory": self._memory.state(),
            "order": self._order.state(),
        }

    @classmethod
    def restore(
        cls, state: Mapping[str, Any], key: Callable[[T], Hashable], created: Callable[[T], datetime | None]
    ) -> OffsetWalk[T]:
        """Go on where the walk was whose `state` this is.

        Raises:
            LookupError, TypeError, ValueError: It is no such state.
        """
        walk = cls(state["_size"], state["_start"], key, created)
        for name in _PLAIN:
            setattr(walk, name, state[name])
        walk.cursor = None if state["cursor"] is None else Cursor(*state["cursor"])
        walk.report = Report(**state["report"])
        walk._idle.count = state["idle"]
        walk._memory.restore(state["memory"])
        walk._order.restore(state["order"])
        return walk

    def stop(self) -> None:
        """End the walk before its end: no more is wanted. It is complete so far as it went in order."""
        if self.cursor is not None:
            self._end(Cursor(self._frontier, 0), 0)

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
        if len(page.results) <= successor - asked.number < asked.limit:
            # So many rows are all that this server gives at once.
            self._most = min(self._most, successor - asked.number)
        return successor

    def _begins_behind_a_gap(self, asked: Cursor, rows: Sequence[T]) -> bool:
        """Tell whether rows that nobody has seen may lie before this page."""
        if not self._memory:
            return False
        if rows and (self._memory.knows(rows[0]) or self._order.is_new(rows[0])):
            return False
        if asked.number > self._start:
            return True
        if asked.number > 0 and self._back:
            self._blame("rows went away before the offset at which the walk began, and others took their places")
        return False

    def _is_the_refused(self, rows: Sequence[T]) -> bool:
        """Tell whether a page that was asked for from further back begins as the one that did not reach back.

        Either all rows between the two went away, or a cache gave the same answer again.
        """
        return bool(rows) and self._back > 0 and self._memory.key(rows[0]) == self._refused

    def _step_back(self, asked: Cursor, rows: Sequence[T]) -> None:
        """Ask again from further back, for so many rows that the page reaches what is not known."""
        self._refused = self._memory.key(rows[0]) if rows else None
        self._back = 2 * self._back or min(self._most // 2, 2 * self._size)
        number = max(self._start, min(asked.number, self._known_to) - self._back)
        reach = max(self._frontier, self._known_to) - number + self._size
        self.cursor = _rows_from(number, min(reach, MAX_REACH * self._most))

    def _reach_further(self, asked: Cursor, successor: int, rows: int) -> None:
        """Go on from a page of known rows towards the place where the unknown ones begin.

        Some servers cut a page first and then leave out rows that they cannot show, so that a page begins with an
        unknown row, or is empty, although nothing moved. Only a page that holds a known row and new ones is proof.
        """
        if rows == successor - asked.number:
            self._known_to = max(self._known_to, successor)
            # Rows that are added meanwhile push that place back; larger pages outrun them.
            self.cursor = _rows_from(successor - 1, max(asked.limit, min(2 * asked.limit, self._most)))
        elif successor - asked.number == asked.limit < MOST_ROWS and asked.limit <= MAX_REACH * self._most // 2:
            self.cursor = _rows_from(asked.number, 2 * asked.limit)
        else:
            self._blame("a gap between two pages could not be closed")
            self._back, self._gap_is_open = 0, True
            self._advance(successor)

    def _fresh(self, rows: Sequence[T], expected: int) -> list[T]:
        fresh = self._memory.take_new(rows)
        again = len(rows) - len(fresh)
        if not self._order.holds(rows, fresh):
            self._blame("a row came that is newer than the one before it: rows moved, or came twice")
        self.report.duplicates += max(0, again - max(0, expected))
        self.report.rows += len(fresh)
        # Fewer rows came again than were asked for again: so many went away. Be ready for twice as many for a while.
        missing = 2 * (expected - again)
        self._overlap = min(self._most // 2, max(self._least_overlap, missing, self._overlap * 7 // 8))
        return fresh

    def _from_the_beginning(self, successor: int) -> int:
        """Return where to go on when there is no row yet to hold a page against: where the walk began, if that helps.

        It does while larger pages reach further. Then what moves among the rows that the server does not show cannot
        be noticed.
        """
        if self._reached < successor <= self._start + MAX_REACH * self._most:
            self._reached = successor
            return self._start
        self._reached = MAX_NUMBER
        self._blame("the walk began with rows that the server does not show, and could not be held against any")
        return successor

    def _blame(self, reason: str) -> None:
        self._trouble = self._trouble or reason

    def _end(self, asked: Cursor, rows: int) -> None:
        self.cursor = None
        self.report.next_offset = asked.number + rows
        self.report.complete = self._trouble is None
        self.report.reason = self._trouble

    def _advance(self, successor: int) -> None:
        self._frontier = successor
        # Behind a gap that was not closed there is nothing to overlap with.
        number = successor if self._gap_is_open else max(self._start, successor - self._overlap)
        if not self.report.rows:
            number = self._from_the_beginning(successor)
        # The rows that are read again come on top, so that a quiet walk needs no more requests than N / page_size.
        # What earlier pages fell short of is made up for, and at once where the last ones brought nothing at all.
        arrears = 4 * max(self._idle.count * self._size, self.report.pages * self._size - self.report.rows, 0)
        room = max(0, self._most - self._size - (successor - number))
        self.cursor = _rows_from(number, self._size + successor - number + min(arrears, room))
        self.report.next_offset = number


# What of a walk is a number, a text or a truth value; the rest of its state has a form of its own.
_PLAIN = (
    "_size",
    "_start",
    "_most",
    "_least_overlap",
    "_overlap",
    "_frontier",
    "_known_to",
    "_reached",
    "_back",
    "_refused",
    "_gap_is_open",
    "_asked_twice",
    "_trouble",
)


class _Memory(Generic[T]):
    """The keys of the last rows, page by page in their order.

    Works on whole pages, for it is on the hot path of every walk.
    """

    def __init__(self, key: Callable[[T], Hashable], window: int) -> None:
        self.key = key
        self._window = window
        self._pages: deque[list[Hashable]] = deque()
        self._seen: set[Hashable] = set()

    def __bool__(self) -> bool:
        return bool(self._seen)

    def knows(self, row: T) -> bool:
        return self.key(row) in self._seen

    def state(self) -> list[list[Hashable]]:
        return list(self._pages)

    def restore(self, pages: Sequence[Sequence[Hashable]]) -> None:
        self._pages = deque(map(list, pages))
        self._seen = {key for page in self._pages for key in page}

    def after(self, row: T) -> int:
        """Count the rows that were seen after this one."""
        key, count = self.key(row), 0
        for page in reversed(self._pages):
            if key in page:
                return count + len(page) - 1 - page.index(key)
            count += len(page)
        return count

    def take_new(self, rows: Sequence[T]) -> list[T]:
        """Return the rows that were not seen before, in their order, and remember them."""
        seen = self._seen
        keys = list(map(self.key, rows))
        known = 0
        while known < len(keys) and keys[known] in seen:
            known += 1
        fresh, keys = list(rows[known:]), keys[known:]
        new = set(keys)
        if len(new) < len(keys) or not seen.isdisjoint(new):
            kept = {key: row for key, row in zip(reversed(keys), reversed(fresh), strict=True) if key not in seen}
            fresh, keys = list(reversed(kept.values())), list(reversed(kept))
        if not keys:
            return fresh
        seen.update(keys)
        self._pages.append(keys)
        while len(seen) - len(self._pages[0]) >= self._window:
            seen.difference_update(self._pages.popleft())
        return fresh


class _Order(Generic[T]):
    """Whether rows come newest first. Rows newer than the first one were added meanwhile, and are no disorder."""

    def __init__(self, created: Callable[[T], datetime | None]) -> None:
        self._created = created
        self._newest: datetime | None = None
        self._last: datetime | None = None

    def begin_at(self, newest: datetime) -> None:
        """Take rows that are newer for such that were added, whatever comes first."""
        self._newest = newest

    def state(self) -> list[str | None]:
        return [None if time is None else time.isoformat() for time in (self._newest, self._last)]

    def restore(self, times: Sequence[str | None]) -> None:
        self._newest, self._last = (None if time is None else datetime.fromisoformat(time) for time in times)

    def is_new(self, row: T) -> bool:
        """Tell whether a row was added since the walk began: what lies before it was added later still."""
        time = self._created(row)
        return time is not None and self._newest is not None and time > self._newest

    def holds(self, rows: Sequence[T], fresh: Sequence[T]) -> bool:
        """Look at a page, and at the part of it that was not seen before."""
        times = self._times(rows)
        falls = times == sorted(times, reverse=True)
        if len(fresh) < len(rows):
            # Mostly rows were left out at the front alone; what is there has its times already.
            tail = rows[len(rows) - len(fresh) :]
            times = times[-len(tail) :] if tail and len(times) == len(rows) and tail == fresh else self._times(fresh)
        if not times:
            return falls
        newest = self._newest = self._newest or times[0]
        if times[0] > newest:
            times = [time for time in times if time <= newest] or [self._last or newest]
        last, self._last = self._last or newest, times[-1]
        return falls and times[0] <= last

    def _times(self, rows: Sequence[T]) -> list[Any]:
        times: list[Any] = list(map(self._created, rows))
        # Some rows have no time that could be read. No time is false; to compare each with None would take longer.
        return times if all(times) else [time for time in times if time is not None]


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
        self._idle = _Idle()
        self.cursor: Cursor | None = Cursor(1, page_size)

    def receive(self, page: Fetched[T]) -> list[T]:
        """Take the answer to `cursor`, and return its new entries; see `OffsetWalk.receive`."""
        asked = self.cursor
        assert asked is not None
        self.report.pages += 1
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
        self._advance(asked, page, len(fresh))
        return fresh

    def _advance(self, asked: Cursor, page: Fetched[T], fresh: int) -> None:
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
        if len(page.results) < asked.limit:
            self.report.short_pages += 1
        self._idle.see(fresh)
        self.report.next_offset = successor
        self.cursor = Cursor(successor, self._size)

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

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Generic, TypeVar

from posthog_environments.errors import PagingError
from posthog_environments.paging.page import (
    MAX_NUMBER,
    MOST_ROWS,
    Cursor,
    EmptyPages,
    RawPage,
    Report,
    next_number,
    rows_from,
)
from posthog_environments.paging.seen import PLAIN, NewestFirst, RecentKeys

__all__ = ["LEAST_ROOM", "MAX_REACH", "MIN_WINDOW", "OffsetPaginator"]

T = TypeVar("T")
MIN_WINDOW = 10_000
# Rows that a page may be asked to hold to make up for churn, however small the pages are.
LEAST_ROOM = 200
# How many times that the walk asks for at once to get over a stretch that the server does not show.
MAX_REACH = 16


class OffsetPaginator(Generic[T]):
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
        self._memory = RecentKeys(key, max(MIN_WINDOW, 10 * page_size))
        self._order = NewestFirst(created)
        self._least_overlap = self._overlap = max(1, page_size // 100)
        # Where the first row that was not seen would be, had nothing moved.
        self._frontier = offset
        # Where the last page of rows ended that were all known, or followed known ones.
        self._known_to = offset
        # As far as pages went that began where the walk did, and showed nothing.
        self._reached = offset
        self._idle = EmptyPages()
        self._back = 0
        self._refused: Hashable = None
        self._gap_is_open = False
        self._asked_twice = False
        self._trouble: str | None = None

    def consume(self, page: RawPage[T]) -> list[T]:
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
            **{name: getattr(self, name) for name in PLAIN},
            "cursor": None if self.cursor is None else [self.cursor.number, self.cursor.limit],
            "report": asdict(self.report),
            "idle": self._idle.count,
            "memory": self._memory.state(),
            "order": self._order.state(),
        }

    @classmethod
    def restore(
        cls, state: Mapping[str, Any], key: Callable[[T], Hashable], created: Callable[[T], datetime | None]
    ) -> OffsetPaginator[T]:
        """Go on where the walk was whose `state` this is.

        Raises:
            LookupError, TypeError, ValueError: It is no such state.
        """
        paginator = cls(state["_size"], state["_start"], key, created)
        for name in PLAIN:
            setattr(paginator, name, state[name])
        paginator.cursor = None if state["cursor"] is None else Cursor(*state["cursor"])
        paginator.report = Report(**state["report"])
        paginator._idle.count = state["idle"]
        paginator._memory.restore(state["memory"])
        paginator._order.restore(state["order"])
        return paginator

    def stop(self) -> None:
        """End the walk before its end: no more is wanted. It is complete so far as it went in order."""
        if self.cursor is not None:
            self._end(Cursor(self._frontier, 0), 0)

    def _successor(self, asked: Cursor, page: RawPage[T]) -> int | None:
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
        self.cursor = rows_from(number, min(reach, MAX_REACH * self._most))

    def _reach_further(self, asked: Cursor, successor: int, rows: int) -> None:
        """Go on from a page of known rows towards the place where the unknown ones begin.

        Some servers cut a page first and then leave out rows that they cannot show, so that a page begins with an
        unknown row, or is empty, although nothing moved. Only a page that holds a known row and new ones is proof.
        """
        if rows == successor - asked.number:
            self._known_to = max(self._known_to, successor)
            # Rows that are added meanwhile push that place back; larger pages outrun them.
            self.cursor = rows_from(successor - 1, max(asked.limit, min(2 * asked.limit, self._most)))
        elif successor - asked.number == asked.limit < MOST_ROWS and asked.limit <= MAX_REACH * self._most // 2:
            self.cursor = rows_from(asked.number, 2 * asked.limit)
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
        self.cursor = rows_from(number, self._size + successor - number + min(arrears, room))
        self.report.next_offset = number

"""Paginator by offset: which page to request next, and which rows of a page are new. Pure: no I/O, no clock.

How a listing stays complete while rows are added and deleted:

Persons come newest first, and a page starts at an offset. A row that is added at the front shifts all others back, so
rows repeat; repeats are dropped by their uuid. A row that is deleted shifts the others forward, so the next page would
skip rows. Therefore each page is requested from a little before the end of the last one. If it starts with a known row,
nothing was skipped. If not, the paginator rewinds, further each time, until it sees a known row or the start.

Quotas count requests, not rows. Repeated rows are therefore compensated by larger pages, of up to twice the requested
size (at least `LEAST_ROOM` rows), after a rewind of up to `MAX_REACH` times that. A listing under heavy churn takes few
more requests than a quiet one.

The paginator remembers the uuids of the last ten pages, at least 10,000 rows. A row that repeats from further back
looks new by its uuid, but it is newer than the row before it. The report names this disorder. No client can see a
person who moves from the unread to the read part between two requests.
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
# Rows that a page may have to compensate for churn, even if the page size is smaller.
LEAST_ROOM = 200
# How much larger a page may be after a rewind, to get past rows that the server does not show.
MAX_REACH = 16


class OffsetPaginator(Generic[T]):
    """Pages through rows by offset, newest first.

    Args:
        page_size: Rows to request per page.
        offset: Rows to skip at the start.
        key: Returns the identity of a row.
        created: Returns the time by which rows are ordered, or None if it is not known.
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
        # The offset of the first new row, if nothing moved.
        self._frontier = offset
        # The end of the last page that consists of known rows, or follows known rows.
        self._known_to = offset
        # The end of the longest page from the start offset that had no rows.
        self._reached = offset
        self._idle = EmptyPages()
        self._back = 0
        self._stale_key: Hashable = None
        self._gap_is_open = False
        self._asked_twice = False
        self._trouble: str | None = None

    def consume(self, page: RawPage[T]) -> list[T]:
        """Consume the page at `cursor`, and return its new rows; `cursor` moves on, and is None at the end.

        Raises:
            PagingError: The page leads nowhere or back, or is the hundredth in a row without new rows.
        """
        asked = self.cursor
        assert asked is not None
        rows = page.results
        self.report.pages += 1
        successor = self._successor(asked, page)
        if self._starts_after_gap(asked, rows) and not self._gap_is_open:
            self._idle.see(0)
            self._rewind(asked, rows)
            return []
        if self._is_stale(rows) and not self._asked_twice:
            self._asked_twice = True
            return []
        expected = self._frontier - asked.number
        fresh = self._fresh(rows, expected)
        if successor is None and not fresh and (self._back or len(rows) > expected) and not self._asked_twice:
            # The last page has only known rows, and more than the overlap. It may be a stale response.
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
            # Added rows have shifted the first new row back by so many.
            self._known_to = successor
            self._advance(successor + self._memory.after(rows[-1]))
            return fresh
        self._known_to = successor
        self._advance(successor)
        return fresh

    def start_at(self, cursor: Cursor, newest: datetime) -> None:
        """Start at `cursor` instead of the offset; rewinds still go back to the offset.

        Rows newer than `newest` count as added.
        """
        self.cursor = cursor
        self._frontier = self._known_to = self._reached = cursor.number
        self._order.start_at(newest)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values; the keys of rows must be str."""
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
        """Restore a paginator from its `state`.

        Raises:
            LookupError, TypeError, ValueError: The state is invalid.
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
        """Stop before the end. The report is complete if there was no disorder so far."""
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
            # The server sends no more rows at once.
            self._most = min(self._most, successor - asked.number)
        return successor

    def _starts_after_gap(self, asked: Cursor, rows: Sequence[T]) -> bool:
        """Return whether rows may have been skipped before this page."""
        if not self._memory:
            return False
        if rows and (self._memory.knows(rows[0]) or self._order.is_new(rows[0])):
            return False
        if asked.number > self._start:
            return True
        if asked.number > 0 and self._back:
            self._add_trouble("rows before the start offset were deleted, and others moved there")
        return False

    def _is_stale(self, rows: Sequence[T]) -> bool:
        """Return whether a page after a rewind starts with the same row as the page before the rewind.

        Either all rows in between were deleted, or a cache sent the same response again.
        """
        return bool(rows) and self._back > 0 and self._memory.key(rows[0]) == self._stale_key

    def _rewind(self, asked: Cursor, rows: Sequence[T]) -> None:
        """Request again from further back, with enough rows to reach the new ones."""
        self._stale_key = self._memory.key(rows[0]) if rows else None
        self._back = 2 * self._back or min(self._most // 2, 2 * self._size)
        number = max(self._start, min(asked.number, self._known_to) - self._back)
        reach = max(self._frontier, self._known_to) - number + self._size
        self.cursor = rows_from(number, min(reach, MAX_REACH * self._most))

    def _reach_further(self, asked: Cursor, successor: int, rows: int) -> None:
        """Continue after a rewind, from a page of known rows towards the first new row.

        Some servers cut the page first, and then drop rows that they cannot show. Their pages may start with a new row,
        or be empty, although nothing moved. Only a page with both a known row and new ones proves that there is no gap.
        """
        if rows == successor - asked.number:
            self._known_to = max(self._known_to, successor)
            # Rows added meanwhile shift the first new row back. Larger pages catch up.
            self.cursor = rows_from(successor - 1, max(asked.limit, min(2 * asked.limit, self._most)))
        elif successor - asked.number == asked.limit < MOST_ROWS and asked.limit <= MAX_REACH * self._most // 2:
            self.cursor = rows_from(asked.number, 2 * asked.limit)
        else:
            self._add_trouble("a gap between two pages could not be closed")
            self._back, self._gap_is_open = 0, True
            self._advance(successor)

    def _fresh(self, rows: Sequence[T], expected: int) -> list[T]:
        fresh = self._memory.take_new(rows)
        again = len(rows) - len(fresh)
        if not self._order.holds(rows, fresh):
            self._add_trouble("a row is newer than the one before it: rows moved or repeated")
        self.report.duplicates += max(0, again - max(0, expected))
        self.report.rows += len(fresh)
        # Fewer rows repeat than the overlap had: so many were deleted. Allow for twice as many for a while.
        missing = 2 * (expected - again)
        self._overlap = min(self._most // 2, max(self._least_overlap, missing, self._overlap * 7 // 8))
        return fresh

    def _before_first_row(self, successor: int) -> int:
        """Return the next offset while no row was seen yet that a page could overlap with.

        This is the start offset, as long as larger pages from there reach further. After that, moves among the rows
        that the server does not show cannot be noticed.
        """
        if self._reached < successor <= self._start + MAX_REACH * self._most:
            self._reached = successor
            return self._start
        self._reached = MAX_NUMBER
        self._add_trouble("the listing starts with rows that the server does not show, so gaps there cannot be noticed")
        return successor

    def _add_trouble(self, reason: str) -> None:
        self._trouble = self._trouble or reason

    def _end(self, asked: Cursor, rows: int) -> None:
        self.cursor = None
        self.report.next_offset = asked.number + rows
        self.report.complete = self._trouble is None
        self.report.reason = self._trouble

    def _advance(self, successor: int) -> None:
        self._frontier = successor
        # After an open gap there is nothing to overlap with.
        number = successor if self._gap_is_open else max(self._start, successor - self._overlap)
        if not self.report.rows:
            number = self._before_first_row(successor)
        # The overlap comes on top, so that a quiet listing of N rows needs N / page_size requests. Rows that earlier
        # pages fell short of are added, all at once if the last pages had no new rows.
        shortfall = 4 * max(self._idle.count * self._size, self.report.pages * self._size - self.report.rows, 0)
        room = max(0, self._most - self._size - (successor - number))
        self.cursor = rows_from(number, self._size + successor - number + min(shortfall, room))
        self.report.next_offset = number

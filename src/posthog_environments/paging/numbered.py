"""Paginator by page number. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from posthog_environments.errors import PagingError
from posthog_environments.paging.page import Cursor, EmptyPages, RawPage, Report, next_number

__all__ = ["NumberedPaginator"]

T = TypeVar("T")


class NumberedPaginator(Generic[T]):
    """Pages through entries by page number, newest first.

    Args:
        page_size: Entries to request per page.
        key: Returns the identity of an entry.
    """

    def __init__(self, page_size: int, key: Callable[[T], Hashable]) -> None:
        self.report = Report(next_offset=1)
        self._size = page_size
        self._key = key
        self._seen: set[Hashable] = set()
        self._count: int | None = None
        self._gap: str | None = None
        self._idle = EmptyPages()
        self.cursor: Cursor | None = Cursor(1, page_size)

    def consume(self, page: RawPage[T]) -> list[T]:
        """Consume the page at `cursor`, and return its new entries; see `OffsetPaginator.consume`."""
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
            self._gap = "entries were deleted during the listing, so others may have been skipped"
        self._count = page.count
        self._advance(asked, page, len(fresh))
        return fresh

    def _advance(self, asked: Cursor, page: RawPage[T], fresh: int) -> None:
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

"""Parts that all paginators share: cursor, page, report, and reading of next links. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from posthog_environments.errors import PagingError

__all__ = [
    "MAX_IDLE_PAGES",
    "MAX_NUMBER",
    "MOST_ROWS",
    "Cursor",
    "EmptyPages",
    "Paginator",
    "RawPage",
    "Report",
    "next_number",
    "rows_from",
]

T = TypeVar("T")
MAX_IDLE_PAGES = 100
# The most rows per request. Servers since 2026 send no more, and then no next link, as if that were all (source:
# PostHog's posthog/api/person.py).
MOST_ROWS = 50_000
# The largest offset or page number in a next link.
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The page to request: `number` is the offset of a row or the number of a page, `limit` the number of rows."""

    number: int
    limit: int


def rows_from(number: int, limit: int) -> Cursor:
    """Return a cursor at an offset, with `limit` capped at `MOST_ROWS`."""
    return Cursor(number, min(limit, MOST_ROWS))


@dataclass(frozen=True, slots=True)
class RawPage(Generic[T]):
    """A page as the server sent it."""

    results: Sequence[T]
    next: str | None
    count: int | None = None


class Paginator(Protocol[T]):
    """Knows which page to request next, and which rows of a page are new."""

    @property
    def cursor(self) -> Cursor | None:
        """The page to request next, or None at the end."""
        ...

    @property
    def report(self) -> Report:
        """The report on the pages so far."""
        ...

    def consume(self, page: RawPage[T], /) -> list[T]:
        """Consume the page at `cursor`, and return its new rows."""
        ...


@dataclass(slots=True)
class Report:
    """Report on a listing so far.

    Attributes:
        rows: Items returned.
        pages: Pages fetched.
        short_pages: Pages with fewer rows than requested that still had a next link.
        duplicates: Repeated rows that were dropped, not counting the overlap of pages.
        next_offset: Where to continue after a failure: `list(offset=report.next_offset)`; for activity the page.
        complete: True if and only if the listing reached the last page, saw no disorder, and closed every gap.
        reason: Why the listing is not complete; None if it is.
    """

    rows: int = 0
    pages: int = 0
    short_pages: int = 0
    duplicates: int = 0
    next_offset: int = 0
    complete: bool = False
    reason: str | None = "the listing has not reached its end"


def next_number(link: str, parameter: str) -> int:
    """Return the offset or page number of a next link; nothing else of the link is used.

    Raises:
        PagingError: The link has no such number.
    """
    if not isinstance(cast("object", link), str):
        raise PagingError(
            f"The server's next link is not a string but {type(link).__name__}; the listing cannot go on."
        )
    try:
        values = [value for name, value in parse_qsl(urlsplit(link).query) if name == parameter]
    except ValueError:
        values = []
    if len(values) == 1 and values[0].isascii() and values[0].isdigit() and len(values[0]) <= 19:
        number = int(values[0])
        if number <= MAX_NUMBER:
            return number
    raise PagingError(f"The server's next link has no usable {parameter}; the listing cannot go on.")


class EmptyPages:
    """Counts pages in a row without new rows, to stop a listing that never ends."""

    def __init__(self) -> None:
        self.count = 0

    def see(self, fresh: int) -> None:
        """Count a page with so many new rows.

        Raises:
            PagingError: The last `MAX_IDLE_PAGES` pages had none.
        """
        self.count = 0 if fresh else self.count + 1
        if self.count >= MAX_IDLE_PAGES:
            raise PagingError(
                f"{MAX_IDLE_PAGES} pages in a row were empty or held nothing new, each with a next link. "
                "The listing stops here."
            )

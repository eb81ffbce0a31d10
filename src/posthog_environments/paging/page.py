"""What walks are made of: what to ask for, what came, what is known of a walk so far. No I/O."""

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


def rows_from(number: int, limit: int) -> Cursor:
    """Ask for rows from an offset, for no more than servers give at once."""
    return Cursor(number, min(limit, MOST_ROWS))


@dataclass(frozen=True, slots=True)
class RawPage(Generic[T]):
    """One page as it came."""

    results: Sequence[T]
    next: str | None
    count: int | None = None


class Paginator(Protocol[T]):
    """What knows which page to ask for next, and what of an answer is new."""

    @property
    def cursor(self) -> Cursor | None:
        """What to ask for next, or None at the end."""
        ...

    @property
    def report(self) -> Report:
        """What has been seen so far."""
        ...

    def consume(self, page: RawPage[T], /) -> list[T]:
        """Take the answer to `cursor`, and return what is new in it."""
        ...


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


class EmptyPages:
    """Counts pages in a row that brought nothing new, each with a successor: such a walk has no end."""

    def __init__(self) -> None:
        self.count = 0

    def see(self, fresh: int) -> None:
        """Count a page, with so many new rows.

        Raises:
            PagingError: None of many pages had any.
        """
        self.count = 0 if fresh else self.count + 1
        if self.count >= MAX_IDLE_PAGES:
            raise PagingError(
                f"{MAX_IDLE_PAGES} pages in a row were empty or held nothing new, each with a next link. "
                "The walk ends here."
            )

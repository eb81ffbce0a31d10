"""Filter cache: number of matches of a filter in each block of the list, so that all pages cost the same.

A filter is applied to all persons once. After that, a page reads only the blocks that it lies in. The counts are valid
until the next change of the database.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from posthog_environments.sandbox.sql import sql_of

if TYPE_CHECKING:
    from posthog_environments.sandbox.sql import Sql
    from posthog_environments.sandbox.store import Database

BLOCK: Final = 2048
"""Places in a block: as many as the database reads at once."""
KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class ListSection:
    """The part of the list that a page lies in."""

    start: int
    end: int
    skip: int
    """Number of matches before the page, within the section."""


class FilterMatches:
    """The matches of one filter, counted by block."""

    def __init__(self, blocks: list[tuple[int, int]]) -> None:
        self._numbers = [number for number, _ in blocks]
        self._so_far = [0, *accumulate(size for _, size in blocks)]

    def __len__(self) -> int:
        return self._so_far[-1]

    def part(self, offset: int, limit: int) -> ListSection:
        """Return the section of the list that holds a page; an empty one beyond the end."""
        if offset >= len(self):
            return ListSection(0, 0, 0)
        first = bisect_right(self._so_far, offset) - 1
        last = bisect_left(self._so_far, min(offset + limit, len(self))) - 1
        return ListSection(
            self._numbers[first] * BLOCK, (self._numbers[last] + 1) * BLOCK, offset - self._so_far[first]
        )


class FilterCache:
    """The matches of the last filters."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._counted = lru_cache(KEPT)(self._count)

    def matches(self, condition: Sql) -> FilterMatches:
        """Return the matches of a filter, from the cache if nothing has changed since."""
        return self._counted(self._store.version, condition)

    def _count(self, _: int, condition: Sql) -> FilterMatches:
        query = "SELECT pos // {} AS block, count(*) FROM persons WHERE {} GROUP BY block ORDER BY block"
        return FilterMatches(self._store.rows(sql_of(query, BLOCK, condition)))

"""State of a paginator: which rows were seen, and whether rows come newest first. No I/O.

Pages overlap by a row or more. A page that begins with a remembered row, or with one created since the start, shows
that no row was skipped; otherwise the paginator goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

__all__ = ["NewestFirst", "RecentKeys"]

T = TypeVar("T")
# Attributes of `OffsetPaginator` that its state holds unchanged.
PLAIN = (
    "_size",
    "_start",
    "_most",
    "_least_overlap",
    "_overlap",
    "_frontier",
    "_known_to",
    "_reached",
    "_back",
    "_stale_key",
    "_gap_is_open",
    "_asked_twice",
    "_trouble",
)


class RecentKeys(Generic[T]):
    """The keys of at least the `window` most recent rows, page by page in their order. Old ones go a page at a time.

    It works on whole pages, because it is on the hot path of every listing.
    """

    def __init__(self, key: Callable[[T], Hashable], window: int) -> None:
        self.key = key
        self._window = window
        self._pages: deque[list[Hashable]] = deque()
        self._seen: set[Hashable] = set()

    def __bool__(self) -> bool:
        return bool(self._seen)

    def knows(self, row: T) -> bool:
        """Return whether the key of a row is remembered."""
        return self.key(row) in self._seen

    def state(self) -> list[list[Hashable]]:
        """Return the state as JSON values, if the keys are str."""
        return list(self._pages)

    def restore(self, pages: Sequence[Sequence[Hashable]]) -> None:
        """Load what `state` returned."""
        self._pages = deque(map(list, pages))
        self._seen = {key for page in self._pages for key in page}

    def after(self, row: T) -> int:
        """Return how many rows are remembered after this one; all of them if it is not among them."""
        key, count = self.key(row), 0
        for page in reversed(self._pages):
            if key in page:
                return count + len(page) - 1 - page.index(key)
            count += len(page)
        return count

    def take_new(self, rows: Sequence[T]) -> list[T]:
        """Return the rows that were not seen before, in their order, and remember their keys."""
        seen = self._seen
        keys = list(map(self.key, rows))
        known = 0
        while known < len(keys) and keys[known] in seen:
            known += 1
        fresh, keys = list(rows[known:]), keys[known:]
        before = len(seen)
        # Add all keys in one call. If the set grew by fewer, a key was known or comes twice: undo, and go row by row.
        seen.update(keys)
        if len(seen) - before < len(keys):
            seen = self._seen = {key for page in self._pages for key in page}
            kept: dict[Hashable, T] = {}
            for key, row in zip(keys, fresh, strict=True):
                if key not in seen:
                    kept.setdefault(key, row)
            fresh, keys = list(kept.values()), list(kept)
            seen.update(keys)
        if not keys:
            return fresh
        self._pages.append(keys)
        while len(seen) - len(self._pages[0]) >= self._window:
            seen.difference_update(self._pages.popleft())
        return fresh


class NewestFirst(Generic[T]):
    """Checks that rows come newest first. Rows newer than the first were added during the listing and do not count."""

    def __init__(self, created: Callable[[T], datetime | None]) -> None:
        self._created = created
        self._newest: datetime | None = None
        self._last: datetime | None = None

    def start_at(self, newest: datetime) -> None:
        """Treat rows newer than `newest` as added during the listing, even the first row."""
        self._newest = newest

    def state(self) -> list[str | None]:
        """Return the state as JSON values."""
        return [None if time is None else time.isoformat() for time in (self._newest, self._last)]

    def restore(self, times: Sequence[str | None]) -> None:
        """Load what `state` returned."""
        self._newest, self._last = (None if time is None else datetime.fromisoformat(time) for time in times)

    def is_new(self, row: T) -> bool:
        """Return whether a row was added since the listing started; False if the start is not known.

        Rows before it are newer still, so none was skipped.
        """
        time = self._created(row)
        return time is not None and self._newest is not None and time > self._newest

    def holds(self, rows: Sequence[T], fresh: Sequence[T]) -> bool:
        """Return whether a page, and its unseen rows, continue newest first. Remember the last time."""
        times = self._times(rows)
        falls = times == sorted(times, reverse=True)
        if len(fresh) < len(rows):
            # Usually only rows at the front were dropped. Then the times of the others are used again.
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
        # Rows without a readable time have None. A datetime is always true, so `all` finds a None, fast.
        return times if all(times) else [time for time in times if time is not None]

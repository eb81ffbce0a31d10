"""Result cache: an equal query gets the cached result, as on servers.

Results expire as on servers, and when the data changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from posthog_environments.sandbox.clock import Clock
    from posthog_environments.sandbox.store import Database

KEPT: Final = 64
FRESH: Final[Mapping[str, timedelta]] = {
    "minute": timedelta(minutes=5), "hour": timedelta(hours=1), "week": timedelta(days=1), "month": timedelta(days=2),
}  # fmt: skip
"""How long a result is fresh, by interval; six hours for other intervals."""

Series = Callable[[], tuple[list[dict[str, Any]], bool]]


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of one query, and when they were computed."""

    rows: list[dict[str, Any]]
    has_more: bool
    last_refresh: datetime
    fresh_until: datetime
    is_cached: bool = False


class Results:
    """Cache of the last results."""

    def __init__(self, store: Database, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Result] = OrderedDict()
        self.counted = 0
        """Number of computed queries."""

    def of(self, key: object, interval: str, series: Series, *, fresh: bool = False) -> Result:
        """Return the result of a query, from the cache or computed.

        Args:
            key: Identity of the query.
            interval: Its interval, which decides how long the result is fresh.
            series: Computes the rows.
            fresh: Whether to compute them in any case.
        """
        found = None if fresh else self.kept(key)
        if found is not None and self._clock.now() < found.fresh_until:
            return found
        place = self._store.version, key
        rows, more = series()
        now = self._clock.now()
        found = Result(rows, more, now, now + FRESH.get(interval, timedelta(hours=6)))
        with self._lock:
            self.counted += 1
            self._kept[place] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def kept(self, key: object) -> Result | None:
        """Return the cached result of a query, fresh or stale; None if there is none."""
        with self._lock:
            # Changes of the data invalidate results.
            place = self._store.version, key
            found = self._kept.get(place)
            if found is None:
                return None
            self._kept.move_to_end(place)
        return replace(found, is_cached=True)

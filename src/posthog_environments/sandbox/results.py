"""Answers that are kept: the second equal question finds the first one's, as on servers.

What is kept holds until the data changes, so that nobody is misled by it, and grows stale as on servers.
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
    "minute": timedelta(minutes=5),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=6),
    "week": timedelta(days=1),
    "month": timedelta(days=2),
}
"""How long an answer is fresh, by interval; others are so for six hours."""

Series = Callable[[], tuple[list[dict[str, Any]], bool]]


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of one question, and when they were counted."""

    rows: list[dict[str, Any]]
    has_more: bool
    last_refresh: datetime
    fresh_until: datetime
    is_cached: bool = False


class Results:
    """The questions that were asked for last, with their rows."""

    def __init__(self, store: Database, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Result] = OrderedDict()
        self.counted = 0
        """How many questions were worked out."""

    def of(self, key: object, interval: str, series: Series, *, fresh: bool = False) -> Result:
        """Give the rows of a question.

        Args:
            key: What tells it from others.
            interval: On which depends how soon its answer is stale.
            series: What works it out.
            fresh: Whether it is to be counted anew in any case.

        """
        found = None if fresh else self.kept(key)
        if found is not None and self._clock.now() < found.fresh_until:
            return found
        place = self._place(key)
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
        """Give what is kept for a question, fresh or stale; None if nothing is."""
        with self._lock:
            place = self._place(key)
            found = self._kept.get(place)
            if found is None:
                return None
            self._kept.move_to_end(place)
        return replace(found, is_cached=True)

    def _place(self, key: object) -> object:
        """Tell questions apart by what was asked, and by the data: an older answer is none after a change."""
        return self._store.version, key

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
    from posthog_environments.sandbox.exchange import House
    from posthog_environments.sandbox.question import Question

KEPT: Final = 64
FRESH: Final[Mapping[str, timedelta]] = {
    "minute": timedelta(minutes=5),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=6),
    "week": timedelta(days=1),
    "month": timedelta(days=2),
}
"""How long an answer is fresh, by interval; others are so for six hours."""

Series = Callable[["House", "Question"], tuple[list[dict[str, Any]], bool]]


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

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Result] = OrderedDict()

    def of(self, house: House, asked: Question, series: Series, *, fresh: bool = False, stale: bool = False) -> Result:
        """Give the rows of a question.

        Args:
            house: What all operations share.
            asked: The question.
            series: What works it out.
            fresh: Whether it is to be counted anew in any case.
            stale: Whether what has grown stale will do.

        """
        found = None if fresh else self.kept(house, asked)
        if found is not None and (stale or house.now() < found.fresh_until):
            return found
        rows, more = series(house, asked)
        now = house.now()
        found = Result(rows, more, now, now + FRESH.get(asked.span.interval, timedelta(hours=6)))
        with self._lock:
            self._kept[self._key(house, asked)] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def kept(self, house: House, asked: Question) -> Result | None:
        """Give what is kept for a question, fresh or stale; None if nothing is."""
        with self._lock:
            key = self._key(house, asked)
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
        return replace(found, is_cached=True)

    @staticmethod
    def _key(house: House, asked: Question) -> object:
        """Tell questions apart by what was asked, and by the data: an older answer is none after a change."""
        return house.store.version, asked.key

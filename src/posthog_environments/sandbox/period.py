"""Periods of trends and timelines: start, end, points in time, and the period to compare with.

Sources: responses of a real server, and PostHog's source code of 2025 and 2026 for the eras without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from posthog_environments.sandbox import dates
from posthog_environments.sandbox.dates import LAST_INSTANT, ParsedDate
from posthog_environments.sandbox.messages import AppContext
from posthog_environments.sandbox.problems import invalid
from posthog_environments.sandbox.sql import Sql

Step = timedelta | relativedelta

STEPS: Final[Mapping[str, Step]] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
}
FINE: Final = frozenset({"second", "minute", "hour"})
"""Intervals whose periods need not end at the end of a day."""
MOST_POINTS: Final = 100_000
_DEFAULT: Final = "-7d"
_WHOLE_UNITS: Final[Mapping[str, Step]] = {
    "w": timedelta(weeks=1),
    "m": relativedelta(months=1),
    "q": relativedelta(months=3),
    "y": relativedelta(years=1),
}


@dataclass(frozen=True, slots=True)
class Period:
    """A period, divided into points by its interval."""

    start: datetime
    end: datetime
    interval: str
    counted_from: datetime
    """Start of counting: the start of the first day, month or (before 2026) week, except for exact periods."""

    def points(self) -> list[datetime]:
        """Return the start of each point."""
        first, step = dates.floor(self.start, self.interval), STEPS[self.interval]
        points: list[datetime] = []
        at = first
        while at <= self.end:
            points.append(at)
            if len(points) > MOST_POINTS:
                raise invalid(f"The period has more than {MOST_POINTS:,} points; take a longer interval.", "interval")
            at = first + step * len(points)
        return points


@dataclass(frozen=True, slots=True)
class PeriodRequest:
    """A period as the request names it.

    Attributes:
        date_from: The start; None is seven days ago, "all" the first event.
        date_to: The end; None or empty is now.
        interval: One of `STEPS`.
        explicit: Whether both are exact, not rounded.
        to_the_instant: Whether it ends now, not at the end of the day, as for BoldNumber since 2025.
    """

    date_from: object = None
    date_to: object = None
    interval: str = "day"
    explicit: bool = False
    to_the_instant: bool = False


class Calendar:
    """Resolves periods at the sandbox's current time, by the rules of its era."""

    def __init__(self, app: AppContext) -> None:
        self._app = app
        self._now = app.now()
        self._newer = app.newer

    def span(self, wanted: PeriodRequest) -> Period:
        """Resolve a period."""
        start, cut = self._start(wanted)
        end = self._end(wanted)
        counted = dates.floor(start, self._whole(wanted.interval)) if cut else start
        return Period(start, end, wanted.interval, counted)

    def before(self, wanted: PeriodRequest, span: Period) -> Period:
        """Return the preceding period as servers align it: to the same hours or days, or to whole weeks."""
        start, end = self._before(wanted, span)
        counted = start if span.counted_from == span.start else dates.floor(start, self._whole(span.interval))
        return Period(start, end, span.interval, counted)

    def back(self, text: str, span: Period) -> Period | None:
        """Return the period of the same length so far back; None if `text` is not a relative date."""
        try:
            moment = dates.parse(text, span.start)
        except dates.UnreadableDateError:
            return None
        if not moment.relative or moment.edge:
            return None
        counted = moment.at - (span.start - span.counted_from)
        if span.counted_from != span.start:
            counted = dates.floor(moment.at, self._whole(span.interval))
        return replace(span, start=moment.at, end=moment.at + (span.end - span.start), counted_from=counted)

    def _whole(self, interval: str) -> str:
        """Return the unit of the start of counting: since 2026 the first week counts only from its first day."""
        return "day" if interval == "week" and self._newer else interval

    def _start(self, wanted: PeriodRequest) -> tuple[datetime, bool]:
        """Return the start, and whether earlier events in the same point count."""
        if wanted.date_from == "all":
            row = self._app.store.row(Sql("SELECT min(timestamp) FROM events"))
            return dates.floor(row[0] if row and row[0] else self._now, "day"), True
        moment = self._moment(_DEFAULT if wanted.date_from is None else wanted.date_from, "date_from")
        exact = wanted.explicit or (wanted.to_the_instant and moment.relative)
        if exact or not moment.relative or moment.unit in "Ms":
            return moment.at, not (exact or moment.relative)
        unit = "day"
        if moment.unit == "h" or (wanted.interval == "hour" and not self._newer and wanted.date_from is not None):
            unit = "hour"
        return dates.floor(moment.at, unit), True

    def _end(self, wanted: PeriodRequest) -> datetime:
        if not wanted.date_to:
            if wanted.to_the_instant:
                return self._now
            moment = ParsedDate(self._now, "s")
        else:
            moment = self._moment(wanted.date_to, "date_to")
        if wanted.explicit or wanted.interval == "second":
            return moment.at
        if wanted.interval not in FINE:
            return dates.ceiling(moment.at, "day")
        return dates.ceiling(moment.at, wanted.interval) if moment.relative else moment.at

    def _moment(self, value: object, attr: str) -> ParsedDate:
        try:
            return dates.parse(value if isinstance(value, str) else "", self._now, newer=self._newer)
        except dates.UnreadableDateError:
            if not self._app.lenient:
                raise invalid(f"{str(value)[:60]!r} is not a date.", attr) from None
            # Quirk: an unreadable date is now.
            return ParsedDate(self._now, "d")

    def _before(self, wanted: PeriodRequest, span: Period) -> tuple[datetime, datetime]:
        start, end = span.start, self._nominal_end(wanted, span)
        whole = self._unit_before(wanted, start)
        if whole is not None:
            return whole
        length = end - start
        if wanted.date_from == "all":
            return start - LAST_INSTANT - length, start - LAST_INSTANT
        first = start - length
        if span.interval in {"second", "minute"}:
            return first, start
        if span.interval == "hour":
            # Aligned to the same hours of the day, for any length of the period.
            first = first.replace(hour=start.hour, minute=start.minute, second=start.second, microsecond=0)
            return first, (first + length).replace(minute=59, second=59, microsecond=999_999)
        first = dates.floor(first, "day")
        if span.interval == "day" and self._of_weeks(wanted):
            first += timedelta(days=1)  # "the last seven days" are eight; start on the same day of the week
        return first, dates.ceiling(first + length, "day")

    def _nominal_end(self, wanted: PeriodRequest, span: Period) -> datetime:
        """Return the end for the length of the period, which in 2025 may differ from the end of the period."""
        if self._newer or not wanted.date_to:
            return span.end
        moment = self._moment(wanted.date_to, "date_to")
        if moment.unit in {"m", "y"} and moment.edge == "End":
            return dates.floor(moment.at, "day")
        if span.interval == "hour" and not moment.relative and not moment.exact:
            return dates.ceiling(moment.at, "day")
        return span.end

    def _unit_before(self, wanted: PeriodRequest, start: datetime) -> tuple[datetime, datetime] | None:
        """Return the whole unit before `mStart` and the like, as on PostHog Cloud since autumn 2026."""
        text = wanted.date_from
        if not self._app.today or wanted.date_to or not isinstance(text, str) or not text.endswith("Start"):
            return None
        unit = _WHOLE_UNITS.get(text.removesuffix("Start"))
        return (start - unit, start - LAST_INSTANT) if unit is not None else None

    def _of_weeks(self, wanted: PeriodRequest) -> bool:
        if wanted.date_to and self._moment(wanted.date_to, "date_to").relative:
            return False
        moment = self._moment(_DEFAULT if wanted.date_from is None else wanted.date_from, "date_from")
        return moment.unit == "d" and moment.number > 0 and moment.number % 7 == 0

"""Periods of trends and timelines: start, end, points in time, and the period to compare with.

Sources: responses of a real server, and PostHog's source code of 2025 and 2026 for the eras without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from posthog_environments.sandbox import dates
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.dates import FINE, LAST_INSTANT, STEPS, UNITS, ParsedDate
from posthog_environments.sandbox.problems import crash, invalid
from posthog_environments.sandbox.sql import Sql

MOST_POINTS: Final = 100_000
_DEFAULT: Final = "-7d"


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

    def trend_span(self, wanted: PeriodRequest, *, crashes: bool = False) -> Period:
        """Resolve the period of a trend; raise 400, or where the server crashes 500, if it ends before it begins."""
        span = self.span(wanted)
        if span.start > span.end:
            detail = "The period ends before it begins."
            raise crash(detail) if crashes else invalid(detail, "date_to")
        return span

    def earlier(self, wanted: PeriodRequest, span: Period, back: object) -> Period:
        """Return the period to compare with: of the same length so far back, or without `back` the preceding one."""
        start, end = self._back(str(back), span) if back else self._before(wanted, span)
        counted = start if span.counted_from == span.start else dates.floor(start, self._whole(span.interval))
        return Period(start, end, span.interval, counted)

    def _back(self, text: str, span: Period) -> tuple[datetime, datetime]:
        try:
            moment = dates.parse(text, span.start)
        except dates.UnreadableDateError:
            moment = None
        if moment is None or not moment.relative or moment.edge:
            raise invalid(f"{text[:60]!r} is not a time to compare to; write it like -1m.", "compare_to")
        return moment.at, moment.at + (span.end - span.start)

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
        """Return the preceding period as servers align it: to the same hours or days, or to whole weeks."""
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
        letter = text.removesuffix("Start")
        return (start - STEPS[UNITS[letter]], start - LAST_INSTANT) if letter in {"w", "m", "q", "y"} else None

    def _of_weeks(self, wanted: PeriodRequest) -> bool:
        if wanted.date_to and self._moment(wanted.date_to, "date_to").relative:
            return False
        moment = self._moment(_DEFAULT if wanted.date_from is None else wanted.date_from, "date_from")
        return moment.unit == "d" and moment.number > 0 and moment.number % 7 == 0

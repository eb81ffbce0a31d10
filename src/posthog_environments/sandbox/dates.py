"""Dates: parse ISO and relative dates as servers do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

_RELATIVE: Final = re.compile(r"-?(?P<number>\d{1,9})?(?P<unit>[hdwmyqMs])(?P<edge>Start|End)?")

STEPS: Final[Mapping[str, timedelta | relativedelta]] = {
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
"""Units that are shorter than a day."""
UNITS: Final[Mapping[str, str]] = {
    "s": "second", "M": "minute", "h": "hour", "d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year",
}  # fmt: skip
"""Names of the units by their letters in relative dates."""
_OLD_EDGES: Final = "hdmy"
"""Units whose `Start` and `End` work on servers of 2025; the others followed in November 2025 and 2026."""
LAST_INSTANT: Final = timedelta(microseconds=1)


class UnreadableDateError(ValueError):
    """The text is not a date of the API."""


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A parsed date."""

    at: datetime
    unit: str = ""
    """Unit of a relative date; empty for an absolute one."""
    number: int = 0
    edge: str = ""
    """`Start` or `End`, if it took effect."""
    exact: bool = False
    """Whether it is ISO with a time of day."""

    @property
    def relative(self) -> bool:
        """Whether it is relative to now."""
        return bool(self.unit)


def floor(at: datetime, unit: str) -> datetime:
    """Return the start of the second, minute, hour, day, week (from Sunday), month, quarter or year of a time."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit in FINE:
        return at - (at - day) % timedelta(**{f"{unit}s": 1})
    if unit == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    if unit == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    if unit == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if unit == "month" else day


def ceiling(at: datetime, unit: str) -> datetime:
    """Return the last microsecond of a unit."""
    # Add the difference in one step: the last representable day has no next one.
    return floor(at, unit) + (STEPS[unit] + -LAST_INSTANT)


def parse(text: str, now: datetime, *, newer: bool = False) -> ParsedDate:
    """Parse a date; raise `UnreadableDateError` for what servers silently read as now.

    Args:
        text: The date.
        now: Reference of relative dates.
        newer: Whether `Start` and `End` of weeks and quarters take effect.
    """
    match = _RELATIVE.fullmatch(text)
    try:
        if match:
            return _relative(match, now, newer=newer)
        at = _absolute(text)
        if at.tzinfo:
            at = at.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise UnreadableDateError(text) from None
    return ParsedDate(at, exact="T" in text or ":" in text)


def _absolute(text: str) -> datetime:
    """Parse all forms of ISO, and 2021-1-1, as servers do."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - the sandbox keeps time as UTC without an offset


def _relative(match: re.Match[str], now: datetime, *, newer: bool) -> ParsedDate:
    unit, number = match["unit"], int(match["number"] or 0)
    # A quarter back is 13 weeks.
    at = now - (timedelta(weeks=13) if unit == "q" else STEPS[UNITS[unit]]) * number
    edge = match["edge"] if unit in _OLD_EDGES + "wq" * newer else None
    if edge == "Start":
        at = floor(at, UNITS[unit])
    elif edge == "End":
        # Quirk: for a year servers set only the day, so this is the last day of the current month.
        at = ceiling(at, "month" if unit == "y" else UNITS[unit])
    return ParsedDate(at, unit, number, edge or "")

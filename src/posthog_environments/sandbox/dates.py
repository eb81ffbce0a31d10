"""Dates: parse ISO and relative dates as servers do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

_RELATIVE: Final = re.compile(r"-?(?P<number>\d{1,9})?(?P<unit>[hdwmyqMs])(?P<edge>Start|End)?")
_BACK: Final[Mapping[str, Callable[[int], timedelta | relativedelta]]] = {
    "s": lambda n: timedelta(seconds=n),
    "M": lambda n: timedelta(minutes=n),
    "h": lambda n: timedelta(hours=n),
    "d": lambda n: timedelta(days=n),
    "w": lambda n: timedelta(weeks=n),
    "q": lambda n: timedelta(weeks=13 * n),
    "m": lambda n: relativedelta(months=n),
    "y": lambda n: relativedelta(years=n),
}
_LENGTHS: Final[Mapping[str, timedelta | relativedelta]] = {
    "w": timedelta(weeks=1),
    "m": relativedelta(months=1),
    "q": relativedelta(months=3),
}
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
    if unit in _FINE:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return at - (at - midnight) % _FINE[unit]
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    if unit == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    if unit == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if unit == "month" else day


_FINE: Final[Mapping[str, timedelta]] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}


def ceiling(at: datetime, unit: str) -> datetime:
    """Return the last microsecond of the minute, hour or day of a time."""
    # Add the difference in one step: the last representable day has no next one.
    return floor(at, unit) + (timedelta(**{f"{unit}s": 1}) - LAST_INSTANT)


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
    edge = match["edge"] if unit in _OLD_EDGES + "wq" * newer else None
    at = now - _BACK[unit](number)
    if edge:
        at = _edge(at, unit, edge)
    return ParsedDate(at, unit, number, edge or "")


def _edge(at: datetime, unit: str, edge: str) -> datetime:
    if unit in "hd":
        name = "hour" if unit == "h" else "day"
        return floor(at, name) if edge == "Start" else ceiling(at, name)
    if unit == "y" and edge == "End":
        # Quirk: servers set only the day, so this is the last day of the current month.
        return ceiling(at + relativedelta(day=31), "day")
    name = {"w": "week", "m": "month", "q": "quarter", "y": "year"}[unit]
    start = floor(at, name)
    if edge == "Start":
        return start
    return start + _LENGTHS[unit] - LAST_INSTANT

"""Read dates as the servers do: ISO, `all`, or relative to now."""

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
_FINE: Final = "hMs"
_LAST_INSTANT: Final = timedelta(microseconds=1)


class UnreadableDateError(ValueError):
    """The text is no date of the API."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as it was read: when, and whether it stands for an hour rather than for a day."""

    at: datetime
    hourly: bool = False
    exact: bool = False
    """Given as ISO with a time of day."""
    relative: bool = False


def floor(at: datetime, unit: str) -> datetime:
    """Cut a moment to the start of its hour, day, week (from Sunday) or month."""
    if unit == "hour":
        return at.replace(minute=0, second=0, microsecond=0)
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    return day.replace(day=1) if unit == "month" else day


def ceiling(at: datetime, unit: str) -> datetime:
    """Raise a moment to the last instant of its hour or day."""
    # In this order, for the last day that there is has no next one.
    return floor(at, unit) + (timedelta(**{f"{unit}s": 1}) - _LAST_INSTANT)


def parse(text: str, now: datetime) -> Moment:
    """Read a date; raises `UnreadableDateError` for what the servers quietly take as now."""
    match = _RELATIVE.fullmatch(text)
    try:
        if match:
            return _relative(match, now)
        at = datetime.fromisoformat(text)
        if at.tzinfo:
            at = at.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise UnreadableDateError(text) from None
    return Moment(at, exact=len(text) > len("2026-01-31"))


def _relative(match: re.Match[str], now: datetime) -> Moment:
    unit, edge = match["unit"], match["edge"]
    at = now - _BACK[unit](int(match["number"] or 0))
    if edge and unit in "hdmy":
        at = _edge(at, unit, edge)
    return Moment(at, hourly=unit in _FINE, relative=True)


def _edge(at: datetime, unit: str, edge: str) -> datetime:
    if unit in "hd":
        name = "hour" if unit == "h" else "day"
        return floor(at, name) if edge == "Start" else ceiling(at, name)
    start = floor(at, "month").replace(month=1 if unit == "y" else at.month)
    if edge == "Start":
        return start
    return start + relativedelta(years=1 if unit == "y" else 0, months=1 if unit == "m" else 0) - _LAST_INSTANT


def lower_bound(moment: Moment, interval: str) -> datetime:
    """Cut the start of a period to its day, or to its hour where hours are looked at."""
    hours = moment.hourly or (interval == "hour" and moment.exact)
    return floor(moment.at, "hour" if hours else "day")


def upper_bound(moment: Moment, interval: str) -> datetime:
    """Raise the end of a period to the end of its day, or of its hour where hours are looked at."""
    hours = moment.hourly or (interval == "hour" and (moment.exact or moment.relative))
    return ceiling(moment.at, "hour" if hours else "day")

"""Whether a range of dates ends before it begins. Pure: the clock is passed in.

A server answers such a range with series without points, and no error. The time zone of the project and the first day
of its weeks are not known here, so only ranges that are reversed for all of them are refused.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

from posthog_environments.query.dates import RELATIVE_FORM, go_back

__all__ = ["refuse_reversed"]

_CLOCK: Final = {"h": timedelta(hours=1), "M": timedelta(minutes=1), "s": timedelta(seconds=1)}
_DAY: Final = timedelta(days=1)
# The ends and the middle of all time zones, as hours from UTC.
_WEST, _EAST = -12, 14
_SUNDAY, _MONDAY = 6, 0


def refuse_reversed(date_from: str | None, date_to: str | None, now: Callable[[], datetime]) -> None:
    """Refuse a range that ends before it begins; both dates are as `dates.date_to_wire` gives them.

    An absolute date is not compared with a relative one, because only the server knows its clock.

    Raises:
        ValueError: The range is reversed.
    """
    if date_from is None or date_to is None or date_from == "all":
        return
    first, last = RELATIVE_FORM.fullmatch(date_from), RELATIVE_FORM.fullmatch(date_to)
    if bool(first) != bool(last):
        return
    if _are_reversed(first, last, now()) if first and last else _is_after(date_from, date_to):
        raise ValueError(
            f"date_from {date_from!r} lies after date_to {date_to!r}, and a server would answer without a single "
            "point; swap them."
        )


def _are_reversed(first: re.Match[str], last: re.Match[str], now: datetime) -> bool:
    utc = now.astimezone(UTC).replace(tzinfo=None)
    cases = product((_WEST, 0, _EAST), (_SUNDAY, _MONDAY))
    try:
        return all(
            _bounds(first, utc + timedelta(hours=zone), week)[0] >= _bounds(last, utc + timedelta(hours=zone), week)[1]
            for zone, week in cases
        )
    except (OverflowError, ValueError):  # beyond the calendar, where there are no events
        return False


def _bounds(match: re.Match[str], now: datetime, week: int) -> tuple[datetime, datetime]:
    """Return the beginning and the end of what a relative date names, an hour or a day at least but for minutes."""
    unit, position = match[2], match[3]
    at = go_back(now, int(match[1] or 0), unit)
    if unit in _CLOCK:
        at = at.replace(minute=0, second=0, microsecond=0) if unit == "h" else at
        return at, at + _CLOCK[unit]
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w" and position:
        begun = (day.weekday() - week) % 7
        day += (6 - begun if position == "End" else -begun) * _DAY
    elif position == "Start":
        day = day.replace(month=1 if unit == "y" else day.month, day=1 if unit in "my" else day.day)
    elif position == "End" and unit == "m":
        day = day.replace(day=monthrange(day.year, day.month)[1])
    return day, day + _DAY


def _is_after(date_from: str, date_to: str) -> bool:
    first, last = datetime.fromisoformat(date_from), datetime.fromisoformat(date_to)
    if len(date_to) == len("2026-01-31"):
        last = datetime.combine(last, datetime.max.time())
    if first.tzinfo is None and last.tzinfo is not None:
        first, last = first - timedelta(hours=_EAST), last.astimezone(UTC).replace(tzinfo=None)
    elif last.tzinfo is None and first.tzinfo is not None:
        first, last = first.astimezone(UTC).replace(tzinfo=None), last - timedelta(hours=_WEST)
    return first > last

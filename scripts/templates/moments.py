"""Moments as servers write them. Of ISO and of dates in words, nothing is made up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

__all__ = ["timestamp"]


def timestamp(value: Any) -> datetime | None:
    """Read a moment as an aware datetime, or None where it is not one; never raise.

    Servers write ISO, with Z, an offset or none (then UTC), and "2020-01-01 10:00:00 UTC". Other text is read if it
    holds a whole date in an order that cannot be mistaken: year first, or the month by name. Nothing is made up: "10",
    "Wed" and "2020-13-01" are None, as is what is not text.
    """
    if not isinstance(value, str) or not 8 <= len(value) <= 64:
        return None
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = _plain_utc(value) or _by_dateutil(value)
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _plain_utc(text: str) -> datetime | None:
    for name in (" UTC", " GMT"):
        if text.endswith(name):
            try:
                value = datetime.fromisoformat(text.removesuffix(name))
            except ValueError:
                return None
            return value if value.tzinfo is None else None
    return None


_YEAR_FIRST = re.compile(r"\s*([0-9]{4})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_MONTH_NAME = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)


def _by_dateutil(text: str) -> datetime | None:
    match = _YEAR_FIRST.match(text)
    if not (text.isascii() and text.isprintable()) or not (
        match or (_MONTH_NAME.search(text) and re.search(r"\b[0-9]{4}\b", text))
    ):
        return None
    from dateutil import parser

    def zone(name: str | None, offset: int | None) -> timezone | None:
        if offset is None:
            if name is None:
                return None
            raise ValueError(f"the time zone {name} is not known")
        return timezone(timedelta(seconds=offset))

    try:
        # A part that is missing comes from the default, so two unlike defaults give unlike dates.
        found = parser.parse(text, default=datetime(2000, 1, 1, tzinfo=UTC), tzinfos=zone)
        other = parser.parse(text, default=datetime(2004, 2, 2, tzinfo=UTC), tzinfos=zone)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        return None
    if found.date() != other.date() or f"{found.year:04d}" not in text:
        return None
    if match and (found.year, found.month, found.day) != (int(match[1]), int(match[3]), int(match[4])):
        return None
    return found

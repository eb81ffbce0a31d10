"""Dates as the API takes them, and timestamps as it gives them. Pure: the clock is passed in.

A server reads a date that it does not understand as now, without an error (PostHog's source: utils.py,
relative_date_parse), so such dates are refused here. python-dateutil is imported only where it is needed, because the
import is slow.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from posthog_environments.query.texts import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable

    from dateutil.relativedelta import relativedelta

DateArgument: TypeAlias = "date | timedelta | relativedelta | str | None"

RELATIVE_FORM = re.compile(r"-?([0-9]*)([hdwmyqMs])(Start|End)?")
# A date without its hyphens, or without its zeros, as servers take it too; sent with both.
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_LOOSE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
# Where Start and End are heeded as one expects: of weeks since November 2025. Servers ignore them for q, M and s, and
# their End of y is the 31st of the month (PostHog's source: utils.py, get_delta_mapping_for; issue 41796).
_POSITIONS = ("hStart", "hEnd", "dStart", "dEnd", "wStart", "wEnd", "mStart", "mEnd", "yStart")
_UNITS = {
    "s": "seconds", "M": "minutes", "h": "hours", "d": "days", "w": "weeks", "m": "months", "y": "years",
}  # fmt: skip
_A_YEAR = {"h": 8766, "d": 366, "w": 53, "m": 12, "y": 1, "q": 4, "M": 525_960, "s": 31_557_600}
_FORMS = "expected a date such as 2026-01-31, an ISO timestamp, or a relative form: -7d, -36h, -1m, mStart"

# Common mistakes and what they mean, for the hint in a message.
_WORDS = {
    "today": "dStart", "yesterday": "-1dStart", "now": "-0h", "last week": "-1w", "last quarter": "-1q",
    "this week": "wStart", "this month": "mStart", "last month": "-1mStart",
    "this year": "yStart", "last year": "-1yStart",
    **{form.lower(): form for form in _POSITIONS},
}  # fmt: skip
_SPOKEN = re.compile(
    r"(?:the )?(?:last |past |-|\+)?\s*([0-9]{1,6})\s*"
    r"(h|d|w|m|y|q|s|hour|hr|day|week|month|mon|year|yr|quarter|min|minute|sec|second)s?(?: ago|start|end)?"
)


def date_to_wire(value: DateArgument, *, argument: str = "date_from", now: Callable[[], datetime]) -> str | None:
    """Turn a date argument into the text that the API takes; None stays None, the server's default.

    A `date` or `datetime` is sent as ISO text; without an offset it means the project's time zone. A
    `timedelta` or `dateutil.relativedelta` counts back from now: whole days, hours, months and years as the
    relative form (`-7d`, `-36h`, `-1m`, `-1y`, of which servers count in the project's time zone and cut
    date_from to the day or hour), anything else as a timestamp counted from `now()`, an aware datetime. Text
    is ISO or relative: optional `-`, digits, one of h d w m y q (q is 13 weeks) or M for minutes and s for
    seconds, optionally Start or End; it always counts back. `all` goes with date_from alone, which `argument`
    names.

    Raise TypeError for any other type. Raise ValueError for text that servers would read as now or otherwise
    than it says (PostHog's source: utils.py, relative_date_parse), a span that counts forward, and one that
    leaves the years 1 to 9999.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _text(value, argument, now)
    if isinstance(value, datetime):
        return _moment(value, argument)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta) or _is_relativedelta(value):
        return _span(value, argument, now)
    raise TypeError(
        f"{argument}: expected a date, datetime, timedelta, relativedelta or text, got"
        f" {type(value).__name__}; for seconds since 1970 write datetime.fromtimestamp(value, timezone.utc)"
    )


def span_to_wire(value: DateArgument, *, argument: str, now: Callable[[], datetime]) -> str | None:
    """Turn a time to go back by into the text that the API takes: `-7d`, `-1m`; None stays None.

    Raises:
        TypeError, ValueError: It is no such time, but a date or a position, which servers would not heed there.
    """
    wire = date_to_wire(value, argument=argument, now=now)
    match = RELATIVE_FORM.fullmatch(wire) if wire else None
    if wire and (match is None or match[3]):
        raise ValueError(f"{argument}: {wire!r} is no time to go back by; expected one such as -7d, -2w, -1m or -1y")
    return wire


def go_back(moment: datetime, number: int, unit: str) -> datetime:
    """Return the moment that lies so many units before another; a quarter is 13 weeks, as for servers.

    Raises:
        OverflowError, ValueError: It lies before the year 1.
    """
    from dateutil.relativedelta import relativedelta

    if unit == "q":
        number, unit = 13 * number, "w"
    span: dict[str, Any] = {_UNITS[unit]: number}
    return moment - relativedelta(**span)


def _is_relativedelta(value: object) -> TypeGuard[relativedelta]:
    # A value of that class exists only if the module was imported.
    module = sys.modules.get("dateutil.relativedelta")
    return module is not None and isinstance(value, module.relativedelta)


def _moment(value: datetime, argument: str) -> str:
    if value.date() != value.date():  # pandas' NaT, a datetime that is unlike itself
        raise ValueError(f"{argument}: {value!r} is no date; {_FORMS}")
    offset = value.utcoffset() or timedelta()
    # Servers read offsets of whole minutes only.
    return (value.astimezone(UTC) if offset % timedelta(minutes=1) else value).isoformat()


def _span(value: timedelta | relativedelta, argument: str, now: Callable[[], datetime]) -> str:
    """Count back from now: in the relative form where that is exact, else as a timestamp."""
    base = now().astimezone(UTC)
    try:
        start = base - value
    except (OverflowError, ValueError):
        raise ValueError(f"{argument}: {value!r} back from now leaves the years 1 to 9999; use a smaller one") from None
    if start > base:
        raise ValueError(f"{argument}: {value!r} counts forward; a span counts back from now, so make it positive")
    return _short(value) or start.isoformat()


def _short(value: timedelta | relativedelta) -> str | None:
    months, rest = 0, value
    if not isinstance(rest, timedelta):
        absolute = ("year", "month", "day", "weekday", "hour", "minute", "second", "microsecond")
        if rest.leapdays or any(getattr(rest, name) is not None for name in absolute):
            return None
        months = rest.years * 12 + rest.months
        rest = timedelta(
            days=rest.days,
            hours=rest.hours,
            minutes=rest.minutes,
            seconds=rest.seconds,
            microseconds=rest.microseconds,
        )
    hours, odd = divmod(rest, timedelta(hours=1))
    if odd or (months and hours):
        return None
    if months:
        return f"-{months}m" if months % 12 else f"-{months // 12}y"
    return f"-{hours}h" if hours % 24 else f"-{hours // 24}d"


def _text(text: str, argument: str, now: Callable[[], datetime]) -> str:
    if text == "all" and argument.replace("-", "_").endswith("date_from"):
        return text
    if loose := _COMPACT.fullmatch(text) or _LOOSE.fullmatch(text):
        text = f"{loose[1]}-{loose[2]:0>2}-{loose[3]:0>2}"
    if TIMESTAMP.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{argument}: {text!r} is not in the calendar ({error}); correct it") from None
        return text.replace(" ", "T")  # older servers look for the T before they heed the time of day
    if match := RELATIVE_FORM.fullmatch(text):
        return _relative(match, argument, now)
    hint = _guess(text, argument)
    raise ValueError(
        f"{argument}: a server would take {text[:60]!r} for now or for another date; "
        + (f"did you mean {hint}?" if hint else f"{_FORMS}")
    )


def _relative(match: re.Match[str], argument: str, now: Callable[[], datetime]) -> str:
    text, digits, unit, position = match[0], match[1], match[2], match[3]
    if not digits and not position:
        raise ValueError(f"{argument}: {text!r} has no number, so a server takes it for now; write '-1{unit}'")
    if position and unit + position not in _POSITIONS:
        raise ValueError(
            f"{argument}: servers do not heed {position} in {text[:60]!r}; it goes with h, d, w and m, and"
            " Start with y; give the date itself, such as '2026-01-31'"
        )
    # Of more than twelve digits no unit stays within the calendar, and int() refuses thousands of them.
    if len(digits) > 12 or int(digits or 0) // _A_YEAR[unit] >= now().year - 1:
        raise ValueError(f"{argument}: {text[:60]!r} lies before the year 1; use a smaller number or 'all'")
    return text


def _guess(text: str, argument: str) -> str | None:
    """Guess the form that was meant, quoted, for the hint."""
    spoken = " ".join(text[:60].lower().replace("_", " ").split())
    if spoken in ("all", "now", "") and not argument.replace("-", "_").endswith("date_from"):
        return "to leave it out (None), which is now"
    if spoken == "":
        return "to leave it out (None)"
    if spoken == "all":
        return "'all'"
    if spoken in _WORDS:
        return repr(_WORDS[spoken])
    if not (match := _SPOKEN.fullmatch(spoken)):
        return None
    unit = match[2][0]
    if match[2].startswith("min") or (match[2] == "m" and "M" in text):
        unit = "M"
    position = "Start" if spoken.endswith("start") else "End" if spoken.endswith("end") else ""
    return repr(f"-{match[1]}{unit}{position if unit + position in _POSITIONS else ''}")

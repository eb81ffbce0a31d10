"""Dates of arguments and timestamps of answers."""

from __future__ import annotations

import re
import subprocess
import sys
import time as clock
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from dateutil.relativedelta import MO, relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st
from posthog_environments_api.records import timestamp as parse_timestamp

from posthog_environments.query.dates import date_to_wire, span_to_wire

quick = settings(deadline=None, derandomize=True, max_examples=200)
NOW = datetime(2026, 5, 17, 10, 30, tzinfo=UTC)


def wire(value: Any, argument: str = "date_from") -> str | None:
    return date_to_wire(value, argument=argument, now=lambda: NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("-7d", "7d", "-36h", "-2w", "-1m", "-4q", "-1y", "-30M", "-90s", "-0d", "-007d"),
        *("wStart", "-1wStart", "-1wEnd", "2wEnd"),
        *("mStart", "-1mStart", "-1mEnd", "dStart", "-1dEnd", "hStart", "yStart", "-1yStart"),
        *("2026-01-31", "2024-02-29", "2026-01-31T10:00", "2026-01-31T10:00:00", "2026-01-31T10:00:00.123456"),
        *("2026-01-31T10:00:00Z", "2026-01-31T10:00:00+05:30", "2026-01-31T10:00:00-0800", "0001-01-01"),
    ],
)
def test_text_of_the_api_passes_as_it_is(text: str) -> None:
    assert wire(text) == wire(text, "date_to") == text


def test_all_is_for_the_start_alone() -> None:
    assert wire("all") == wire("all", "--date-from") == "all"
    with pytest.raises(ValueError, match=r"^date_to: .*leave it out"):
        wire("all", "date_to")


@pytest.mark.parametrize(
    ("text", "sent"),
    [("2021-1-1", "2021-01-01"), ("2021-12-1", "2021-12-01"), ("20240101", "2024-01-01"), ("2024-2-29", "2024-02-29")],
)
def test_forms_that_servers_take_too_are_written_out(text: str, sent: str) -> None:
    assert wire(text) == wire(text, "date_to") == sent


def test_a_time_to_go_back_by() -> None:
    def span(value: Any) -> str | None:
        return span_to_wire(value, argument="compare_to", now=lambda: NOW)

    assert span(None) is None
    assert [span(each) for each in ("-1m", "-14d", timedelta(days=7), relativedelta(years=1))] == [
        "-1m",
        "-14d",
        "-7d",
        "-1y",
    ]
    for value in ("2026-01-01", "mStart", "-1wEnd", date(2026, 1, 1), timedelta(minutes=5)):
        with pytest.raises(ValueError, match=r"^compare_to: .* is no time to go back by; expected one such as -7d"):
            span(value)
    with pytest.raises(TypeError, match=r"^compare_to: expected a date"):
        span(7)


def test_a_space_becomes_a_t() -> None:
    assert wire("2026-01-31 10:00:00") == "2026-01-31T10:00:00"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        (date(2026, 1, 31), "2026-01-31"),
        (date(1, 1, 1), "0001-01-01"),
        (datetime(2026, 1, 31, 10), "2026-01-31T10:00:00"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00+00:00"),
        (datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=-8))), "2026-01-31T00:00:00-08:00"),
        # Servers cannot read offsets with seconds, which time zones of old have.
        (datetime(1850, 1, 1, tzinfo=timezone(timedelta(seconds=-75))), "1850-01-01T00:01:15+00:00"),
        (timedelta(days=7), "-7d"),
        (timedelta(weeks=2), "-14d"),
        (timedelta(hours=36), "-36h"),
        (timedelta(hours=24), "-1d"),
        (timedelta(0), "-0d"),
        (timedelta(minutes=5), "2026-05-17T10:25:00+00:00"),
        (timedelta(days=1, microseconds=1), "2026-05-16T10:29:59.999999+00:00"),
        (relativedelta(months=1), "-1m"),
        (relativedelta(months=3), "-3m"),  # not -1q, which is 13 weeks
        (relativedelta(months=14), "-14m"),
        (relativedelta(years=1), "-1y"),
        (relativedelta(months=24), "-2y"),
        (relativedelta(weeks=13), "-91d"),
        (relativedelta(hours=36), "-36h"),
        (
            relativedelta(days=1.5),  # type: ignore[arg-type]  # the stubs know ints alone
            "-36h",
        ),
        (relativedelta(months=1, days=1), "2026-04-16T10:30:00+00:00"),
        (relativedelta(months=1, days=-1), "2026-04-18T10:30:00+00:00"),
        (relativedelta(minutes=5), "2026-05-17T10:25:00+00:00"),
        (relativedelta(day=1, hour=0, minute=0), "2026-05-01T00:00:00+00:00"),
        (relativedelta(weekday=MO(-1)), "2026-05-11T10:30:00+00:00"),
        (relativedelta(), "-0d"),
    ],
)
def test_values(value: Any, sent: str | None) -> None:
    assert wire(value) == sent


def test_now_may_be_in_any_zone() -> None:
    eastern = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert date_to_wire(timedelta(minutes=5), now=lambda: eastern) == "2026-05-17T10:25:00+00:00"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("-7days", "'-7d'"),
        ("7 days ago", "'-7d'"),
        ("7days", "'-7d'"),
        ("last 7 days", "'-7d'"),
        ("-7D", "'-7d'"),
        ("+7d", "'-7d'"),
        (" -7d", "'-7d'"),
        ("-7d\n", "'-7d'"),
        ("- 7 d", "'-7d'"),
        ("1 week", "'-1w'"),
        ("3 months ago", "'-3m'"),
        ("30 min", "'-30M'"),
        ("30 minutes", "'-30M'"),
        ("2 quarters", "'-2q'"),
        ("12 hrs", "'-12h'"),
        ("1 year", "'-1y'"),
        ("yesterday", "'-1dStart'"),
        ("Today", "'dStart'"),
        ("now", "'-0h'"),
        ("last month", "'-1mStart'"),
        ("mstart", "'mStart'"),
        ("-1mstart", "'-1mStart'"),
        ("ALL", "'all'"),
        ("", "None"),
        ("  ", "None"),
        ("d", "'-1d'"),
        ("-m", "'-1m'"),
        ("-1wstart", "'-1wStart'"),
        ("this week", "'wStart'"),
        ("qEnd", "give the date itself"),
        ("-1MStart", "give the date itself"),
        ("-1yEnd", "give the date itself"),
        ("-" + "9" * 6000 + "d", "smaller number"),
        ("-3000y", "smaller number"),
        ("-800000d", "smaller number"),
        ("2026-02-30", "calendar"),
        ("2026-13-01", "calendar"),
        ("0000-01-01", "calendar"),
        ("2026-01-31T25:00", "calendar"),
        ("2026", "such as 2026-01-31"),
        ("2026-01", "such as 2026-01-31"),
        ("202601", "such as 2026-01-31"),
        ("2026013", "such as 2026-01-31"),
        ("2026-1-5T10:00", "such as 2026-01-31"),
        ("2026-1", "such as 2026-01-31"),
        ("20260230", "calendar"),
        ("2026-2-30", "calendar"),
        ("10000-01-01", "such as 2026-01-31"),
        ("31/01/2026", "such as 2026-01-31"),
        ("2026-01-31T10:00:00 UTC", "such as 2026-01-31"),
        ("2026-01-31T10:00:00+05:99", "such as 2026-01-31"),
        ("2026-01-31T10", "such as 2026-01-31"),
        ("2026-01-31T10:00:00:55", "such as 2026-01-31"),
        ("\u0667d", "such as 2026-01-31"),
        ("-7d-1m", "such as 2026-01-31"),
        ("-1.5d", "such as 2026-01-31"),
        ("x" * 10_000, "such as 2026-01-31"),
        ("\ud800", "such as 2026-01-31"),
    ],
)
def test_what_servers_would_take_for_now(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"^date_from: ") as caught:
        wire(text)
    assert hint in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "value",
    [
        timedelta(days=-1),
        timedelta(days=10_000_000),
        timedelta.max,
        timedelta.min,
        relativedelta(months=-1),
        relativedelta(day=31),
        relativedelta(years=3000),
        relativedelta(days=10**9),
    ],
)
def test_spans_that_leave_the_past(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^date_to: .*(forward|9999)"):
        wire(value, "date_to")


@pytest.mark.parametrize("value", [5, 1.5, True, b"-7d", time(1), ["-7d"], object()])
def test_other_types(value: object) -> None:
    with pytest.raises(TypeError, match=r"^date_to: expected a date.*; "):
        wire(value, "date_to")


class NotATime(datetime):
    """Like the NaT of pandas: a datetime that is not equal to itself."""

    def date(self) -> Any:
        return float("nan")


def test_not_a_time() -> None:
    with pytest.raises(ValueError, match="no date"):
        wire(NotATime(2026, 1, 1))


FORMS = "expected a date such as 2026-01-31, an ISO timestamp, or a relative form: -7d, -36h, -1m, mStart"

PLACES = "it goes with h, d, w and m, and Start with y; give the date itself, such as '2026-01-31'"


def misread(text: str, rest: str, argument: str = "date_from") -> tuple[str, str, str]:
    return text, argument, f"{argument}: a server would take {text[:60]!r} for now or for another date; {rest}"


@pytest.mark.parametrize(
    ("text", "argument", "said"),
    [
        misread("2026", FORMS),
        misread("x" * 61, FORMS),
        misread("last_7_days", "did you mean '-7d'?"),
        misread("5M ago", "did you mean '-5M'?"),
        misread("5m ago", "did you mean '-5m'?"),
        misread("5 min", "did you mean '-5M'?"),
        misread("2dstart", "did you mean '-2dStart'?"),
        misread("2dend", "did you mean '-2dEnd'?"),
        misread("2wstart", "did you mean '-2wStart'?"),
        misread("2yend", "did you mean '-2y'?"),
        misread("5d" + " " * 60 + "!", "did you mean '-5d'?"),
        misread("", "did you mean to leave it out (None)?"),
        misread("", "did you mean to leave it out (None), which is now?", "date_to"),
        misread("now", "did you mean to leave it out (None), which is now?", "date_to"),
        misread("now", "did you mean '-0h'?"),
        misread("now", "did you mean '-0h'?", "--date-from"),
        misread("all", "did you mean to leave it out (None), which is now?", "date_to"),
        misread("All", "did you mean 'all'?"),
        misread("All", "did you mean 'all'?", "compare-date-from"),
        ("d", "date_from", "date_from: 'd' has no number, so a server takes it for now; write '-1d'"),
        ("-1yEnd", "date_to", f"date_to: servers do not heed End in '-1yEnd'; {PLACES}"),
        ("-" + "1" * 60 + "yEnd", "date_to", f"date_to: servers do not heed End in '-{'1' * 59}'; {PLACES}"),
        (
            "-" + "9" * 70 + "d",
            "date_to",
            f"date_to: '-{'9' * 59}' lies before the year 1; use a smaller number or 'all'",
        ),
        (
            "2026-02-30",
            "date_to",
            "date_to: '2026-02-30' is not in the calendar (day is out of range for month); correct it",
        ),
    ],
)
def test_what_a_refusal_says(text: str, argument: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        wire(text, argument)
    # Python 3.14 words the reason of the calendar in another way.
    assert re.sub(r"\(day .*?\)", "", str(caught.value)) == re.sub(r"\(day .*?\)", "", said)


def test_what_a_refusal_says_of_other_values() -> None:
    with pytest.raises(TypeError) as caught:
        wire(b"-7d", "date_to")
    assert str(caught.value) == (
        "date_to: expected a date, datetime, timedelta, relativedelta or text, got bytes; for seconds since 1970 write"
        " datetime.fromtimestamp(value, timezone.utc)"
    )
    with pytest.raises(ValueError, match=r"^date_to: NotATime\(.*\) is no date; expected a date such as"):
        wire(NotATime(2026, 1, 1), "date_to")
    with pytest.raises(ValueError, match="forward") as forward:
        wire(timedelta(days=-1), "date_to")
    assert str(forward.value) == (
        "date_to: datetime.timedelta(days=-1) counts forward; a span counts back from now, so make it positive"
    )
    with pytest.raises(ValueError, match="9999") as far:
        wire(timedelta(days=10_000_000), "date_to")
    assert str(far.value) == (
        "date_to: datetime.timedelta(days=10000000) back from now leaves the years 1 to 9999; use a smaller one"
    )


def test_the_argument_is_date_from_unless_named() -> None:
    assert date_to_wire("all", now=lambda: NOW) == "all"
    with pytest.raises(ValueError, match=r"^date_from: "):
        date_to_wire("x", now=lambda: NOW)


@pytest.mark.parametrize(
    ("unit", "a_year"),
    [("h", 8766), ("d", 366), ("w", 53), ("m", 12), ("y", 1), ("q", 4), ("M", 525_960), ("s", 31_557_600)],
)
def test_how_far_back_a_relative_date_may_go(unit: str, a_year: int) -> None:
    # From 2026 no server can count back 2025 years.
    last = 2025 * a_year - 1
    assert wire(f"-{last}{unit}") == f"-{last}{unit}"
    with pytest.raises(ValueError, match="before the year 1"):
        wire(f"-{last + 1}{unit}")


def test_digits_are_counted_before_they_are_read() -> None:
    assert wire("-" + "1".rjust(12, "0") + "d") == "-000000000001d"
    with pytest.raises(ValueError, match="smaller number"):
        wire("-" + "1".rjust(13, "0") + "d")


def test_a_start_needs_no_number_even_in_the_first_years() -> None:
    early = datetime(2, 5, 17, tzinfo=UTC)
    assert date_to_wire("yStart", now=lambda: early) == "yStart"
    with pytest.raises(ValueError, match="before the year 1"):
        date_to_wire("-1y", now=lambda: early)


def test_the_zone_of_this_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    clock.tzset()
    try:
        assert wire(timedelta(minutes=5)) == "2026-05-17T10:25:00+00:00"
        odd = datetime(1850, 1, 1, tzinfo=timezone(timedelta(seconds=-75)))
        assert wire(odd) == "1850-01-01T00:01:15+00:00"
    finally:
        monkeypatch.undo()
        clock.tzset()


def test_offsets_of_an_odd_number_of_minutes_stay() -> None:
    assert wire(datetime(2026, 1, 1, tzinfo=timezone(timedelta(minutes=5)))) == "2026-01-01T00:00:00+00:05"


def test_the_smallest_parts_of_a_relativedelta_count() -> None:
    assert wire(relativedelta(seconds=1)) == "2026-05-17T10:29:59+00:00"
    assert wire(relativedelta(microseconds=1)) == "2026-05-17T10:29:59.999999+00:00"
    assert wire(relativedelta(hours=1, seconds=1)) == "2026-05-17T09:29:59+00:00"


@quick
@given(st.from_regex(r"-?[0-9]{1,3}([hdm](Start|End)?|[wqMs]|y)", fullmatch=True) | st.just("mStart"))
def test_the_grammar_is_accepted(text: str) -> None:
    assert wire(text) == text


FORM = re.compile(r"all|-?[0-9]+[hdwmyqMs]|-?[0-9]*([hdwm](Start|End)|yStart)|[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?")


@settings(quick, max_examples=500)
@given(st.text(max_size=20) | st.text("-+0123456789 hdwmyqMsStartEndTZ:.", max_size=14))
def test_what_is_accepted_is_in_the_grammar(text: str) -> None:
    try:
        sent = wire(text)
    except ValueError as error:
        assert str(error).startswith("date_from: ")  # noqa: PT017 - both outcomes are right
    else:
        assert sent is not None
        assert FORM.fullmatch(sent)


@quick
@given(st.timedeltas(timedelta(0), timedelta(days=30_000)))
def test_a_span_is_exact(span: timedelta) -> None:
    sent = wire(span)
    assert sent is not None
    if match := re.fullmatch("-([0-9]+)([hd])", sent):
        unit = timedelta(hours=1) if match[2] == "h" else timedelta(days=1)
        assert int(match[1]) * unit == span
    else:
        assert NOW - datetime.fromisoformat(sent) == span


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00+00:00"),
        ("2020-01-01T10:00:00.123456Z", "2020-01-01T10:00:00.123456+00:00"),
        ("2020-01-01T10:00:00.1234567Z", "2020-01-01T10:00:00.123456+00:00"),
        ("2020-01-01T10:00:00+05:30", "2020-01-01T10:00:00+05:30"),
        ("2020-01-01T10:00:00", "2020-01-01T10:00:00+00:00"),
        ("2020-01-01 10:00:00", "2020-01-01T10:00:00+00:00"),
        ("2020-01-01", "2020-01-01T00:00:00+00:00"),
        ("2020-01-01 10:00:00 UTC", "2020-01-01T10:00:00+00:00"),
        ("2020-01-01 10:00:00.123456 UTC", "2020-01-01T10:00:00.123456+00:00"),
        ("2020-01-01 10:00:00 +0530", "2020-01-01T10:00:00+05:30"),
        ("2020-1-5", "2020-01-05T00:00:00+00:00"),
        ("2020/01/05 10:00:00", "2020-01-05T10:00:00+00:00"),
        ("Wed, 01 Jan 2020 10:00:00 GMT", "2020-01-01T10:00:00+00:00"),
        ("Wed, 01 Jan 2020 10:00:00 -0800", "2020-01-01T10:00:00-08:00"),
        ("1 January 2020 10:00", "2020-01-01T10:00:00+00:00"),
    ],
)
def test_timestamps(text: str, read: str) -> None:
    found = parse_timestamp(text)
    assert found is not None
    assert found.isoformat() == read


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "10", "2020", "2020-05", "Wed", "Jan 2020", "Monday 10:00:00", "10:00:00", "today", "not a date"),
        *("2020-13-01", "2020-02-30", "2020-31-12 10:00", "01/02/2020 10:00", "1 Jan 20 10:00:00", "20-01-01 10:00"),
        *("Wed, 01 Jan 2020 10:00:00 EST", "2020-01-01 10:00:00 XYZ", "2020-01-01 10:00:00 UTC UTC"),
        *("9" * 17, "9" * 5000, "2020-01-01T" + "9" * 40, "2020-01-01T10:00:00+99:00", "99999-01-01T00:00:00Z"),
        *(
            "0000-00-00 00:00:00",
            "9999-12-31T24:00:00",
            "2020-1-1\x0010:00:00",
            "\ud800" * 10,
            "\u0662\u0660\u0662\u0660-01-01",
        ),
        *(None, 5, 1e300, 10**400, True, b"2020-01-01", ["2020-01-01"], {}, object()),
    ],
    ids=lambda text: ascii(text)[:30] if isinstance(text, str) else type(text).__name__,
)
def test_what_is_no_timestamp(text: object) -> None:
    assert parse_timestamp(text) is None


def test_the_clock_of_the_machine_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    for text in ("2020-01-01 10:00:00", "2020/01/01 10:00:00"):
        found = parse_timestamp(text)
        assert found is not None
        assert found.utcoffset() == timedelta(0)


@settings(quick, max_examples=500)
@given(
    st.text(max_size=70)
    | st.text("0123456789-/:., TZUCGMJanFebWed+", min_size=8, max_size=30)
    | st.from_regex(r"[0-9]{4}[-/.][0-9]{1,3}[-/.][0-9]{1,30}.{0,20}", fullmatch=True)
    | st.from_regex(r"[A-Z][a-z]{2} [0-9]{1,30} [0-9]{4}.{0,20}", fullmatch=True)
)
def test_reading_never_raises(text: str) -> None:
    found = parse_timestamp(text)
    assert found is None or found.tzinfo is not None


@quick
@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_what_servers_write_is_read_back(moment: datetime) -> None:
    expected = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    assert parse_timestamp(moment.isoformat()) == datetime.fromisoformat(expected.isoformat())
    assert parse_timestamp(f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC".rjust(30, "0")) == moment.replace(tzinfo=UTC)


def test_dateutil_is_imported_only_when_needed() -> None:
    code = """
import sys
from datetime import *
from posthog_environments.query.dates import *
from posthog_environments_api.records import timestamp as parse_timestamp
now = lambda: datetime(2026, 5, 17, tzinfo=timezone.utc)
date_to_wire(timedelta(days=7), now=now), date_to_wire("-7d", now=now), date_to_wire(date(2026, 1, 1), now=now)
parse_timestamp("2020-01-01T10:00:00Z"), parse_timestamp("2020-01-01 10:00:00 UTC"), parse_timestamp("nothing at all")
print([name for name in sys.modules if name.startswith("dateutil")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

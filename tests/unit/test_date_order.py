"""Ranges that end before they begin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from posthog_environments.query.date_order import refuse_reversed

# A Sunday afternoon in the middle of a month.
NOW = datetime(2026, 5, 17, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date_from", "date_to"),
    [
        ("2026-02-01", "2026-01-01"),
        ("2026-01-02", "2026-01-01"),
        ("2026-01-01T12:00:00", "2026-01-01T10:00:00"),
        ("2026-01-02T00:00", "2026-01-01"),
        ("2026-01-01T12:00:00+00:00", "2026-01-01T12:00:00+01:00"),
        ("2026-01-03", "2026-01-01T00:00:00+00:00"),
        ("2026-01-03T00:00:00+00:00", "2026-01-01"),
        ("-1d", "-2d"),
        ("-7d", "-30d"),
        ("-1w", "-8d"),
        ("-1h", "-2h"),
        ("-5M", "-10M"),
        ("-10s", "-20s"),
        ("-1h", "-3d"),
        ("dStart", "-1dEnd"),
        ("wStart", "-1wEnd"),
        ("mStart", "-1mEnd"),
        ("-1mStart", "-2mEnd"),
        ("-1m", "-2m"),
        ("-1q", "-1y"),
        ("yStart", "-1yStart"),
        ("-1y", "-2y"),
        ("-1d", "-1w"),
    ],
)
def test_a_reversed_range_is_refused(date_from: str, date_to: str) -> None:
    with pytest.raises(ValueError, match=r"^date_from '.*' lies after date_to .*; swap them"):
        refuse_reversed(date_from, date_to, lambda: NOW)


@pytest.mark.parametrize(
    ("date_from", "date_to"),
    [
        (None, None),
        (None, "2020-01-01"),
        ("2030-01-01", None),
        ("all", "2020-01-01"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T12:00:00", "2026-01-01"),
        ("2026-01-01", "2026-01-01T00:00:00"),
        ("2026-01-01T12:00:00+01:00", "2026-01-01T12:00:00+00:00"),
        # It may be so, in the time zone of the project.
        ("2026-01-01T12:00:00", "2026-01-01T10:00:00+00:00"),
        ("2026-01-02T00:00:00+00:00", "2026-01-01"),
        # Whose now it is nobody knows here.
        ("-7d", "2020-01-01"),
        ("2030-01-01", "-7d"),
        ("-7d", "-7d"),
        ("-0d", "-0h"),
        ("dStart", "-0h"),
        ("-1h", "-1h"),
        ("-1h", "dStart"),
        ("-7d", "-1w"),
        ("-30d", "-7d"),
        ("-1wStart", "-1wEnd"),
        ("-1mStart", "-1mEnd"),
        ("mStart", "-0d"),
        ("mStart", "dEnd"),
        ("-1m", "-30d"),
        ("-1q", "-91d"),
        ("-1yStart", "yStart"),
        ("yStart", "mEnd"),
        ("-12h", "-0d"),
        ("-12h", "-1d"),
        ("-2000y", "-9999y"),
        ("-999999d", "-9999999d"),
    ],
)
def test_what_may_be_in_order_passes(date_from: str | None, date_to: str | None) -> None:
    refuse_reversed(date_from, date_to, lambda: NOW)


@pytest.mark.parametrize("day", range(1, 32))
def test_neighbouring_periods_on_each_day_of_a_month(day: int) -> None:
    now = datetime(2026, 3, day, 23, 59, tzinfo=UTC)
    for unit in "wm":
        refuse_reversed(f"-1{unit}Start", f"-1{unit}End", lambda: now)
        refuse_reversed(f"-1{unit}Start", f"{unit}Start", lambda: now)
        with pytest.raises(ValueError, match="lies after"):
            refuse_reversed(f"-1{unit}Start", f"-2{unit}End", lambda: now)

"""Trend CSV: write a trend of `query/`, which has no CSV, with the columns of `insights/trend/`. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

__all__ = ["csv_text"]

# English, as servers write them, in any locale.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a CSV with a row for each series: its name, and its numbers by day (`1-Jan-2026`, or with the hour).

    Displays with one number for each series get a column `value`, which servers do not have.
    """
    nothing: Sequence[Any] = ()
    days = max((row.get("days") or nothing for row in rows), key=len, default=nothing)
    whole = not days and any(row.get("aggregated_value") is not None for row in rows)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["series", *(["value"] if whole else map(_column, days))])
    for row in rows:
        numbers = [row.get("aggregated_value")] if whole else row.get("data") or nothing
        writer.writerow([_name(row), *map(_figure, numbers)])
    return buffer.getvalue()


def _name(row: Mapping[str, Any]) -> str:
    action = row.get("action")
    own = cast("dict[str, Any]", action).get("custom_name") if isinstance(action, dict) else None
    name = own if own and row.get("breakdown_value") is None else row.get("label")
    return f"{name or ''}{' (previous)' if row.get('compare_label') == 'previous' else ''}"


def _column(day: object) -> str:
    try:
        at = datetime.fromisoformat(str(day))
    except ValueError:
        return str(day)
    clock = f" {at:%H:%M}" if ":" in str(day) else ""
    return f"{at.day}-{_MONTHS[at.month - 1]}-{at.year:04d}{clock}"


def _figure(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value

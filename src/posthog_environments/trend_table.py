"""A trend as CSV, with the columns that `insights/trend/` gives it. Pure; for `query/`, which writes no CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["csv_text"]


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write a line for each series: its name, and its numbers under the labels of the points.

    A display with one number for each series has the column `value` instead.
    """
    nothing: Sequence[Any] = ()
    longest = max((row.get("labels") or row.get("days") or nothing for row in rows), key=len, default=nothing)
    whole = not longest and any(row.get("aggregated_value") is not None for row in rows)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["series", *(["value"] if whole else longest)])
    for row in rows:
        name = f"{row.get('label') or ''}{' (previous)' if row.get('compare_label') == 'previous' else ''}"
        writer.writerow([name, *([row.get("aggregated_value")] if whole else row.get("data") or [])])
    return buffer.getvalue()

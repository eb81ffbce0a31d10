"""A trend as CSV."""

from __future__ import annotations

from typing import Any

import pytest

from posthog_environments.results.trend_answers import csv_text

A = {"label": "a", "labels": ["1-2 Jan"], "days": ["2026-01-01", "2026-02-12"], "data": [1, 2.5]}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "series\r\n"),
        ([A], "series,1-Jan-2026,12-Feb-2026\r\na,1.0,2.5\r\n"),
        ([{**A, "days": ["2026-01-01 09:00:00", "2026-01-01 10:00:00"]}],
         "series,1-Jan-2026 09:00,1-Jan-2026 10:00\r\na,1.0,2.5\r\n"),
        ([{**A, "days": ["the first", None]}], "series,the first,None\r\na,1.0,2.5\r\n"),
        ([A, {**A, "compare_label": "previous", "days": ["2025-12-30", "2025-12-31"]}],
         "series,1-Jan-2026,12-Feb-2026\r\na,1.0,2.5\r\na (previous),1.0,2.5\r\n"),
        ([{**A, "label": 'x, "y"', "data": [None, 0]}], 'series,1-Jan-2026,12-Feb-2026\r\n"x, ""y""",,0.0\r\n'),
        ([{**A, "action": {"custom_name": "Views"}}], "series,1-Jan-2026,12-Feb-2026\r\nViews,1.0,2.5\r\n"),
        ([{**A, "action": {"custom_name": "Views"}, "breakdown_value": "pro"}],
         "series,1-Jan-2026,12-Feb-2026\r\na,1.0,2.5\r\n"),
        ([{"label": "a", "data": [], "aggregated_value": 7}], "series,value\r\na,7.0\r\n"),
        ([{"label": None, "data": None, "aggregated_value": 0.5}], "series,value\r\n,0.5\r\n"),
    ],
)  # fmt: skip
def test_a_line_for_each_series(rows: list[dict[str, Any]], text: str) -> None:
    assert csv_text(rows) == text

"""A trend as CSV."""

from __future__ import annotations

from typing import Any

import pytest

from posthog_environments.trend_table import csv_text

A = {"label": "a", "labels": ["1-Jan-2026", "2-Jan-2026"], "days": ["2026-01-01", "2026-01-02"], "data": [1, 2.5]}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "series\r\n"),
        ([A], "series,1-Jan-2026,2-Jan-2026\r\na,1,2.5\r\n"),
        ([{**A, "labels": []}], "series,2026-01-01,2026-01-02\r\na,1,2.5\r\n"),
        (
            [A, {**A, "compare_label": "previous", "labels": ["30-Dec-2025", "31-Dec-2025"]}],
            "series,1-Jan-2026,2-Jan-2026\r\na,1,2.5\r\na (previous),1,2.5\r\n",
        ),
        ([{**A, "label": 'x, "y"', "data": [None, 0]}], 'series,1-Jan-2026,2-Jan-2026\r\n"x, ""y""",,0\r\n'),
        ([{"label": "a", "data": [], "aggregated_value": 7}], "series,value\r\na,7\r\n"),
        ([{"label": None, "data": None, "aggregated_value": 0.5}], "series,value\r\n,0.5\r\n"),
    ],
)
def test_a_line_for_each_series(rows: list[dict[str, Any]], text: str) -> None:
    assert csv_text(rows) == text

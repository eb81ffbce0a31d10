"""Cells of CSV: their values, and that formulas are escaped."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthog_environments.export.formats.cells import first_cell, harmless, line, records

CELLS = st.one_of(
    st.text(), st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.lists(st.text(), max_size=3)
)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://evil.example")',
        "+cmd",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "\uff0d1+1",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == "'" + text


@pytest.mark.parametrize("text", ["", "plain", "-5", "+4.5", "-1e9", "a=b", "'=1", "1-2", " =1"])
def test_other_texts_stay(text: str) -> None:
    assert harmless(text) == text


def test_a_number_with_a_sign_must_be_one_to_its_end() -> None:
    assert harmless("-5\n=1") == "'-5\n=1"


@given(st.lists(CELLS, min_size=2, max_size=5))
def test_a_reader_of_csv_gets_the_cells_back(cells: list[object]) -> None:
    text = line(cells, raw=True)  # type: ignore[arg-type]
    (read,) = csv.reader(io.StringIO(text, newline=""))
    assert len(read) == len(cells)
    for cell, found in zip(cells, read, strict=True):
        if isinstance(cell, str):
            assert found == cell
        elif cell is None:
            assert found == ""
        elif isinstance(cell, bool):
            assert found == str(cell).lower()
        elif isinstance(cell, (int, float)):
            assert type(cell)(found) == cell


def test_null_and_an_empty_text_can_be_told_apart() -> None:
    assert line([None, "", "a"], raw=False) == ',"",a\n'


def test_times_and_lists() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 600, UTC)
    assert line([moment, ["a", "=b"]], raw=False) == '2026-01-02T03:04:05.000600+00:00,"[""a"",""=b""]"\n'


@given(st.lists(st.lists(st.one_of(st.text(), st.none()), min_size=2, max_size=4), max_size=8))
def test_records_are_put_together_from_lines(table: list[list[str | None]]) -> None:
    texts = [line(["u", *row], raw=True).encode() for row in table]
    assert list(records(io.BytesIO(b"".join(texts)))) == texts


@given(st.text(min_size=1), st.text())
def test_the_first_cell_is_read_as_it_was_written(first: str, second: str) -> None:
    assert first_cell(line([first, second], raw=True).encode()) == first

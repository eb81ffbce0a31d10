"""Charts of trends as text."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import Any

import pytest

from posthog_environments.display.figure import text
from tests.notebook.answers import counted, trend, valued

WEEK = [1, 2, 3, 4, 5, 6, 7]
COLOR = re.compile("\x1b\\[[0-9;]*m")


def lines(of: Any, width: int = 80, height: int = 16, *, color: bool = False, display: str | None = None) -> list[str]:
    return text(of, width, height, color=color, display=display).split("\n")


@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsAreaGraph", "ActionsBar"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_size(display: str, width: int) -> None:
    rows = lines(trend(counted("a", WEEK), display=display), width)
    assert max(map(len, rows)) <= width
    assert max(map(len, rows)) > width - 20
    assert len(rows) == 17  # and the end of the last line
    assert rows[0] == "$pageview"
    assert "\x1b" not in "".join(rows)


@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsBar"])
def test_what_is_not_over_is_said(display: str) -> None:
    of = trend(counted("a", [0, 0, 0, 0, 0, 0, 9]), display=display)
    rows = text(of, 80, 16, color=False, computed=datetime(2026, 1, 7, 12)).split("\n")
    whole = text(of, 80, 16, color=False, computed=datetime(2026, 1, 8)).split("\n")
    assert len(rows) == len(whole) == 17
    assert rows[-2] == "(the last day is not over)"
    assert "not over" not in "".join(whole)


def test_ticks() -> None:
    rows = lines(trend(counted("a", [0, 12000], days=["2026-01-31", "2026-02-01"])))
    assert [row.split("┤")[0].strip() for row in rows if "┤" in row] == ["15,000", "10,000", "5,000", "0"]
    assert "2026-01-31" in rows[-2]
    assert "2026-02-01" in rows[-2]


def test_hours_are_where_they_belong() -> None:
    """The first point is at the left edge, and an hour is a twenty-fourth of a day."""
    of = trend(
        counted("a", [9] + [0] * 23, days=[f"2026-01-31 {hour:02}:00:00" for hour in range(24)]), interval="hour"
    )
    rows = lines(of, display="ActionsBar")
    blocks = {match.start() for row in rows for match in re.finditer("█", row)}
    assert min(blocks) == rows[1].index("┤") + 1
    assert max(blocks) < 8
    assert "2026-01-31 00:00" in rows[-2]


def test_a_line_rises_and_gaps_stay_empty() -> None:
    rows = lines(trend(counted("a", [0, None, None, 10])), color=False)
    marks = [row.partition("┤")[2] or row.partition("│")[2] for row in rows]
    assert any(mark.strip() for mark in marks)


def test_without_colours_series_have_letters() -> None:
    rows = lines(trend(counted("a", WEEK), counted("b", WEEK[::-1])))
    assert rows[1] == "o a  x b"
    assert all(any(letter in row for row in rows[2:]) for letter in "ox")


def test_with_colours_both_periods_share_one() -> None:
    both = trend(counted("a", WEEK, compare_label="current"), counted("a", WEEK[::-1], compare_label="previous"))
    rows = lines(both, color=True)
    assert set(re.findall(r"38;5;(\d+)m", "".join(rows))) == {"12"}
    assert COLOR.sub("", rows[1]) == "━ a  · a (previous)"
    assert any("·" in row for row in rows[2:])
    assert "".join(rows).count("\x1b[38") == "".join(rows).count("m\x1b") or rows[-1] == ""


def test_bars_are_stacked() -> None:
    rows = lines(trend(counted("a", [4, 4]), counted("b", [4, 4]), display="ActionsBar"))
    body = [row for row in rows[2:] if "o" in row or "x" in row]
    assert not any("x" in row and "o" in row for row in body)
    assert [("x" if "x" in row else "o") for row in body] == sorted(("x" if "x" in row else "o") for row in body)[::-1]
    assert "10┤" in "".join(rows) or " 8┤" in "".join(rows)


def test_many_series() -> None:
    rows = lines(trend(*(counted(f"s{i}", [i, i + 1]) for i in range(30))))
    assert "… and 22 more" in rows


@pytest.mark.parametrize("display", ["ActionsBarValue", "ActionsTable", "BoldNumber"])
def test_totals(display: str) -> None:
    rows = lines(trend(valued("alpha", 1000), valued("b", 500), valued("none", None), display=display), 40)
    assert [row.split()[0] for row in rows[1:4]] == ["alpha", "b", "none"]
    assert rows[1].count("█") == 2 * rows[2].count("█")
    assert [row.split()[-1] for row in rows[1:4]] == ["1,000", "500", "\N{EN DASH}"]
    assert len({len(row) for row in rows[1:4]}) == 1


def test_totals_are_sorted_and_each_is_followed_by_its_period_before() -> None:
    of = trend(
        valued("AT", 1, compare_label="current"),
        valued("DE", 3, compare_label="current"),
        valued("DE", 2, compare_label="previous"),
        display="WorldMap",
    )
    rows = lines(of)
    assert [row.split("  ")[0] for row in rows[1:4]] == ["DE", "DE (previous)", "AT"]
    assert "░" in rows[2]
    assert "░" not in rows[1] + rows[3]


def test_no_data() -> None:
    assert lines(trend()) == ["Trend", "no data", ""]
    assert "no data" in lines(trend(counted("a", [None])))


@pytest.mark.parametrize("color", [True, False])
def test_a_server_cannot_repaint_the_terminal(color: bool) -> None:
    nasty = "\x1b[31mred\x07\r\n\u202e\ud800"
    for of in (
        trend(counted(nasty, [1], days=[nasty]), counted("b", [1], days=[nasty]), breakdown=nasty),
        trend(valued(nasty, 1), display="ActionsPie"),
    ):
        rows = "\n".join(lines(of, color=color))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800]", COLOR.sub("", rows))
        assert color or "\x1b" not in rows
        assert "\x1b[31m" not in rows
        rows.encode()


def test_wide_letters_take_two_columns() -> None:
    rows = lines(trend(valued("日本", 1), valued("abcd", 1), display="ActionsBarValue"), 40)
    assert rows[1].index("█") == rows[2].index("█") - 2


def test_of_many_totals_twenty_are_drawn_and_the_rest_is_counted() -> None:
    rows = lines(trend(*(valued(f"s{i}", 100 - i) for i in range(33)), display="ActionsBarValue"), height=50)
    assert any(row.startswith("s19 ") for row in rows)
    assert not any(row.startswith("s20 ") for row in rows)
    assert "… and 13 more" in rows


def test_a_broken_plotext_is_not_taken_for_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing, said in (("plotext.deep", "deep"), ("plotext", "posthog-environments")):

        class Finder:
            """Finds no plotext, or one that lacks a part of its own."""

            def __init__(self, missing: str) -> None:
                self.missing = missing

            def find_spec(self, name: str, *_: object) -> None:
                if name == "plotext":
                    raise ModuleNotFoundError(f"No module named {self.missing!r}", name=self.missing)

        with monkeypatch.context() as patch:
            patch.delitem(sys.modules, "plotext", raising=False)
            patch.setattr(sys, "meta_path", [Finder(missing), *sys.meta_path])
            with pytest.raises(ModuleNotFoundError, match=said) as caught:
                lines(trend(counted("a", WEEK)))
        assert caught.value.name == missing

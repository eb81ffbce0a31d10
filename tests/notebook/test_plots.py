"""Charts of trends show the numbers that the server sent."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from posthog_environments_api.models import Trend as TrendRecord

from posthog_environments.config import extras
from posthog_environments.display import chart_data as charts
from posthog_environments.display import figure as plotting
from posthog_environments.results.models import Trend
from tests.notebook.answers import DAYS, counted, trend, valued

mpl.use("Agg")

import matplotlib.dates
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

mdates: Any = matplotlib.dates
WEEK = [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    yield
    plt.close("all")


def drawn(of: Trend, **options: Any) -> Any:
    """Draw, and render too: what would warn only then raises here."""
    axes: Any = of.plot(**options)
    axes.figure.canvas.draw()
    return axes


def days(values: Any) -> list[str]:
    return [f"{mdates.num2date(value):%Y-%m-%d}" for value in mdates.date2num(values)]


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def ticks(axis: Any) -> list[str]:
    return [text.get_text() for text in axis.get_ticklabels()]


# ----- over time


def test_lines() -> None:
    axes = drawn(trend(counted("a", WEEK), counted("b", [7, 6, None, 4, 3, 2, 1])))
    a, b = axes.lines
    assert days(a.get_xdata()) == DAYS
    assert list(a.get_ydata()) == WEEK
    assert [str(value) for value in b.get_ydata()][1:4] == ["6.0", "nan", "4.0"]
    assert a.get_color() != b.get_color()
    assert [a.get_linestyle(), b.get_linestyle()] == ["-", "-"]
    assert legend(axes) == ["a", "b"]
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 7
    assert axes.get_ylabel() == "events per day"
    assert axes.get_title() == "$pageview"
    assert not axes.patches
    assert not axes.collections


@pytest.mark.parametrize("place", ["left", "center", "right"])
@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsBar", "ActionsBarValue"])
def test_a_title_set_by_the_user_replaces_ours(display: str, place: str) -> None:
    with mpl.rc_context({"axes.titlelocation": place}):
        axes = drawn(trend(counted("a", WEEK), display=display))
        assert axes.get_title(loc=place) == "$pageview"
        axes.set_title("Visits")
    found = {where: axes.get_title(loc=where) for where in ("left", "center", "right")}
    assert found.pop(place) == "Visits"
    assert set(found.values()) == {""}
    assert axes.figure.get_suptitle() == ""


def test_one_series_needs_no_legend() -> None:
    assert drawn(trend(counted("a", WEEK))).get_legend() is None


def test_an_area_is_lines() -> None:
    axes = drawn(trend(counted("a", WEEK), display="ActionsAreaGraph"))
    assert list(axes.lines[0].get_ydata()) == WEEK
    assert not axes.collections


def test_cumulative() -> None:
    axes = drawn(trend(counted("a", [1, 3, 6]), display="ActionsLineGraphCumulative"))
    assert list(axes.lines[0].get_ydata()) == [1, 3, 6]
    assert axes.get_ylabel() == "events so far"


def test_the_period_before_is_dashed_on_the_current_days() -> None:
    before = [f"2025-12-{day}" for day in range(25, 32)]
    axes = drawn(
        trend(
            counted("a", WEEK, compare_label="current"),
            counted("b", WEEK[::-1], compare_label="current"),
            counted("a", [5] * 7, days=before, compare_label="previous"),
            counted("b", [6] * 7, days=before, compare_label="previous"),
        )
    )
    lines = axes.lines
    assert [line.get_linestyle() for line in lines] == ["-", "-", "--", "--"]
    assert [line.get_color() for line in lines[:2]] == [line.get_color() for line in lines[2:]]
    assert all(days(line.get_xdata()) == DAYS for line in lines)
    assert list(lines[3].get_ydata()) == [6] * 7
    assert legend(axes) == ["a", "b", "a (previous)", "b (previous)"]


def test_a_longer_period_before_goes_on() -> None:
    axes = drawn(
        trend(
            counted("a", [1, 2], days=["2026-02-01", "2026-03-01"], compare_label="current"),
            counted("a", [1, 2, 3], days=["2025-11-01", "2025-12-01", "2026-01-01"], compare_label="previous"),
            interval="month",
        )
    )
    assert days(axes.lines[1].get_xdata()) == ["2026-02-01", "2026-03-01", "2026-04-01"]


def test_bars_are_stacked() -> None:
    axes = drawn(trend(counted("a", WEEK), counted("b", [2] * 7), counted("f", [-1] * 7), display="ActionsBar"))
    a, b, below = axes.containers
    assert [bar.get_height() for bar in a] == WEEK
    assert [bar.get_y() for bar in b] == WEEK
    assert [bar.get_y() for bar in below] == [0] * 7
    assert days([mdates.num2date(bar.get_x() + bar.get_width() / 2) for bar in a]) == DAYS
    assert a[0].get_width() == pytest.approx(0.8)
    assert not axes.lines[1:]  # the line at 0, for what is below


def test_bars_of_two_periods_stand_side_by_side() -> None:
    axes = drawn(
        trend(
            counted("a", WEEK, compare_label="current"),
            counted("a", [3] * 7, compare_label="previous"),
            display="ActionsBar",
        )
    )
    now, before = axes.containers
    assert [bar.get_y() for bar in before] == [0] * 7
    assert [bar.get_height() for bar in before] == [3] * 7
    assert before[0].get_x() + before[0].get_width() == pytest.approx(now[0].get_x())
    assert before[0].get_hatch()
    assert not now[0].get_hatch()
    assert to_hex(before[0].get_facecolor()) == to_hex(now[0].get_facecolor())


@pytest.mark.parametrize(
    ("interval", "of", "expected"),
    [
        ("day", ["2026-01-30", "2026-01-31", "2026-02-01"], ["2026-01-30", "2026-01-31", "2026-02-01"]),
        ("week", ["2025-12-22", "2025-12-29", "2026-01-05"], ["2025-12-22", "2025-12-29", "2026-01-05"]),
        ("month", ["2025-12-01", "2026-01-01", "2026-02-01"], ["2025-12", "2026-01", "2026-02"]),
        ("hour", ["2026-01-01 23:00:00", "2026-01-02 00:00:00"], ["2026-01-01 23:00", "2026-01-02 00:00"]),
    ],
)
def test_ticks_are_the_points(interval: str, of: list[str], expected: list[str]) -> None:
    axes = drawn(trend(counted("a", [1, 2, 3][: len(of)], days=of), interval=interval))
    assert ticks(axes.xaxis) == expected
    assert [f"{mdates.num2date(place):%Y-%m-%d %H}" for place in axes.get_xticks()] == [f"{day} 00"[:13] for day in of]


def test_many_points_have_few_ticks() -> None:
    many = [f"2026-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(100)]
    axes = drawn(trend(counted("a", list(range(100)), days=many)))
    assert ticks(axes.xaxis) == [many[place] for place in range(0, 100, 17)]


def test_hours_of_a_zone_stay_what_they_are() -> None:
    axes = drawn(trend(counted("a", [1, 2], days=["2026-01-01T23:00:00+05:00", "2026-01-02T00:00:00+05:00"])))
    assert f"{mdates.num2date(axes.get_xticks()[0]):%d %H}" == "01 23"


@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsBar", "ActionsAreaGraph"])
def test_a_single_point_is_seen(display: str) -> None:
    axes = drawn(trend(counted("a", [5], days=["2026-01-31"]), display=display))
    low, high = axes.get_xlim()
    assert high - low == pytest.approx(4)
    assert ticks(axes.xaxis) == ["2026-01-31"]
    if display != "ActionsBar":
        assert axes.lines[0].get_marker() == "o"


def test_thousands_are_separated_and_counts_are_whole() -> None:
    labels = ticks(drawn(trend(counted("a", [12345, 1]))).yaxis)
    assert labels == ["0", "5,000", "10,000", "15,000"]
    assert not any("." in label for label in ticks(drawn(trend(counted("a", [1, 2, 0]))).yaxis))


def test_below_zero_there_is_room() -> None:
    axes = drawn(trend(counted("a", [-5, 5])))
    assert axes.get_ylim()[0] < -5


@pytest.mark.parametrize("of", [[], [counted("a", [])], [counted("a", [None, None])], [valued("a", None)]])
def test_no_data(of: list[dict[str, Any]]) -> None:
    axes = drawn(trend(*of))
    assert "no data" in [text.get_text() for text in axes.texts]


def test_where_the_current_period_is_empty_the_one_before_is_drawn() -> None:
    axes = drawn(trend(counted("a", []), counted("a", [1, 2], days=["first", "second"], compare_label="previous")))
    assert ticks(axes.xaxis) == ["first", "second"]


@pytest.mark.parametrize("display", sorted(charts.KINDS))
def test_numbers_that_no_axis_reaches_are_left_out(display: str) -> None:
    for number in (1.7e308, -1.7e308, 10**400, float("inf")):
        over_time = charts.KINDS[display] != "totals"
        axes = drawn(trend(counted("a", [number, 2]) if over_time else valued("a", number), display=display))
        assert all(abs(limit) < 10 for limit in axes.get_ylim())


def test_days_that_are_no_dates_are_written_as_they_are() -> None:
    axes = drawn(trend(counted("a", [1, 2], days=["first", "second"])))
    assert ticks(axes.xaxis) == ["first", "second"]


def test_twenty_series_are_told_apart_and_the_rest_is_counted() -> None:
    axes = drawn(trend(*(counted(f"s{i}", [i, i]) for i in range(30))))
    assert len({line.get_color() for line in axes.lines}) == 20
    assert legend(axes) == [*(f"s{i}" for i in range(20)), "… and 10 more"]


def test_each_series_that_is_drawn_has_its_period_before() -> None:
    periods = ("current", "previous")
    axes = drawn(trend(*(counted(f"s{i}", [i], compare_label=name) for name in periods for i in range(12))))
    assert legend(axes) == [*(f"s{i}" for i in range(10)), *(f"s{i} (previous)" for i in range(10)), "… and 4 more"]


# ----- one number for each series


def widths(axes: Any) -> list[float]:
    return [bar.get_width() for bar in axes.patches]


def test_totals() -> None:
    axes = drawn(trend(valued("a", 5), valued("b", None), valued("c", 1234), display="ActionsBarValue"))
    assert widths(axes) == [1234, 5, 0]
    assert ticks(axes.yaxis) == ["c", "a", "b"]
    assert axes.yaxis_inverted()
    assert [text.get_text() for text in axes.texts] == ["1,234", "5", "\N{EN DASH}"]
    assert axes.get_xlim()[0] == 0


@pytest.mark.parametrize("display", ["WorldMap", "ActionsPie", "ActionsTable", "BoldNumber"])
def test_of_many_totals_the_largest_are_drawn(display: str) -> None:
    axes = drawn(trend(*(valued(f"C{i}", i) for i in range(100)), display=display))
    assert ticks(axes.yaxis)[:2] == ["C99", "C98"]
    assert widths(axes) == list(range(99, 79, -1))
    assert "… and 80 more" in axes.get_xlabel()


def test_totals_of_two_periods() -> None:
    axes = drawn(
        trend(
            valued("a", 4, compare_label="current"),
            valued("b", 2, compare_label="current"),
            valued("b", 3, compare_label="previous"),
            valued("a", 1, compare_label="previous"),
            display="ActionsBarValue",
        )
    )
    assert ticks(axes.yaxis) == ["a", "a (previous)", "b", "b (previous)"]
    assert widths(axes) == [4, 1, 2, 3]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True, False, True]
    assert len({to_hex(bar.get_facecolor()) for bar in axes.patches}) == 2


# ----- which picture


def test_display_overrides_the_question() -> None:
    of = trend(counted("a", WEEK), counted("b", [2] * 7))
    assert widths(drawn(of, display="ActionsBarValue")) == [28, 14]
    assert len(drawn(of, display="ActionsBar").containers) == 2


def test_a_display_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"Unknown display 'Pie'\. Use one of ActionsLineGraph, .*BoldNumber"):
        trend().plot(display="Pie")


def test_totals_have_no_points() -> None:
    with pytest.raises(ValueError, match="needs points over time"):
        trend(valued("a", 1), display="ActionsPie").plot(display="ActionsBar")


def test_every_display_of_the_contract_is_known() -> None:
    contract = (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:Actions[A-Z]\w+|BoldNumber|WorldMap)\b", contract))
    named.discard("ActionsNode")  # a kind of series
    assert named
    assert named <= set(charts.KINDS)


# ----- what is not over

NOON = datetime(2026, 1, 7, 12)


def computed(of: Trend, when: str | None, timezone: str | None = "Europe/Berlin") -> Trend:
    return Trend(TrendRecord.from_dict({**of.to_dict(), "last_refresh": when, "timezone": timezone}))


@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsAreaGraph", "ActionsLineGraphCumulative"])
def test_the_end_of_a_line_that_is_not_over_is_dashed(display: str) -> None:
    axes = drawn(computed(trend(counted("a", WEEK), counted("b", WEEK), display=display), "2026-01-07T11:00:00Z"))
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    solid = [line for line in axes.lines if line.get_linestyle() == "-"]
    assert [days(line.get_xdata()) for line in dashed] == [DAYS[-2:]] * 2
    assert [days(line.get_xdata()) for line in solid] == [DAYS[:-1]] * 2
    assert [line.get_color() for line in dashed] == [line.get_color() for line in solid]
    assert axes.get_xlabel() == "the last day is not over: dashed"
    assert legend(axes) == ["a", "b"]


def test_a_bar_that_is_not_over_is_dashed() -> None:
    axes = drawn(computed(trend(counted("a", WEEK), display="ActionsBar"), "2026-01-07T11:00:00Z"))
    assert [bar.get_linestyle() for bar in axes.patches] == ["solid"] * 6 + ["--"]
    assert axes.get_xlabel() == "the last day is not over: dashed"


@pytest.mark.parametrize(
    ("when", "timezone"),
    [(None, "UTC"), ("2026-01-07T23:00:00Z", "Europe/Berlin"), ("2026-02-01T00:00:00Z", "UTC"),
     ("2026-01-07T11:00:00Z", None), ("2026-01-07T11:00:00Z", "Nowhere/Land"), ("2026-01-07T11:00:00Z", "../x")],
)  # fmt: skip
def test_what_is_over_or_not_known_is_drawn_as_ever(when: str | None, timezone: str | None) -> None:
    axes = drawn(computed(trend(counted("a", WEEK)), when, timezone))
    (line,) = axes.lines
    assert (line.get_linestyle(), len(line.get_xdata()), axes.get_xlabel()) == ("-", 7, "")


def test_more_than_one_point_may_not_be_over() -> None:
    of = trend(counted("a", WEEK))
    for moment, said, over in (
        (datetime(2026, 1, 5), "the last 3 days are not over", 4),
        (datetime(2025, 12, 1), "the last 7 days are not over", 0),
        (datetime(2026, 1, 8), "", 7),
    ):
        chart = charts.read(of, computed=moment)
        assert (chart.unfinished, chart.finished(chart.series[0])) == (said, over)
        axes: Any = plotting.plot(of, computed=moment)
        axes.figure.canvas.draw()


@pytest.mark.parametrize(
    ("interval", "first", "second", "end"),
    [
        ("minute", "2026-01-31 10:00:00", "2026-01-31 10:01:00", datetime(2026, 1, 31, 10, 2)),
        ("hour", "2026-01-31 10:00:00", "2026-01-31 11:00:00", datetime(2026, 1, 31, 12)),
        ("week", "2026-01-25", "2026-02-01", datetime(2026, 2, 8)),
        ("month", "2026-01-01", "2026-02-01", datetime(2026, 3, 1)),
        ("month", "2026-11-01", "2026-12-01", datetime(2027, 1, 1)),
        ("quarter", "2026-07-01", "2026-10-01", datetime(2027, 1, 1)),
        ("year", "2025-01-01", "2026-01-01", datetime(2027, 1, 1)),
    ],
)
def test_when_a_point_is_over(interval: str, first: str, second: str, end: datetime) -> None:
    of = trend(counted("a", [1, 2], days=[first, second]), interval=interval)
    assert charts.read(of, computed=end).unfinished == ""
    assert charts.read(of, computed=end - timedelta(seconds=1)).unfinished == f"the last {interval} is not over"


def test_the_period_before_is_over() -> None:
    of = trend(counted("a", WEEK, compare_label="current"), counted("a", WEEK, compare_label="previous"))
    chart = charts.read(of, computed=NOON)
    assert [chart.finished(line) for line in chart.series] == [6, 7]


def test_a_display_of_a_newer_server_is_drawn_all_the_same() -> None:
    assert drawn(trend(counted("a", WEEK), display="CalendarHeatmap")).lines
    assert drawn(trend(valued("a", 1), display="Something")).containers


def test_axes_of_ones_own() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert trend(counted("a", WEEK)).plot(ax=right) is right
    assert right.lines
    assert not left.lines
    assert plt.get_fignums() == [figure.number]


# ----- names


def test_dollars_begin_no_formula() -> None:
    of = trend(counted("$a vs $b", [1]), counted("$x^{2$ \\$", [2]), valued("_c", 1))
    axes = drawn(of)
    assert [text.get_text().replace(r"\$", "$") for text in axes.get_legend().get_texts()] == [
        "$a vs $b",
        "$x^{2$ \\$",
        " _c",
    ]
    from matplotlib.cbook import is_math_text

    assert not any(is_math_text(text) for text in legend(axes))
    for display in ("ActionsBarValue", "ActionsPie", "ActionsTable", "BoldNumber"):
        axes = drawn(of, display=display)
        texts = [text.get_text() for text in axes.findobj(mpl.text.Text)]
        assert not any(is_math_text(text) for text in texts)


@pytest.mark.parametrize("display", sorted(charts.KINDS))
def test_emoji_and_odd_letters_do_not_warn(display: str) -> None:
    name = "🎉👩‍👩‍👧 日本 \x00\x1b[31m\n\u202e\ud800 " + "long " * 100
    over_time = charts.KINDS[display] != "totals"
    made = counted(name, WEEK) if over_time else valued(name, 3)
    other = {**made, "label": "other", "action": {"name": name}, "breakdown_value": name}
    axes = drawn(trend(made, other, display=display, breakdown=name))
    for text in axes.findobj(mpl.text.Text):
        assert len(text.get_text()) < 130
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", text.get_text())


def test_letters_that_the_font_has_stay() -> None:
    assert legend(drawn(trend(counted("Ünïcödé", [1]), counted("b", [1]))))[0] == "Ünïcödé"


def test_names_are_told_apart() -> None:
    of = trend(
        {"label": "$pageview", "data": [1], "action": {"math": "total"}},
        {"label": "$pageview", "data": [1], "action": {"math": "dau"}},
        {"label": "$pageview", "data": [1], "action": {"math": "sum", "math_property": "price"}},
        {"label": "x", "data": [1]},
        {"label": "x", "data": [1]},
        {"label": "", "breakdown_value": "", "data": [1]},
        {"label": None, "data": [1]},
        {"label": "$pageview - $$_posthog_breakdown_null_$$", "data": [1]},
    )
    assert [line.name for line in charts.read(of).series] == [
        "$pageview (events)",
        "$pageview (unique persons)",
        "$pageview (sum of price)",
        "x",
        "x #2",
        "(empty)",
        "series 7",
        "$pageview - (none)",
    ]


def test_titles() -> None:
    assert charts.read(trend(counted("Chrome", [1]), breakdown="$browser")).title == "$pageview by $browser"
    assert charts.read(trend({"label": "Formula (A/B)", "data": [1]}, formula="A/B")).title == "Formula (A/B)"


odd: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
odd |= st.builds(list) | st.builds(dict)
series = st.fixed_dictionaries(
    {},
    optional={
        "label": odd,
        "data": st.lists(odd, max_size=5),
        "days": st.lists(odd | st.dates().map(str) | st.datetimes().map(str), max_size=5),
        "aggregated_value": odd,
        "compare_label": st.sampled_from(["current", "previous", None]),
        "breakdown_value": odd,
        "action": st.fixed_dictionaries({}, optional={"name": odd, "math": odd, "math_property": odd}),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(series, max_size=4),
    st.sampled_from(sorted(charts.KINDS)),
    st.sampled_from(["hour", "day", "week", "month", None, []]),
)
def test_anything_is_drawn(rows: list[dict[str, Any]], display: str, interval: Any) -> None:
    echo = {"filter": {"display": display, "interval": interval}}
    of = Trend(TrendRecord.from_dict({"result": [{**row, **echo} for row in rows]}))
    drawn(of)
    plt.close("all")
    for color in (True, False):
        assert max(map(len, re.sub("\x1b\\[[0-9;]*m", "", plotting.text(of, 60, 12, color=color)).split("\n"))) <= 60


# ----- files


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")]
)
def test_save(tmp_path: Path, suffix: str, start: bytes) -> None:
    of = trend(counted("a", WEEK))
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    one.write_text("old")
    plotting.save(of, one)
    plotting.save(of, str(two))
    assert one.read_bytes().startswith(start)
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([one.name, two.name])


def test_saving_leaves_pyplot_alone(tmp_path: Path) -> None:
    code = """
import sys
from posthog_environments.display import figure as plotting
plotting.save([], sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.png")], check=True)


@pytest.mark.parametrize("name", ["x.jpeg", "x", "x.png.txt", ".png"])
def test_save_as_something_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf"):
        plotting.save(trend(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def fail(self: Figure, path: Path, **_: Any) -> None:
        path.write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    file = tmp_path / "x.png"
    file.write_text("old")
    with pytest.raises(OSError, match="disk full"):
        plotting.save(trend(counted("a", WEEK)), file)
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
    assert file.read_text() == "old"


# ----- what is not installed


@pytest.mark.parametrize(("module", "extra"), [("matplotlib", "plot"), ("plotext", "cli")])
def test_a_missing_extra_is_named(module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Missing(module), *sys.meta_path])
    of = trend(counted("a", WEEK))
    calls: list[Any] = [lambda: plotting.text(of, 80, 20, color=False)]
    if extra == "plot":
        calls = [of.plot, lambda: plotting.save(of, tmp_path / "x.png")]
    for call in calls:
        with pytest.raises(ModuleNotFoundError, match=rf"pip install 'posthog-environments\[{extra}\]'"):
            call()


class _Missing:
    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".", maxsplit=1)[0] == self.module:
            raise ModuleNotFoundError(f"No module named {self.module!r}", name=self.module)


def test_times_are_read_as_the_clock_shows_them() -> None:
    assert charts.moment("2026-01-31 10:00:00") == datetime(2026, 1, 31, 10)
    assert charts.moment("2026-01-31T10:00:00+02:00") == datetime(2026, 1, 31, 10)
    assert charts.moment("31-Jan-2026") is None


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.25, "0.25"), (-0.5, "-0.5"), (1e-6, "0.000001"), (0.1 + 0.2, "0.3"), (1e-7, "1e-07"), (2.5, "2.5")],
)
def test_small_numbers_are_written_without_noise(value: float, written: str) -> None:
    assert charts.format_number(value) == written


def test_a_broken_matplotlib_is_not_taken_for_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing, said in (("kiwisolver", "kiwisolver"), ("matplotlib", "posthog-environments")):

        def fail(name: str, missing: str = missing) -> Any:
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

        with monkeypatch.context() as patch:
            patch.setattr(extras, "import_module", fail)
            with pytest.raises(ModuleNotFoundError, match=said) as caught:
                drawn(trend(counted("a", [1])))
        assert caught.value.name == missing

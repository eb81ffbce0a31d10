"""The figures of `query/`: periods, breakdowns, formulas and math, by era."""

from __future__ import annotations

from typing import Any

import pytest

from .asking import ERAS, SERIES, ask, trends_query
from .conftest import Client, Start

NULL, OTHER = "$$_posthog_breakdown_null_$$", "$$_posthog_breakdown_other_$$"


def test_newer_intervals_are_refused_by_servers_of_2025(start: Start) -> None:
    older, newer = start(50, era="2025"), start(50, era="2026")
    span = {"date_from": "2025-11-10", "date_to": "2026-01-20"}
    for interval, days in (("quarter", ["2025-10-01", "2026-01-01"]), ("year", ["2025-01-01", "2026-01-01"])):
        query = trends_query(interval=interval, dateRange=span)
        assert ask(older, query)[1]["code"] == "parse_error"
        (row,) = ask(newer, query)[1]["results"]
        (daily,) = ask(newer, trends_query(dateRange={**span, "date_from": row["days"][0]}))[1]["results"]
        assert (row["days"], row["count"]) == (days, daily["count"])
    minutes = {"date_from": "2026-01-20T10:00:00", "date_to": "2026-01-20T10:59:59"}
    for interval, many in (("minute", 60), ("second", 3600)):
        (row,) = ask(newer, trends_query(interval=interval, dateRange=minutes))[1]["results"]
        (hour,) = ask(newer, trends_query(interval="hour", dateRange=minutes))[1]["results"]
        assert (len(row["data"]), row["count"]) == (many, hour["count"])


def test_a_comparison_has_its_own_days(odd: Client) -> None:
    span = {"date_from": "2026-01-15", "date_to": "2026-01-19"}
    current, previous = ask(odd, trends_query(dateRange=span, compareFilter={"compare": True}))[1]["results"]
    assert [row["compare_label"] for row in (current, previous)] == ["current", "previous"]
    assert previous["days"] == [f"2026-01-{day}" for day in range(10, 15)]
    assert current["action"]["days"] == previous["action"]["days"]  # the current ones, as on servers


@pytest.mark.parametrize(
    ("era", "date_from", "interval", "now", "days"),
    [
        ("2025", "-7d", "day", "2026-01-24T15:00:00", ("2026-01-10", "2026-01-17")),
        ("2026", "-7d", "day", "2026-01-24T15:00:00", ("2026-01-10", "2026-01-17")),
        ("2026", "mStart", "day", "2026-03-05T15:00:00", ("2026-02-24", "2026-02-28")),
        ("2026-09", "mStart", "day", "2026-03-05T15:00:00", ("2026-02-01", "2026-02-28")),
        ("2026-09", "qStart", "month", "2026-05-05T15:00:00", ("2026-01-01", "2026-03-01")),
        ("2026-09", "wStart", "day", "2026-01-21T15:00:00", ("2026-01-11", "2026-01-17")),
        ("2026", "-24h", "hour", "2026-01-24T15:30:00", ("2026-01-22 15:00:00", "2026-01-23 15:00:00")),
    ],
)
def test_the_period_before(start: Start, era: str, date_from: str, interval: str, now: str, days: Any) -> None:
    client = start(5, era=era, now=now)
    query = trends_query(interval=interval, dateRange={"date_from": date_from}, compareFilter={"compare": True})
    _, previous = ask(client, query)[1]["results"]
    assert (previous["days"][0], previous["days"][-1]) == days


def test_weeks_and_hours_by_era(start: Start) -> None:
    """Until 2026 the first week is whole and hours begin with the hour; since then both begin with the day."""
    older, newer = start(200, era="2025"), start(200, era="2026")
    week = trends_query(interval="week", dateRange={"date_from": "2026-01-14", "date_to": "2026-01-27"})
    rows = [ask(client, week)[1]["results"][0] for client in (older, newer)]
    assert [row["days"] for row in rows] == [["2026-01-11", "2026-01-18", "2026-01-25"]] * 2
    daily = ask(older, trends_query(dateRange={"date_from": "2026-01-11", "date_to": "2026-01-17"}))[1]["results"][0]
    assert [row["data"][0] for row in rows] == [sum(daily["data"]), sum(daily["data"][3:])]
    assert sum(daily["data"][:3]) > 0
    assert [row["labels"] for row in rows] == [
        ["11-Jan-2026", "18-Jan-2026", "25-Jan-2026"],
        ["14\N{EN DASH}17 Jan", "18\N{EN DASH}24 Jan", "25\N{EN DASH}27 Jan"],
    ]
    hours = trends_query(interval="hour", dateRange={"date_from": "-1d"})
    first = [ask(client, hours)[1]["results"][0]["days"][0] for client in (older, newer)]
    assert first == ["2026-01-31 12:00:00", "2026-01-31 00:00:00"]


def test_a_bold_number_counts_back_from_this_moment(start: Start) -> None:
    client = start(300, now="2026-01-24T15:00:00")
    bold = trends_query(dateRange={"date_from": "-7d"}, trendsFilter={"display": "BoldNumber"})
    exact = {"date_from": "2026-01-17T15:00:00", "date_to": "2026-01-24T15:59:59"}
    hours = ask(client, trends_query(interval="hour", dateRange=exact))[1]["results"][0]
    days = ask(client, trends_query(dateRange={"date_from": "-7d"}))[1]["results"][0]
    (row,) = ask(client, bold)[1]["results"]
    assert row["aggregated_value"] == sum(hours["data"][:-1])
    assert row["aggregated_value"] < days["count"]
    assert (row["data"], row["days"], row["count"], "labels" in row) == ([], [], 0, False)


def test_breakdowns(odd: Client) -> None:
    span = {"date_from": "-30d"}
    one = {"breakdown": "$browser", "breakdown_limit": 2}
    whole = ask(odd, trends_query(dateRange=span))[1]["results"][0]
    status, answer = ask(odd, trends_query(dateRange=span, breakdownFilter=one))
    rows = answer["results"]
    assert (status, len(rows), rows[-1]["breakdown_value"], answer["hasMore"]) == (200, 3, OTHER, True)
    assert sum(row["count"] for row in rows) == whole["count"]
    hidden = ask(odd, trends_query(dateRange=span, breakdownFilter={**one, "breakdown_hide_other_aggregation": True}))
    assert ([row["label"] for row in hidden[1]["results"]], hidden[1]["hasMore"]) == (
        [row["label"] for row in rows[:2]], True
    )  # fmt: skip
    parts = [{"property": "$browser", "type": "event"}, {"property": "company", "type": "person"}]
    rows = ask(odd, trends_query(dateRange=span, breakdownFilter={"breakdowns": parts, "breakdown_limit": 500}))[1][
        "results"
    ]
    assert all(row["label"] == "::".join(row["breakdown_value"]) for row in rows)
    assert any(row["breakdown_value"][1] == NULL for row in rows)
    assert sum(row["count"] for row in rows) == whole["count"]
    rows = ask(odd, trends_query(breakdownFilter={"breakdown": ["all"], "breakdown_type": "cohort"}))[1]["results"]
    assert [(row["label"], row["breakdown_value"]) for row in rows] == [("all users", "all")]
    by_hogql = {"breakdown": "properties.$browser", "breakdown_type": "hogql"}
    plain = ask(odd, trends_query(breakdownFilter={"breakdown": "$browser"}))[1]["results"]
    assert [row["data"] for row in ask(odd, trends_query(breakdownFilter=by_hogql))[1]["results"]] == [
        row["data"] for row in plain
    ]
    two = trends_query(
        series=[*SERIES, {"kind": "EventsNode", "event": None}], breakdownFilter={"breakdown": "$browser"}
    )
    labels = [row["label"] for row in ask(odd, two)[1]["results"]]
    assert {label.partition(" - ")[0] for label in labels} == {"$pageview", "All events"}
    nothing = trends_query(series=[{"kind": "EventsNode", "event": "nobody's"}])
    assert ask(odd, {**nothing, "breakdownFilter": {"breakdown": "$browser"}})[1]["results"] == []
    assert ask(odd, nothing)[1]["results"][0]["data"] == [0] * 8


@pytest.mark.parametrize("era", ERAS)
def test_formulas(start: Start, era: str) -> None:
    client = start(100, era=era)
    series = [{"kind": "EventsNode", "event": None}, {"kind": "EventsNode", "event": None, "math": "dau"}]
    nodes = {"formulaNodes": [{"formula": "A/B"}, {"formula": "A - B", "custom_name": "Rest"}]}
    plain = ask(client, trends_query(series=series))[1]["results"]
    ratio, rest = ask(client, trends_query(series=series, trendsFilter=nodes))[1]["results"]
    assert (ratio["label"], ratio["order"], ratio["action"], rest["label"], rest["order"]) == (
        "Formula (A/B)", 0, None, "Rest", 1
    )  # fmt: skip
    points = list(zip(plain[0]["data"], plain[1]["data"], strict=True))
    assert ratio["data"] == pytest.approx([a / b if b else 0 for a, b in points])
    totals = plain[0]["count"] / plain[1]["count"]
    assert ratio["count"] == pytest.approx(totals if era == "2026-09" else sum(ratio["data"]))
    (total,) = ask(client, trends_query(series=series, trendsFilter={"formula": "A*2", "display": "ActionsPie"}))[1][
        "results"
    ]
    assert (total["data"], total["count"], total["aggregated_value"]) == (None, 0, plain[0]["count"] * 2)


def test_first_times_actors_and_smoothing(cdnow: Client) -> None:
    span = {"date_from": "1997-01-01", "date_to": "1997-06-30"}

    def rows(math: str, **parts: Any) -> dict[str, Any]:
        series = [{"kind": "EventsNode", "event": "purchase", "math": math, "math_property": "dollars"}]
        found: dict[str, Any] = ask(
            cdnow, {"kind": "TrendsQuery", "series": series, "interval": "month", "dateRange": span, **parts}
        )[1]["results"][0]
        return found

    firsts, persons, total = rows("first_time_for_user"), rows("dau"), rows("total")
    assert firsts["count"] == rows("dau", trendsFilter={"display": "BoldNumber"})["aggregated_value"]
    assert firsts["data"][0] == persons["data"][0]  # nobody came before
    assert firsts["data"][-1] < persons["data"][-1]
    big = [{"key": "dollars", "value": 100, "operator": "gt", "type": "event"}]
    matching = rows("first_matching_event_for_user", properties=big)
    assert matching["count"] == rows("dau", properties=big, trendsFilter={"display": "BoldNumber"})["aggregated_value"]
    assert rows("first_time_for_user", properties=big)["count"] < matching["count"]
    each = rows("avg_count_per_actor")
    assert each["data"] == pytest.approx([a / b for a, b in zip(total["data"], persons["data"], strict=True)])
    assert rows("max_count_per_actor")["data"] >= rows("p90_count_per_actor")["data"]
    smooth = rows("total", trendsFilter={"smoothingIntervals": 2})
    assert smooth["data"] == [
        total["data"][0],
        *((a + b) // 2 for a, b in zip(total["data"], total["data"][1:], strict=False)),
    ]
    twice = [
        {"kind": "EventsNode", "event": "purchase", "math": "sum", "math_property": "dollars", "math_multiplier": 2}
    ]
    doubled = ask(cdnow, {"kind": "TrendsQuery", "series": twice, "interval": "month", "dateRange": span})[1][
        "results"
    ][0]
    assert doubled["data"] == pytest.approx([2 * value for value in rows("sum")["data"]])

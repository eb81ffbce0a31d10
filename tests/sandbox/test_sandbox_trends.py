"""Trends against an aggregation of the same rows in plain Python."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from importlib.resources import files
from itertools import accumulate
from typing import Any, NamedTuple

import duckdb
import pytest

from .conftest import Client, Start

OTHER = "$$_posthog_breakdown_other_$$"
FIRST, LAST = date(1997, 1, 1), date(1998, 6, 30)


class Purchase(NamedTuple):
    customer: int
    day: date
    cds: int
    dollars: float
    segment: str


@pytest.fixture(scope="module")
def purchases() -> list[Purchase]:
    path = files("posthog_environments.sandbox") / "cdnow.parquet"
    with duckdb.connect() as database:
        rows = database.execute("SELECT customer, day, cds, cents FROM read_parquet(?)", [str(path)]).fetchall()
    bought: defaultdict[int, int] = defaultdict(int)
    for customer, *_ in rows:
        bought[customer] += 1
    names = {customer: "one-time" if n == 1 else "repeat" if n < 5 else "loyal" for customer, n in bought.items()}
    return [Purchase(customer, day, cds, cents / 100, names[customer]) for customer, day, cds, cents in rows]


def quantile(values: list[float], share: float) -> float:
    values = sorted(values)
    at = (len(values) - 1) * share
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


MATHS: dict[str, Callable[[list[Purchase]], float]] = {
    "total": len,
    "dau": lambda rows: len({row.customer for row in rows}),
    "sum": lambda rows: sum(row.dollars for row in rows),
    "avg": lambda rows: statistics.fmean(row.dollars for row in rows) if rows else 0,
    "min": lambda rows: min((row.dollars for row in rows), default=0),
    "max": lambda rows: max((row.dollars for row in rows), default=0),
    "median": lambda rows: statistics.median(row.dollars for row in rows) if rows else 0,
    "p90": lambda rows: quantile([row.dollars for row in rows], 0.9) if rows else 0,
    "p95": lambda rows: quantile([row.dollars for row in rows], 0.95) if rows else 0,
    "p99": lambda rows: quantile([row.dollars for row in rows], 0.99) if rows else 0,
}


def start_of(day: date, interval: str) -> date:
    if interval == "week":
        return day - timedelta(days=day.isoweekday() % 7)
    return day.replace(day=1) if interval == "month" else day


def points(interval: str, first: date = FIRST, last: date = LAST) -> list[date]:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return sorted({start_of(day, interval) for day in days})


def grouped(rows: Iterable[Purchase], interval: str) -> dict[date, list[Purchase]]:
    found: defaultdict[date, list[Purchase]] = defaultdict(list)
    for row in rows:
        found[start_of(row.day, interval)].append(row)
    return found


def ask(client: Client, math: str = "total", **question: Any) -> list[dict[str, Any]]:
    event = {"id": "purchase", "math": math, "math_property": "dollars"}
    return client.trend(**{"events": [event], "date_from": str(FIRST), "date_to": str(LAST), **question})


@pytest.mark.parametrize("interval", ["day", "week", "month"])
@pytest.mark.parametrize("math", MATHS)
def test_every_math_by_every_interval(cdnow: Client, purchases: list[Purchase], math: str, interval: str) -> None:
    (series,) = ask(cdnow, math, interval=interval)
    groups, moments = grouped(purchases, interval), points(interval)
    assert series["days"] == [str(day) for day in moments]
    assert series["labels"] == [f"{day:%b %Y}" if interval == "month" else f"{day.day}-{day:%b-%Y}" for day in moments]
    expected = [MATHS[math](groups.get(day, [])) for day in moments]
    assert series["data"] == pytest.approx(expected)
    assert series["count"] == pytest.approx(sum(expected))
    assert isinstance(series["count"], float)


@pytest.mark.parametrize("interval", ["day", "week", "month"])
@pytest.mark.parametrize(("math", "days"), [("weekly_active", 7), ("monthly_active", 30)])
def test_active_windows(cdnow: Client, purchases: list[Purchase], math: str, days: int, interval: str) -> None:
    (series,) = ask(cdnow, math, interval=interval, date_from="1997-02-01", date_to="1997-04-30")
    expected: list[int] = []
    for day in points(interval, date(1997, 2, 1), date(1997, 4, 30)):
        following = {
            "day": day + timedelta(1),
            "week": day + timedelta(7),
            "month": start_of(day + timedelta(31), "month"),
        }
        end = min(following[interval], date(1997, 5, 1))
        first = day if interval == "month" or (interval == "week" and days == 7) else end - timedelta(days)
        expected.append(len({row.customer for row in purchases if first <= row.day < end}))
    assert series["data"] == expected


@pytest.mark.parametrize("kind", ["person", "event"])
@pytest.mark.parametrize("math", ["total", "dau", "sum", "avg"])
def test_breakdown(cdnow: Client, purchases: list[Purchase], math: str, kind: str) -> None:
    key = "segment" if kind == "person" else "cds"
    part: Callable[[Purchase], str] = (lambda row: row.segment) if kind == "person" else (lambda row: str(row.cds))
    series = ask(cdnow, math, interval="month", breakdown=key, breakdown_type=kind)
    data: dict[str, list[float]] = {}
    for name in {part(row) for row in purchases}:
        groups = grouped((one for one in purchases if part(one) == name), "month")
        data[name] = [MATHS[math](groups.get(day, [])) for day in points("month")]
    # The largest by the sum of their points, and the rest as one.
    ranked = sorted(data, key=lambda name: (-round(sum(data[name]), 6), name))
    rest = [data[name] for name in ranked[25:]]
    others = [OTHER] if rest else []
    data[OTHER] = [sum(column) for column in zip(*rest, strict=True)]
    assert [row["breakdown_value"] for row in series] == ranked[:25] + others
    for row in series:
        assert row["label"] == row["breakdown_value"]
        assert row["data"] == pytest.approx(data[row["breakdown_value"]])


def test_a_long_answer_announces_a_page_that_is_empty(cdnow: Client, purchases: list[Purchase]) -> None:
    question = {"events": [{"id": "purchase"}], "date_from": "all", "breakdown": "cds", "display": "ActionsPie"}
    answer = cdnow.http.post("/insights/trend/", json=question).json()
    sizes = {row["breakdown_value"]: row["aggregated_value"] for row in answer["result"]}
    assert len(sizes) == 26
    assert sum(sizes.values()) == len(purchases)
    second = cdnow.http.post(answer["next"], json=question).json()
    assert (second["result"], second["next"]) == ([], None)
    few = cdnow.trend(**{**question, "events": ["purchase"], "breakdown_limit": 3})
    assert [row["breakdown_value"] for row in few] == [*list(sizes)[:3], OTHER]
    hidden = cdnow.trend(**{**question, "breakdown_hide_other_aggregation": True})
    assert [row["breakdown_value"] for row in hidden] == list(sizes)[:25]


@pytest.mark.parametrize("display", ["ActionsTable", "ActionsPie", "ActionsBarValue", "WorldMap", "BoldNumber"])
@pytest.mark.parametrize("math", ["total", "dau", "sum", "avg"])
def test_aggregated_displays(cdnow: Client, purchases: list[Purchase], math: str, display: str) -> None:
    (series,) = ask(cdnow, math, display=display)
    assert series["aggregated_value"] == pytest.approx(MATHS[math](purchases))
    assert (series["data"], series["days"], series["count"]) == ([], [], 0.0)


def test_cumulative(cdnow: Client) -> None:
    (plain,) = ask(cdnow, "sum", interval="week")
    (running,) = ask(cdnow, "sum", interval="week", display="ActionsLineGraphCumulative")
    assert running["data"] == pytest.approx(list(accumulate(plain["data"])))


def test_hours(cdnow: Client, purchases: list[Purchase]) -> None:
    (short,) = ask(cdnow, date_from="1997-02-01", date_to="1997-02-02", interval="hour")
    assert len(short["data"]) == 25  # by hour an end is not raised to the end of its day
    (series,) = ask(cdnow, date_from="1997-02-01", date_to="1997-02-02T23:30:00", interval="hour")
    assert len(series["data"]) == 48
    assert (series["days"][1], series["labels"][1]) == ("1997-02-01 01:00:00", "1-Feb 01:00")
    assert series["data"][0] == sum(row.day == date(1997, 2, 1) for row in purchases)
    assert sum(series["data"]) == sum(date(1997, 2, 1) <= row.day <= date(1997, 2, 2) for row in purchases)


def test_compare_with_the_period_before(cdnow: Client, purchases: list[Purchase]) -> None:
    current, previous = ask(cdnow, date_from="1997-03-01", date_to="1997-03-10", compare=True)
    assert [row["compare"] for row in (current, previous)] == [True, True]
    assert [row["compare_label"] for row in (current, previous)] == ["current", "previous"]
    assert previous["days"] == [str(date(1997, 2, 19) + timedelta(n)) for n in range(10)]
    assert previous["data"] == [sum(str(row.day) == day for row in purchases) for day in previous["days"]]
    _, previous = ask(cdnow, date_from="1997-03-01", date_to="1997-03-10", compare=True, compare_to="-1m")
    assert previous["days"][0] == "1997-02-01"
    assert previous["data"] == [sum(str(row.day) == day for row in purchases) for day in previous["days"]]


def test_formula(cdnow: Client, purchases: list[Purchase]) -> None:
    events = [{"id": "purchase", "math": "sum", "math_property": "dollars"}, {"id": "purchase"}]
    (series,) = cdnow.trend(events=events, formula="A / B", date_from="all", interval="month")
    groups = grouped(purchases, "month")
    expected = [MATHS["sum"](groups[day]) / len(groups[day]) for day in points("month")]
    assert series["label"] == "Formula (A / B)"
    assert series["data"] == pytest.approx([*expected, 0.0])  # nothing is bought in July: 0 / 0 is 0
    broken = cdnow.trend(
        events=events,
        formula="A / B",
        date_from="all",
        breakdown="segment",
        breakdown_type="person",
        display="ActionsPie",
    )
    for row in broken:
        mine = [one for one in purchases if one.segment == row["breakdown_value"]]
        assert row["aggregated_value"] == pytest.approx(MATHS["avg"](mine))
        assert (row["data"], row["label"]) == (None, "Formula (A / B)")


@pytest.mark.parametrize("formula", ["A +", "C", "A B", "__import__('os')", "(" * 300, "A" * 2000, "(A", "A $ B"])
def test_formulas_that_cannot_be(plain: Client, formula: str) -> None:
    answer = plain.http.post("/insights/trend/", json={"events": [{"id": "x"}, {"id": "x"}], "formula": formula})
    assert answer.status_code == 400
    assert answer.json()["attr"] == "formula"


def test_property_filters_of_events_and_persons(cdnow: Client, purchases: list[Purchase]) -> None:
    big = {"key": "cds", "value": 5, "operator": "gte", "type": "event"}
    loyal = {"key": "segment", "value": "loyal", "type": "person"}
    (series,) = ask(cdnow, properties=[big, loyal], interval="month")
    groups = grouped((row for row in purchases if row.cds >= 5 and row.segment == "loyal"), "month")
    assert series["data"] == [len(groups.get(day, [])) for day in points("month")]
    (series,) = ask(cdnow, properties={"type": "OR", "values": [big, loyal]}, display="BoldNumber")
    assert series["aggregated_value"] == sum(row.cds >= 5 or row.segment == "loyal" for row in purchases)
    (own, other) = cdnow.trend(
        events=[{"id": "purchase", "properties": [{"key": "cds", "value": 5, "operator": "gte"}]}, {"id": "purchase"}],
        date_from="all", display="BoldNumber",
    )  # fmt: skip
    assert own["aggregated_value"] == sum(row.cds >= 5 for row in purchases)
    assert other["aggregated_value"] == len(purchases)


def test_get_asks_the_same_in_the_query(cdnow: Client) -> None:
    question: dict[str, Any] = {
        "events": [{"id": "purchase", "math": "dau"}],
        "properties": [{"key": "cds", "value": 2, "operator": "gt"}],
        "date_from": "-90d",
        "interval": "week",
        "compare": True,
    }
    query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in question.items()}
    assert cdnow.json("/insights/trend/", **query)["result"] == cdnow.trend(**question)


def test_the_shape_of_an_answer(cdnow: Client) -> None:
    question = {"events": [{"id": "purchase"}], "date_from": "-7d"}
    body = cdnow.http.post("/insights/trend", json=question).json()
    assert {key: body[key] for key in ("timezone", "is_cached", "next")} == {
        "timezone": "UTC",
        "is_cached": False,
        "next": None,
    }
    assert body["last_refresh"].startswith("1998-07-01T00:")
    (series,) = body["result"]
    assert series["days"] == [f"1998-06-{day}" for day in range(24, 31)] + ["1998-07-01"]
    assert series["action"] == {
        "id": "purchase", "type": "events", "order": 0, "name": "purchase", "custom_name": None, "math": "total",
        "math_property": None, "math_hogql": None, "math_group_type_index": None, "properties": {},
        "days": [f"{day}T00:00:00.000000Z" for day in series["days"]],
    }  # fmt: skip
    assert (series["filter"]["date_from"], series["filter"]["interval"]) == ("-7d", "day")
    again = cdnow.http.post("/insights/trend", json=question).json()
    assert (again["is_cached"], again["result"], again["last_refresh"]) == (True, body["result"], body["last_refresh"])
    assert cdnow.http.post("/insights/trend", json={**question, "refresh": True}).json()["is_cached"] is False


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"properties": [{"key": "plan", "value": "pro"}]}, {"properties": [{"key": "plan", "value": "pro"}]}),
        ({"properties": [None, []]}, {"properties": {"type": "AND", "values": []}}),
        (
            {"properties": {"plan": "pro"}},
            {
                "properties": {
                    "type": "AND",
                    "values": [{"key": "plan", "value": "pro", "operator": "exact", "type": "event"}],
                }
            },
        ),
        (
            {"properties": [{"key": "plan", "operator": "is_set", "type": "person"}, 5]},
            {"properties": {"type": "AND", "values": [{"key": "plan", "operator": "is_set", "type": "person"}]}},
        ),
        ({"date_from": {}, "date_to": [1]}, {"date_from": None, "date_to": None}),
    ],
)
def test_the_question_is_repeated_as_it_was_understood(
    start: Start, asked: dict[str, Any], said: dict[str, Any]
) -> None:
    (series,) = start(3).trend(events=[{"id": None}], **asked)
    assert {name: series["filter"][name] for name in said} == said


def test_nothing_asked_is_nothing_found(cdnow: Client) -> None:
    assert cdnow.trend() == []


def test_actions(cdnow: Client, plain: Client, purchases: list[Purchase]) -> None:
    (series,) = cdnow.trend(actions=[{"id": 1}], date_from="all", display="BoldNumber")
    assert (series["action"]["type"], series["action"]["id"]) == ("events", "purchase")
    assert series["aggregated_value"] == len(purchases)
    assert cdnow.trend(actions=[{"id": 77}]) == []  # an action that is not there has no row
    assert plain.http.post("/insights/trend/", json={"actions": [{"id": 77}]}).status_code == 400


def test_csv(cdnow: Client, plain: Client) -> None:
    question = {"events": json.dumps([{"id": "purchase"}]), "date_from": "1997-01-01", "date_to": "1997-01-03"}
    answer = cdnow.get("/insights/trend/", format="csv", **question)
    assert answer.headers["content-type"].startswith("text/html")
    header, row = csv.reader(io.StringIO(answer.text))
    assert header == ["series", "1-Jan-1997", "2-Jan-1997", "3-Jan-1997"]
    data = cdnow.json("/insights/trend/", **question)["result"][0]["data"]
    assert row == ["purchase", *(f"{value:.1f}" for value in data)]
    total = cdnow.get("/insights/trend/", format="csv", display="BoldNumber", **question)
    assert list(csv.reader(io.StringIO(total.text))) == [["series"], ["purchase"]]
    answer = plain.get("/insights/trend/", format="csv", display="BoldNumber", events='[{"id": "$pageview"}]')
    assert answer.headers["content-type"].startswith("text/csv")
    assert next(csv.reader(io.StringIO(answer.text))) == ["series", "value"]


@pytest.mark.parametrize(
    ("question", "attr"),
    [
        ({"events": [{"id": "purchase", "math": "sum"}]}, "math_property"),
        ({"events": [{"id": "purchase", "math": "hogql"}]}, "math"),
        ({"events": "["}, "events"),
        ({"events": {"id": "purchase"}}, "events"),
        ({"events": [7.5]}, "events"),
        ({"interval": "decade"}, "interval"),
        ({"display": "Pie"}, "display"),
        ({"breakdown": "x", "breakdown_type": "group"}, "breakdown_type"),
        ({"breakdown": "42", "breakdown_type": "cohort"}, "breakdown"),
        ({"breakdown": "1 + 1", "breakdown_type": "hogql"}, "breakdown"),
        ({"properties": 3}, "properties"),
        ({"compare": True, "compare_to": "soon"}, "compare_to"),
        ({"date_from": "-900000d"}, "date_from"),
        ({"date_from": "-200y", "interval": "hour"}, "interval"),
    ],
)
def test_what_cannot_be_asked(plain: Client, question: dict[str, Any], attr: str) -> None:
    answer = plain.http.post("/insights/trend/", json={"events": [{"id": "$pageview"}], **question})
    assert answer.status_code == 400, answer.text
    assert answer.json()["attr"] == attr


def test_unreadable_dates_are_now_or_refused(odd: Client, plain: Client) -> None:
    (series,) = odd.trend(events=["$pageview"], date_from="-7days")
    assert series["days"] == ["2026-02-01"]
    answer = plain.http.post("/insights/trend/", json={"events": [{"id": "$pageview"}], "date_from": "-7days"})
    assert answer.json()["attr"] == "date_from"


def test_test_accounts_can_be_left_out(plain: Client) -> None:
    testers = {row["uuid"] for row in plain.persons() if row["properties"].get("email", "").endswith("@sandbox.test")}
    assert testers
    everyone, others = (
        plain.trend(
            events=[{"id": None, "math": "dau"}], date_from="all", display="BoldNumber", filter_test_accounts=flag
        )
        for flag in (False, True)
    )
    assert everyone[0]["aggregated_value"] == 1000
    assert others[0]["aggregated_value"] == 1000 - len(testers)


def test_missing_values_of_a_breakdown_are_none(plain: Client) -> None:
    series = plain.trend(
        events=["$pageview"], date_from="all", breakdown="company", breakdown_type="person", display="ActionsPie"
    )
    null = "$$_posthog_breakdown_null_$$"
    assert (series[-1]["label"], series[-1]["breakdown_value"]) == (null, null)  # next to last, but nothing is beyond
    assert len(series) == 9


def test_sessions(plain: Client) -> None:
    sessions, persons = plain.trend(events=[{"id": None, "math": "unique_session"}, {"id": None, "math": "dau"}])
    assert all(a >= b > 0 for a, b in zip(sessions["data"], persons["data"], strict=True))


def test_timing_is_taken_unseen(odd: Client, plain: Client) -> None:
    answer = odd.http.post("/insights/timing/", json={"name": 7, "unknown": []})
    assert (answer.status_code, answer.content) == (201, b"")
    assert plain.http.post("/insights/timing", json={}).status_code == 200
    assert odd.http.post("/insights/timing/", content=b"{").status_code == 400


def test_era_2026_says_more(start: Start) -> None:
    answer = start(5, era="2026").http.post("/insights/trend/", json={"events": [{"id": "$pageview"}]}).json()
    assert {"timings", "query_method"} <= set(answer)

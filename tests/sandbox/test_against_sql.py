"""Trends against statements of SQL that share nothing with the sandbox's own: every point is a window in time, and
whatever happened inside the window is joined to it.

Two sources: the real data set, where all of a day happens within its first minutes, and a part of it scattered over
the day, with visits, two kinds of events, and many events right before and on the full hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import accumulate, product
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from posthog_environments.sandbox import Sandbox

from .conftest import Client, Start

CONTRACT = yaml.safe_load((Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8"))["components"]
SCHEMAS = CONTRACT["schemas"]
# Those that the vendor's page names come first in each list; the sandbox counts no others.
INTERVALS: list[str] = SCHEMAS["Interval"]["x-extensible-enum"][:4]
DISPLAYS: list[str] = SCHEMAS["Display"]["x-extensible-enum"][:8]
BREAKDOWN_TYPES: list[str] = SCHEMAS["BreakdownType"]["x-extensible-enum"][:6]
MATHS: list[str] = SCHEMAS["Entity"]["properties"]["math"]["x-extensible-enum"][:14]
AGGREGATED = {"ActionsTable", "ActionsPie", "ActionsBarValue", "WorldMap", "BoldNumber"}
FEW_DISPLAYS = ["ActionsLineGraph", "ActionsTable"]
MOST_PARTS = 25
ROUNDING = 0.005  # formulas have two decimals

# How to sum up the events of a window: as lists, so that nothing but the arithmetic on them is relied upon.
CENTS = "list_sort(list(f.cents) FILTER (f.who IS NOT NULL))"
SUMS = {
    "total": "len(list(f.who) FILTER (f.who IS NOT NULL))",
    "dau": "len(list_distinct(list(f.who)))",
    "weekly_active": "len(list_distinct(list(f.who)))",
    "monthly_active": "len(list_distinct(list(f.who)))",
    "unique_session": "len(list_distinct(list(f.visit)))",
    "sum": f"list_sum({CENTS}) / 100",
    "avg": f"list_sum({CENTS}) / len({CENTS}) / 100",
    "min": f"{CENTS}[1] / 100",
    "max": f"{CENTS}[-1] / 100",
    "median": f"amid({CENTS}, 0.5) / 100",
    "p90": f"amid({CENTS}, 0.9) / 100",
    "p95": f"amid({CENTS}, 0.95) / 100",
    "p99": f"amid({CENTS}, 0.99) / 100",
}
WHOLE = {"total", "dau", "weekly_active", "monthly_active", "unique_session"}
LOOK_BACK = {"weekly_active": 7, "monthly_active": 30}

MACROS = """
CREATE MACRO amid(sorted, share) AS
    sorted[1 + floor((len(sorted) - 1) * share::DOUBLE)::INTEGER] * (1 - ((len(sorted) - 1) * share::DOUBLE) % 1)
    + sorted[1 + ceil((len(sorted) - 1) * share::DOUBLE)::INTEGER] * (((len(sorted) - 1) * share::DOUBLE) % 1);
CREATE MACRO point_of(moment, width) AS CASE width
    WHEN 'hour' THEN moment::DATE::TIMESTAMP + to_hours(hour(moment::TIMESTAMP))
    WHEN 'day' THEN moment::DATE::TIMESTAMP
    WHEN 'week' THEN (moment::DATE - dayofweek(moment::DATE)::INTEGER)::TIMESTAMP
    ELSE make_date(year(moment::DATE), month(moment::DATE), 1)::TIMESTAMP END;
"""
PURCHASES = """
CREATE TABLE purchases AS
SELECT n, customer, day, cds, cents, n - min(n) OVER (PARTITION BY day) AS later,
    min(day) OVER (PARTITION BY customer) AS first
FROM (SELECT row_number() OVER () AS n, * FROM read_parquet(?))
"""
CDNOW = """
CREATE TABLE cdnow AS
SELECT day + to_seconds(row_number() OVER (PARTITION BY day ORDER BY n) - 1) AS happened, 'purchase' AS event,
    printf('cdnow-%05d', customer) AS who, NULL::VARCHAR AS visit, cents, cds::VARCHAR AS in_event,
    strftime(first, '%Y-%m-%d') AS in_person
FROM purchases
"""
SCATTERED = """
CREATE TABLE scattered AS
SELECT day + CASE n % 4 WHEN 0 THEN to_hours(n * 7 % 24)
                        WHEN 1 THEN to_hours(1 + n * 7 % 24) - to_microseconds(1)
                        ELSE to_microseconds(n * 7919 * 1000003 % 86400000000) END AS happened,
    CASE WHEN n % 3 = 0 THEN 'view' ELSE 'purchase' END AS event, 'c' || (customer % 97) AS who,
    CASE WHEN n % 11 > 0 THEN 'v' || (customer % 200) || '-' || (n % 2) END AS visit, cents,
    CASE WHEN n % 13 > 0 THEN 'é/~"' || (cents % 31) END AS in_event,
    CASE WHEN customer % 97 % 10 > 0 THEN 'group ' || (customer % 97 % 35) END AS in_person
FROM purchases WHERE customer % 5 = 0 AND day BETWEEN DATE '1997-01-01' AND DATE '1997-12-31'
"""
# As a user would hand it over: a row for each event, the person's property among them as `$set`.
HANDED_OVER = """
COPY (
    SELECT event, happened AS timestamp, who AS distinct_id,
        to_json({'$session_id': visit, 'dollars': cents / 100, 'kind': in_event,
                 '$set': CASE WHEN in_person IS NULL THEN {'other': 'x', 'kind': NULL}
                         ELSE {'other': 'x', 'kind': in_person} END}) AS properties
    FROM scattered
) TO '$path' (FORMAT parquet)
"""


@dataclass(frozen=True)
class Span:
    """The days asked for, and the width of a point."""

    first: date
    last: date
    interval: str


SPANS = {
    "hour": Span(date(1997, 10, 1), date(1997, 10, 3), "hour"),
    "day": Span(date(1997, 9, 20), date(1997, 10, 10), "day"),
    "week": Span(date(1997, 9, 3), date(1997, 10, 16), "week"),  # a Wednesday and a Thursday
    "month": Span(date(1997, 9, 15), date(1997, 11, 20), "month"),
}
LATER = {
    "hour": Span(date(1997, 6, 1), date(1997, 6, 1), "hour"),
    "day": Span(date(1997, 3, 1), date(1997, 3, 31), "day"),
    "week": Span(date(1997, 5, 7), date(1997, 5, 29), "week"),
    "month": Span(date(1997, 4, 10), date(1997, 6, 30), "month"),
}


@dataclass(frozen=True)
class Source:
    """A sandbox, and the same events in a table."""

    client: Client
    table: str
    database: duckdb.DuckDBPyConnection
    kinds: dict[str, tuple[str, str]]
    """The property to break down on, for `event` and `person`, and its column in the table."""

    def breakdowns(self) -> dict[str, tuple[dict[str, Any], str]]:
        """Give what is asked and the column that it means."""
        broken = {
            kind: ({"breakdown": key, "breakdown_type": kind}, f"coalesce({column}, '')")
            for kind, (key, column) in self.kinds.items()
        }
        return {"none": ({}, "''"), **broken}

    def ranked(self, span: Span, math: str, part: str, where: str = "TRUE") -> list[str]:
        """Give the values of the breakdown, the largest first."""
        query = f"""
            SELECT {part} AS part, round({SUMS[math]}, 6) AS size FROM {self.table} f
            WHERE happened BETWEEN {self._start(span)} AND {self._end(span)} AND {where}
            GROUP BY part ORDER BY size DESC NULLS LAST, part
        """
        found = [part for part, _ in self.database.execute(query).fetchall()]
        return found or ([""] if part == "''" else [])

    def points(self, span: Span, math: str, part: str, parts: Sequence[str], where: str = "TRUE") -> list[list[float]]:
        """Give a row of numbers for each part."""
        days = LOOK_BACK.get(math)
        looks_back = days and not (span.interval == "month" or (span.interval == "week" and days == 7))
        query = f"""
            WITH points AS (
                SELECT unnest(generate_series(point_of(TIMESTAMP '{span.first}', '{span.interval}'),
                    {self._end(span)}, INTERVAL 1 {span.interval})) AS point
            ), windows AS (
                SELECT point, point + INTERVAL 1 {span.interval} - INTERVAL 1 microsecond AS last,
                    least(last, {self._end(span)}) AS until,
                    {f"until - INTERVAL {days} DAY + INTERVAL 1 microsecond" if looks_back else "point"} AS since
                FROM points
            ), parts AS (SELECT unnest(range(len(?::VARCHAR[]))) AS place, unnest(?::VARCHAR[]) AS part)
            SELECT place, point, coalesce({SUMS[math]}, 0)::DOUBLE
            FROM (FROM windows, parts) w
            LEFT JOIN (SELECT *, {part} AS part FROM {self.table} WHERE {where}) f
                ON f.happened BETWEEN w.since AND w.until AND f.part = w.part
            GROUP BY place, point ORDER BY place, point
        """
        series: list[list[float]] = [[] for _ in parts]
        for place, _, value in self.database.execute(query, [list(parts), list(parts)]).fetchall():
            series[place].append(value)
        return series

    def totals(self, span: Span, math: str, part: str, parts: Sequence[str], where: str = "TRUE") -> list[float]:
        """Give a number for each part."""
        days = LOOK_BACK.get(math)
        since = f"{self._end(span)} - INTERVAL {days} DAY + INTERVAL 1 microsecond" if days else self._start(span)
        query = f"""
            SELECT {part} AS part, coalesce({SUMS[math]}, 0)::DOUBLE FROM {self.table} f
            WHERE happened BETWEEN {since} AND {self._end(span)} AND {where} GROUP BY part
        """
        found = dict(self.database.execute(query).fetchall())
        return [found.get(part, 0.0) for part in parts]

    @staticmethod
    def _start(span: Span) -> str:
        return f"point_of(TIMESTAMP '{span.first}', '{span.interval}')"

    @staticmethod
    def _end(span: Span) -> str:
        return f"TIMESTAMP '{span.last} 23:59:59.999999'"

    def days(self, span: Span) -> list[str]:
        """Give the names of the points."""
        form = "%Y-%m-%d %H:%M:%S" if span.interval == "hour" else "%Y-%m-%d"
        query = f"""
            SELECT strftime(unnest(generate_series(point_of(TIMESTAMP '{span.first}', '{span.interval}'),
                {self._end(span)}, INTERVAL 1 {span.interval})), '{form}')
        """
        return [day for (day,) in self.database.execute(query).fetchall()]

    def ask(self, span: Span, entities: Sequence[dict[str, Any]], **question: Any) -> list[dict[str, Any]]:
        """Ask the sandbox."""
        period = {"date_from": str(span.first), "date_to": str(span.last), "interval": span.interval}
        return self.client.trend(events=list(entities), **period, **question)


@pytest.fixture(scope="module")
def sources(cdnow: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Source]]:
    path = tmp_path_factory.mktemp("scattered") / "events.parquet"
    with duckdb.connect() as database:
        database.execute(MACROS)
        database.execute(PURCHASES, [str(files("posthog_environments.sandbox") / "cdnow.parquet")])
        database.execute(CDNOW)
        database.execute(SCATTERED)
        database.execute(HANDED_OVER.replace("$path", str(path)))
        with Sandbox(data=path, now="1998-07-01", rates=False) as box:
            client = Client(box)
            kinds = {"event": ("cds", "in_event"), "person": ("first_purchase", "in_person")}
            yield {
                "cdnow": Source(cdnow, "cdnow", database, kinds),
                "scattered": Source(
                    client, "scattered", database, {"event": ("kind", "in_event"), "person": ("kind", "in_person")}
                ),
            }
            client.close()


def entity(math: str, event: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": event, "math": math, "math_property": "dollars", **more}


def check_points(
    row: dict[str, Any], days: Sequence[str], expected: Sequence[float], display: str, said: str, off: float = 0
) -> None:
    """Hold a row of an answer against its numbers, in the form that the display has; each may be `off` so much."""
    assert row["days"] == list(days), said
    assert row["labels"] == [label_of(day) for day in days], said
    running = list(accumulate(expected)) if display == "ActionsLineGraphCumulative" else list(expected)
    assert len(row["data"]) == len(running), said
    most = off * len(running)
    near = all(close(a, b, most) for a, b in zip(row["data"], running, strict=True))
    assert near, f"{said}: {row['data']} are not {running}"
    assert close(row["count"], sum(expected), most), said
    assert "aggregated_value" not in row, said


def check_total(row: dict[str, Any], expected: float, said: str, off: float = 0) -> None:
    assert close(row["aggregated_value"], expected, off), f"{said}: {row['aggregated_value']} is not {expected}"
    assert (row["data"], row["days"], row["labels"], row["count"]) == ([], [], [], 0.0), said


def close(a: float, b: float, off: float = 0) -> bool:
    """Compare two numbers; much quicker than pytest.approx on a hundred thousand of them."""
    return a == b or isclose(a, b, rel_tol=1e-9, abs_tol=off + 1e-9)


def label_of(day: str) -> str:
    at = datetime.fromisoformat(day)
    return f"{at.day}-{at.strftime('%b-%Y %H:%M' if ' ' in day else '%b-%Y')}"


def test_the_contract_has_what_is_compared() -> None:
    assert set(MATHS) == {*SUMS, "hogql"}
    assert set(DISPLAYS) == AGGREGATED | {"ActionsLineGraph", "ActionsLineGraphCumulative", "ActionsBar"}
    assert set(INTERVALS) == set(SPANS)


@pytest.mark.parametrize("math", SUMS)
@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("name", ["cdnow", "scattered"])
def test_every_combination(sources: dict[str, Source], name: str, interval: str, math: str) -> None:
    source, span = sources[name], SPANS[interval]
    days = source.days(span)
    for kind, (breakdown, part) in source.breakdowns().items():
        parts = source.ranked(span, math, part)[:MOST_PARTS]
        assert parts
        points = source.points(span, math, part, parts)
        totals = source.totals(span, math, part, parts)
        # Each display once; where the other source is quicker to ask, one of either kind.
        for display in DISPLAYS if (name == "cdnow") is (kind != "person") else FEW_DISPLAYS:
            said = f"{name}, {interval}, {math}, breakdown {kind}, {display}"
            rows = source.ask(span, [entity(math)], display=display, **breakdown)
            assert [row.get("breakdown_value", "") for row in rows] == parts, said
            for row, numbers, total in zip(rows, points, totals, strict=True):
                if display in AGGREGATED:
                    check_total(row, total, said)
                else:
                    check_points(row, days, numbers, display, said)
                given = [row["aggregated_value"]] if display in AGGREGATED else row["data"]
                assert all(isinstance(value, int if math in WHOLE else float) for value in given), said
                assert ("breakdown_value" in row) is bool(breakdown), said


@pytest.mark.parametrize("interval", INTERVALS)
def test_there_is_something_to_compare(sources: dict[str, Source], interval: str) -> None:
    """Spans without events, and breakdowns that never reach the limit, would prove nothing."""
    for source in sources.values():
        for kind, (_, part) in source.breakdowns().items():
            parts = source.ranked(SPANS[interval], "total", part)
            assert sum(map(sum, source.points(SPANS[interval], "total", part, parts))) > 40
            few = kind == "none" or interval == "hour" or (source.table, kind) == ("cdnow", "event")
            assert few or len(parts) > MOST_PARTS
    sessions = sources["scattered"].points(SPANS[interval], "unique_session", "''", [""])[0]
    persons = sources["scattered"].points(SPANS[interval], "dau", "''", [""])[0]
    assert sum(sessions) != sum(persons)


@pytest.mark.parametrize("math", ["sum", "monthly_active"])
@pytest.mark.parametrize("interval", INTERVALS)
def test_compare(sources: dict[str, Source], interval: str, math: str) -> None:
    source, span = sources["scattered"], LATER[interval]
    for (kind, (breakdown, part)), back in product(source.breakdowns().items(), (None, "-7d", "-1m")):
        parts = source.ranked(span, math, part)[:MOST_PARTS]
        spans = {"current": span, "previous": earlier(span, back)}
        points = [source.points(one, math, part, parts) for one in spans.values()]
        totals = [source.totals(one, math, part, parts) for one in spans.values()]
        days = [source.days(one) for one in spans.values()]
        assert any(map(any, points[1]))
        asked = {"compare": True, **({"compare_to": back} if back else {}), **breakdown}
        for display in FEW_DISPLAYS if back else DISPLAYS:
            said = f"{interval}, {math}, breakdown {kind}, compared to {back or 'the period before'}, {display}"
            rows = source.ask(span, [entity(math)], display=display, **asked)
            assert [(row["compare"], row["compare_label"], row.get("breakdown_value", "")) for row in rows] == [
                (True, name, one) for name in spans for one in parts
            ], said
            for number, row in enumerate(rows):
                period, place = divmod(number, len(parts))
                if display in AGGREGATED:
                    check_total(row, totals[period][place], said)
                else:
                    check_points(row, days[period], points[period][place], display, said)


def earlier(span: Span, back: str | None) -> Span:
    """Move a span back: to as many points before it, or as `compare_to` says, with the same number of days."""
    if back == "-7d":
        return replace(span, first=span.first - timedelta(7), last=span.last - timedelta(7))
    if back == "-1m":
        first = span.first.replace(month=span.first.month - 1)
        return replace(span, first=first, last=first + (span.last - span.first))
    if span.interval == "month":  # 10 April to 30 June: three points, the last of which is whole
        return replace(span, first=date(1997, 1, 10), last=date(1997, 3, 31))
    weeks = (span.last - timedelta(span.last.isoweekday() % 7) - span.first).days // 7 + 2
    length = timedelta(7 * weeks if span.interval == "week" else (span.last - span.first).days + 1)
    return replace(span, first=span.first - length, last=span.last - length)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("maths", [("dau", "total"), ("p90", "weekly_active")], ids=" / ".join)
def test_formula(sources: dict[str, Source], interval: str, maths: tuple[str, str]) -> None:
    source, span = sources["scattered"], SPANS[interval]
    days = source.days(span)
    # The second series knows values of the breakdown that the first one has none of.
    entities = [entity(maths[0], "purchase"), entity(maths[1], "view", properties={"dollars__gte": 10})]
    wheres = ["event = 'purchase'", "event = 'view' AND cents >= 1000"]
    for kind, (breakdown, part) in source.breakdowns().items():
        both = [source.ranked(span, math, part, where) for math, where in zip(maths, wheres, strict=True)]
        parts = list(dict.fromkeys([*both[0], *both[1]]))[:MOST_PARTS]
        points = [source.points(span, math, part, parts, where) for math, where in zip(maths, wheres, strict=True)]
        totals = [source.totals(span, math, part, parts, where) for math, where in zip(maths, wheres, strict=True)]
        for display in DISPLAYS:
            said = f"{interval}, {maths}, breakdown {kind}, {display}"
            rows = source.ask(span, entities, display=display, formula="A/B*100", **breakdown)
            assert [row.get("breakdown_value", "") for row in rows] == parts, said
            for place, row in enumerate(rows):
                assert row["action"] is None, said
                if display in AGGREGATED:
                    check_total(row, share(totals[0][place], totals[1][place]), said, ROUNDING)
                else:
                    expected = list(map(share, points[0][place], points[1][place]))
                    check_points(row, days, expected, display, said, ROUNDING)
                given = [row["aggregated_value"]] if display in AGGREGATED else row["data"]
                assert all(close(value, round(value, 2)) for value in given), said


def share(a: float, b: float) -> float:
    return a / b * 100 if b else 0.0


@pytest.mark.parametrize("kind", ["event", "person"])
@pytest.mark.parametrize("formula", [None, "A/B*100"])
def test_pages_of_a_breakdown(sources: dict[str, Source], kind: str, formula: str | None) -> None:
    """All values come, the largest first, each once."""
    source, span = sources["scattered"], SPANS["month"]
    breakdown, part = source.breakdowns()[kind]
    wheres = ["event = 'purchase'", "event = 'view'"]
    both = [source.ranked(span, "sum", part, where) for where in wheres]
    expected = list(dict.fromkeys([*both[0], *both[1]])) if formula else both[0]
    entities = [entity("sum", "purchase"), entity("sum", "view")][: 2 if formula else 1]
    url: str | None = "/insights/trend/"
    question = {"events": entities, "date_from": str(span.first), "date_to": str(span.last), "interval": "month"}
    seen: list[str] = []
    while url:
        answer = source.client.http.post(url, json={**question, **breakdown, "formula": formula}).json()
        assert len(answer["result"]) <= MOST_PARTS
        seen += [row["breakdown_value"] for row in answer["result"]]
        url = answer["next"]
    assert seen == expected


@pytest.mark.parametrize(
    "asked",
    [
        *({"events": [entity(math)]} for math in MATHS if math not in SUMS),
        *(
            {"events": [entity("total")], "breakdown": "kind", "breakdown_type": kind}
            for kind in BREAKDOWN_TYPES
            if kind not in {"event", "person"}
        ),
        {"events": [entity("total")], "breakdown": ["kind", "other"]},
    ],
)
def test_what_is_left_out_is_said(sources: dict[str, Source], asked: dict[str, Any]) -> None:
    answer = sources["scattered"].client.http.post("/insights/trend/", json=asked)
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_supported_by_sandbox"


def test_compare_to_goes_back_from_the_period_and_not_from_now(start: Start) -> None:
    """A month back from 31 March is 28 February, but from 10 January it is 10 December."""
    client = start(5, now="2026-03-31")
    question = {"events": ["$pageview"], "date_from": "2026-01-10", "date_to": "2026-01-12", "compare_to": "-1m"}
    _, previous = client.trend(**question)
    assert previous["days"] == ["2025-12-10", "2025-12-11", "2025-12-12"]
    answer = client.http.post("/insights/trend/", json={**question, "compare_to": "2025-12-10"})
    assert (answer.status_code, answer.json()["attr"]) == (400, "compare_to")


def test_a_map_has_room_for_all_countries(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    rows = [f"seen,1997-10-01,x,{number:03}c" for number in range(310)]
    path.write_text("\n".join(["event,timestamp,distinct_id,$geoip_country_code", *rows]), encoding="utf-8")
    with Sandbox(data=path, now="1997-10-02", rates=False) as box:
        client = Client(box)
        question = {"events": ["seen"], "breakdown": "$geoip_country_code", "display": "WorldMap"}
        first = client.http.post("/insights/trend/", json=question).json()
        second = client.http.post(first["next"], json=question).json()
        client.close()
    values = [row["breakdown_value"] for row in first["result"] + second["result"]]
    assert (len(first["result"]), values, second["next"]) == (300, [f"{number:03}c" for number in range(310)], None)

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
MOST_PARTS, MOST_COUNTRIES = 25, 250
NULL, OTHER = "$$_posthog_breakdown_null_$$", "$$_posthog_breakdown_other_$$"

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
            kind: ({"breakdown": key, "breakdown_type": kind}, f"coalesce({column}, '{NULL}')")
            for kind, (key, column) in self.kinds.items()
        }
        return {"none": ({}, "''"), **broken}

    def lines(
        self, span: Span, math: str, part: str, where: str = "TRUE", *, total: bool = False, most: int = MOST_PARTS
    ) -> dict[str, list[float]]:
        """Give the numbers of the largest values of the breakdown, in their order, and of the others together."""
        days = LOOK_BACK.get(math)
        since = self._start(span)
        if days and (total or self._looks_back(span, days)):
            since = f"{self._end(span) if total else since} - INTERVAL {days} DAY + INTERVAL 1 microsecond"
        query = f"""
            SELECT DISTINCT {part} FROM {self.table} WHERE happened BETWEEN {since} AND {self._end(span)} AND {where}
        """
        names = [""] if part == "''" else sorted(name for (name,) in self.database.execute(query).fetchall())
        columns = [[number] for number in self.totals(span, math, part, names, where)] if total else []
        found = dict(zip(names, columns or self.points(span, math, part, names, where), strict=True))
        if days and part != "''":  # who left before the first window ends is nobody's part
            names = [name for name in names if any(found[name])]
        ranked = sorted(names, key=lambda name: (name == NULL, -round(sum(found[name]), 6), name))
        lines = {name: found[name] for name in ranked[:most]}
        rest = [found[name] for name in ranked[most:]]
        return {**lines, OTHER: [sum(column) for column in zip(*rest, strict=True)]} if rest else lines

    def points(self, span: Span, math: str, part: str, parts: Sequence[str], where: str = "TRUE") -> list[list[float]]:
        """Give a row of numbers for each part."""
        days = LOOK_BACK.get(math)
        looks_back = days and self._looks_back(span, days)
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
    def _looks_back(span: Span, days: int) -> bool:
        return not (span.interval == "month" or (span.interval == "week" and days == 7))

    @staticmethod
    def _start(span: Span) -> str:
        return f"point_of(TIMESTAMP '{span.first}', '{span.interval}')"

    @staticmethod
    def _end(span: Span) -> str:
        return f"TIMESTAMP '{span.last} 23:59:59.999999'"

    def bounds(self, span: Span) -> str:
        """Give the first and the last moment that count."""
        return f"{self._start(span)} AND {self._end(span)}"

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
        return self.client.trend(events=list(entities), **period_of(span), **question)


def period_of(span: Span) -> dict[str, Any]:
    """Write the days; by hour an end is taken as it is, and so is written with its time."""
    last = f"{span.last}T23:59:59.999999" if span.interval == "hour" else str(span.last)
    return {"date_from": str(span.first), "date_to": last, "interval": span.interval}


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


def check_points(row: dict[str, Any], days: Sequence[str], expected: Sequence[float], interval: str, said: str) -> None:
    """Hold a row of an answer against its numbers."""
    assert row["days"] == list(days), said
    assert row["labels"] == [label_of(day, interval) for day in days], said
    assert len(row["data"]) == len(expected), said
    near = all(close(a, b) for a, b in zip(row["data"], expected, strict=True))
    assert near, f"{said}: {row['data']} are not {expected}"
    running = "Cumulative" in said
    assert close(row["count"], expected[-1] if running else sum(expected)), said
    assert "aggregated_value" not in row, said


def check_total(row: dict[str, Any], expected: float, said: str) -> None:
    assert close(row["aggregated_value"], expected), f"{said}: {row['aggregated_value']} is not {expected}"
    assert (row["data"], row["days"], row["count"]) == (None if row["action"] is None else [], [], 0.0), said
    assert "labels" not in row, said


def close(a: float, b: float) -> bool:
    """Compare two numbers; much quicker than pytest.approx on a hundred thousand of them."""
    return a == b or isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)


def label_of(day: str, interval: str) -> str:
    at = datetime.fromisoformat(day)
    if interval == "month":
        return at.strftime("%b %Y")
    return f"{at.day}-{at.strftime('%b %H:%M' if interval == 'hour' else '%b-%Y')}"


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
        points = source.lines(span, math, part)
        totals = source.lines(span, math, part, total=True)
        countries = source.lines(span, math, part, total=True, most=MOST_COUNTRIES)
        assert points
        # Each display once; where the other source is quicker to ask, one of either kind.
        for display in DISPLAYS if (name == "cdnow") is (kind != "person") else FEW_DISPLAYS:
            said = f"{name}, {interval}, {math}, breakdown {kind}, {display}"
            rows = source.ask(span, [entity(math)], display=display, **breakdown)
            if "Cumulative" in display and math == "dau":
                check_first_days(source, span, part, rows)
                continue
            lines = totals if display in AGGREGATED else running(points) if "Cumulative" in display else points
            lines = countries if display == "WorldMap" else lines
            names = [row.get("breakdown_value", "") for row in rows]
            assert sorted(names) == sorted(lines), said
            if "Cumulative" not in display:  # that has the order of its own sums
                assert names == list(lines), said
            for row in rows:
                numbers = lines[row.get("breakdown_value", "")]
                if display in AGGREGATED:
                    check_total(row, numbers[0], said)
                else:
                    check_points(row, days, numbers, interval, said)
                given = [row["aggregated_value"]] if display in AGGREGATED else row["data"]
                whole = math in WHOLE and not breakdown
                assert all(isinstance(value, int if whole else float) for value in given), said
                assert ("breakdown_value" in row) is bool(breakdown), said


def running(lines: dict[str, list[float]]) -> dict[str, list[float]]:
    """Give numbers that run on."""
    return {name: list(accumulate(numbers)) for name, numbers in lines.items()}


def check_first_days(source: Source, span: Span, part: str, rows: Sequence[dict[str, Any]]) -> None:
    """Persons who run on count once, when they first come: the last number is that of the whole period."""
    query = f"""
        SELECT part, count(DISTINCT who) FROM (SELECT *, {part} AS part FROM {source.table} f)
        WHERE happened BETWEEN {source.bounds(span)} GROUP BY part
    """
    found = dict(source.database.execute(query).fetchall())
    for row in rows:
        assert row["data"] == sorted(row["data"])
        if row.get("breakdown_value") != OTHER:
            assert (row["count"], row["data"][-1]) == (found[row.get("breakdown_value", "")],) * 2


@pytest.mark.parametrize("interval", INTERVALS)
def test_there_is_something_to_compare(sources: dict[str, Source], interval: str) -> None:
    """Spans without events, and breakdowns that never reach the limit, would prove nothing."""
    for source in sources.values():
        for kind, (_, part) in source.breakdowns().items():
            lines = source.lines(SPANS[interval], "total", part)
            assert sum(map(sum, lines.values())) > 40
            few = kind == "none" or interval == "hour" or (source.table, kind) == ("cdnow", "event")
            assert few or OTHER in lines
    sessions = sources["scattered"].points(SPANS[interval], "unique_session", "''", [""])[0]
    persons = sources["scattered"].points(SPANS[interval], "dau", "''", [""])[0]
    assert sum(sessions) != sum(persons)


@pytest.mark.parametrize("math", ["sum", "monthly_active"])
@pytest.mark.parametrize("interval", INTERVALS)
def test_compare(sources: dict[str, Source], interval: str, math: str) -> None:
    source, span = sources["scattered"], LATER[interval]
    for (kind, (breakdown, part)), back in product(source.breakdowns().items(), (None, "-7d", "-1m")):
        spans = {"current": span, "previous": earlier(span, back)}
        points = {name: source.lines(one, math, part) for name, one in spans.items()}
        totals = {name: source.lines(one, math, part, total=True) for name, one in spans.items()}
        days = {name: source.days(one) for name, one in spans.items()}
        assert any(map(any, points["previous"].values()))
        asked = {"compare": True, **({"compare_to": back} if back else {}), **breakdown}
        for display in FEW_DISPLAYS:
            said = f"{interval}, {math}, breakdown {kind}, compared to {back or 'the period before'}, {display}"
            rows = source.ask(span, [entity(math)], display=display, **asked)
            lines = totals if display in AGGREGATED else points
            assert [(row["compare"], row["compare_label"], row.get("breakdown_value", "")) for row in rows] == [
                (True, name, one) for name in spans for one in lines[name]
            ], said
            for row in rows:
                numbers = lines[row["compare_label"]][row.get("breakdown_value", "")]
                if display in AGGREGATED:
                    check_total(row, numbers[0], said)
                else:
                    check_points(row, days[row["compare_label"]], numbers, interval, said)


def earlier(span: Span, back: str | None) -> Span:
    """Move a span back: by its own days, or as `compare_to` says, with the same number of days."""
    length = span.last - span.first
    if back == "-1m":
        first = span.first.replace(month=span.first.month - 1)
        return replace(span, first=first, last=first + length)
    distance = timedelta(7) if back == "-7d" else length + timedelta(1)
    return replace(span, first=span.first - distance, last=span.last - distance)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("maths", [("dau", "total"), ("p90", "weekly_active")], ids=" / ".join)
def test_formula(sources: dict[str, Source], interval: str, maths: tuple[str, str]) -> None:
    source, span = sources["scattered"], SPANS[interval]
    days = source.days(span)
    # The second series knows values of the breakdown that the first one has none of.
    entities = [entity(maths[0], "purchase"), entity(maths[1], "view", properties={"dollars__gte": 10})]
    wheres = ["event = 'purchase'", "event = 'view' AND cents >= 1000"]
    for kind, (breakdown, part) in source.breakdowns().items():
        for display in FEW_DISPLAYS:
            said = f"{interval}, {maths}, breakdown {kind}, {display}"
            total = display in AGGREGATED
            both = [
                source.lines(span, math, part, where, total=total) for math, where in zip(maths, wheres, strict=True)
            ]
            zeros = [0.0] * (1 if total else len(days))
            expected = {
                name: list(map(share, both[0].get(name, zeros), both[1].get(name, zeros)))
                for name in {**both[0], **both[1]}
            }
            rows = source.ask(span, entities, display=display, formula="A/B*100", **breakdown)
            names = [row.get("breakdown_value", "") for row in rows]
            assert sorted(names) == sorted(expected), said
            ordered = [name for name in names if name not in {NULL, OTHER}]
            sizes = [round(sum(expected[name]), 6) for name in ordered]
            assert sizes == sorted(sizes, reverse=True), said
            assert names[len(ordered) :] == [name for name in (NULL, OTHER) if name in expected], said
            for row in rows:
                assert (row["action"], row["label"]) == (None, "Formula (A/B*100)"), said
                numbers = expected[row.get("breakdown_value", "")]
                if total:
                    check_total(row, numbers[0], said)
                else:
                    check_points(row, days, numbers, interval, said)


def share(a: float, b: float) -> float:
    return a / b * 100 if b else 0.0


@pytest.mark.parametrize(
    "asked",
    [
        *({"events": [entity(math, math_hogql="count()")]} for math in MATHS if math not in SUMS),
        *(
            {"events": [entity("total")], "breakdown": "kind", "breakdown_type": kind}
            for kind in BREAKDOWN_TYPES
            if kind not in {"event", "person"}
        ),
    ],
)
def test_what_is_left_out_is_said(sources: dict[str, Source], asked: dict[str, Any]) -> None:
    answer = sources["scattered"].client.http.post("/insights/trend/", json=asked)
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_supported_by_sandbox"


def in_todays_words(span: Span, math: str, display: str, **asked: Any) -> dict[str, Any]:
    """Ask the same as a TrendsQuery."""
    period = period_of(span)
    query: dict[str, Any] = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "purchase", "math": math, "math_property": "dollars"}],
        "interval": period["interval"],
        "dateRange": {"date_from": period["date_from"], "date_to": period["date_to"]},
        "trendsFilter": {"display": display},
    }
    if "breakdown" in asked:
        query["breakdownFilter"] = asked
    return query


@pytest.mark.parametrize("math", [*SUMS, "p75"])
@pytest.mark.parametrize("interval", INTERVALS)
def test_both_endpoints_give_the_same_figures(sources: dict[str, Source], interval: str, math: str) -> None:
    source, span = sources["scattered"], SPANS[interval]
    displays = [("ActionsLineGraph", True), ("ActionsTable", False)]
    for (kind, (breakdown, _)), (display, compare) in product(source.breakdowns().items(), displays):
        said = f"{interval}, {math}, breakdown {kind}, {display}, compare {compare}"
        older = source.ask(span, [entity(math, "purchase")], display=display, compare=compare, **breakdown)
        query = {**in_todays_words(span, math, display, **breakdown), "compareFilter": {"compare": compare}}
        answer = source.client.http.post("/query/", json={"query": query}).json()
        assert [without_echo(row) for row in answer["results"]] == [without_echo(row) for row in older], said
        assert answer["hasMore"] is any(row.get("breakdown_value") == OTHER for row in older), said


def without_echo(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out how the question is repeated, which each endpoint does in its own words."""
    return {key: value for key, value in row.items() if key != "filter"}


def test_compare_to_goes_back_from_the_period_and_not_from_now(start: Start) -> None:
    """A month back from 31 March is 28 February, but from 10 January it is 10 December."""
    client = start(5, now="2026-03-31")
    question = {
        "events": [{"id": "$pageview"}],
        "date_from": "2026-01-10",
        "date_to": "2026-01-12",
        "compare": True,
        "compare_to": "-1m",
    }
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
        found = client.trend(**question)
        client.close()
    values = [row["breakdown_value"] for row in found]
    assert values == [*(f"{number:03}c" for number in range(250)), OTHER]
    assert found[-1]["aggregated_value"] == 60

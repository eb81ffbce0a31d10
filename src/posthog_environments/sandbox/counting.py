"""Event counts: the SQL of trends.

Each query has the same steps. `hits` are the events that a series counts, with person, session, value and breakdown
value ("part"). `counts` has a number for each part and point in time. With a breakdown, `named` keeps the largest parts
and combines the others.
"""

# ruff: noqa: S608 - the only texts put into the SQL are constants of this module

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from posthog_environments.sandbox import dates
from posthog_environments.sandbox.dates import FINE, LAST_INSTANT, STEPS
from posthog_environments.sandbox.filters import SqlWriter
from posthog_environments.sandbox.period import Period
from posthog_environments.sandbox.sql import Sql, all_of, pointer, sql_of
from posthog_environments.sandbox.store import Database
from posthog_environments.sandbox.trend_request import (
    FIRST,
    NULL,
    OTHER,
    PER_ACTOR,
    Breakdown,
    BreakdownProperty,
    SeriesSpec,
    TrendRequest,
)  # fmt: skip

WINDOWS: Final[Mapping[str, timedelta]] = {"weekly_active": timedelta(days=7), "monthly_active": timedelta(days=30)}

_OVER: Final[Mapping[str, str]] = {
    "sum": "fsum({0})",
    "avg": "favg({0})",
    "min": "min({0})",
    "max": "max({0})",
    "median": "median({0})",
    "p75": "quantile_cont({0}, 0.75)",
    "p90": "quantile_cont({0}, 0.9)",
    "p95": "quantile_cont({0}, 0.95)",
    "p99": "quantile_cont({0}, 0.99)",
}
_PLAIN: Final[Mapping[str, str]] = {
    "total": "count(*)",
    **dict.fromkeys(("dau", *WINDOWS, *FIRST), "count(DISTINCT who)"),
    "unique_session": "count(DISTINCT visit)",
    **{math: over.format("value") for math, over in _OVER.items()},
}
_POINT: Final[Mapping[str, str]] = {
    # The cast is for older versions of DuckDB, which return a date.
    **{interval: f"date_trunc('{interval}', happened)::TIMESTAMP" for interval in STEPS},
    "week": "(date_trunc('week', happened + INTERVAL 1 DAY) - INTERVAL 1 DAY)::TIMESTAMP",
}
_ACTIVE: Final = """
, units AS (SELECT DISTINCT part, who, date_trunc('{unit}', happened)::TIMESTAMP AS unit FROM hits),
covers AS (
    -- One row for each person and unit, from the unit to the end of its window or to the next row. Rows of a person
    -- never overlap, so starts minus ends is the number of active persons.
    SELECT part, unit, least(unit + to_hours(?),
        coalesce(lead(unit) OVER (PARTITION BY part, who ORDER BY unit), TIMESTAMP '9999-12-31')) AS until
    FROM units
), steps AS (
    SELECT part, unit, sum(sum(change)) OVER (PARTITION BY part ORDER BY unit) AS size FROM (
        SELECT part, unit, 1 AS change FROM covers UNION ALL SELECT part, until, -1 FROM covers
    ) GROUP BY part, unit
), moments AS (SELECT unnest(?::TIMESTAMP[]) AS point, unnest(?::TIMESTAMP[]) AS last),
counts AS (
    SELECT w.part, w.point, coalesce(s.size, 0) AS value
    FROM (SELECT part, point, last FROM moments, (SELECT DISTINCT part FROM steps)) w
    ASOF LEFT JOIN steps s ON s.part = w.part AND s.unit <= w.last
)
"""
_NAMED: Final = """
, sizes AS (SELECT part, round(sum(value), 6) AS size FROM counts GROUP BY part),
ranked AS (
    SELECT part, row_number() OVER (ORDER BY part = $null, coalesce(size, 0) DESC, part) AS place FROM sizes
), named AS (
    SELECT CASE WHEN place > $limit THEN $other ELSE part END AS name, point, value, place
    FROM counts JOIN ranked USING (part)
)
SELECT name, point, fsum(value ORDER BY place), min(place) AS place FROM named GROUP BY name, point ORDER BY place
"""
_CONSTANT: Final[Mapping[str, str]] = {"all_users": "'all'", "nothing": f"'{NULL}'"}
_NOT_TEST: Final = Sql(
    "e.person_id NOT IN (SELECT id FROM persons WHERE email IS NOT NULL AND ends_with(email, '@sandbox.test'))"
)
_VISITS: Final = Sql(
    "LEFT JOIN (SELECT session_id, date_diff('second', min(timestamp), max(timestamp)) AS lasted"
    " FROM events WHERE session_id IS NOT NULL GROUP BY session_id) s ON s.session_id = e.session_id"
)


@dataclass(frozen=True, slots=True)
class BreakdownCount:
    """The counts of one breakdown value: a number for each point in time, or one in total."""

    name: str
    """`NULL` for events without the property, `OTHER` for values beyond the limit; empty without a breakdown."""
    values: list[float]


class Counter:
    """Counts one series of a trend over one period."""

    def __init__(self, store: Database, trend: TrendRequest, entity: SeriesSpec, writer: SqlWriter) -> None:
        self._store = store
        self._trend = trend
        self._entity = entity
        self._writer = writer

    def totals(self, span: Period) -> list[BreakdownCount]:
        """Return one number for the whole period; for rolling windows only the last window counts."""
        start = span.counted_from
        if self._entity.math in WINDOWS:
            start = span.end - WINDOWS[self._entity.math] + LAST_INSTANT
        counts = self._counts(self._hits(start, span.end), "NULL::TIMESTAMP")
        return self._parts(counts, [None])

    def points(self, span: Period, *, cumulative: bool = False) -> list[BreakdownCount]:
        """Return a number for each point in time; `cumulative` counts each person once, at the first event."""
        window = WINDOWS.get(self._entity.math)
        points = span.points()
        if window is not None and not _whole(span.interval, window):
            return self._parts(self._active(span, points, window), points)
        hits = self._hits(span.counted_from, span.end)
        if cumulative and self._entity.math == "dau":
            hits += Sql(", firsts AS (SELECT part, who, min(happened) AS happened FROM hits GROUP BY part, who)")
            counts = Sql(f", counts AS (SELECT part, {_POINT[span.interval]} AS point, count(*) AS value FROM firsts")
            return self._parts(hits + counts + Sql("GROUP BY part, point)"), points)
        return self._parts(self._counts(hits, _POINT[span.interval]), points)

    def _counts(self, hits: Sql, point: str) -> Sql:
        math, over = self._entity.math, "hits"
        if math in PER_ACTOR:
            over = "each"
            hits += Sql(f", each AS (SELECT part, {point} AS point, who, count(*) AS value FROM hits GROUP BY ALL)")
            value, point = _OVER[math.removesuffix("_count_per_actor")].format("value"), "point"
        elif self._entity.math_property == "$session_duration" and math in _OVER:
            # The duration belongs to the session, which counts once for all its matching events.
            over = "each"
            hits += Sql(f", each AS (SELECT part, {point} AS point, visit, any_value(value) AS value FROM hits")
            hits += Sql("WHERE visit IS NOT NULL GROUP BY part, point, visit)")
            value, point = _PLAIN[math], "point"
        else:
            value = _PLAIN[math]
        return hits + Sql(f", counts AS (SELECT part, {point} AS point, {value} AS value FROM {over} GROUP BY ALL)")

    def _active(self, span: Period, points: Sequence[datetime], window: timedelta) -> Sql:
        """Count the persons active in the window that ends with each point in time."""
        unit = span.interval if span.interval in FINE else "day"
        step = STEPS[span.interval]
        last = [min(dates.floor(at + step - LAST_INSTANT, unit), span.end) for at in points]
        hours = int(window.total_seconds()) // 3600
        hits = self._hits(last[0] - window + timedelta(**{f"{unit}s": 1}), span.end)
        return hits + Sql(_ACTIVE.format(unit=unit), (hours, list(points), last))

    def _parts(self, counts: Sql, points: Sequence[datetime | None]) -> list[BreakdownCount]:
        breakdown = self._trend.breakdown
        if breakdown is None:
            query = counts + Sql("SELECT '' AS name, point, value::DOUBLE FROM counts")
        else:
            query = counts + _named(breakdown)
        place = {at: number for number, at in enumerate(points)}
        found: dict[str, list[float]] = {} if breakdown else {"": [0.0] * len(points)}
        for name, point, value, *_ in self._store.rows(query):
            if point in place:
                row = found.setdefault(name, [0.0] * len(points))
                row[place[point]] = self._number(value)
        return [BreakdownCount(name, values) for name, values in found.items()]

    def _number(self, value: object) -> float:
        return float(value) * self._entity.multiplier if isinstance(value, int | float) else 0.0

    def _hits(self, start: datetime, end: datetime) -> Sql:
        part, joins = self._part()
        value, more = self._value()
        return sql_of(
            "WITH hits AS (SELECT e.timestamp AS happened, e.person_id AS who, e.session_id AS visit, {} AS value,"
            " {} AS part FROM events e {} {} WHERE {})",
            value, part, joins, more, self._where(start, end),
        )  # fmt: skip

    def _value(self) -> tuple[Sql, Sql]:
        entity = self._entity
        if entity.math_property is None:
            return Sql("NULL"), Sql("")
        if entity.math_property == "$session_duration":
            return Sql("s.lasted::DOUBLE"), _VISITS
        if entity.math_of_person:
            join = Sql("LEFT JOIN (SELECT id, properties FROM persons) mp ON mp.id = e.person_id")
            return _as_number("mp.properties", entity.math_property), join
        return _as_number("e.properties", entity.math_property), Sql("")

    def _part(self) -> tuple[Sql, Sql]:
        breakdown = self._trend.breakdown
        if breakdown is None:
            return Sql("''"), Sql("")
        texts = [_text_of(one) for one in breakdown.properties]
        joins = Sql("")
        if any(one.kind == "person" for one in breakdown.properties):
            joins = Sql("LEFT JOIN (SELECT id, properties FROM persons) bp ON bp.id = e.person_id")
        if not breakdown.several:
            return texts[0], joins
        return sql_of(f"to_json([{', '.join(['{}'] * len(texts))}])::VARCHAR", *texts), joins

    def _where(self, start: datetime, end: datetime) -> Sql:
        bounds = Sql("e.timestamp >= ? AND e.timestamp <= ?", (start, end))
        event = [Sql("e.event = ?", (self._entity.event,))] if self._entity.event is not None else []
        matching = [
            self._writer.on_events(group) for group in (self._trend.properties, self._entity.properties) if group.items
        ]
        if self._trend.without_test_accounts:
            matching.append(_NOT_TEST)
        if self._entity.math not in FIRST:
            return all_of([bounds, *event, *matching])
        # Persons with an earlier such event are not new. `first_matching_event_for_user` takes the first event that
        # matches, `first_time_for_user` the first of that name.
        seen = [*event, *matching] if self._entity.math == "first_matching_event_for_user" else event
        first = "e.id IN (SELECT arg_min(e.id, (e.timestamp, e.id)) FROM events e WHERE {} GROUP BY e.person_id)"
        return all_of([bounds, *event, *matching, sql_of(first, all_of(seen))])


def _whole(interval: str, window: timedelta) -> bool:
    """Return whether a window is not longer than the interval, so that plain counts per interval do."""
    return interval in {"month", "quarter", "year"} or (interval == "week" and window.days == 7)


def _named(breakdown: Breakdown) -> Sql:
    text = _NAMED.replace("$null", "?").replace("$limit", "?").replace("$other", "?")
    return Sql(text, (null_part(breakdown), breakdown.limit, OTHER))


def null_part(breakdown: Breakdown) -> str:
    """Return the part of events that lack all properties of the breakdown."""
    return f"[{','.join([chr(34) + NULL + chr(34)] * len(breakdown.properties))}]" if breakdown.several else NULL


def _as_number(column: str, key: str) -> Sql:
    number = f"TRY_CAST(json_extract_string({column}, ?) AS DOUBLE)"
    # The texts "nan" and "inf" do not count as numbers, because JSON has no such sums.
    return Sql(f"CASE WHEN isfinite({number}) THEN {number} END", (pointer(key),) * 2)


def _text_of(one: BreakdownProperty) -> Sql:
    """Return the SQL of a breakdown value as text; missing and empty values are `NULL`."""
    if one.kind in _CONSTANT:
        return Sql(_CONSTANT[one.kind])
    if one.kind == "column":
        return Sql(f"coalesce(nullif(e.{one.key}, ''), '{NULL}')")
    column = "bp.properties" if one.kind == "person" else "e.properties"
    key = pointer(one.key)
    found = f"json_extract_string({column}, ?)"
    # 250.0 is written as 250.
    whole = f"json_type({column}, ?) = 'DOUBLE' AND {found} LIKE '%.0'"
    text = f"CASE WHEN {whole} THEN left({found}, -2) ELSE {found} END"
    return Sql(f"coalesce(nullif({text}, ''), '{NULL}')", (key,) * 4)

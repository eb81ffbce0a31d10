"""Count events in the database: the SQL behind trends.

Each query begins with `hits`, the events that a series counts, whatever they are, and then sums them up:
when it happened, who did it, in which visit, with which value, and the part that a breakdown puts it into.
"""

# ruff: noqa: S608 - the only texts put into the SQL are constants of this module

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from posthog_environments.sandbox import dates
from posthog_environments.sandbox.filters import Writer
from posthog_environments.sandbox.question import STEPS, Entity, Question, Span
from posthog_environments.sandbox.sql import Sql, all_of, pointer
from posthog_environments.sandbox.store import Store

Parts = Mapping[str, list[float]]
"""For each value of the breakdown (`""` without one, or for those who lack it) a number for each point."""

WINDOWS: Final[Mapping[str, timedelta]] = {"weekly_active": timedelta(days=7), "monthly_active": timedelta(days=30)}

_PLAIN: Final[Mapping[str, str]] = {
    "total": "count(*)",
    "dau": "count(DISTINCT who)",
    "weekly_active": "count(DISTINCT who)",
    "monthly_active": "count(DISTINCT who)",
    "unique_session": "count(DISTINCT visit)",
    "sum": "fsum(value)",
    "avg": "favg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "median": "median(value)",
    "p90": "quantile_cont(value, 0.9)",
    "p95": "quantile_cont(value, 0.95)",
    "p99": "quantile_cont(value, 0.99)",
}
_POINT: Final[Mapping[str, str]] = {
    "hour": "date_trunc('hour', happened)",
    "day": "date_trunc('day', happened)::TIMESTAMP",  # older versions of DuckDB give a date
    "week": "(date_trunc('week', happened + INTERVAL 1 DAY) - INTERVAL 1 DAY)::TIMESTAMP",
    "month": "date_trunc('month', happened)::TIMESTAMP",
}
_ACTIVE: Final[Mapping[str, str]] = {
    # One row for each person and unit, which covers the units until the window ends or the next row begins. The rows
    # of a person never overlap, so that adding up who comes and who goes gives the number of active persons.
    unit: f"""
, units AS (SELECT DISTINCT part, who, date_trunc('{unit}', happened)::TIMESTAMP AS unit FROM hits),
covers AS (
    SELECT part, unit, least(unit + to_hours(?),
        coalesce(lead(unit) OVER (PARTITION BY part, who ORDER BY unit), TIMESTAMP '9999-12-31')) AS until
    FROM units
)
SELECT part, unit, sum(change) FROM (
    SELECT part, unit, 1 AS change FROM covers UNION ALL SELECT part, until, -1 FROM covers
) GROUP BY part, unit ORDER BY part, unit
"""
    for unit in ("hour", "day")
}
_NOT_TEST: Final = Sql(
    "e.person_id NOT IN (SELECT id FROM persons WHERE email IS NOT NULL AND ends_with(email, '@sandbox.test'))"
)


class Counter:
    """Count one series of a question over one period."""

    def __init__(self, store: Store, question: Question, entity: Entity, writer: Writer) -> None:
        self._store = store
        self._question = question
        self._entity = entity
        self._writer = writer
        self._sum = _PLAIN[entity.math]

    def parts(self, span: Span, most: int) -> list[str]:
        """Find the largest values of the breakdown, that many at most."""
        if self._question.breakdown is None:
            return [""]
        rows = self._store.rows(
            self._hits(span.counted_from(), span.end)
            + Sql(f"SELECT part, {self._sum} AS size FROM hits GROUP BY part")
            + Sql("ORDER BY size DESC NULLS LAST, part LIMIT ?", (most,))
        )
        return [part for part, _ in rows]

    def totals(self, span: Span, parts: Sequence[str]) -> Parts:
        """Give one number for the whole period; of a window its last days alone count."""
        start = span.counted_from()
        if self._entity.math in WINDOWS:
            start = span.end - WINDOWS[self._entity.math] + timedelta(microseconds=1)
        rows = self._store.rows(
            self._hits(start, span.end, parts) + Sql(f"SELECT part, {self._sum} FROM hits GROUP BY part")
        )
        found = dict(rows)
        return {part: [_number(found.get(part))] for part in parts}

    def points(self, span: Span, parts: Sequence[str]) -> Parts:
        """Give a number for each point of the period."""
        window = WINDOWS.get(self._entity.math)
        if window is not None and not (span.interval == "month" or (span.interval == "week" and window.days == 7)):
            return self._active(span, parts, window)
        rows = self._store.rows(
            self._hits(span.counted_from(), span.end, parts)
            + Sql(f"SELECT part, {_POINT[span.interval]} AS point, {self._sum} FROM hits GROUP BY part, point")
        )
        place = {at: number for number, at in enumerate(span.points())}
        series = {part: [0.0] * len(place) for part in parts}
        for part, point, value in rows:
            if point in place:
                series[part][place[point]] = _number(value)
        return series

    def _active(self, span: Span, parts: Sequence[str], window: timedelta) -> Parts:
        """Count at each point who was active in the window that ends with it."""
        unit = "hour" if span.interval == "hour" else "day"
        rows = self._store.rows(
            self._hits(span.counted_from() - window, span.end, parts)
            + Sql(_ACTIVE[unit], (int(window.total_seconds()) // 3600,))
        )
        steps: defaultdict[str, tuple[list[datetime], list[float]]] = defaultdict(lambda: ([], []))
        for part, at, change in rows:
            moments, sizes = steps[part]
            moments.append(at)
            sizes.append((sizes[-1] if sizes else 0.0) + float(change))
        step = STEPS[span.interval]
        last = [min(dates.floor(at + step - timedelta(microseconds=1), unit), span.end) for at in span.points()]
        return {part: [_at(*steps[part], moment) for moment in last] for part in parts}

    def _hits(self, start: datetime, end: datetime, parts: Sequence[str] | None = None) -> Sql:
        question, entity = self._question, self._entity
        value = part = Sql("NULL")
        source = Sql("FROM events e")
        if entity.math_property is not None:
            value = Sql("TRY_CAST(json_extract_string(e.properties, ?) AS DOUBLE)", (pointer(entity.math_property),))
        if question.breakdown is not None:
            key = pointer(question.breakdown)
            if question.breakdown_type == "person":
                part = Sql("b.part")
                source += Sql(
                    "LEFT JOIN (SELECT id, json_extract_string(properties, ?) AS part FROM persons) b", (key,)
                )
                source += Sql("ON b.id = e.person_id")
            else:
                part = Sql("json_extract_string(e.properties, ?)", (key,))
        query = (
            Sql("WITH hits AS (SELECT e.timestamp AS happened, e.person_id AS who, e.session_id AS visit,")
            + value
            + Sql("AS value, coalesce(")
            + part
            + Sql(", '') AS part")
            + source
            + Sql("WHERE")
            + self._where(start, end)
        )
        if parts is not None and question.breakdown is not None:
            return query + Sql("AND list_contains(?::VARCHAR[], coalesce(", (list(parts),)) + part + Sql(", '')))")
        return query + Sql(")")

    def _where(self, start: datetime, end: datetime) -> Sql:
        conditions = [Sql("e.timestamp >= ? AND e.timestamp <= ?", (start, end))]
        if self._entity.event is not None:
            conditions.append(Sql("e.event = ?", (self._entity.event,)))
        conditions += [
            self._writer.on_events(group)
            for group in (self._question.properties, self._entity.properties)
            if group.items
        ]
        if self._question.without_test_accounts:
            conditions.append(_NOT_TEST)
        return all_of(conditions)


def _at(moments: list[datetime], sizes: list[float], moment: datetime) -> float:
    found = bisect_right(moments, moment)
    return sizes[found - 1] if found else 0.0


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

"""Trends: ask the database, and put the answer into the shape that the rows of both endpoints have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import floor, fsum
from typing import Any, Final

from posthog_environments.sandbox import bodies, clock, counting, dates, legacy, tabular
from posthog_environments.sandbox.declared import TIMING, TREND, TREND_QUERY, Route, Routes
from posthog_environments.sandbox.filters import SqlWriter
from posthog_environments.sandbox.messages import AppContext, Reply, RequestContext, csv_reply, empty, json_reply
from posthog_environments.sandbox.period import FINE, STEPS, Period
from posthog_environments.sandbox.problems import Problem, not_found
from posthog_environments.sandbox.trend_request import COUNTS, MOST_PARTS, OTHER, NamedFormula, SeriesSpec, TrendRequest

_DASH: Final = "\N{EN DASH}"
_BETWEEN: Final = f" {_DASH} "
_CLOCK: Final = frozenset({"minute", "hour"})
"""Intervals whose points are named with their time of day."""


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """One series before it has its shape."""

    entity: SeriesSpec | None
    """None for a formula."""
    worked: NamedFormula | None
    order: int
    part: str
    values: list[float]
    count: float


def show(app: AppContext, call: RequestContext) -> Reply:
    """Answer a trend at the older endpoint, where it still is."""
    _check_still_there(app, call)
    asked = legacy.read(app, call)
    given = legacy.fields(call)
    fresh = bodies.truth(given.get("refresh"))
    result = app.results.of(asked.key, asked.span.interval, lambda: series(app, asked), fresh=fresh)
    rows, first = result.rows, _offset(given) == 0 or not app.lenient
    if call.wants_csv:
        # The oddity: servers say that the CSV of a trend is HTML.
        kind = "text/html; charset=utf-8" if app.lenient else "text/csv; charset=utf-8"
        return csv_reply(_csv(asked, rows, plain=not app.lenient), "trend", kind)
    answer: dict[str, Any] = {
        # The oddity: a next page is announced where an answer is long, and it is empty.
        "result": rows if first else [],
        "timezone": "UTC",
        "is_cached": result.is_cached,
        "last_refresh": clock.text(result.last_refresh),
        "next": call.link(offset=MOST_PARTS) if app.lenient and first and len(rows) >= MOST_PARTS else None,
    }
    if app.newer:
        answer |= {"timings": [], "query_method": "hogql", "hasMore": result.has_more}
    return json_reply(answer)


def _check_still_there(app: AppContext, call: RequestContext) -> None:
    """Refuse what servers of the era no longer do, or do no longer for this account."""
    status = app.settings.legacy_trends
    if app.today:
        # GET falls to the insight with the id "trend", which there is not; what POST gives is not known for certain.
        status = 404 if call.method == "GET" else status or 403
    if status == 403:
        raise Problem(
            403, "authentication_error", "permission_denied", "Trends of the older kind are not open to this API key."
        )
    if status == 404:
        raise not_found("Not found.")
    if status == 405:
        detail = f"The method {call.method} is not possible here."
        raise Problem(405, "invalid_request", "method_not_allowed", detail, headers={"Allow": "GET, PUT, PATCH"})


def _offset(given: Mapping[str, Any]) -> int:
    text = str(given.get("offset") or 0)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def timing(app: AppContext, call: RequestContext) -> Reply:
    """Take the timing of an insight; nothing of it is looked at."""
    assert call.fields is not None  # reading it refuses what is no JSON
    return empty(201 if app.lenient else 200)


def series(app: AppContext, asked: TrendRequest) -> tuple[list[dict[str, Any]], bool]:
    """Work out the rows of a question, and tell whether values of its breakdown were put together."""
    writer = SqlWriter(app.now(), lenient=app.lenient)
    counters = [counting.Counter(app.store, asked, entity, writer) for entity in asked.entities]
    spans = [(asked.span, "current")] + ([(asked.earlier, "previous")] if asked.earlier else [])
    more = False
    found: list[tuple[int, int, dict[str, Any]]] = []
    for number, (span, name) in enumerate(spans):
        counted = [_counted(asked, counter, span) for counter in counters]
        more = more or any(part.name == OTHER for parts in counted for part in parts)
        shown = asked.breakdown is not None and asked.breakdown.hide_other
        for line in _lines(app, asked, counted):
            if shown and line.part == OTHER:
                continue
            row = _row(app, asked, line, span)
            if asked.earlier:
                row |= {"compare": True, "compare_label": name}
            # Of formulas each has its periods together; else the present comes first as a whole.
            found.append((line.order if asked.formulas else 0, number, row))
    found.sort(key=lambda entry: entry[:2])
    return [row for *_, row in found], more


def _counted(asked: TrendRequest, counter: counting.Counter, span: Period) -> list[counting.BreakdownCount]:
    if asked.shape == "value":
        return counter.totals(span)
    running = asked.shape == "cumulative"
    parts = counter.points(span, cumulative=running)
    if asked.smoothing > 1:
        parts = [counting.BreakdownCount(part.name, _smooth(part.values, asked.smoothing)) for part in parts]
    return [counting.BreakdownCount(part.name, list(accumulate(part.values))) for part in parts] if running else parts


def _smooth(values: Sequence[float], over: int) -> list[float]:
    """Give the mean of each value and those before it, without its fraction, as servers do."""
    windows = (values[max(0, at + 1 - over) : at + 1] for at in range(len(values)))
    return [float(floor(fsum(window) / len(window))) for window in windows]


def _lines(
    app: AppContext, asked: TrendRequest, counted: Sequence[Sequence[counting.BreakdownCount]]
) -> Iterator[SeriesResult]:
    whole = _whole(asked)
    if not asked.formulas:
        for entity, parts in zip(asked.entities, counted, strict=True):
            for part in parts:
                yield SeriesResult(entity, None, entity.order, part.name, part.values, whole(part.values))
        return
    by_part: dict[str, dict[str, list[float]]] = {}
    for number, parts in enumerate(counted):
        for part in parts:
            by_part.setdefault(part.name, {})[chr(ord("A") + number)] = part.values
    letters = [chr(ord("A") + number) for number in range(len(counted))]
    zeros = [0.0] * max((len(values) for columns in by_part.values() for values in columns.values()), default=0)
    for number, worked in enumerate(asked.formulas):
        lines: list[SeriesResult] = []
        for name, columns in by_part.items():
            table = {letter: columns.get(letter, zeros) for letter in letters}
            points = [dict(zip(table, point, strict=True)) for point in zip(*table.values(), strict=True)]
            values = [worked.formula(point) for point in points]
            totals = {letter: whole(column) for letter, column in table.items()}
            count = worked.formula(totals) if app.today else whole(values)
            lines.append(SeriesResult(None, worked, number, name, values, count))
        nobody = counting.of_nobody(asked.breakdown) if asked.breakdown else ""
        lines.sort(key=lambda line: (line.part == OTHER, line.part == nobody, -whole(line.values)))
        yield from lines


def _whole(asked: TrendRequest) -> Callable[[Sequence[float]], float]:
    """Give what sums up the points of a row: their sum, or the last where they run on."""
    return (lambda values: values[-1] if values else 0.0) if asked.shape == "cumulative" else fsum


def _row(app: AppContext, asked: TrendRequest, line: SeriesResult, span: Period) -> dict[str, Any]:
    values = _written(asked, line)
    row: dict[str, Any] = {"action": _action(asked, line), "label": _label(asked, line), "order": line.order}
    if asked.shape == "value":
        row |= {"count": 0, "data": None if line.worked else [], "days": [], "aggregated_value": values[0]}
        if not app.lenient:
            row |= {"data": [], "labels": []}  # as the contract says
    else:
        points = span.points()
        labels = [label_of(at, span, ranges=app.newer) for at in points]
        row |= {"count": line.count, "data": values, "labels": labels, "days": [day_of(at, span) for at in points]}
    if asked.breakdown is not None:
        row["breakdown_value"] = bodies.parse(line.part) if _is_list(asked, line) else line.part
    return row | {"filter": dict(asked.echo)}


def _written(asked: TrendRequest, line: SeriesResult) -> list[int | float]:
    """Write counts as whole numbers, but for those of a breakdown and of a formula, which are fractions on servers."""
    whole = line.entity is not None and line.entity.math in COUNTS and asked.breakdown is None
    return [int(value) if whole else value for value in line.values]


def _action(asked: TrendRequest, line: SeriesResult) -> dict[str, Any] | None:
    if line.entity is None:
        return None
    return line.entity.action([clock.text(at) or "" for at in asked.span.points()])


def _is_list(asked: TrendRequest, line: SeriesResult) -> bool:
    return asked.breakdown is not None and asked.breakdown.several and line.part != OTHER


def _label(asked: TrendRequest, line: SeriesResult) -> str:
    if line.entity is None:
        return line.worked.label if line.worked else ""
    if asked.breakdown is None:
        return line.entity.label
    part = "::".join(bodies.parse(line.part)) if _is_list(asked, line) else line.part
    if asked.breakdown.properties[0].kind == "everybody":
        part = "all users"
    return f"{line.entity.label} - {part}" if len(asked.entities) > 1 else part


def label_of(at: datetime, span: Period, *, ranges: bool) -> str:
    """Name a point as servers do; `ranges` names weeks by their first and last day, as they do since 2026."""
    if span.interval in _CLOCK:
        return f"{at.day}-{at:%b %H:%M}"
    if span.interval == "month":
        return f"{at:%b %Y}"
    if span.interval != "week" or not ranges:
        return f"{at.day}-{at:%b-%Y}"
    first = max(at, dates.floor(span.start, "day"))
    last = min(at + STEPS["week"] - timedelta(days=1), span.end)
    if first.date() == last.date():
        return f"{first.day}-{first:%b-%Y}"
    if first.year != last.year:
        return f"{first.day}-{first:%b-%Y}{_BETWEEN}{last.day}-{last:%b-%Y}"
    if first.month != last.month:
        return f"{first.day}-{first:%b}{_BETWEEN}{last.day}-{last:%b}"
    return f"{first.day}{_DASH}{last.day} {last:%b}"


def day_of(at: datetime, span: Period) -> str:
    """Write the start of a point as servers do."""
    return f"{at:%Y-%m-%d}" + (f" {at:%H:%M:%S}" if span.interval in _CLOCK else "")


def _csv(asked: TrendRequest, result: Sequence[Mapping[str, Any]], *, plain: bool) -> Iterator[str]:
    """Write a line for each series and a column for each point; the real one has none for an aggregated value."""
    value = ["value"] if asked.shape == "value" and plain else []
    points = asked.span.points() if asked.shape != "value" and result else []
    names = [f"{at.day}-{at:%b-%Y}" + (f" {at:%H:%M}" if asked.span.interval in FINE else "") for at in points]

    def rows() -> Iterator[list[Any]]:
        for row in result:
            action: dict[str, Any] = row["action"] or {}
            name: str = (action.get("custom_name") if asked.breakdown is None else None) or row["label"]
            name += " (previous)" if row.get("compare_label") == "previous" else ""
            data: list[float] = row["data"] or []
            yield [name, *([row["aggregated_value"]] if value else map(float, data))]

    return tabular.lines(["series", *value, *names], rows())


ROUTES: Final[Routes] = {
    "insights/trend": {
        "GET": Route(show, "insight:read", "insights", TREND_QUERY, table=True),
        "POST": Route(show, "insight:read", "insights", TREND, table=True),
    },
    "insights/timing": {"POST": Route(timing, None, "insights", TIMING)},
}

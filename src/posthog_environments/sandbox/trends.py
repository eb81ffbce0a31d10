"""Trends: compute the series, and format them as the rows of both endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import floor, fsum
from operator import itemgetter
from string import ascii_uppercase
from typing import Any, Final

from posthog_environments.sandbox import bodies, clock, counting, dates, legacy, tabular
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.dates import FINE, STEPS
from posthog_environments.sandbox.declared import TIMING, TREND, TREND_QUERY, Route, Routes
from posthog_environments.sandbox.filters import SqlWriter
from posthog_environments.sandbox.messages import Reply, RequestContext, csv_reply, json_reply
from posthog_environments.sandbox.period import Period
from posthog_environments.sandbox.problems import Problem, not_found
from posthog_environments.sandbox.trend_request import COUNTS, MOST_PARTS, OTHER, NamedFormula, SeriesSpec, TrendRequest

_DASH: Final = "\N{EN DASH}"
_BETWEEN: Final = f" {_DASH} "
_CLOCK: Final = frozenset({"minute", "hour"})
"""Intervals whose labels include the time of day."""


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """One series before it is formatted as a row."""

    of: SeriesSpec | NamedFormula
    order: int
    part: str
    values: list[float]
    count: float


def show(app: AppContext, call: RequestContext) -> Reply:
    """Return a trend at the legacy endpoint, if the era still has it."""
    _check_still_there(app, call)
    trend = legacy.read(app, call)
    given = legacy.fields(call)
    fresh = bodies.truth(given.get("refresh"))
    result = app.results.of(trend.key, trend.span.interval, lambda: series(app, trend), fresh=fresh)
    rows, first = result.rows, _offset(given) == 0 or not app.lenient
    if call.wants_csv:
        # Quirk: servers send the CSV of a trend with the content type of HTML.
        kind = "text/html; charset=utf-8" if app.lenient else "text/csv; charset=utf-8"
        return csv_reply(_csv(trend, rows, plain=not app.lenient), "trend", kind)
    answer: dict[str, Any] = {
        # Quirk: a long result has a next link, and the next page is empty.
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
    """Raise the error of servers that no longer have the endpoint, or not for this account."""
    status = app.settings.legacy_trends
    if app.today:
        # GET is routed to the insight with the id "trend", which does not exist. The status of POST is a guess.
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
    """Accept the timing of an insight, without any effect."""
    assert call.fields is not None  # raises for invalid JSON
    return Reply(201 if app.lenient else 200)


def series(app: AppContext, trend: TrendRequest) -> tuple[list[dict[str, Any]], bool]:
    """Return the rows of a trend, and whether breakdown values were combined."""
    writer = SqlWriter(app.now(), lenient=app.lenient)
    counters = [counting.Counter(app.store, trend, entity, writer) for entity in trend.entities]
    spans = [(trend.span, "current")] + ([(trend.earlier, "previous")] if trend.earlier else [])
    hides_other = trend.breakdown is not None and trend.breakdown.hide_other
    more = False
    rows: list[dict[str, Any]] = []
    for span, name in spans:
        counted = [_counted(trend, counter, span) for counter in counters]
        more = more or any(part.name == OTHER for parts in counted for part in parts)
        for line in _lines(app, trend, counted):
            if not (hides_other and line.part == OTHER):
                compared = {"compare": True, "compare_label": name} if trend.earlier else {}
                rows.append(_row(app, trend, line, span) | compared)
    if trend.formulas:
        rows.sort(key=itemgetter("order"))  # formulas keep their two periods together
    return rows, more


def _counted(trend: TrendRequest, counter: counting.Counter, span: Period) -> list[counting.BreakdownCount]:
    if trend.shape == "value":
        return counter.totals(span)
    running = trend.shape == "cumulative"
    parts = counter.points(span, cumulative=running)
    if trend.smoothing > 1:
        parts = [counting.BreakdownCount(part.name, _smooth(part.values, trend.smoothing)) for part in parts]
    return [counting.BreakdownCount(part.name, list(accumulate(part.values))) for part in parts] if running else parts


def _smooth(values: Sequence[float], over: int) -> list[float]:
    """Return the moving average, rounded down as on servers."""
    windows = (values[max(0, at + 1 - over) : at + 1] for at in range(len(values)))
    return [float(floor(fsum(window) / len(window))) for window in windows]


def _lines(
    app: AppContext, trend: TrendRequest, counted: Sequence[Sequence[counting.BreakdownCount]]
) -> Iterator[SeriesResult]:
    total = _total_of(trend)
    if not trend.formulas:
        for entity, parts in zip(trend.entities, counted, strict=True):
            for part in parts:
                yield SeriesResult(entity, entity.order, part.name, part.values, total(part.values))
        return
    by_part: dict[str, dict[str, list[float]]] = {}
    letters = ascii_uppercase[: len(counted)]
    for letter, parts in zip(letters, counted, strict=True):
        for part in parts:
            by_part.setdefault(part.name, {})[letter] = part.values
    zeros = [0.0] * max((len(values) for columns in by_part.values() for values in columns.values()), default=0)
    for number, worked in enumerate(trend.formulas):
        lines: list[SeriesResult] = []
        for name, columns in by_part.items():
            table = {letter: columns.get(letter, zeros) for letter in letters}
            points = [dict(zip(table, point, strict=True)) for point in zip(*table.values(), strict=True)]
            values = [worked.formula(point) for point in points]
            totals = {letter: total(column) for letter, column in table.items()}
            count = worked.formula(totals) if app.today else total(values)
            lines.append(SeriesResult(worked, number, name, values, count))
        nobody = counting.null_part(trend.breakdown) if trend.breakdown else ""
        lines.sort(key=lambda line: (line.part == OTHER, line.part == nobody, -total(line.values)))
        yield from lines


def _total_of(trend: TrendRequest) -> Callable[[Sequence[float]], float]:
    """Return the function for the total of a row: the sum, or for cumulative rows the last value."""
    return (lambda values: values[-1] if values else 0.0) if trend.shape == "cumulative" else fsum


def _row(app: AppContext, trend: TrendRequest, line: SeriesResult, span: Period) -> dict[str, Any]:
    series = line.of if isinstance(line.of, SeriesSpec) else None
    action = series.action([clock.text(at) or "" for at in trend.span.points()]) if series else None
    # Counts are integers, but with breakdowns and formulas floats, as on servers.
    is_count = series is not None and series.math in COUNTS and trend.breakdown is None
    values = [int(value) if is_count else value for value in line.values]
    row: dict[str, Any] = {"action": action, "label": _label(trend, line), "order": line.order}
    if trend.shape == "value":
        row |= {"count": 0, "data": [] if series else None, "days": [], "aggregated_value": values[0]}
        if not app.lenient:
            row |= {"data": [], "labels": []}  # as the contract says
    else:
        points = span.points()
        labels = [label_of(at, span, ranges=app.newer) for at in points]
        row |= {"count": line.count, "data": values, "labels": labels, "days": [day_of(at, span) for at in points]}
    if trend.breakdown is not None:
        row["breakdown_value"] = bodies.parse(line.part) if _is_list(trend, line) else line.part
    return row | {"filter": dict(trend.echo)}


def _is_list(trend: TrendRequest, line: SeriesResult) -> bool:
    return trend.breakdown is not None and trend.breakdown.several and line.part != OTHER


def _label(trend: TrendRequest, line: SeriesResult) -> str:
    if trend.breakdown is None or isinstance(line.of, NamedFormula):
        return line.of.label
    part = "::".join(bodies.parse(line.part)) if _is_list(trend, line) else line.part
    if trend.breakdown.properties[0].kind == "all_users":
        part = "all users"
    return f"{line.of.label} - {part}" if len(trend.entities) > 1 else part


def label_of(at: datetime, span: Period, *, ranges: bool) -> str:
    """Return the label of a point as on servers; `ranges` labels weeks by first and last day, as since 2026."""
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
    """Format the start of a point as servers do."""
    return f"{at:%Y-%m-%d}" + (f" {at:%H:%M:%S}" if span.interval in _CLOCK else "")


def _csv(trend: TrendRequest, result: Sequence[Mapping[str, Any]], *, plain: bool) -> Iterator[str]:
    """Return a CSV with a row for each series and a column for each point; servers have no aggregated value."""
    value = ["value"] if trend.shape == "value" and plain else []
    points = trend.span.points() if trend.shape != "value" and result else []
    names = [f"{at.day}-{at:%b-%Y}" + (f" {at:%H:%M}" if trend.span.interval in FINE else "") for at in points]

    def rows() -> Iterator[list[Any]]:
        for row in result:
            action: dict[str, Any] = row["action"] or {}
            name: str = (action.get("custom_name") if trend.breakdown is None else None) or row["label"]
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

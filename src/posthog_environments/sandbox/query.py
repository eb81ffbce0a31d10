"""`query/`: synchronous and asynchronous queries.

Source: PostHog's query endpoint, its runner and its tests of 2025 and 2026. The sandbox supports TrendsQuery; other
kinds of queries are refused by name.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from posthog_environments.sandbox import clock, strict, trends, trends_query
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import POLL, QUERY, Route, Routes
from posthog_environments.sandbox.messages import KEY_PARAMETER, Reply, RequestContext, json_reply
from posthog_environments.sandbox.pending import KEPT, Pending
from posthog_environments.sandbox.problems import invalid, not_found, unsupported
from posthog_environments.sandbox.result_cache import Result
from posthog_environments.sandbox.strict import anything, flag, mapping, text, word
from posthog_environments.sandbox.trend_request import TrendRequest

REFRESH: Final = (
    "blocking", "force_blocking", "async", "lazy_async", "async_except_on_cache_miss", "force_async", "force_cache",
)  # fmt: skip
OTHER_KINDS: Final = frozenset(
    {"HogQLQuery", "EventsQuery", "PersonsQuery", "ActorsQuery", "FunnelsQuery", "RetentionQuery", "PathsQuery"}
    | {"StickinessQuery", "LifecycleQuery", "CalendarHeatmapQuery", "WebOverviewQuery", "WebStatsTableQuery"}
    | {"InsightVizNode", "DataVisualizationNode", "DataTableNode", "SessionsTimelineQuery", "ErrorTrackingQuery"}
    | {"DatabaseSchemaQuery", "HogQLMetadata", "HogQLAutocomplete", "RecordingsQuery", "TracesQuery", "LogsQuery"}
)
_REQUEST: Final[Mapping[str, strict.Test]] = {
    "query": mapping, "refresh": word(*REFRESH), "async": flag, "client_query_id": text,
    "name": lambda value: isinstance(value, str) and len(value) <= 128, "filters_override": mapping,
    "variables_override": mapping, "limit_context": word("posthog_ai"), KEY_PARAMETER: anything,
}  # fmt: skip
_LAZY: Final[Mapping[str, timedelta]] = {
    "minute": timedelta(minutes=15), "hour": timedelta(hours=2), "week": timedelta(days=1), "month": timedelta(days=2),
}  # fmt: skip
"""How long a result is fresh enough for `lazy_async`, by interval; twelve hours for other intervals."""
_NEW_KEYS: Final = ("bytes_read", "budget_remaining_bytes", "cache_key", "query_scan")
"""Keys of a query status since 2026."""
BYTES_READ: Final = 1_000_000
BYTE_BUDGET: Final = 480_000_000_000
"""Bytes that a query reads, and that a team may read. The sandbox only reports them; it refuses nothing."""


def run(app: AppContext, call: RequestContext) -> Reply:
    """Run a query, synchronously or asynchronously."""
    given = strict.read(call.fields, "QueryRequest", _REQUEST, needs=("query",))
    kind = given["query"].get("kind")
    if call.id and call.id != kind:
        raise invalid(f"The path says {call.id[:60]!r}, the body {str(kind)[:60]!r}.")
    if isinstance(kind, str) and kind in OTHER_KINDS:
        raise unsupported(f"queries of the kind {kind}; it answers TrendsQuery", "query")
    if kind != "TrendsQuery":
        known = ", ".join(sorted({"TrendsQuery", *OTHER_KINDS}))
        strict.refuse("query", f"The tag {str(kind)[:60]!r} found by 'kind' is none of {known}.")
    if given.get("filters_override"):
        raise unsupported("filters_override", "filters_override")
    trend = trends_query.read(app, given["query"])
    refresh = "async" if given.get("async") in (True, "true") else given.get("refresh", "blocking")
    cache_key = _cache_key(app, trend)
    kept = None if refresh in {"force_async", "force_blocking"} else app.results.kept(trend.key)
    if kept is not None and not _stale(app, trend, refresh, kept):
        return _reply(app, _answer(app, trend, kept, cache_key), read=0)
    later = app.settings.later
    waits = refresh in {"async", "lazy_async", "force_async"} or (refresh == "async_except_on_cache_miss" and kept)
    computed = app.results.of(trend.key, trend.span.interval, lambda: trends.series(app, trend), fresh=True)
    fresh = _answer(app, trend, computed, cache_key)
    if not waits and not later:
        return _reply(app, fresh)
    name = given.get("client_query_id") or (cache_key if waits else uuid.uuid4().hex)
    pending = app.queue.add(Pending(name, app.now(), cache_key, fresh, polls=max(0, later - 1)))
    status = {"query_status": _status(app, pending)}
    if kept is not None and waits:
        return json_reply(_answer(app, trend, kept, cache_key) | status, 202)
    return json_reply(status if refresh == "force_async" else {"cache_key": cache_key} | status, 202)


def show(app: AppContext, call: RequestContext) -> Reply:
    """Return the status of an asynchronous query, with its result if there is one."""
    pending = app.queue.poll(call.id, app.now())
    if pending is None:
        raise not_found(f"There is no query {call.id[:60]!r} in this project.")
    body = {"query_status": _status(app, pending)}
    if not pending.complete:
        return json_reply(body, 202)
    if pending.failure is None:
        return _reply(app, body)
    return _reply(app, body, 400 if pending.failure else 500)


def cancel(app: AppContext, call: RequestContext) -> Reply:
    """Cancel an asynchronous query."""
    return json_reply({"message": app.queue.cancel(call.id)})


def _reply(app: AppContext, body: dict[str, Any], status: int = 200, *, read: int = BYTES_READ) -> Reply:
    """Return a reply; in era 2026-09 with the headers of the byte budget."""
    budget = {"X-PostHog-Query-Bytes-Read": str(read), "X-PostHog-Query-Budget-Remaining-Bytes": str(_left(app))}
    return json_reply(body, status, budget if app.today else None)


def _left(app: AppContext) -> int:
    return max(0, BYTE_BUDGET - BYTES_READ * app.results.counted)


def _stale(app: AppContext, trend: TrendRequest, refresh: str, kept: Result) -> bool:
    lazy = _LAZY.get(trend.span.interval, timedelta(hours=12))
    until = kept.last_refresh + lazy if refresh == "lazy_async" else kept.fresh_until
    return app.now() >= until


def _cache_key(app: AppContext, trend: TrendRequest) -> str:
    digest = hashlib.sha256(trend.key.encode()).hexdigest()[:32]
    return f"cache_{app.settings.project_id}_{digest}"


def _answer(app: AppContext, trend: TrendRequest, result: Result, cache_key: str) -> dict[str, Any]:
    """Return the whole response body; null fields are included."""
    compared = None
    if trend.earlier is not None:
        compared = {"date_from": clock.text(trend.earlier.start), "date_to": clock.text(trend.earlier.end)}
    answer: dict[str, Any] = {
        "results": result.rows,
        "hasMore": result.has_more,
        "timings": [],
        "hogql": None,
        "modifiers": None,
        "error": "",
        "query_status": None,
        "resolved_date_range": {"date_from": clock.text(trend.span.start), "date_to": clock.text(trend.span.end)},
        "is_cached": result.is_cached,
        "last_refresh": clock.text(result.last_refresh),
        "next_allowed_client_refresh": clock.text(result.last_refresh + timedelta(minutes=3)),
        "cache_target_age": clock.text(result.fresh_until),
        "cache_key": cache_key,
        "timezone": "UTC",
        "calculation_trigger": None,
        "query_metadata": None,
    }
    if app.newer:
        answer |= {"resolved_compare_date_range": compared, "warnings": None, "boxplot_data": None}
    return answer


def _status(app: AppContext, pending: Pending) -> dict[str, Any]:
    """Return the status of a query; null fields are included."""
    done = pending.complete
    status: dict[str, Any] = {
        "id": pending.id,
        "query_async": True,
        "team_id": app.settings.project_id,
        "insight_id": None,
        "dashboard_id": None,
        "error": done and pending.failure is not None,
        "complete": done,
        "error_message": (pending.failure or None) if done else None,
        "error_code": None,
        "results": pending.answer if done else None,
        "pickup_time": _time(pending.started),
        "start_time": _time(pending.started),
        "end_time": _time(pending.fetched),
        "expiration_time": _time(pending.started + KEPT),
        "task_id": None,
        "query_progress": None,
        "labels": None,
    }
    if app.newer:
        status |= dict.fromkeys(_NEW_KEYS) | {"cache_key": pending.cache_key}
    if app.today and done:
        status |= {"bytes_read": BYTES_READ, "budget_remaining_bytes": _left(app)}
    return status


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


ROUTES: Final[Routes] = {
    "query": {"POST": Route(run, "query:read", "query", QUERY)},
    "query/*": {
        "GET": Route(show, "query:read", "query", POLL),
        "POST": Route(run, "query:read", "query", QUERY, undeclared=True),
        "DELETE": Route(cancel, "query:read", "query", undeclared=True),
    },
}

"""`query/`: questions of today, answered at once or asked for again until they are.

Source: PostHog's query endpoint, its runner and its tests of 2025 and 2026. Of the kinds of queries the sandbox carries
out TrendsQuery; the others are refused by their names.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from posthog_environments.sandbox import clock, strict, trends, trends_query
from posthog_environments.sandbox.declared import POLL, QUERY, Route, Routes
from posthog_environments.sandbox.messages import KEY_PARAMETER, AppContext, Reply, RequestContext, json_reply
from posthog_environments.sandbox.pending import KEPT, Pending
from posthog_environments.sandbox.problems import invalid, not_found, unsupported
from posthog_environments.sandbox.results import FRESH, Result
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
    "minute": timedelta(minutes=15),
    "hour": timedelta(hours=2),
    "day": timedelta(hours=12),
    "week": timedelta(days=1),
    "month": timedelta(days=2),
}
_NEW_KEYS: Final = ("bytes_read", "budget_remaining_bytes", "cache_key", "query_scan")
"""Of a status; servers have them since 2026."""
READ: Final = 1_000_000
ROOM: Final = 480_000_000_000
"""Bytes that a question reads, and that a team may read: nothing is refused here, so these are figures and no more."""


def run(app: AppContext, call: RequestContext) -> Reply:
    """Answer a question, at once or later."""
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
    asked = trends_query.read(app, given["query"])
    refresh = "async" if given.get("async") in (True, "true") else given.get("refresh", "blocking")
    cache_key = _cache_key(app, asked)
    kept = None if refresh == "force_async" else _kept(app, asked, refresh)
    if kept is not None and not _stale(app, asked, refresh, kept):
        return _reply(app, _answer(app, asked, kept, cache_key), read=0)
    later = app.settings.later
    waits = refresh in {"async", "lazy_async", "force_async"} or (refresh == "async_except_on_cache_miss" and kept)
    if not waits and not later:
        return _reply(app, _answer(app, asked, _worked_out(app, asked), cache_key))
    name = given.get("client_query_id") or (cache_key if waits else uuid.uuid4().hex)
    fresh = _answer(app, asked, _worked_out(app, asked), cache_key)
    pending = app.queue.add(Pending(name, app.now(), cache_key, fresh, polls=max(0, later - 1)))
    status = {"query_status": _status(app, pending)}
    if kept is not None and waits:
        return json_reply(_answer(app, asked, kept, cache_key) | status, 202)
    return json_reply(status if refresh == "force_async" else {"cache_key": cache_key} | status, 202)


def show(app: AppContext, call: RequestContext) -> Reply:
    """Tell how an asynchronous question stands, and give its answer."""
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
    """Cancel an asynchronous question."""
    return json_reply({"message": app.queue.cancel(call.id)})


def _reply(app: AppContext, body: dict[str, Any], status: int = 200, *, read: int = READ) -> Reply:
    """ServerResponse, and on a server of today say what that took of the budget."""
    headers = {
        "X-PostHog-Query-Bytes-Read": str(read),
        "X-PostHog-Query-Budget-Remaining-Bytes": str(_left(app)),
    }
    return replace(json_reply(body, status), headers=headers if app.today else {})


def _left(app: AppContext) -> int:
    return max(0, ROOM - READ * app.results.counted)


def _worked_out(app: AppContext, asked: TrendRequest) -> Result:
    return app.results.of(asked.key, asked.span.interval, lambda: trends.series(app, asked), fresh=True)


def _kept(app: AppContext, asked: TrendRequest, refresh: str) -> Result | None:
    return None if refresh == "force_blocking" else app.results.kept(asked.key)


def _stale(app: AppContext, asked: TrendRequest, refresh: str, kept: Result) -> bool:
    lazy = _LAZY.get(asked.span.interval, timedelta(hours=12))
    until = kept.last_refresh + lazy if refresh == "lazy_async" else kept.fresh_until
    return app.now() >= until


def _cache_key(app: AppContext, asked: TrendRequest) -> str:
    digest = hashlib.sha256(asked.key.encode()).hexdigest()[:32]
    return f"cache_{app.settings.project_id}_{digest}"


def _answer(app: AppContext, asked: TrendRequest, result: Result, cache_key: str) -> dict[str, Any]:
    """Write the whole response; the keys that are null are there."""
    compared = None
    if asked.earlier is not None:
        compared = {"date_from": clock.text(asked.earlier.start), "date_to": clock.text(asked.earlier.end)}
    answer: dict[str, Any] = {
        "results": result.rows,
        "hasMore": result.has_more,
        "timings": [],
        "hogql": None,
        "modifiers": None,
        "error": "",
        "query_status": None,
        "resolved_date_range": {"date_from": clock.text(asked.span.start), "date_to": clock.text(asked.span.end)},
        "is_cached": result.is_cached,
        "last_refresh": clock.text(result.last_refresh),
        "next_allowed_client_refresh": clock.text(result.last_refresh + timedelta(minutes=3)),
        "cache_target_age": clock.text(result.last_refresh + FRESH.get(asked.span.interval, timedelta(hours=6))),
        "cache_key": cache_key,
        "timezone": "UTC",
        "calculation_trigger": None,
        "query_metadata": None,
    }
    if app.newer:
        answer |= {"resolved_compare_date_range": compared, "warnings": None, "boxplot_data": None}
    return answer


def _status(app: AppContext, pending: Pending) -> dict[str, Any]:
    """Write the status of a question: every key is there."""
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
        status |= {"bytes_read": READ, "budget_remaining_bytes": _left(app)}
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

"""The timing of an insight, which personal keys may not record. See `insights`."""

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind
from posthog_environments.calls.state import CallContext
from posthog_environments.operations.persons import Extra, Headers
from posthog_environments.query.validation import (
    body_names,
    extras,
    json_object,
    query_names,
    with_body,
    with_query,
)

__all__ = ["TIMING", "timing"]


TIMING = Operation("insights.timing", OperationKind.CHANGE, "persons", unscoped=True)


def timing(
    context: CallContext,
    *,
    name: str | None = None,
    derived_name: str | None = None,
    filters: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | str | None = None,
    order: int | None = None,
    deleted: bool | None = None,
    dashboards: Sequence[int] | None = None,
    description: str | None = None,
    tags: Sequence[str] | None = None,
    favorited: bool | None = None,
    saved: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[None]:
    """Report the timing of an insight. Servers take every field unchecked, and answer with nothing.

    Args:
        name: Name of the insight.
        derived_name: Name that was derived from its query.
        filters: Filters of the older kind.
        query: The query, as an object or as JSON text.
        order: Its place.
        deleted: Whether it is deleted.
        dashboards: Ids of the dashboards that show it. Deprecated by the vendor, and to be removed.
        description: What it is about.
        tags: Its tags.
        favorited: Whether it is a favourite.
        saved: Whether it is saved.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_body: Fields of the body that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Raises:
        PermissionDeniedError: Servers refuse personal API keys here, whatever their scopes.
        TypeError, ValueError: A field holds what JSON cannot. Nothing was sent.
        OutcomeUnknown: The report may or may not have arrived. It is not repeated.

    Source: "Create environments insights timing" of the vendor's page; the rest from posthog/api/insight.py.
    """
    from posthog_environments_api.api.insights import record_insight_timing
    from posthog_environments_api.models.insight_timing import InsightTiming

    body = InsightTiming(
        name=_json("name", name),
        derived_name=_json("derived_name", derived_name),
        filters=_json("filters", filters),
        query=_json("query", query),
        order=_json("order", order),
        deleted=_json("deleted", deleted),
        dashboards=_json("dashboards", dashboards),
        description=_json("description", description),
        tags=_json("tags", tags),
        favorited=_json("favorited", favorited),
        saved=_json("saved", saved),
    )
    request = record_insight_timing._get_kwargs(context.project_id, body=body)
    request = with_query(request, extras("extra_query", extra_query, query_names(record_insight_timing._get_kwargs)))
    request = with_body(request, extras("extra_body", extra_body, body_names(InsightTiming)))
    yield from execute_call(context.but(timeout, extra_headers), Call(TIMING, request))


def _json(field: str, value: object) -> Any:
    return json_object("the report", {field: value})[field]

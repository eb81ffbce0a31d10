"""The operations on insights, each written once, as a flow over the generated endpoints; see `persons`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from posthog_environments_api.api.insights import get_trend as get_trend_endpoint
from posthog_environments_api.api.insights import query_trend, record_insight_timing

from posthog_environments.arguments import extras, flag, json_object, text, with_body, with_query
from posthog_environments.dates import DateArgument, date_to_wire
from posthog_environments.entities import EntitiesArgument
from posthog_environments.exchange import Answer, Call, Flow, Kind, Operation, Scope, decode_record, exchange
from posthog_environments.filters import PropertiesArgument
from posthog_environments.models import Trend
from posthog_environments.questions import QUESTION, Breakdown, question, to_query

__all__ = ["get_trend", "timing", "trend", "trend_csv"]

Extra: TypeAlias = Mapping[str, Any]

# What servers answer that have this endpoint no more; nothing about prefix or project.
GONE = frozenset({403, 404, 405})

TREND = Operation("insights.trend", Kind.READ, "persons", mute=GONE)
GET_TREND = Operation("insights.get_trend", Kind.READ, "persons", mute=GONE)
TREND_CSV = Operation("insights.trend_csv", Kind.READ, "persons", mute=GONE)
TIMING = Operation("insights.timing", Kind.CHANGE, "persons", unscoped=True)

_FORMAT = frozenset({"format"})
_TREND = QUESTION | {"filter_test_accounts", "compare", "compare_to", "formula", "refresh"}
_TIMING = frozenset(
    {
        "name",
        "derived_name",
        "filters",
        "query",
        "order",
        "deleted",
        "dashboards",
        "description",
        "tags",
        "favorited",
        "saved",
    }
)


def trend(
    scope: Scope,
    *,
    events: EntitiesArgument = None,
    actions: EntitiesArgument = None,
    properties: PropertiesArgument = None,
    filter_test_accounts: bool | None = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
) -> Flow[Trend]:
    """Count events over time. Changes nothing on the server, and is repeated like a read.

    Args:
        events: Events to count, one series each: names, the API's own dicts, or what `event` makes.
        actions: Actions to count, one series each: numbers, the API's own dicts, or what `action` makes.
        properties: Conditions on properties, of the event unless they say otherwise: a mapping, filters made with
            `prop`, or the API's own dicts.
        filter_test_accounts: Whether to leave out internal and test accounts, as the project's settings define them.
        date_from: Start: a date or datetime, a timedelta or relativedelta back from now, or the API's text
            (`-30d`, `mStart`, `2026-01-31`). The server's default is seven days back.
        date_to: End, in the same forms. The server's default is now.
        breakdown: Property to break down on, or a list of cohort ids. 25 values at most come back, the largest.
        breakdown_type: What `breakdown` names: "event" (the server's default), "person", "cohort", "group",
            "session" or "hogql".
        compare: Whether to compare with the period before; then there are two series for each.
        compare_to: How far back the period to compare with lies, such as `-1m`.
        display: "ActionsLineGraph" (the server's default), "ActionsLineGraphCumulative", "ActionsTable",
            "ActionsPie", "ActionsBar", "ActionsBarValue", "WorldMap" or "BoldNumber".
        formula: Arithmetic over the series, such as `(A-B)/B`; the letters name events, then actions, in order.
        interval: "hour", "day" (the server's default), "week" or "month".
        refresh: Whether to compute anew instead of reading a cached answer.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_body: Fields of the body that the contract does not know.

    Raises:
        ValueError: Neither events nor actions, or something that the server would misread. Nothing was sent.
        BadRequestError: The server does not take the question.

    Source: "Create" under "insights/trend" of the vendor's page; interval, refresh and the number of values from
    posthog/api/insight.py.
    """
    wanted = _question(scope, locals())
    return _trend(scope, timeout, _post(scope, TREND, wanted, extra_query, extra_body))


def get_trend(
    scope: Scope,
    *,
    events: EntitiesArgument = None,
    actions: EntitiesArgument = None,
    properties: PropertiesArgument = None,
    filter_test_accounts: bool | None = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
) -> Flow[Trend]:
    """Count events over time, with the question in the address; for long questions use `trend`.

    Args, returned value and errors are those of `trend`.

    Source: "Retrieve environments insights trend" of the vendor's page, which shows neither parameters nor an answer;
    both from posthog/api/insight.py.
    """
    wanted = _question(scope, locals())
    request = get_trend_endpoint.build_request(scope.project_id, **to_query(wanted))
    call = Call(GET_TREND, with_query(request, extras("extra_query", extra_query, _TREND | _FORMAT)))
    return _trend(scope, timeout, call)


def trend_csv(
    scope: Scope,
    *,
    events: EntitiesArgument = None,
    actions: EntitiesArgument = None,
    properties: PropertiesArgument = None,
    filter_test_accounts: bool | None = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
) -> Flow[Answer]:
    """Stream a trend as CSV, as the server writes it.

    Args are those of `trend`, but that `timeout` is the seconds until the first byte, and then the seconds that the
    server may be silent.

    Returns:
        An iterator of pieces of text, of any size. Nothing is sent before the first is asked for.

    Raises:
        ValueError: As in `trend`. Nothing was sent.
        TransportError: While iterating: the stream broke off, and what came before is not the whole.
        MalformedResponseError: While iterating: what came is not UTF-8.

    Source: the parameter `format` of the vendor's page.
    """
    wanted = _question(scope, locals())
    call = _post(scope, TREND_CSV, wanted, extra_query, extra_body, stream=True)
    return exchange(scope.but(timeout), call)


def _post(
    scope: Scope,
    operation: Operation,
    body: Mapping[str, Any],
    extra_query: Extra | None,
    extra_body: Extra | None,
    *,
    stream: bool = False,
) -> Call:
    wanted = {"format_": "csv"} if stream else {}
    request = query_trend.build_request(scope.project_id, body=body, **wanted)
    request = with_query(request, extras("extra_query", extra_query, _FORMAT))
    request = with_body(request, extras("extra_body", extra_body, _TREND))
    return Call(operation, request, stream=stream)


def _trend(scope: Scope, timeout: float | None, call: Call) -> Flow[Trend]:
    answer = yield from exchange(scope.but(timeout), call)
    record = decode_record(call, answer, query_trend.parse_response)
    return Trend(record)


def _question(scope: Scope, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the question among a function's arguments, and return it as a body has it."""
    wanted = question(**{name: given[name] for name in QUESTION}, default_type="event", now=scope.session.now)
    if "events" not in wanted and "actions" not in wanted:
        raise ValueError('Give events= or actions=, at least one: events=["$pageview"].')
    others = {
        "filter_test_accounts": flag("filter_test_accounts", given["filter_test_accounts"]),
        "compare": flag("compare", given["compare"]),
        "compare_to": date_to_wire(given["compare_to"], argument="compare_to", now=scope.session.now),
        "formula": text("formula", given["formula"]),
        "refresh": flag("refresh", given["refresh"]),
    }
    return wanted | {name: value for name, value in others.items() if value is not None}


def timing(
    scope: Scope,
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
) -> Flow[None]:
    """Report the timing of an insight. Servers take every field unchecked, and answer with nothing.

    Args:
        name: Name of the insight.
        derived_name: Name that was made up for it.
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

    Raises:
        PermissionDeniedError: Servers refuse personal API keys here, whatever their scopes.
        TypeError, ValueError: A field holds what JSON cannot. Nothing was sent.
        OutcomeUnknown: The report may or may not have arrived. It is not repeated.

    Source: "Create environments insights timing" of the vendor's page; the rest from posthog/api/insight.py.
    """
    given = {field: value for field, value in locals().items() if field in _TIMING and value is not None}
    body = json_object("the report", given)
    request = record_insight_timing.build_request(scope.project_id, body=body)
    request = with_query(request, extras("extra_query", extra_query, _FORMAT))
    request = with_body(request, extras("extra_body", extra_body, _TIMING))
    return _done(scope.but(timeout), Call(TIMING, request))


def _done(scope: Scope, call: Call) -> Flow[None]:
    yield from exchange(scope, call)

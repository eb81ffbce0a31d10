"""The operations on insights, each written once, as a flow over the generated endpoints; see `persons`."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from posthog_environments.calls.decode import decode
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind, ServerResponse
from posthog_environments.calls.notices import warn
from posthog_environments.calls.state import CallContext
from posthog_environments.operations.persons import FORMAT, Extra, Headers
from posthog_environments.operations.trends import COSTLY, GONE, TrendCall, TrendOutcome, ask
from posthog_environments.query.dates import DateArgument, span_to_wire
from posthog_environments.query.filters import PropertiesArgument
from posthog_environments.query.series import ActionsArgument, EventsArgument
from posthog_environments.query.trend_filter import QUESTION, Breakdown, question, to_query
from posthog_environments.query.validation import (
    extras,
    flag,
    positive,
    text,
    whole,
    with_body,
    with_query,
)
from posthog_environments.results.models import Trend
from posthog_environments.results.trend_answers import TrendWarning, has_more, legacy_shape, loads, only_absent
from posthog_environments.results.trend_csv import csv_text

if TYPE_CHECKING:
    from posthog_environments_api.models import Trend as TrendRecord

__all__ = ["GET_TREND", "TREND", "TREND_CSV", "Extra", "Headers", "get_trend", "trend", "trend_csv"]


TREND = Operation("insights.trend", OperationKind.READ, "persons", mute=GONE)
GET_TREND = Operation("insights.get_trend", OperationKind.READ, "persons", mute=GONE)
TREND_CSV = Operation("insights.trend_csv", OperationKind.READ, "persons", mute=GONE)
_TREND = QUESTION | {"filter_test_accounts", "breakdown_limit", "compare", "compare_to", "formula", "refresh"}
# Arguments of ours that the contract has not at insights/trend/, though servers know them there.
_BEYOND = ("breakdown_limit", "breakdown_group_type_index")


def trend(
    context: CallContext,
    *,
    events: EventsArgument = None,
    actions: ActionsArgument = None,
    properties: PropertiesArgument = None,
    filter_test_accounts: bool | None = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    breakdown_limit: int | None = None,
    breakdown_group_type_index: int | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[Trend]:
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
        breakdown: Property to break down on; or cohorts: one id, a list of ids, or "all" for everybody.
        breakdown_type: What `breakdown` names: "event" (the server's default: a property of the event), "person",
            "cohort", "group", "session", "hogql" or what else the server knows.
        breakdown_limit: How many values of the breakdown have series of their own, the largest. Without it 25; newer
            servers put the others into one series, see `Trend.has_more`.
        breakdown_group_type_index: Which kind of group a breakdown by "group" is on: its number in the project, from 0.
        compare: Whether to compare with the period before; then there are two series for each.
        compare_to: How far back the period to compare with lies, such as `-1m`; it implies `compare`.
        display: "ActionsLineGraph" (the server's default), "ActionsLineGraphCumulative", "ActionsTable",
            "ActionsPie", "ActionsBar", "ActionsBarValue", "WorldMap", "BoldNumber" or what else the server knows.
        formula: Arithmetic over the series, such as `(A-B)/B`; the letters name events, then actions, in order.
        interval: "hour", "day" (the server's default), "week" or "month"; at `query/` also "minute" and what else the
            server knows.
        refresh: Whether to compute anew instead of reading a cached answer.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_body: What the contract does not know, in the words of `insights/trend/`; for a client with
            `trend_api="query"`, fields of a TrendsQuery.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Raises:
        ValueError: Neither events nor actions, something that the server would misread, or something that the endpoint
            in use cannot express. Nothing was sent.
        BadRequestError: The server does not take the question.
        APIStatusError: The server says no, or the query failed.

    Where it is asked, at `insights/trend/` or at `query/`, says `trend_api` of the client; the answer is the same.

    Source: "Create" under "insights/trend" of the vendor's page; interval, refresh and the number of values from
    posthog/api/insight.py; `query/` from posthog/api/query.py.
    """
    return _trend(_inquiry(context, TREND, locals()), context.but(timeout, extra_headers))


def get_trend(
    context: CallContext,
    *,
    events: EventsArgument = None,
    actions: ActionsArgument = None,
    properties: PropertiesArgument = None,
    filter_test_accounts: bool | None = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    breakdown_limit: int | None = None,
    breakdown_group_type_index: int | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[Trend]:
    """Count events over time, with the question in the address; for long questions use `trend`.

    Where it is asked at `query/`, which has no such form, it is the same as `trend`.

    Args, returned value and errors are those of `trend`.

    Source: "Retrieve environments insights trend" of the vendor's page, which shows neither parameters nor an answer;
    both from posthog/api/insight.py.
    """
    return _trend(_inquiry(context, GET_TREND, {**locals(), "extra_body": None}), context.but(timeout, extra_headers))


def trend_csv(
    context: CallContext,
    *,
    events: EventsArgument = None,
    actions: ActionsArgument = None,
    properties: PropertiesArgument = None,
    filter_test_accounts: bool | None = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    breakdown_limit: int | None = None,
    breakdown_group_type_index: int | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[ServerResponse]:
    """Stream a trend as CSV, as the server writes it; where it is asked at `query/`, the client writes it alike.

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
    return _csv(_inquiry(context, TREND_CSV, locals()), context.but(timeout, extra_headers))


def _inquiry(context: CallContext, operation: Operation, given: Mapping[str, Any]) -> TrendCall:
    """Check the arguments of a call, and return its question."""
    asked = _question(context, given)
    at_address = operation is GET_TREND
    extra_query = extras("extra_query", given["extra_query"], _TREND | FORMAT if at_address else FORMAT)
    extra_body = extras("extra_body", given["extra_body"], _TREND)
    _check_group({**asked, **extra_body, **(extra_query if at_address else {})})

    def legacy() -> Call:
        known = {name: value for name, value in asked.items() if name not in _BEYOND}
        beyond = {name: value for name, value in asked.items() if name in _BEYOND}
        if at_address:
            from posthog_environments_api.api.insights import get_trend as endpoint

            request = endpoint._get_kwargs(context.project_id, **to_query(known))
            return Call(operation, with_query(request, beyond | extra_query), final=COSTLY)
        from posthog_environments_api.api.insights import query_trend
        from posthog_environments_api.models.trend_query import TrendQuery
        from posthog_environments_api.types import UNSET

        stream = operation is TREND_CSV
        body = TrendQuery.from_dict(asked)
        request = query_trend._get_kwargs(context.project_id, body=body, format_="csv" if stream else UNSET)
        request = with_body(with_query(request, extra_query), extra_body)
        return Call(operation, request, stream=stream, final=COSTLY)

    return TrendCall(operation.name, asked, legacy, extra_query, extra_body)


def _trend(inquiry: TrendCall, context: CallContext) -> CallGenerator[Trend]:
    return _answered(inquiry, ask(context, inquiry))


def _answered(inquiry: TrendCall, asking: CallGenerator[TrendOutcome]) -> CallGenerator[Trend]:
    found = yield from asking
    body = _body(found)
    record = _record(found, body)
    more = has_more(body["result"], via=found.via, limit=inquiry.asked.get("breakdown_limit"))
    trend = Trend(record, via=found.via, has_more=more)
    for notice in _notices(trend, inquiry.asked):
        warn(notice, TrendWarning)
    return trend


def _csv(inquiry: TrendCall, context: CallContext) -> CallGenerator[ServerResponse]:
    return _as_csv(ask(context, inquiry))


def _as_csv(asking: CallGenerator[TrendOutcome]) -> CallGenerator[ServerResponse]:
    found = yield from asking
    if found.result is None:
        return found.answer
    body = _body(found)
    _record(found, body)
    return replace(found.answer, content=csv_text(body["result"]).encode())


def _body(found: TrendOutcome) -> dict[str, Any]:
    """Decode an answer, in the shape of `insights/trend/`."""
    if found.result is not None:
        return legacy_shape(found.result)
    return decode(found.call, found.answer, loads)


def _record(found: TrendOutcome, body: Any) -> TrendRecord:
    from posthog_environments_api.models import Trend as Record

    return decode(found.call, found.answer, lambda _: Record.from_dict(body))


def _notices(trend: Trend, asked: Mapping[str, Any]) -> Iterator[str]:
    """Say what was probably not meant."""
    named = asked.get("breakdown")
    if named and "breakdown_type" not in asked and only_absent(series.breakdown_value for series in trend):
        yield (
            f"No event has the property {named!r}, so that all are in one series. If it is a property of persons, say "
            'breakdown_type="person".'
        )
    if trend.result and not any(s.data or s.days or s.aggregated_value is not None for s in trend):
        yield (
            "The time asked for holds no point, so that the series are empty: look at date_from and date_to, and at "
            "which day it is for the server."
        )


def _question(context: CallContext, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the question among a function's arguments, and return it as a body has it."""
    wanted = question(**{name: given[name] for name in QUESTION}, default_type="event", now=context.client.now)
    if "events" not in wanted and "actions" not in wanted:
        raise ValueError('Give events= or actions=, at least one: events=["$pageview"].')
    _check_breakdown(given)
    limit, group = given["breakdown_limit"], given["breakdown_group_type_index"]
    compare, compare_to = _compare(given["compare"], given["compare_to"], context)
    others = {
        "filter_test_accounts": flag("filter_test_accounts", given["filter_test_accounts"]),
        "breakdown_limit": None if limit is None else positive("breakdown_limit", limit),
        "breakdown_group_type_index": None if group is None else whole("breakdown_group_type_index", group, 0, 4),
        "compare": compare,
        "compare_to": compare_to,
        "formula": text("formula", given["formula"]),
        "refresh": flag("refresh", given["refresh"]),
    }
    return wanted | {name: value for name, value in others.items() if value is not None}


def _check_breakdown(given: Mapping[str, Any]) -> None:
    """Refuse what says more of a breakdown where there is none: servers pass over it in silence."""
    if given["breakdown"] is not None or given["extra_body"]:
        return
    for name in ("breakdown_type", *_BEYOND):
        if given[name] is not None:
            raise ValueError(
                f"{name} says more of a breakdown, and there is none. Give breakdown= too, or leave it out."
            )


def _compare(compare: bool | None, compare_to: str | None, context: CallContext) -> tuple[bool | None, str | None]:
    """Check what to compare with: servers heed `compare_to` only beside `compare`."""
    wanted = flag("compare", compare)
    back = span_to_wire(compare_to, argument="compare_to", now=context.client.now)
    if back is not None and wanted is False:
        raise ValueError("compare=False and compare_to exclude each other: leave one of them out.")
    return wanted if back is None else True, back


def _check_group(asked: Mapping[str, Any]) -> None:
    if asked.get("breakdown_type") == "group" and asked.get("breakdown_group_type_index") is None:
        raise ValueError(
            "breakdown_group_type_index: missing, and a breakdown by group needs it: the number of the kind of group "
            "in the project, from 0 to 4."
        )

"""The operations on insights, each written once as a call generator over the generated endpoints; see `persons`."""

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypedDict

from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind, ServerResponse
from posthog_environments.calls.state import CallContext
from posthog_environments.operations.persons import Extra, Headers
from posthog_environments.operations.trend_results import read_csv, read_trend
from posthog_environments.operations.trends import COSTLY, GONE, TrendCall, ask
from posthog_environments.query.arguments import Argument
from posthog_environments.query.dates import DateArgument
from posthog_environments.query.filters import PropertiesArgument
from posthog_environments.query.series import ActionsArgument, EventsArgument
from posthog_environments.query.trend_filter import (
    QUESTION_ARGUMENTS,
    Breakdown,
    QuestionArguments,
    check_group,
    comparison,
    question,
    refuse_without_breakdown,
)
from posthog_environments.query.trends_query import at, write_flag
from posthog_environments.query.validation import (
    body_names,
    extras,
    flag,
    given,
    positive,
    present,
    query_names,
    text,
    whole,
    with_body,
    with_query,
)
from posthog_environments.results.models import Trend

__all__ = [
    "GET_TREND",
    "PLACES",
    "TREND",
    "TREND_ARGUMENTS",
    "TREND_CSV",
    "TrendArguments",
    "get_trend",
    "trend",
    "trend_csv",
]


TREND = Operation("insights.trend", OperationKind.READ, "persons", mute=GONE)
GET_TREND = Operation("insights.get_trend", OperationKind.READ, "persons", mute=GONE)
TREND_CSV = Operation("insights.trend_csv", OperationKind.READ, "persons", mute=GONE)
# An argument that extras may not repeat, though the contract does not have it at insights/trend/.
_LIMIT: Final = frozenset({"breakdown_limit"})


class TrendArguments(QuestionArguments, total=False):
    """The arguments of a trend, which `trend`, `get_trend` and `trend_csv` share. dlt takes them as they are."""

    breakdown_limit: int | None
    breakdown_group_type_index: int | None
    formula: str | None
    compare: bool | None
    compare_to: str | None
    filter_test_accounts: bool | None
    refresh: bool | None


TREND_ARGUMENTS: Final[Mapping[str, Argument]] = {
    **QUESTION_ARGUMENTS,
    "breakdown_limit": Argument(
        "number",
        "How many values of the breakdown have series of their own; without it 25.",
        metavar="N",
        least=1,
        place=at("breakdownFilter.breakdown_limit"),
    ),
    "breakdown_group_type_index": Argument(
        "number",
        "Which kind of group a breakdown by group is on.",
        metavar="0-4",
        most=4,
        place=at("breakdownFilter.breakdown_group_type_index"),
    ),
    "formula": Argument(
        "text", 'Arithmetic over the series, such as "(A-B)/B".', metavar="TEXT", place=at("trendsFilter.formula")
    ),
    "compare": Argument("flag", "Compare with the period before.", place=at("compareFilter.compare", write_flag)),
    "compare_to": Argument(
        "text",
        "How far back the period to compare with lies, such as -1m.",
        metavar="SPAN",
        place=at("compareFilter.compare_to"),
    ),
    "filter_test_accounts": Argument(
        "flag", "Leave out internal and test accounts.", place=at("filterTestAccounts", write_flag)
    ),
    "refresh": Argument("flag", "Compute anew instead of reading a cached answer."),
}
"""The same arguments as options of the command and of Spark, and their places in a TrendsQuery."""
PLACES: Final = {name: each.place for name, each in TREND_ARGUMENTS.items() if each.place is not None}


class TrendOptions(TypedDict, total=False):
    """What a trend has besides its question; the keys are parameters of `get_trend` and fields of `TrendQuery`."""

    filter_test_accounts: bool
    compare: bool
    compare_to: str
    formula: str
    refresh: bool


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

    `trend_api` of the client says whether `insights/trend/` or `query/` is asked; the result is the same.

    Source: "Create" under "insights/trend" of the vendor's page; interval, refresh and the number of values from
    posthog/api/insight.py; `query/` from posthog/api/query.py.
    """
    asked = TrendArguments(
        events=events,
        actions=actions,
        properties=properties,
        filter_test_accounts=filter_test_accounts,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        breakdown_limit=breakdown_limit,
        breakdown_group_type_index=breakdown_group_type_index,
        compare=compare,
        compare_to=compare_to,
        display=display,
        formula=formula,
        interval=interval,
        refresh=refresh,
    )
    trend_call = _call(context, TREND, asked, extra_query, extra_body)
    return read_trend(trend_call, ask(context.but(timeout, extra_headers), trend_call))


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
    """Count events over time, with the arguments in the URL; for long filters use `trend`.

    `query/` has no such form; there it is the same as `trend`.

    Args, returned value and errors are those of `trend`.

    Source: "Retrieve environments insights trend" of the vendor's page, which shows neither parameters nor an answer;
    both from posthog/api/insight.py.
    """
    asked = TrendArguments(
        events=events,
        actions=actions,
        properties=properties,
        filter_test_accounts=filter_test_accounts,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        breakdown_limit=breakdown_limit,
        breakdown_group_type_index=breakdown_group_type_index,
        compare=compare,
        compare_to=compare_to,
        display=display,
        formula=formula,
        interval=interval,
        refresh=refresh,
    )
    trend_call = _call(context, GET_TREND, asked, extra_query, None)
    return read_trend(trend_call, ask(context.but(timeout, extra_headers), trend_call))


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
    """Stream a trend as CSV, as the server writes it; for `query/` the client writes the same.

    Args are those of `trend`, except that `timeout` is the seconds until the first byte, and then the seconds that the
    server may be silent.

    Returns:
        An iterator of pieces of text, of any size. Nothing is sent before the first is asked for.

    Raises:
        ValueError: As in `trend`. Nothing was sent.
        TransportError: While iterating: the stream broke off, and what came before is not the whole.
        MalformedResponseError: While iterating: what came is not UTF-8.

    Source: the parameter `format` of the vendor's page.
    """
    asked = TrendArguments(
        events=events,
        actions=actions,
        properties=properties,
        filter_test_accounts=filter_test_accounts,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        breakdown_limit=breakdown_limit,
        breakdown_group_type_index=breakdown_group_type_index,
        compare=compare,
        compare_to=compare_to,
        display=display,
        formula=formula,
        interval=interval,
        refresh=refresh,
    )
    trend_call = _call(context, TREND_CSV, asked, extra_query, extra_body)
    return read_csv(ask(context.but(timeout, extra_headers), trend_call))


def _call(
    context: CallContext,
    operation: Operation,
    arguments: TrendArguments,
    extra_query: Extra | None,
    extra_body: Extra | None,
) -> TrendCall:
    """Check the arguments of a call, and return what is to be asked."""
    asked = question(arguments, default_type="event", now=context.client.now)
    if asked.events is None and asked.actions is None:
        raise ValueError('Give events= or actions=, at least one: events=["$pageview"].')
    if arguments.get("breakdown") is None and not extra_body:
        refuse_without_breakdown(arguments)
    options, beyond = _options(arguments, context.client.now), _beyond_contract(arguments)
    from posthog_environments_api.api.insights import get_trend as by_query
    from posthog_environments_api.api.insights import query_trend as by_body
    from posthog_environments_api.models.trend_query import TrendQuery
    from posthog_environments_api.types import UNSET

    at_address = operation is GET_TREND
    reserved = query_names(by_query._get_kwargs) | _LIMIT if at_address else query_names(by_body._get_kwargs)
    query = extras("extra_query", extra_query, reserved)
    body = extras("extra_body", extra_body, body_names(TrendQuery) | _LIMIT)
    fields = {**asked.fields(), **options, **beyond}
    check_group({**fields, **body, **(query if at_address else {})})

    def legacy() -> Call:
        if at_address:
            request = by_query._get_kwargs(context.project_id, **asked.query(), **options)
            return Call(operation, with_query(request, {**beyond, **query}), final=COSTLY)
        read = TrendQuery.from_dict(asked.fields())
        trend_query = TrendQuery(
            events=read.events,
            actions=read.actions,
            properties=read.properties,
            **asked.texts,
            **options,
            additional_properties=beyond,
        )
        stream = operation is TREND_CSV
        request = by_body._get_kwargs(context.project_id, body=trend_query, format_="csv" if stream else UNSET)
        return Call(operation, with_body(with_query(request, query), body), stream=stream, final=COSTLY)

    return TrendCall(operation.name, fields, PLACES, legacy, query, body)


def _options(arguments: TrendArguments, now: Callable[[], datetime]) -> TrendOptions:
    compare, compare_to = comparison(arguments.get("compare"), arguments.get("compare_to"), now)
    return present(
        TrendOptions(
            filter_test_accounts=given(flag("filter_test_accounts", arguments.get("filter_test_accounts"))),
            compare=given(compare),
            compare_to=given(compare_to),
            formula=given(text("formula", arguments.get("formula"))),
            refresh=given(flag("refresh", arguments.get("refresh"))),
        )
    )


def _beyond_contract(arguments: TrendArguments) -> dict[str, Any]:
    """Return what servers know at `insights/trend/` and the contract does not have there."""
    limit, group = arguments.get("breakdown_limit"), arguments.get("breakdown_group_type_index")
    beyond: dict[str, Any] = {}
    if limit is not None:
        beyond["breakdown_limit"] = positive("breakdown_limit", limit)
    if group is not None:
        beyond["breakdown_group_type_index"] = whole("breakdown_group_type_index", group, 0, 4)
    return beyond

# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.response_format import ResponseFormat
from ...models.trend import Trend
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    *,
    format_: ResponseFormat | Unset = UNSET,
    events: str | Unset = UNSET,
    actions: str | Unset = UNSET,
    properties: str | Unset = UNSET,
    filter_test_accounts: bool | Unset = UNSET,
    date_from: str | Unset = UNSET,
    date_to: str | Unset = UNSET,
    breakdown: str | Unset = UNSET,
    breakdown_type: str | Unset = UNSET,
    compare: bool | Unset = UNSET,
    compare_to: str | Unset = UNSET,
    display: str | Unset = UNSET,
    formula: str | Unset = UNSET,
    interval: str | Unset = UNSET,
    refresh: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params["events"] = events

    params["actions"] = actions

    params["properties"] = properties

    params["filter_test_accounts"] = filter_test_accounts

    params["date_from"] = date_from

    params["date_to"] = date_to

    params["breakdown"] = breakdown

    params["breakdown_type"] = breakdown_type

    params["compare"] = compare

    params["compare_to"] = compare_to

    params["display"] = display

    params["formula"] = formula

    params["interval"] = interval

    params["refresh"] = refresh

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/environments/{project_id}/insights/trend/".format(
            project_id=segment(project_id),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Trend | None:
    if response.status_code == 200:
        response_200 = Trend.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Trend]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=None
        if is_csv(response.headers.get("content-type", ""))
        else _parse_response(client=client, response=response),
    )


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    events: str | Unset = UNSET,
    actions: str | Unset = UNSET,
    properties: str | Unset = UNSET,
    filter_test_accounts: bool | Unset = UNSET,
    date_from: str | Unset = UNSET,
    date_to: str | Unset = UNSET,
    breakdown: str | Unset = UNSET,
    breakdown_type: str | Unset = UNSET,
    compare: bool | Unset = UNSET,
    compare_to: str | Unset = UNSET,
    display: str | Unset = UNSET,
    formula: str | Unset = UNSET,
    interval: str | Unset = UNSET,
    refresh: bool | Unset = UNSET,
) -> Response[Trend]:
    """Ask for a trend in the query

     Gone from PostHog Cloud since 2026-09-11, where it answers 404; ask `runQuery` there. Servers of
    one's own
    from before have it. The question of the POST, with each field in the query: texts as they are,
    everything
    else as JSON text.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        events (str | Unset):
        actions (str | Unset):
        properties (str | Unset):
        filter_test_accounts (bool | Unset):
        date_from (str | Unset): Start of the time asked for: a date (`2026-01-31`), or a relative
            one: `-7d` is seven days back, `-1m` a
            month, `mStart` the start of this month, `yStart` of this year. Servers take what they
            cannot read as now.
        date_to (str | Unset): End of the time asked for, in the forms of `DateFrom`. Without it,
            now.
        breakdown (str | Unset):
        breakdown_type (str | Unset): What `breakdown` names. Servers of 2026 take those from
            event_metadata on as well.
        compare (bool | Unset):
        compare_to (str | Unset):
        display (str | Unset): What the answer is shaped for. BoldNumber, Metric, ActionsPie,
            ActionsDonut, ActionsProportionBar,
            ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value for a series,
            in `aggregated_value`,
            and no `data`. Metric compares always. What stands after BoldNumber in the list is of
            2026; `insights/trend/`
            takes a display that it does not know for the default, in silence.
        formula (str | Unset):
        interval (str | Unset): Width of one point in time. `insights/trend/` takes a minute for
            an hour; second, quarter and year are of 2026.
        refresh (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Trend]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        filter_test_accounts=filter_test_accounts,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        compare=compare,
        compare_to=compare_to,
        display=display,
        formula=formula,
        interval=interval,
        refresh=refresh,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    events: str | Unset = UNSET,
    actions: str | Unset = UNSET,
    properties: str | Unset = UNSET,
    filter_test_accounts: bool | Unset = UNSET,
    date_from: str | Unset = UNSET,
    date_to: str | Unset = UNSET,
    breakdown: str | Unset = UNSET,
    breakdown_type: str | Unset = UNSET,
    compare: bool | Unset = UNSET,
    compare_to: str | Unset = UNSET,
    display: str | Unset = UNSET,
    formula: str | Unset = UNSET,
    interval: str | Unset = UNSET,
    refresh: bool | Unset = UNSET,
) -> Trend | None:
    """Ask for a trend in the query

     Gone from PostHog Cloud since 2026-09-11, where it answers 404; ask `runQuery` there. Servers of
    one's own
    from before have it. The question of the POST, with each field in the query: texts as they are,
    everything
    else as JSON text.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        events (str | Unset):
        actions (str | Unset):
        properties (str | Unset):
        filter_test_accounts (bool | Unset):
        date_from (str | Unset): Start of the time asked for: a date (`2026-01-31`), or a relative
            one: `-7d` is seven days back, `-1m` a
            month, `mStart` the start of this month, `yStart` of this year. Servers take what they
            cannot read as now.
        date_to (str | Unset): End of the time asked for, in the forms of `DateFrom`. Without it,
            now.
        breakdown (str | Unset):
        breakdown_type (str | Unset): What `breakdown` names. Servers of 2026 take those from
            event_metadata on as well.
        compare (bool | Unset):
        compare_to (str | Unset):
        display (str | Unset): What the answer is shaped for. BoldNumber, Metric, ActionsPie,
            ActionsDonut, ActionsProportionBar,
            ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value for a series,
            in `aggregated_value`,
            and no `data`. Metric compares always. What stands after BoldNumber in the list is of
            2026; `insights/trend/`
            takes a display that it does not know for the default, in silence.
        formula (str | Unset):
        interval (str | Unset): Width of one point in time. `insights/trend/` takes a minute for
            an hour; second, quarter and year are of 2026.
        refresh (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Trend
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        filter_test_accounts=filter_test_accounts,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        compare=compare,
        compare_to=compare_to,
        display=display,
        formula=formula,
        interval=interval,
        refresh=refresh,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    events: str | Unset = UNSET,
    actions: str | Unset = UNSET,
    properties: str | Unset = UNSET,
    filter_test_accounts: bool | Unset = UNSET,
    date_from: str | Unset = UNSET,
    date_to: str | Unset = UNSET,
    breakdown: str | Unset = UNSET,
    breakdown_type: str | Unset = UNSET,
    compare: bool | Unset = UNSET,
    compare_to: str | Unset = UNSET,
    display: str | Unset = UNSET,
    formula: str | Unset = UNSET,
    interval: str | Unset = UNSET,
    refresh: bool | Unset = UNSET,
) -> Response[Trend]:
    """Ask for a trend in the query

     Gone from PostHog Cloud since 2026-09-11, where it answers 404; ask `runQuery` there. Servers of
    one's own
    from before have it. The question of the POST, with each field in the query: texts as they are,
    everything
    else as JSON text.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        events (str | Unset):
        actions (str | Unset):
        properties (str | Unset):
        filter_test_accounts (bool | Unset):
        date_from (str | Unset): Start of the time asked for: a date (`2026-01-31`), or a relative
            one: `-7d` is seven days back, `-1m` a
            month, `mStart` the start of this month, `yStart` of this year. Servers take what they
            cannot read as now.
        date_to (str | Unset): End of the time asked for, in the forms of `DateFrom`. Without it,
            now.
        breakdown (str | Unset):
        breakdown_type (str | Unset): What `breakdown` names. Servers of 2026 take those from
            event_metadata on as well.
        compare (bool | Unset):
        compare_to (str | Unset):
        display (str | Unset): What the answer is shaped for. BoldNumber, Metric, ActionsPie,
            ActionsDonut, ActionsProportionBar,
            ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value for a series,
            in `aggregated_value`,
            and no `data`. Metric compares always. What stands after BoldNumber in the list is of
            2026; `insights/trend/`
            takes a display that it does not know for the default, in silence.
        formula (str | Unset):
        interval (str | Unset): Width of one point in time. `insights/trend/` takes a minute for
            an hour; second, quarter and year are of 2026.
        refresh (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Trend]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        filter_test_accounts=filter_test_accounts,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        compare=compare,
        compare_to=compare_to,
        display=display,
        formula=formula,
        interval=interval,
        refresh=refresh,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    events: str | Unset = UNSET,
    actions: str | Unset = UNSET,
    properties: str | Unset = UNSET,
    filter_test_accounts: bool | Unset = UNSET,
    date_from: str | Unset = UNSET,
    date_to: str | Unset = UNSET,
    breakdown: str | Unset = UNSET,
    breakdown_type: str | Unset = UNSET,
    compare: bool | Unset = UNSET,
    compare_to: str | Unset = UNSET,
    display: str | Unset = UNSET,
    formula: str | Unset = UNSET,
    interval: str | Unset = UNSET,
    refresh: bool | Unset = UNSET,
) -> Trend | None:
    """Ask for a trend in the query

     Gone from PostHog Cloud since 2026-09-11, where it answers 404; ask `runQuery` there. Servers of
    one's own
    from before have it. The question of the POST, with each field in the query: texts as they are,
    everything
    else as JSON text.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        events (str | Unset):
        actions (str | Unset):
        properties (str | Unset):
        filter_test_accounts (bool | Unset):
        date_from (str | Unset): Start of the time asked for: a date (`2026-01-31`), or a relative
            one: `-7d` is seven days back, `-1m` a
            month, `mStart` the start of this month, `yStart` of this year. Servers take what they
            cannot read as now.
        date_to (str | Unset): End of the time asked for, in the forms of `DateFrom`. Without it,
            now.
        breakdown (str | Unset):
        breakdown_type (str | Unset): What `breakdown` names. Servers of 2026 take those from
            event_metadata on as well.
        compare (bool | Unset):
        compare_to (str | Unset):
        display (str | Unset): What the answer is shaped for. BoldNumber, Metric, ActionsPie,
            ActionsDonut, ActionsProportionBar,
            ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value for a series,
            in `aggregated_value`,
            and no `data`. Metric compares always. What stands after BoldNumber in the list is of
            2026; `insights/trend/`
            takes a display that it does not know for the default, in silence.
        formula (str | Unset):
        interval (str | Unset): Width of one point in time. `insights/trend/` takes a minute for
            an hour; second, quarter and year are of 2026.
        refresh (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Trend
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            format_=format_,
            events=events,
            actions=actions,
            properties=properties,
            filter_test_accounts=filter_test_accounts,
            date_from=date_from,
            date_to=date_to,
            breakdown=breakdown,
            breakdown_type=breakdown_type,
            compare=compare,
            compare_to=compare_to,
            display=display,
            formula=formula,
            interval=interval,
            refresh=refresh,
        )
    ).parsed

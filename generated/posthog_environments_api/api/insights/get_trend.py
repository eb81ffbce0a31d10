"""Ask for a trend in the query. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.response_format import ResponseFormat
    from ...models.trend import Trend


def build_request(
    project_id: str,
    *,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    filter_test_accounts: bool | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    Gone from PostHog Cloud since 2026-09-11, where it answers 404; ask `runQuery` there. Servers of
    one's own
    from before have it. The question of the POST, with each field in the query: texts as they are,
    everything
    else as JSON text.
    """
    request: dict[str, Any] = {
        "method": "get",
        "url": f"/api/environments/{segment(project_id)}/insights/trend/",
    }
    params = {
        "format": format_,
        "events": events,
        "actions": actions,
        "properties": properties,
        "filter_test_accounts": filter_test_accounts,
        "date_from": date_from,
        "date_to": date_to,
        "breakdown": breakdown,
        "breakdown_type": breakdown_type,
        "compare": compare,
        "compare_to": compare_to,
        "display": display,
        "formula": formula,
        "interval": interval,
        "refresh": refresh,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> Trend | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.trend import Trend

        return parse(status_code, content, Trend.take)
    return None


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    filter_test_accounts: bool | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
) -> Response[Trend]:
    """Ask for a trend in the query, and return the answer with its status and headers."""
    request = build_request(
        project_id,
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
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    filter_test_accounts: bool | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
) -> Response[Trend]:
    """Ask for a trend in the query, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
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
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    filter_test_accounts: bool | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
) -> Trend | None:
    """Ask for a trend in the query, and return what the answer holds."""
    return sync_detailed(
        project_id,
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
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    filter_test_accounts: bool | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    compare: bool | None = None,
    compare_to: str | None = None,
    display: str | None = None,
    formula: str | None = None,
    interval: str | None = None,
    refresh: bool | None = None,
) -> Trend | None:
    """Ask for a trend in the query, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
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
        client=client,
    )
    return response.parsed

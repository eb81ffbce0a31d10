"""Follow the properties of a person over time. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.properties_timeline import PropertiesTimeline
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    id: str,
    *,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    display: str | None = None,
    interval: str | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    One point at the first event that matches and one at each change of a property that the filters or
    the
    breakdown name. The page names no scope here, and servers refuse personal API keys with 403 whatever
    their scopes.
    """
    request: dict[str, Any] = {
        "method": "get",
        "url": f"/api/environments/{segment(project_id)}/persons/{segment(id)}/properties_timeline/",
    }
    params = {
        "format": format_,
        "events": events,
        "actions": actions,
        "properties": properties,
        "date_from": date_from,
        "date_to": date_to,
        "breakdown": breakdown,
        "breakdown_type": breakdown_type,
        "display": display,
        "interval": interval,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> PropertiesTimeline | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.properties_timeline import PropertiesTimeline

        return parse(status_code, content, PropertiesTimeline.take)
    return None


def sync_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    display: str | None = None,
    interval: str | None = None,
) -> Response[PropertiesTimeline]:
    """Follow the properties of a person over time, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        id,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        display=display,
        interval=interval,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    display: str | None = None,
    interval: str | None = None,
) -> Response[PropertiesTimeline]:
    """Follow the properties of a person over time, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        id,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        display=display,
        interval=interval,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    display: str | None = None,
    interval: str | None = None,
) -> PropertiesTimeline | None:
    """Follow the properties of a person over time, and return what the answer holds."""
    return sync_detailed(
        project_id,
        id,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        display=display,
        interval=interval,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    events: str | None = None,
    actions: str | None = None,
    properties: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    breakdown: str | None = None,
    breakdown_type: str | None = None,
    display: str | None = None,
    interval: str | None = None,
) -> PropertiesTimeline | None:
    """Follow the properties of a person over time, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        id,
        format_=format_,
        events=events,
        actions=actions,
        properties=properties,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        display=display,
        interval=interval,
        client=client,
    )
    return response.parsed

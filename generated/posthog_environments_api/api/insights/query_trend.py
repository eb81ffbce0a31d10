"""Ask for a trend in the body. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, plain, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.response_format import ResponseFormat
    from ...models.trend import Trend
    from ...models.trend_query import TrendQuery


def build_request(
    project_id: str,
    *,
    body: TrendQuery | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent, but a body that is a mapping is sent as it is.

    Gone from PostHog Cloud since 2026-09-11, where it answers 403, 404 or 405; ask `runQuery` there.
    Servers of
    one's own from before have it. Counts events over time, one series for each of `events` and
    `actions`, or for
    each value of `breakdown`. Changes nothing on the server, so it may be repeated.
    """
    request: dict[str, Any] = {
        "method": "post",
        "url": f"/api/environments/{segment(project_id)}/insights/trend/",
    }
    params = {
        "format": format_,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    request["json"] = plain(body)
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
    body: TrendQuery | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Response[Trend]:
    """Ask for a trend in the body, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        body=body,
        format_=format_,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TrendQuery | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Response[Trend]:
    """Ask for a trend in the body, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        body=body,
        format_=format_,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TrendQuery | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Trend | None:
    """Ask for a trend in the body, and return what the answer holds."""
    return sync_detailed(
        project_id,
        body=body,
        format_=format_,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TrendQuery | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Trend | None:
    """Ask for a trend in the body, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        body=body,
        format_=format_,
        client=client,
    )
    return response.parsed

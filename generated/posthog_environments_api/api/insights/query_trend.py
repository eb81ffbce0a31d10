# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.response_format import ResponseFormat
from ...models.trend import Trend
from ...models.trend_query import TrendQuery
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    *,
    body: TrendQuery,
    format_: ResponseFormat | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/environments/{project_id}/insights/trend/".format(
            project_id=segment(project_id),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    body: TrendQuery,
    format_: ResponseFormat | Unset = UNSET,
) -> Response[Trend]:
    """Ask for a trend in the body

     Gone from PostHog Cloud since 2026-09-11, where it answers 403, 404 or 405; ask `runQuery` there.
    Servers of
    one's own from before have it. Counts events over time, one series for each of `events` and
    `actions`, or for
    each value of `breakdown`. Changes nothing on the server, so it may be repeated.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        body (TrendQuery): A question about events over time. One of `events` and `actions` is
            required; servers answer a question
            without either with an empty result.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Trend]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
        format_=format_,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TrendQuery,
    format_: ResponseFormat | Unset = UNSET,
) -> Trend | None:
    """Ask for a trend in the body

     Gone from PostHog Cloud since 2026-09-11, where it answers 403, 404 or 405; ask `runQuery` there.
    Servers of
    one's own from before have it. Counts events over time, one series for each of `events` and
    `actions`, or for
    each value of `breakdown`. Changes nothing on the server, so it may be repeated.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        body (TrendQuery): A question about events over time. One of `events` and `actions` is
            required; servers answer a question
            without either with an empty result.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Trend
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        body=body,
        format_=format_,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TrendQuery,
    format_: ResponseFormat | Unset = UNSET,
) -> Response[Trend]:
    """Ask for a trend in the body

     Gone from PostHog Cloud since 2026-09-11, where it answers 403, 404 or 405; ask `runQuery` there.
    Servers of
    one's own from before have it. Counts events over time, one series for each of `events` and
    `actions`, or for
    each value of `breakdown`. Changes nothing on the server, so it may be repeated.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        body (TrendQuery): A question about events over time. One of `events` and `actions` is
            required; servers answer a question
            without either with an empty result.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Trend]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
        format_=format_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TrendQuery,
    format_: ResponseFormat | Unset = UNSET,
) -> Trend | None:
    """Ask for a trend in the body

     Gone from PostHog Cloud since 2026-09-11, where it answers 403, 404 or 405; ask `runQuery` there.
    Servers of
    one's own from before have it. Counts events over time, one series for each of `events` and
    `actions`, or for
    each value of `breakdown`. Changes nothing on the server, so it may be repeated.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        body (TrendQuery): A question about events over time. One of `events` and `actions` is
            required; servers answer a question
            without either with an empty result.

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
            body=body,
            format_=format_,
        )
    ).parsed

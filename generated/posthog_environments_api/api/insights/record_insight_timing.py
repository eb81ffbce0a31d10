# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.insight_timing import InsightTiming
from ...models.response_format import ResponseFormat
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    *,
    body: InsightTiming,
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
        "url": "/api/environments/{project_id}/insights/timing/".format(
            project_id=segment(project_id),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Any | None:
    if response.status_code == 200:
        return None

    if response.status_code == 201:
        return None

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Any]:
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
    body: InsightTiming,
    format_: ResponseFormat | Unset = UNSET,
) -> Response[Any]:
    """Report the timing of an insight

     Internal to the vendor's app. Takes the fields of an insight; the servers accept any of them
    unchecked and
    answer with no body. The page names no scope here, and servers refuse personal API keys with 403
    whatever
    their scopes.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        body (InsightTiming): Fields of an insight.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any]
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


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: InsightTiming,
    format_: ResponseFormat | Unset = UNSET,
) -> Response[Any]:
    """Report the timing of an insight

     Internal to the vendor's app. Takes the fields of an insight; the servers accept any of them
    unchecked and
    answer with no body. The page names no scope here, and servers refuse personal API keys with 403
    whatever
    their scopes.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        body (InsightTiming): Fields of an insight.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
        format_=format_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)

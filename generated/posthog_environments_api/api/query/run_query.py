# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.query_progress import QueryProgress
from ...models.query_request import QueryRequest
from ...models.query_result import QueryResult
from ...records import is_csv, segment
from ...types import Response


def _get_kwargs(
    project_id: str,
    *,
    body: QueryRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/environments/{project_id}/query/".format(
            project_id=segment(project_id),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> QueryProgress | QueryResult | None:
    if response.status_code == 200:
        response_200 = QueryResult.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = QueryProgress.from_dict(response.json())

        return response_202

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[QueryProgress | QueryResult]:
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
    body: QueryRequest,
) -> Response[QueryProgress | QueryResult]:
    """Ask a query

     Where trends are asked for today. Takes a query of any kind; this contract describes `TrendsQuery`,
    whose
    figures are those of `insights/trend/`. Changes nothing on the server, so it may be repeated. A 202
    has no
    answer yet: ask `getQuery` for it by the id in `query_status`. Bodies are strict: a field that a
    server does
    not know is a 400 with the code `parse_error`. 504, 512 and 513 will come again for the same
    question.

    Args:
        project_id (str):
        body (QueryRequest): A query, and how it shall be answered.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[QueryProgress | QueryResult]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: QueryRequest,
) -> QueryProgress | QueryResult | None:
    """Ask a query

     Where trends are asked for today. Takes a query of any kind; this contract describes `TrendsQuery`,
    whose
    figures are those of `insights/trend/`. Changes nothing on the server, so it may be repeated. A 202
    has no
    answer yet: ask `getQuery` for it by the id in `query_status`. Bodies are strict: a field that a
    server does
    not know is a 400 with the code `parse_error`. 504, 512 and 513 will come again for the same
    question.

    Args:
        project_id (str):
        body (QueryRequest): A query, and how it shall be answered.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        QueryProgress | QueryResult
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: QueryRequest,
) -> Response[QueryProgress | QueryResult]:
    """Ask a query

     Where trends are asked for today. Takes a query of any kind; this contract describes `TrendsQuery`,
    whose
    figures are those of `insights/trend/`. Changes nothing on the server, so it may be repeated. A 202
    has no
    answer yet: ask `getQuery` for it by the id in `query_status`. Bodies are strict: a field that a
    server does
    not know is a 400 with the code `parse_error`. 504, 512 and 513 will come again for the same
    question.

    Args:
        project_id (str):
        body (QueryRequest): A query, and how it shall be answered.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[QueryProgress | QueryResult]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: QueryRequest,
) -> QueryProgress | QueryResult | None:
    """Ask a query

     Where trends are asked for today. Takes a query of any kind; this contract describes `TrendsQuery`,
    whose
    figures are those of `insights/trend/`. Changes nothing on the server, so it may be repeated. A 202
    has no
    answer yet: ask `getQuery` for it by the id in `query_status`. Bodies are strict: a field that a
    server does
    not know is a 400 with the code `parse_error`. 504, 512 and 513 will come again for the same
    question.

    Args:
        project_id (str):
        body (QueryRequest): A query, and how it shall be answered.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        QueryProgress | QueryResult
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            body=body,
        )
    ).parsed

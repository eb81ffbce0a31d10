# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.query_progress import QueryProgress
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    id: str,
    *,
    show_progress: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["show_progress"] = show_progress

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/environments/{project_id}/query/{id}/".format(
            project_id=segment(project_id),
            id=segment(id),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> QueryProgress | None:
    if response.status_code == 200:
        response_200 = QueryProgress.from_dict(response.json())

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
) -> Response[QueryProgress]:
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
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | Unset = UNSET,
) -> Response[QueryProgress]:
    """Read a query that runs by itself

     What became of a query that was answered with 202. While it runs this is a 202 as well; then a 200
    with the
    answer in `results` of `query_status`; a 400 with `query_status` if the query failed for a reason
    that is told,
    a 500 if for none. Answers are kept for about ten minutes,
    and are a 404 after that.

    Args:
        project_id (str):
        id (str):
        show_progress (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[QueryProgress]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        show_progress=show_progress,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | Unset = UNSET,
) -> QueryProgress | None:
    """Read a query that runs by itself

     What became of a query that was answered with 202. While it runs this is a 202 as well; then a 200
    with the
    answer in `results` of `query_status`; a 400 with `query_status` if the query failed for a reason
    that is told,
    a 500 if for none. Answers are kept for about ten minutes,
    and are a 404 after that.

    Args:
        project_id (str):
        id (str):
        show_progress (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        QueryProgress
    """

    return sync_detailed(
        project_id=project_id,
        id=id,
        client=client,
        show_progress=show_progress,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | Unset = UNSET,
) -> Response[QueryProgress]:
    """Read a query that runs by itself

     What became of a query that was answered with 202. While it runs this is a 202 as well; then a 200
    with the
    answer in `results` of `query_status`; a 400 with `query_status` if the query failed for a reason
    that is told,
    a 500 if for none. Answers are kept for about ten minutes,
    and are a 404 after that.

    Args:
        project_id (str):
        id (str):
        show_progress (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[QueryProgress]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        show_progress=show_progress,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | Unset = UNSET,
) -> QueryProgress | None:
    """Read a query that runs by itself

     What became of a query that was answered with 202. While it runs this is a 202 as well; then a 200
    with the
    answer in `results` of `query_status`; a 400 with `query_status` if the query failed for a reason
    that is told,
    a 500 if for none. Answers are kept for about ten minutes,
    and are a 404 after that.

    Args:
        project_id (str):
        id (str):
        show_progress (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        QueryProgress
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            id=id,
            client=client,
            show_progress=show_progress,
        )
    ).parsed

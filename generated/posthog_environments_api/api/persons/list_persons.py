# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.person_page import PersonPage
from ...models.response_format import ResponseFormat
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    *,
    format_: ResponseFormat | Unset = UNSET,
    distinct_id: str | Unset = UNSET,
    email: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    properties: str | Unset = UNSET,
    search: str | Unset = UNSET,
    include_total: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params["distinct_id"] = distinct_id

    params["email"] = email

    params["limit"] = limit

    params["offset"] = offset

    params["properties"] = properties

    params["search"] = search

    params["include_total"] = include_total

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/environments/{project_id}/persons/".format(
            project_id=segment(project_id),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> PersonPage | None:
    if response.status_code == 200:
        response_200 = PersonPage.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PersonPage]:
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
    distinct_id: str | Unset = UNSET,
    email: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    properties: str | Unset = UNSET,
    search: str | Unset = UNSET,
    include_total: bool | Unset = UNSET,
) -> Response[PersonPage]:
    """List persons

     Persons in pages, newest first. Follow `next` until it is null: a short or even an empty page may
    still
    have a successor, and an exact multiple of `limit` ends with an empty page. Rows that are added or
    deleted
    meanwhile shift the offsets of all that follow.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        distinct_id (str | Unset):
        email (str | Unset):
        limit (int | Unset):
        offset (int | Unset):
        properties (str | Unset):
        search (str | Unset):
        include_total (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonPage]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
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
    distinct_id: str | Unset = UNSET,
    email: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    properties: str | Unset = UNSET,
    search: str | Unset = UNSET,
    include_total: bool | Unset = UNSET,
) -> PersonPage | None:
    """List persons

     Persons in pages, newest first. Follow `next` until it is null: a short or even an empty page may
    still
    have a successor, and an exact multiple of `limit` ends with an empty page. Rows that are added or
    deleted
    meanwhile shift the offsets of all that follow.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        distinct_id (str | Unset):
        email (str | Unset):
        limit (int | Unset):
        offset (int | Unset):
        properties (str | Unset):
        search (str | Unset):
        include_total (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonPage
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    distinct_id: str | Unset = UNSET,
    email: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    properties: str | Unset = UNSET,
    search: str | Unset = UNSET,
    include_total: bool | Unset = UNSET,
) -> Response[PersonPage]:
    """List persons

     Persons in pages, newest first. Follow `next` until it is null: a short or even an empty page may
    still
    have a successor, and an exact multiple of `limit` ends with an empty page. Rows that are added or
    deleted
    meanwhile shift the offsets of all that follow.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        distinct_id (str | Unset):
        email (str | Unset):
        limit (int | Unset):
        offset (int | Unset):
        properties (str | Unset):
        search (str | Unset):
        include_total (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonPage]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    distinct_id: str | Unset = UNSET,
    email: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
    properties: str | Unset = UNSET,
    search: str | Unset = UNSET,
    include_total: bool | Unset = UNSET,
) -> PersonPage | None:
    """List persons

     Persons in pages, newest first. Follow `next` until it is null: a short or even an empty page may
    still
    have a successor, and an exact multiple of `limit` ends with an empty page. Rows that are added or
    deleted
    meanwhile shift the offsets of all that follow.

    Args:
        project_id (str):
        format_ (ResponseFormat | Unset):
        distinct_id (str | Unset):
        email (str | Unset):
        limit (int | Unset):
        offset (int | Unset):
        properties (str | Unset):
        search (str | Unset):
        include_total (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonPage
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            format_=format_,
            distinct_id=distinct_id,
            email=email,
            limit=limit,
            offset=offset,
            properties=properties,
            search=search,
            include_total=include_total,
        )
    ).parsed

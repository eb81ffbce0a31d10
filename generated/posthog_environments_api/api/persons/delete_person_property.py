# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.property_deletion import PropertyDeletion
from ...models.property_deletion_outcome import PropertyDeletionOutcome
from ...models.response_format import ResponseFormat
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    id: str,
    *,
    body: PropertyDeletion,
    format_: ResponseFormat | Unset = UNSET,
    unset: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params["$unset"] = unset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/environments/{project_id}/persons/{id}/delete_property/".format(
            project_id=segment(project_id),
            id=segment(id),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | PropertyDeletionOutcome | None:
    if response.status_code == 200:
        response_200 = cast(Any, None)
        return response_200

    if response.status_code == 201:
        response_201 = PropertyDeletionOutcome.from_dict(response.json())

        return response_201

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | PropertyDeletionOutcome]:
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
    body: PropertyDeletion,
    format_: ResponseFormat | Unset = UNSET,
    unset: str | Unset = UNSET,
) -> Response[Any | PropertyDeletionOutcome]:
    """Delete a property of a person

     Removes one property. Give its name in the query, as the page says, and in the body, where servers
    read it: without it there, and for a person who is not there, they fail with 500. They do not check
    that the
    person has the property. A 502 of newer servers may have the body of the 201, with `success` false.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        unset (str | Unset):
        body (PropertyDeletion): The property to remove.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | PropertyDeletionOutcome]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        body=body,
        format_=format_,
        unset=unset,
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
    body: PropertyDeletion,
    format_: ResponseFormat | Unset = UNSET,
    unset: str | Unset = UNSET,
) -> Any | PropertyDeletionOutcome | None:
    """Delete a property of a person

     Removes one property. Give its name in the query, as the page says, and in the body, where servers
    read it: without it there, and for a person who is not there, they fail with 500. They do not check
    that the
    person has the property. A 502 of newer servers may have the body of the 201, with `success` false.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        unset (str | Unset):
        body (PropertyDeletion): The property to remove.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | PropertyDeletionOutcome
    """

    return sync_detailed(
        project_id=project_id,
        id=id,
        client=client,
        body=body,
        format_=format_,
        unset=unset,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PropertyDeletion,
    format_: ResponseFormat | Unset = UNSET,
    unset: str | Unset = UNSET,
) -> Response[Any | PropertyDeletionOutcome]:
    """Delete a property of a person

     Removes one property. Give its name in the query, as the page says, and in the body, where servers
    read it: without it there, and for a person who is not there, they fail with 500. They do not check
    that the
    person has the property. A 502 of newer servers may have the body of the 201, with `success` false.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        unset (str | Unset):
        body (PropertyDeletion): The property to remove.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | PropertyDeletionOutcome]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        body=body,
        format_=format_,
        unset=unset,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PropertyDeletion,
    format_: ResponseFormat | Unset = UNSET,
    unset: str | Unset = UNSET,
) -> Any | PropertyDeletionOutcome | None:
    """Delete a property of a person

     Removes one property. Give its name in the query, as the page says, and in the body, where servers
    read it: without it there, and for a person who is not there, they fail with 500. They do not check
    that the
    person has the property. A 502 of newer servers may have the body of the 201, with `success` false.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        unset (str | Unset):
        body (PropertyDeletion): The property to remove.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | PropertyDeletionOutcome
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            id=id,
            client=client,
            body=body,
            format_=format_,
            unset=unset,
        )
    ).parsed

# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.person_deletion_page import PersonDeletionPage
from ...models.person_deletion_state import PersonDeletionState
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    *,
    status: PersonDeletionState | Unset = UNSET,
    person_uuid: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status

    params["status"] = json_status

    params["person_uuid"] = person_uuid

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/environments/{project_id}/persons/deletion_status/".format(
            project_id=segment(project_id),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PersonDeletionPage | None:
    if response.status_code == 200:
        response_200 = PersonDeletionPage.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PersonDeletionPage]:
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
    status: PersonDeletionState | Unset = UNSET,
    person_uuid: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> Response[PersonDeletionPage]:
    """List the deletions of events

     How far the deletion of the events of deleted persons is, newest first, in pages. It tells of events
    alone: of a
    person who was deleted without events it has no row, and a missing row does not mean that all is
    done.

    Args:
        project_id (str):
        status (PersonDeletionState | Unset): Which deletions of events are meant.
        person_uuid (str | Unset):
        limit (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonDeletionPage]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | Unset = UNSET,
    person_uuid: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> PersonDeletionPage | None:
    """List the deletions of events

     How far the deletion of the events of deleted persons is, newest first, in pages. It tells of events
    alone: of a
    person who was deleted without events it has no row, and a missing row does not mean that all is
    done.

    Args:
        project_id (str):
        status (PersonDeletionState | Unset): Which deletions of events are meant.
        person_uuid (str | Unset):
        limit (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonDeletionPage
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | Unset = UNSET,
    person_uuid: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> Response[PersonDeletionPage]:
    """List the deletions of events

     How far the deletion of the events of deleted persons is, newest first, in pages. It tells of events
    alone: of a
    person who was deleted without events it has no row, and a missing row does not mean that all is
    done.

    Args:
        project_id (str):
        status (PersonDeletionState | Unset): Which deletions of events are meant.
        person_uuid (str | Unset):
        limit (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonDeletionPage]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | Unset = UNSET,
    person_uuid: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    offset: int | Unset = UNSET,
) -> PersonDeletionPage | None:
    """List the deletions of events

     How far the deletion of the events of deleted persons is, newest first, in pages. It tells of events
    alone: of a
    person who was deleted without events it has no row, and a missing row does not mean that all is
    done.

    Args:
        project_id (str):
        status (PersonDeletionState | Unset): Which deletions of events are meant.
        person_uuid (str | Unset):
        limit (int | Unset):
        offset (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonDeletionPage
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            status=status,
            person_uuid=person_uuid,
            limit=limit,
            offset=offset,
        )
    ).parsed

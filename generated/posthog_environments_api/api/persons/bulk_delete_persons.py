# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.person_bulk_deletion import PersonBulkDeletion
from ...models.person_bulk_deletion_outcome import PersonBulkDeletionOutcome
from ...records import is_csv, segment
from ...types import Response


def _get_kwargs(
    project_id: str,
    *,
    body: PersonBulkDeletion,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/environments/{project_id}/persons/bulk_delete/".format(
            project_id=segment(project_id),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PersonBulkDeletionOutcome | None:
    if response.status_code == 202:
        response_202 = PersonBulkDeletionOutcome.from_dict(response.json())

        return response_202

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PersonBulkDeletionOutcome]:
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
    body: PersonBulkDeletion,
) -> Response[PersonBulkDeletionOutcome]:
    """Delete many persons

     Deletes up to 1,000 persons, by `ids` or by `distinct_ids`, but not by both. Who is not there is
    passed over, so
    that it may be asked again. Servers of 2025 do not have it.

    Args:
        project_id (str):
        body (PersonBulkDeletion): Whom to delete: `ids` or `distinct_ids`, one of them and not
            both. Servers take any value of a flag that is not
            empty for true, the text "false" too: send booleans alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonBulkDeletionOutcome]
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
    body: PersonBulkDeletion,
) -> PersonBulkDeletionOutcome | None:
    """Delete many persons

     Deletes up to 1,000 persons, by `ids` or by `distinct_ids`, but not by both. Who is not there is
    passed over, so
    that it may be asked again. Servers of 2025 do not have it.

    Args:
        project_id (str):
        body (PersonBulkDeletion): Whom to delete: `ids` or `distinct_ids`, one of them and not
            both. Servers take any value of a flag that is not
            empty for true, the text "false" too: send booleans alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonBulkDeletionOutcome
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
    body: PersonBulkDeletion,
) -> Response[PersonBulkDeletionOutcome]:
    """Delete many persons

     Deletes up to 1,000 persons, by `ids` or by `distinct_ids`, but not by both. Who is not there is
    passed over, so
    that it may be asked again. Servers of 2025 do not have it.

    Args:
        project_id (str):
        body (PersonBulkDeletion): Whom to delete: `ids` or `distinct_ids`, one of them and not
            both. Servers take any value of a flag that is not
            empty for true, the text "false" too: send booleans alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonBulkDeletionOutcome]
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
    body: PersonBulkDeletion,
) -> PersonBulkDeletionOutcome | None:
    """Delete many persons

     Deletes up to 1,000 persons, by `ids` or by `distinct_ids`, but not by both. Who is not there is
    passed over, so
    that it may be asked again. Servers of 2025 do not have it.

    Args:
        project_id (str):
        body (PersonBulkDeletion): Whom to delete: `ids` or `distinct_ids`, one of them and not
            both. Servers take any value of a flag that is not
            empty for true, the text "false" too: send booleans alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonBulkDeletionOutcome
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            body=body,
        )
    ).parsed

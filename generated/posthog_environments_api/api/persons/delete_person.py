# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.response_format import ResponseFormat
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    id: str,
    *,
    format_: ResponseFormat | Unset = UNSET,
    delete_events: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params["delete_events"] = delete_events

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/api/environments/{project_id}/persons/{id}/".format(
            project_id=segment(project_id),
            id=segment(id),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Any | None:
    if response.status_code == 202:
        return None

    if response.status_code == 204:
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
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    delete_events: bool | Unset = UNSET,
) -> Response[Any]:
    """Delete a person

     Deletes one person, and the person's events too if asked for. A second time it is a 404. Hidden from
    the
    vendor's schema since December 2025 in favour of `bulkDeletePersons`, and still there. A 503 with
    the code
    `person_deletion_failed` has deleted nothing.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        delete_events (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        format_=format_,
        delete_events=delete_events,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | Unset = UNSET,
    delete_events: bool | Unset = UNSET,
) -> Response[Any]:
    """Delete a person

     Deletes one person, and the person's events too if asked for. A second time it is a 404. Hidden from
    the
    vendor's schema since December 2025 in favour of `bulkDeletePersons`, and still there. A 503 with
    the code
    `person_deletion_failed` has deleted nothing.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        delete_events (bool | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        format_=format_,
        delete_events=delete_events,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)

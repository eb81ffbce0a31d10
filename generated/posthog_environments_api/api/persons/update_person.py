# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.person import Person
from ...models.person_update import PersonUpdate
from ...models.response_format import ResponseFormat
from ...records import is_csv, segment
from ...types import UNSET, Response, Unset


def _get_kwargs(
    project_id: str,
    id: str,
    *,
    body: PersonUpdate,
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
        "method": "patch",
        "url": "/api/environments/{project_id}/persons/{id}/".format(
            project_id=segment(project_id),
            id=segment(id),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Any | Person | None:
    if response.status_code == 200:
        response_200 = Person.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = cast(Any, None)
        return response_202

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | Person]:
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
    body: PersonUpdate,
    format_: ResponseFormat | Unset = UNSET,
) -> Response[Any | Person]:
    """Merge properties into a person

     Sets the given properties and leaves the others. Servers take the change and carry it out later, so
    that a read straight after may still show the old values.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        body (PersonUpdate): Properties to set.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Person]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        body=body,
        format_=format_,
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
    body: PersonUpdate,
    format_: ResponseFormat | Unset = UNSET,
) -> Any | Person | None:
    """Merge properties into a person

     Sets the given properties and leaves the others. Servers take the change and carry it out later, so
    that a read straight after may still show the old values.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        body (PersonUpdate): Properties to set.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Person
    """

    return sync_detailed(
        project_id=project_id,
        id=id,
        client=client,
        body=body,
        format_=format_,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonUpdate,
    format_: ResponseFormat | Unset = UNSET,
) -> Response[Any | Person]:
    """Merge properties into a person

     Sets the given properties and leaves the others. Servers take the change and carry it out later, so
    that a read straight after may still show the old values.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        body (PersonUpdate): Properties to set.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Person]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        id=id,
        body=body,
        format_=format_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonUpdate,
    format_: ResponseFormat | Unset = UNSET,
) -> Any | Person | None:
    """Merge properties into a person

     Sets the given properties and leaves the others. Servers take the change and carry it out later, so
    that a read straight after may still show the old values.

    Args:
        project_id (str):
        id (str):
        format_ (ResponseFormat | Unset):
        body (PersonUpdate): Properties to set.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Person
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            id=id,
            client=client,
            body=body,
            format_=format_,
        )
    ).parsed

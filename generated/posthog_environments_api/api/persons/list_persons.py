"""List persons. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.person_page import PersonPage
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    *,
    format_: ResponseFormat | None = None,
    distinct_id: str | None = None,
    email: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    properties: str | None = None,
    search: str | None = None,
    include_total: bool | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    Persons in pages, newest first. Follow `next` until it is null: a short or even an empty page may
    still
    have a successor, and an exact multiple of `limit` ends with an empty page. Rows that are added or
    deleted
    meanwhile shift the offsets of all that follow.
    """
    request: dict[str, Any] = {
        "method": "get",
        "url": f"/api/environments/{segment(project_id)}/persons/",
    }
    params = {
        "format": format_,
        "distinct_id": distinct_id,
        "email": email,
        "limit": limit,
        "offset": offset,
        "properties": properties,
        "search": search,
        "include_total": include_total,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> PersonPage | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.person_page import PersonPage

        return parse(status_code, content, PersonPage.take, PersonPage)
    return None


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    distinct_id: str | None = None,
    email: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    properties: str | None = None,
    search: str | None = None,
    include_total: bool | None = None,
) -> Response[PersonPage]:
    """List persons, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    distinct_id: str | None = None,
    email: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    properties: str | None = None,
    search: str | None = None,
    include_total: bool | None = None,
) -> Response[PersonPage]:
    """List persons, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    distinct_id: str | None = None,
    email: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    properties: str | None = None,
    search: str | None = None,
    include_total: bool | None = None,
) -> PersonPage | None:
    """List persons, and return what the answer holds."""
    return sync_detailed(
        project_id,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    distinct_id: str | None = None,
    email: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    properties: str | None = None,
    search: str | None = None,
    include_total: bool | None = None,
) -> PersonPage | None:
    """List persons, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        format_=format_,
        distinct_id=distinct_id,
        email=email,
        limit=limit,
        offset=offset,
        properties=properties,
        search=search,
        include_total=include_total,
        client=client,
    )
    return response.parsed

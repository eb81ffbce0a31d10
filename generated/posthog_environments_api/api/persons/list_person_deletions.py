"""List the deletions of events. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.person_deletion_page import PersonDeletionPage
    from ...models.person_deletion_state import PersonDeletionState


def build_request(
    project_id: str,
    *,
    status: PersonDeletionState | None = None,
    person_uuid: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    How far the deletion of the events of deleted persons is, newest first, in pages. It tells of events
    alone: of a
    person who was deleted without events it has no row, and a missing row does not mean that all is
    done.
    """
    request: dict[str, Any] = {
        "method": "get",
        "url": f"/api/environments/{segment(project_id)}/persons/deletion_status/",
    }
    params = {
        "status": status,
        "person_uuid": person_uuid,
        "limit": limit,
        "offset": offset,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> PersonDeletionPage | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.person_deletion_page import PersonDeletionPage

        return parse(status_code, content, PersonDeletionPage.take)
    return None


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | None = None,
    person_uuid: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Response[PersonDeletionPage]:
    """List the deletions of events, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | None = None,
    person_uuid: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Response[PersonDeletionPage]:
    """List the deletions of events, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | None = None,
    person_uuid: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> PersonDeletionPage | None:
    """List the deletions of events, and return what the answer holds."""
    return sync_detailed(
        project_id,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    status: PersonDeletionState | None = None,
    person_uuid: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> PersonDeletionPage | None:
    """List the deletions of events, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        status=status,
        person_uuid=person_uuid,
        limit=limit,
        offset=offset,
        client=client,
    )
    return response.parsed

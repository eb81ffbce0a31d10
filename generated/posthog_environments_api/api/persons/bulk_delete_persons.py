"""Delete many persons. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, plain, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.person_bulk_deletion import PersonBulkDeletion
    from ...models.person_bulk_deletion_outcome import PersonBulkDeletionOutcome


def build_request(
    project_id: str,
    *,
    body: PersonBulkDeletion | Mapping[str, Any],
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent, but a body that is a mapping is sent as it is.

    Deletes up to 1,000 persons, by `ids` or by `distinct_ids`, but not by both. Who is not there is
    passed over, so
    that it may be asked again. Servers of 2025 do not have it.
    """
    request: dict[str, Any] = {
        "method": "post",
        "url": f"/api/environments/{segment(project_id)}/persons/bulk_delete/",
    }
    request["json"] = plain(body)
    return request


def parse_response(
    status_code: int, headers: Mapping[str, str], content: bytes
) -> PersonBulkDeletionOutcome | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 202:
        from ...models.person_bulk_deletion_outcome import PersonBulkDeletionOutcome

        return parse(status_code, content, PersonBulkDeletionOutcome.take)
    return None


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonBulkDeletion | Mapping[str, Any],
) -> Response[PersonBulkDeletionOutcome]:
    """Delete many persons, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        body=body,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonBulkDeletion | Mapping[str, Any],
) -> Response[PersonBulkDeletionOutcome]:
    """Delete many persons, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        body=body,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonBulkDeletion | Mapping[str, Any],
) -> PersonBulkDeletionOutcome | None:
    """Delete many persons, and return what the answer holds."""
    return sync_detailed(
        project_id,
        body=body,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonBulkDeletion | Mapping[str, Any],
) -> PersonBulkDeletionOutcome | None:
    """Delete many persons, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        body=body,
        client=client,
    )
    return response.parsed

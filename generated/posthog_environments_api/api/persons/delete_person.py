"""Delete a person. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    id: str,
    *,
    format_: ResponseFormat | None = None,
    delete_events: bool | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    Deletes one person, and the person's events too if asked for. A second time it is a 404. Hidden from
    the
    vendor's schema since December 2025 in favour of `bulkDeletePersons`, and still there. A 503 with
    the code
    `person_deletion_failed` has deleted nothing.
    """
    request: dict[str, Any] = {
        "method": "delete",
        "url": f"/api/environments/{segment(project_id)}/persons/{segment(id)}/",
    }
    params = {
        "format": format_,
        "delete_events": delete_events,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    return None


def sync_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    delete_events: bool | None = None,
) -> Response[None]:
    """Delete a person, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        id,
        format_=format_,
        delete_events=delete_events,
    )
    response = client.get_httpx_client().request(**request)
    return Response(response.status_code, response.content, response.headers, None)


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
    delete_events: bool | None = None,
) -> Response[None]:
    """Delete a person, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        id,
        format_=format_,
        delete_events=delete_events,
    )
    response = await client.get_async_httpx_client().request(**request)
    return Response(response.status_code, response.content, response.headers, None)

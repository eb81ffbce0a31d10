"""Delete a property of a person. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, plain, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.property_deletion import PropertyDeletion
    from ...models.property_deletion_outcome import PropertyDeletionOutcome
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    id: str,
    *,
    body: PropertyDeletion | Mapping[str, Any],
    format_: ResponseFormat | None = None,
    unset: str | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent, but a body that is a mapping is sent as it is.

    Removes one property. Give its name in the query, as the page says, and in the body, where servers
    read it: without it there, and for a person who is not there, they fail with 500. They do not check
    that the
    person has the property. A 502 of newer servers may have the body of the 201, with `success` false.
    """
    request: dict[str, Any] = {
        "method": "post",
        "url": f"/api/environments/{segment(project_id)}/persons/{segment(id)}/delete_property/",
    }
    params = {
        "format": format_,
        "$unset": unset,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    request["json"] = plain(body)
    return request


def parse_response(
    status_code: int, headers: Mapping[str, str], content: bytes
) -> PropertyDeletionOutcome | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 201:
        from ...models.property_deletion_outcome import PropertyDeletionOutcome

        return parse(status_code, content, PropertyDeletionOutcome.take, PropertyDeletionOutcome)
    return None


def sync_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PropertyDeletion | Mapping[str, Any],
    format_: ResponseFormat | None = None,
    unset: str | None = None,
) -> Response[PropertyDeletionOutcome]:
    """Delete a property of a person, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        id,
        body=body,
        format_=format_,
        unset=unset,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PropertyDeletion | Mapping[str, Any],
    format_: ResponseFormat | None = None,
    unset: str | None = None,
) -> Response[PropertyDeletionOutcome]:
    """Delete a property of a person, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        id,
        body=body,
        format_=format_,
        unset=unset,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PropertyDeletion | Mapping[str, Any],
    format_: ResponseFormat | None = None,
    unset: str | None = None,
) -> PropertyDeletionOutcome | None:
    """Delete a property of a person, and return what the answer holds."""
    return sync_detailed(
        project_id,
        id,
        body=body,
        format_=format_,
        unset=unset,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PropertyDeletion | Mapping[str, Any],
    format_: ResponseFormat | None = None,
    unset: str | None = None,
) -> PropertyDeletionOutcome | None:
    """Delete a property of a person, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        id,
        body=body,
        format_=format_,
        unset=unset,
        client=client,
    )
    return response.parsed

"""Merge properties into a person. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, plain, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.person import Person
    from ...models.person_update import PersonUpdate
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    id: str,
    *,
    body: PersonUpdate | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent, but a body that is a mapping is sent as it is.

    Sets the given properties and leaves the others. Servers take the change and carry it out later, so
    that a read straight after may still show the old values.
    """
    request: dict[str, Any] = {
        "method": "patch",
        "url": f"/api/environments/{segment(project_id)}/persons/{segment(id)}/",
    }
    params = {
        "format": format_,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    request["json"] = plain(body)
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> Person | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.person import Person

        return parse(status_code, content, Person.take, Person)
    return None


def sync_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonUpdate | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Response[Person]:
    """Merge properties into a person, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        id,
        body=body,
        format_=format_,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonUpdate | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Response[Person]:
    """Merge properties into a person, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        id,
        body=body,
        format_=format_,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonUpdate | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Person | None:
    """Merge properties into a person, and return what the answer holds."""
    return sync_detailed(
        project_id,
        id,
        body=body,
        format_=format_,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    body: PersonUpdate | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Person | None:
    """Merge properties into a person, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        id,
        body=body,
        format_=format_,
        client=client,
    )
    return response.parsed

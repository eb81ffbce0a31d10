"""Read a person. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.person import Person
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    id: str,
    *,
    format_: ResponseFormat | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    One person, by integer id or by uuid.
    """
    request: dict[str, Any] = {
        "method": "get",
        "url": f"/api/environments/{segment(project_id)}/persons/{segment(id)}/",
    }
    params = {
        "format": format_,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
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
    format_: ResponseFormat | None = None,
) -> Response[Person]:
    """Read a person, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        id,
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
    format_: ResponseFormat | None = None,
) -> Response[Person]:
    """Read a person, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        id,
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
    format_: ResponseFormat | None = None,
) -> Person | None:
    """Read a person, and return what the answer holds."""
    return sync_detailed(
        project_id,
        id,
        format_=format_,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    format_: ResponseFormat | None = None,
) -> Person | None:
    """Read a person, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        id,
        format_=format_,
        client=client,
    )
    return response.parsed

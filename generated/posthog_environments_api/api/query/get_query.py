"""Read a query that runs by itself. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.query_progress import QueryProgress


def build_request(
    project_id: str,
    id: str,
    *,
    show_progress: bool | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent.

    What became of a query that was answered with 202. While it runs this is a 202 as well; then a 200
    with the
    answer in `results` of `query_status`; 400 or 500 if the query failed. Answers are kept for about
    ten minutes,
    and are a 404 after that.
    """
    request: dict[str, Any] = {
        "method": "get",
        "url": f"/api/environments/{segment(project_id)}/query/{segment(id)}/",
    }
    params = {
        "show_progress": show_progress,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> QueryProgress | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.query_progress import QueryProgress

        return parse(status_code, content, QueryProgress.take)
    if status_code == 202:
        from ...models.query_progress import QueryProgress

        return parse(status_code, content, QueryProgress.take)
    return None


def sync_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | None = None,
) -> Response[QueryProgress]:
    """Read a query that runs by itself, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        id,
        show_progress=show_progress,
    )
    response = client.get_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


async def asyncio_detailed(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | None = None,
) -> Response[QueryProgress]:
    """Read a query that runs by itself, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        id,
        show_progress=show_progress,
    )
    response = await client.get_async_httpx_client().request(**request)
    parsed = parse_response(response.status_code, response.headers, response.content)
    return Response(response.status_code, response.content, response.headers, parsed)


def sync(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | None = None,
) -> QueryProgress | None:
    """Read a query that runs by itself, and return what the answer holds."""
    return sync_detailed(
        project_id,
        id,
        show_progress=show_progress,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    id: str,
    *,
    client: AuthenticatedClient | Client,
    show_progress: bool | None = None,
) -> QueryProgress | None:
    """Read a query that runs by itself, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        id,
        show_progress=show_progress,
        client=client,
    )
    return response.parsed

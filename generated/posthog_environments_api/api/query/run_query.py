"""Ask a query. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, parse, plain, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.query_progress import QueryProgress
    from ...models.query_request import QueryRequest
    from ...models.query_result import QueryResult


def build_request(
    project_id: str,
    *,
    body: QueryRequest | Mapping[str, Any],
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent, but a body that is a mapping is sent as it is.

    Where trends are asked for today. Takes a query of any kind; this contract describes `TrendsQuery`,
    whose
    figures are those of `insights/trend/`. Changes nothing on the server, so it may be repeated. A 202
    has no
    answer yet: ask `getQuery` for it by the id in `query_status`. Bodies are strict: a field that a
    server does
    not know is a 400 with the code `parse_error`. 504, 512 and 513 will come again for the same
    question.
    """
    request: dict[str, Any] = {
        "method": "post",
        "url": f"/api/environments/{segment(project_id)}/query/",
    }
    request["json"] = plain(body)
    return request


def parse_response(
    status_code: int, headers: Mapping[str, str], content: bytes
) -> QueryResult | QueryProgress | None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    if headers.get("content-type", "").startswith("text/csv"):
        return None
    if status_code == 200:
        from ...models.query_result import QueryResult

        return parse(status_code, content, QueryResult.take, QueryResult)
    if status_code == 202:
        from ...models.query_progress import QueryProgress

        return parse(status_code, content, QueryProgress.take)
    return None


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: QueryRequest | Mapping[str, Any],
) -> Response[QueryResult | QueryProgress]:
    """Ask a query, and return the answer with its status and headers."""
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
    body: QueryRequest | Mapping[str, Any],
) -> Response[QueryResult | QueryProgress]:
    """Ask a query, awaiting; see `sync_detailed`."""
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
    body: QueryRequest | Mapping[str, Any],
) -> QueryResult | QueryProgress | None:
    """Ask a query, and return what the answer holds."""
    return sync_detailed(
        project_id,
        body=body,
        client=client,
    ).parsed


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: QueryRequest | Mapping[str, Any],
) -> QueryResult | QueryProgress | None:
    """Ask a query, awaiting; see `sync`."""
    response = await asyncio_detailed(
        project_id,
        body=body,
        client=client,
    )
    return response.parsed

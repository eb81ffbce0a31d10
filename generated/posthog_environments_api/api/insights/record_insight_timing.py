"""Report the timing of an insight. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...types import Response, plain, segment

if TYPE_CHECKING:
    from ...client import AuthenticatedClient, Client
    from ...models.insight_timing import InsightTiming
    from ...models.response_format import ResponseFormat


def build_request(
    project_id: str,
    *,
    body: InsightTiming | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`. What is None is not sent, but a body that is a mapping is sent as it is.

    Internal to the vendor's app. Takes the fields of an insight; the servers accept any of them
    unchecked and
    answer with no body. The page names no scope here, and servers refuse personal API keys with 403
    whatever
    their scopes.
    """
    request: dict[str, Any] = {
        "method": "post",
        "url": f"/api/environments/{segment(project_id)}/insights/timing/",
    }
    params = {
        "format": format_,
    }
    params = {name: value for name, value in params.items() if value is not None}
    if params:
        request["params"] = params
    request["json"] = plain(body)
    return request


def parse_response(status_code: int, headers: Mapping[str, str], content: bytes) -> None:
    """Read an answer. None for a status that has no JSON body in the contract, for an error, and for CSV.

    Raises:
        DecodeError: The answer is not what the contract says.
    """
    return None


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: InsightTiming | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Response[None]:
    """Report the timing of an insight, and return the answer with its status and headers."""
    request = build_request(
        project_id,
        body=body,
        format_=format_,
    )
    response = client.get_httpx_client().request(**request)
    return Response(response.status_code, response.content, response.headers, None)


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: InsightTiming | Mapping[str, Any],
    format_: ResponseFormat | None = None,
) -> Response[None]:
    """Report the timing of an insight, awaiting; see `sync_detailed`."""
    request = build_request(
        project_id,
        body=body,
        format_=format_,
    )
    response = await client.get_async_httpx_client().request(**request)
    return Response(response.status_code, response.content, response.headers, None)

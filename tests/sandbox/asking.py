"""Ask at `query/`."""

from __future__ import annotations

from typing import Any

from .conftest import Client

SERIES = [{"kind": "EventsNode", "event": "$pageview"}]
ERAS = ["2025", "2026", "2026-09"]


def trends_query(**parts: Any) -> dict[str, Any]:
    """Write a question about page views."""
    return {"kind": "TrendsQuery", "series": SERIES, **parts}


def ask(client: Client, query: object = None, *, path: str = "/query/", **request: Any) -> tuple[int, dict[str, Any]]:
    """Ask it, and give the status and the body of the answer."""
    answer = client.http.post(path, json={"query": query or trends_query(), **request})
    found: dict[str, Any] = answer.json()
    return answer.status_code, found

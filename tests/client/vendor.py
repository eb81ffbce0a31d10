"""A server with endpoints of the vendor's that the sandbox has not, in front of a sandbox for everything else.

Source: PostHog's source, posthog/api/person.py, insight.py and query.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx

from posthog_environments.sandbox import Sandbox
from tests.client.stub import Asked, Reply, serve

MOST = 200


@contextmanager
def vendor(box: Sandbox) -> Iterator[str]:
    """Yield the address."""

    def ask(asked: Asked, path: str, **query: Any) -> httpx.Response:
        headers = {"authorization": asked.headers["Authorization"]}
        return httpx.request(asked.method, f"{box.host}/api/{path}", params=query, headers=headers, json=asked.body)

    def batch(asked: Asked) -> Reply:
        """Look persons up by distinct ids: of more than 200 the first ones, without a word."""
        listed = Asked("GET", "", "", None, asked.headers)
        rows = ask(listed, f"environments/{box.project_id}/persons/", limit=1000).json()["results"]
        by_id = {each: row for row in rows for each in row["distinct_ids"]}
        return 200, {"results": {each: by_id[each] for each in asked.body["distinct_ids"][:MOST] if each in by_id}}

    def cohorts(asked: Asked) -> Reply:
        return 200, {"results": [{"id": 7, "name": "Paying", "count": 12}]} if "person_id" in asked.query else {}

    def insights(asked: Asked) -> Reply:
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        limit, offset = int(query.get("limit", 100)), int(query.get("offset", 0))
        rows = [{"id": number, "short_id": f"s{number}", "name": f"Insight {number}"} for number in range(5)]
        after = f"http://posthog.example/?limit={limit}&offset={offset + limit}" if offset + limit < len(rows) else None
        return 200, {"count": len(rows), "next": after, "results": rows[offset : offset + limit]}

    own = {
        ("POST", "persons/batch_by_distinct_ids/"): batch,
        ("GET", "persons/cohorts/"): cohorts,
        ("GET", "insights/"): insights,
    }

    def answer(asked: Asked) -> Reply:
        place = asked.path.partition("/")[2].partition("/")[2]
        if (asked.method, place) in own:
            return own[asked.method, place](asked)
        if place == "query/" and asked.body["query"]["kind"] == "HogQLQuery":
            spent = {"X-PostHog-Query-Budget-Remaining-Bytes": "1000000000"}
            return 200, {"columns": ["event", "count()"], "results": [["$pageview", 12], ["signup", 3]]}, spent
        found = ask(asked, asked.path, **parse_qs(asked.query))
        kept = {name: value for name, value in found.headers.items() if name in ("content-type", "x-request-id")}
        return found.status_code, found.content, kept

    with serve(answer) as (host, _):
        yield host

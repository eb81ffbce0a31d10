"""Running sandboxes, and clients for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from posthog_environments.sandbox import Sandbox

NOW = "2026-02-01T12:00:00"


class Client:
    """The little that the tests need of a client: paths inside the project, and the key."""

    def __init__(self, box: Sandbox, *, key: str | None = None, prefix: str = "projects") -> None:
        self.box = box
        self.http = httpx.Client(
            base_url=f"{box.host}/api/{prefix}/{box.project_id}",
            headers={"Authorization": f"Bearer {key or box.api_key}"},
            timeout=30,
        )

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)

    def json(self, path: str, **query: Any) -> Any:
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def persons(self, **query: Any) -> list[dict[str, Any]]:
        """Walk the whole list."""
        rows: list[dict[str, Any]] = []
        page = self.json("/persons/", **{"limit": 5000, **query})
        rows += page["results"]
        while page["next"]:
            page = self.http.get(page["next"]).json()
            rows += page["results"]
        return rows

    def trend(self, **question: Any) -> list[dict[str, Any]]:
        """Ask for a trend of events, which may be just names."""
        if "events" in question:
            names = question["events"]
            question["events"] = [{"id": event} if isinstance(event, str) else event for event in names]
        response = self.http.post("/insights/trend/", json=question)
        assert response.status_code == 200, response.text
        result: list[dict[str, Any]] = response.json()["result"]
        return result

    def close(self) -> None:
        self.http.close()


Start = Callable[..., Client]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start sandboxes of any kind, and give a client for each."""
    with ExitStack() as stack:

        def begin(persons: int = 100, *, key: str | None = None, prefix: str = "projects", **arguments: Any) -> Client:
            box = stack.enter_context(Sandbox(persons, **{"now": NOW, "rates": False, **arguments}))
            client = Client(box, key=key, prefix=prefix)
            stack.callback(client.close)
            return client

        yield begin


def _served(**arguments: Any) -> Iterator[Client]:
    with Sandbox(**arguments) as box:
        client = Client(box)
        yield client
        client.close()


@pytest.fixture(scope="session")
def plain() -> Iterator[Client]:
    """Give 1,000 generated persons without oddities; nobody changes them."""
    yield from _served(persons=1000, now=NOW, rates=False, oddities=False)


@pytest.fixture(scope="session")
def odd() -> Iterator[Client]:
    """Give 1,000 generated persons as the real servers would; nobody changes them."""
    yield from _served(persons=1000, now=NOW, rates=False)


@pytest.fixture(scope="session")
def cdnow() -> Iterator[Client]:
    """Give the real data set; nobody changes it."""
    yield from _served(data="cdnow", rates=False)

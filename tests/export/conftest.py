"""Fixtures for tests of tables and exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox


class Counting(httpx.HTTPTransport):
    """Counts requests."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        return super().handle_request(request)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def count(counting: Counting) -> Callable[[], int]:
    """Return the number of requests."""
    return lambda: counting.count


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(persons=1000, rates=False) as sandbox:
        yield sandbox


@pytest.fixture
def env(box: Sandbox, counting: Counting) -> Iterator[Environment]:
    """Connect to a sandbox of 1,000 persons, without retries."""
    with Environment(box.project_id, api_key=box.api_key, host=box.host, retries=0, transport=counting) as env:
        yield env

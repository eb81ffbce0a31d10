"""A server for the tests of the client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from posthog_environments.sandbox import Sandbox


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(persons=300, rates=False, now="2026-03-01T12:00:00") as sandbox:
        yield sandbox

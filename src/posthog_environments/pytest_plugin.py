"""Pytest plugin: the fixture `posthog_sandbox`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from posthog_environments.sandbox import Sandbox


@pytest.fixture
def posthog_sandbox() -> Iterator[Sandbox]:
    """Yield a running sandbox with 1,000 persons and no rates, new for each test."""
    from posthog_environments.sandbox import Sandbox

    with Sandbox(1000, rates=False) as box:
        yield box

"""A server and a journal for the tests of jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    """Give a sandbox. Each test uses new persons, from the front of the list."""
    with Sandbox(persons=400, rates=False, lag=0) as sandbox:
        yield sandbox


@pytest.fixture
def env(box: Sandbox) -> Iterator[Environment]:
    with Environment(box.project_id, api_key=box.api_key, host=box.host, pacing=False) as env:
        yield env


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines()]


def kinds(journal: Path) -> list[str]:
    return [line["line"] for line in lines(journal)]

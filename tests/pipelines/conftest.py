"""A sandbox, and pipelines of dlt that load from it into DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from posthog_environments.sandbox import Sandbox


@pytest.fixture(scope="session")
def big() -> Iterator[Sandbox]:
    """A sandbox that nobody changes."""
    with Sandbox(persons=2500, rates=False) as box:
        yield box


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Make a pipeline into DuckDB; it says nothing to anybody."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    import dlt

    def make() -> Any:
        return dlt.pipeline(
            "people",
            pipelines_dir=str(tmp_path / "pipelines"),
            destination=dlt.destinations.duckdb(str(tmp_path / "people.duckdb")),
            dataset_name="posthog",
        )

    return make

"""A cluster of Spark on this machine, with four workers, and a sandbox that they read from."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posthog_environments.sandbox import Sandbox
from soak.cluster import KEY, MASTER, needed, session


def pytest_configure() -> None:
    """Say what is missing, instead of passing over tests."""
    missing = needed()
    if missing:
        pytest.exit(missing, returncode=2)


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    """A sandbox that nobody changes."""
    with Sandbox(persons=3000, rates=False, api_key=KEY) as box:
        yield box


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Where Spark leaves all that it writes."""
    folder = Path(tempfile.mkdtemp(prefix="pipelines-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def spark(box: Sandbox, place: Path) -> Iterator[Any]:
    """A session with the key in the environment of driver and workers, and nowhere else."""
    os.environ.update(box.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    with session(MASTER, place) as spark:
        yield spark


@pytest.fixture
def load(spark: Any, box: Sandbox) -> Any:
    """Load persons with options."""

    def load(format: str = "posthog_persons", /, **options: Any) -> Any:
        reader = spark.read.format(format)
        for name, value in {"pacing": "false", "host": box.host, "project_id": box.project_id, **options}.items():
            reader = reader.option(name, value)
        return reader.load()

    return load


@pytest.fixture
def reader_environment(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader of the guides has: a session that is there already, and a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    assert sys.version_info >= (3, 11)

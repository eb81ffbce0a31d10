"""Runs every code block of the README and the docs: Python against a sandbox, shell lines as far as a test may.

A block `output` is what the Python block above it prints.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser
from sybil.sybil import SybilCollection

ROOT = Path(__file__).parent
EXTRAS = {"sandbox", "cli", "plot", "export", "excel", "redis", "dlt", "spark"}


class Printing(PythonEvaluator):
    """Runs a block of Python, and keeps what it prints."""

    def __call__(self, example: Example) -> None:
        """Run it."""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            super().__call__(example)
        example.namespace["_printed"] = printed.getvalue()


def compare_printed(example: Example) -> None:
    """Hold a block `output` against what the block above it printed."""
    assert example.namespace.pop("_printed", None) == str(example.parsed), "this is not what the block above prints"


PARSERS = [
    CodeBlockParser("python", Printing()),
    CodeBlockParser("output", compare_printed),
]


def run_shell(example: Example) -> None:
    """Run the lines of a shell block that a test may run, and check the others for what they name."""
    for line in str(example.parsed).splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "make":
            targets = [word for word in words[1:] if "=" not in word]
            command = ["make", "-n", *targets]
            # Without what a make above this one was called with.
            alone = {"PATH": os.environ["PATH"]}
            done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}: {done.stderr}"
        elif words[:2] == ["pip", "install"]:
            name, _, extra = words[2].partition("[")
            assert name in {"posthog-environments", "."}, line
            assert set(extra.rstrip("]").split(",")) <= EXTRAS | {""}, line
        elif words[0] == "phenv":
            command = [sys.executable, "-m", "posthog_environments.cli", *words[1:]]
            subprocess.run([*command, "--help"], check=True, capture_output=True)
        elif words[0] == "export":
            assert re.fullmatch(r"POSTHOG_[A-Z_]+=\S+", words[1]), line
        elif words[0] == ".venv/bin/python":
            # As written, from a checkout: on the page that the tests have, which the reader has saved as page.txt.
            page = Path("page.txt")
            page.write_text((ROOT / "tests/contract/pages/environments.txt").read_text("utf-8"), "utf-8")
            subprocess.run([sys.executable, ROOT / words[1], *words[2:]], check=True, capture_output=True)
        elif words[0] == "git":
            assert words[1] == "clone", line
        else:
            raise AssertionError(f"No test knows how to run: {line}")


@pytest.fixture
def sandbox_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Point the environment to a sandbox, as a reader's would point to PostHog, in a folder of its own."""
    from posthog_environments.sandbox import Sandbox

    monkeypatch.chdir(tmp_path)
    with Sandbox(persons=200, rates=False) as box:
        for name, value in box.environ.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def fleet_environment(sandbox_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Point the environment to a server with three projects, and have dlt keep to a folder of its own."""
    del sandbox_environment
    from soak.fleets import fleet

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    with fleet({"101": 40, "102": 50, "103": 60}) as environ:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def vendor_environment(sandbox_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the environment to a server with endpoints of the vendor's that the sandbox has not."""
    del sandbox_environment
    from posthog_environments.sandbox import Sandbox
    from tests.client.vendor import vendor

    with Sandbox(persons=200, rates=False) as box, vendor(box) as host:
        for name, value in {**box.environ, "POSTHOG_HOST": host}.items():
            monkeypatch.setenv(name, value)
        yield


# Those of the Spark source run where Spark is: `make pipelines`.
SPARK = ["docs/spark.md"]
# These need dlt, and several projects.
FLEETS = ["docs/dlt.md", "docs/fleet.md"]

# This one is about what the sandbox has not.
BEYOND = ["docs/beyond.md"]


pytest_collect_file = SybilCollection(
    [
        Sybil(
            parsers=[*PARSERS, CodeBlockParser("sh", run_shell)],
            patterns=["README.md", "CONTRIBUTING.md", "docs/*.md"],
            excludes=[*SPARK, *FLEETS, *BEYOND],
            fixtures=["sandbox_environment"],
        ),
        Sybil(
            parsers=[*PARSERS, CodeBlockParser("sh", run_shell)],
            patterns=FLEETS,
            fixtures=["fleet_environment"],
        ),
        Sybil(
            parsers=[*PARSERS, CodeBlockParser("sh", run_shell)],
            patterns=BEYOND,
            fixtures=["vendor_environment"],
        ),
    ]
).pytest()

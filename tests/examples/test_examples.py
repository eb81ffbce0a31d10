"""The examples work: their own tests pass, away from this repository, and fail when the app is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *options, "tests"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "POSTHOG_"))}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(EXAMPLES / "retention", tmp_path / "retention", ignore=ignored))


def test_the_tests_of_the_example_pass(app: Path) -> None:
    done = run(app)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^9 passed", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        ("is_not_set()", "is_set()", "test_quiet_people_are_marked_once"),
        ("take(2)", "take(1)", "test_two_people_with_one_email_are_left_alone"),
        ("env.persons.delete(person, delete_events=True)", "pass", "test_whoever_asks_is_forgotten"),
    ],
)
def test_they_fail_when_the_app_is_broken(app: Path, old: str, new: str, failing: str) -> None:
    file = app / "retention.py"
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")
    done = run(app, "-k", failing)
    assert done.returncode == 1, done.stdout
    assert f"FAILED tests/test_retention.py::{failing}" in done.stdout


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        ("from posthog_environments import Environment\n", ""),
        (
            "from collections.abc import Iterator\n",
            "\n\ndef test_it(readable: Environment) -> None:\n    assert len(list(readable.persons.list())) == 5000\n",
        ),
    ],
)
def test_the_fixtures_of_the_guide(tmp_path: Path, beginning: str, more: str) -> None:
    """What only defines a test or a fixture, pytest must collect; the rest the docs' tests run."""
    guide = (EXAMPLES.parent / "docs" / "testing.md").read_text("utf-8")
    block = next(each for each in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if each.startswith(beginning))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_guide.py").write_text(block + more, "utf-8")
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^1 passed", done.stdout, re.MULTILINE), done.stdout

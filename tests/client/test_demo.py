"""`make demo`, on the sandbox and, with LIVE=1, on a server that is only read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"


def demo(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEMO), *arguments]
    env = {**os.environ, "COLUMNS": "100", **environ}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_the_demo_shows_all_ten_operations() -> None:
    done = demo()
    assert done.returncode == 0, done.stdout + done.stderr
    for operation in (
        "persons.list",
        "persons.get",
        "persons.activity",
        "persons.properties_timeline",
        "insights.trend",
        "insights.get_trend",
        "persons.update",
        "persons.delete_property",
        "persons.delete",
        "insights.timing",
    ):
        assert operation in done.stdout
    assert "23,570 persons in 24 pages" in done.stdout
    # Revenue of the first month, as the data set has it, from the server of 2025 and from that of today.
    before, _, today = done.stdout.partition("from a sandbox of September 2026")
    for text, endpoint in ((before, "insights/trend/"), (today, "query/")):
        assert "299,060.17" in text
        assert f"asked at {endpoint}" in text
    assert [line for line in today.splitlines() if "█" in line] == [
        line for line in before.partition("insights.get_trend")[0].splitlines() if "█" in line
    ]
    assert "the same figures, by the same call" in today
    assert "make demo LIVE=1" in done.stdout


@pytest.mark.parametrize("unscoped", ["allow", "refuse"])
def test_live_reads_and_changes_nothing(unscoped: str) -> None:
    with (
        Sandbox(persons=120, rates=False, unscoped=unscoped, now="2026-03-01") as box,  # type: ignore[arg-type]
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        before = [person.to_dict() for person in env.persons.list()]
        done = demo("--live", **box.environ)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(before)} persons" in done.stdout
        assert "$pageview" in done.stdout
        assert ("no scope helps" in done.stdout) == (unscoped == "refuse")
        assert box.api_key not in done.stdout + done.stderr
        assert [person.to_dict() for person in env.persons.list()] == before


def test_live_without_a_key_says_what_to_do() -> None:
    done = demo("--live", POSTHOG_PROJECT_ID="1")
    assert done.returncode == 2
    assert "POSTHOG_PERSONAL_API_KEY" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr

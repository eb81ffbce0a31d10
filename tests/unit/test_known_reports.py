"""The page of known reports: each report stands there once, and each test that it names exists."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from posthog_environments import Environment
from tests.client.wire import Wire, http

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "known-reports.md"
REPORT = re.compile(r"[A-Za-z-]+#[0-9]+")


def rows(text: str) -> list[list[str]]:
    """Read the rows of the tables, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[-1] != "held by"]


def missing(row: list[str]) -> list[str]:
    """Name the tests of a row that do not exist; a row without a test lacks one."""
    named = re.findall(r"`([^`]+)`", row[-1])
    gone = [name for name in named if not exists(name)]
    return gone or ([] if named else [f"no test: {row[0]}"])


def exists(name: str) -> bool:
    path, _, function = name.partition("::")
    file = ROOT / path
    if not file.is_file() or not function.startswith("test_"):
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return any(isinstance(node, kinds) and node.name == function for node in tree)


@pytest.mark.parametrize("row", rows(PAGE.read_text(encoding="utf-8")), ids=lambda row: row[0][:60])
def test_each_is_held_by_tests_that_exist(row: list[str]) -> None:
    assert missing(row) == []


def test_a_report_stands_there_once() -> None:
    found = [report for row in rows(PAGE.read_text(encoding="utf-8")) for report in REPORT.findall(row[0])]
    assert len(found) > 30
    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize(
    "held",
    [
        "nothing",
        "`tests/unit/test_nowhere.py::test_x`",
        "`tests/unit/test_known_reports.py::test_that_is_not_there`",
        "`tests/unit/test_known_reports.py::rows`",
    ],
)
def test_the_check_would_notice(held: str) -> None:
    assert missing(["PostHog#1", "x", "y", held])


@pytest.mark.parametrize("compare_to", ["-1m", "-7d"])
def test_compare_to_compares(compare_to: str) -> None:
    body = json.dumps(
        {"result": [], "timezone": "UTC", "is_cached": False, "last_refresh": None, "next": None}
    ).encode()
    with Wire(http(200, body)) as wire, Environment(1, api_key="phx_test", host=wire.host, pacing=False) as env:
        env.insights.trend(events=["$pageview"], compare_to=compare_to)
        sent = json.loads(wire.requests[0].partition(b"\r\n\r\n")[2])
        assert (sent["compare"], sent["compare_to"]) == (True, compare_to)
        with pytest.raises(ValueError, match="compare"):
            env.insights.trend(events=["$pageview"], compare=False, compare_to=compare_to)
        assert len(wire.requests) == 1

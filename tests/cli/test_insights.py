"""`phenv insights` against a running sandbox, in words and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import Environment, event
from posthog_environments.sandbox import Sandbox

from .conftest import Run, Screen

PAGEVIEW = ["--event", "$pageview", "--date-from", "2026-01-20"]


def asked(box: Sandbox, **question: Any) -> dict[str, Any]:
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        answer: dict[str, Any] = json.loads(json.dumps(env.insights.trend(**question).to_dict(), default=str))
        return answer


@pytest.mark.parametrize("command", ["trend", "get-trend"])
@pytest.mark.parametrize(
    ("options", "question"),
    [
        ([], {}),
        (["--interval", "week", "--compare"], {"interval": "week", "compare": True}),
        (["--breakdown", "$browser", "--display", "ActionsPie"], {"breakdown": "$browser", "display": "ActionsPie"}),
        (["--math", "dau"], {"events": [event("$pageview", math="dau")]}),
        (["--event", "signup", "--formula", "A-B"], {"events": ["$pageview", "signup"], "formula": "A-B"}),
        (["--event", '{"id": "signup", "math": "dau"}'], {"events": ["$pageview", {"id": "signup", "math": "dau"}]}),
        (
            ["--property", '{"key": "plan", "value": "pro", "type": "person"}', "--filter-test-accounts"],
            {"properties": [{"key": "plan", "value": "pro", "type": "person"}], "filter_test_accounts": True},
        ),
    ],
)
def test_a_trend_as_json_is_what_python_gives(
    run: Run, box: Sandbox, command: str, options: list[str], question: dict[str, Any]
) -> None:
    done = run("insights", command, *PAGEVIEW, *options, "--json")
    assert (done.code, done.err) == (0, "")
    expected = asked(box, **{"events": ["$pageview"], "date_from": "2026-01-20", **question})
    found = json.loads(done.out)
    assert found["result"] == expected["result"]
    assert found["result"]
    assert found["timezone"] == "UTC"


def test_a_trend_for_another_program_has_one_number_a_line(run: Run, box: Sandbox) -> None:
    done = run("insights", "trend", *PAGEVIEW, "--compare")
    assert (done.code, done.err) == (0, "")
    heading, *rows = [line.split("\t") for line in done.out.splitlines()]
    assert heading == ["series", "period", "day", "value"]
    expected = asked(box, events=["$pageview"], date_from="2026-01-20", compare=True)["result"]
    assert [(row[0], row[1], row[2], float(row[3])) for row in rows] == [
        (series["label"], series["compare_label"], day, value)
        for series in expected
        for day, value in zip(series["days"], series["data"], strict=True)
    ]


def test_an_aggregated_display(run: Run, box: Sandbox) -> None:
    done = run("insights", "trend", *PAGEVIEW, "--display", "BoldNumber")
    expected = asked(box, events=["$pageview"], date_from="2026-01-20", display="BoldNumber")["result"]
    assert done.out.splitlines()[1].split("\t") == ["$pageview", "", "", str(int(expected[0]["aggregated_value"]))]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_tables_fit_the_terminal(screen: Callable[..., Screen], width: int) -> None:
    many = ["--breakdown", "company", "--breakdown-type", "person"]
    for options in ([], ["--breakdown", "$browser"], many, ["--display", "ActionsTable"]):
        shown = screen("insights", "trend", *PAGEVIEW, *options, width=width)
        assert shown.code == 0
        assert max(map(len, shown.lines)) <= width, (options, shown.text)
    assert "$pageview" in shown.text


def test_more_series_than_fit_are_said_to_be_more(screen: Callable[..., Screen]) -> None:
    shown = screen("insights", "trend", *PAGEVIEW, "--breakdown", "company", "--breakdown-type", "person", width=60)
    assert "do not fit side by side" in shown.text
    assert "first" in shown.text


def test_csv(run: Run) -> None:
    done = run("insights", "csv", *PAGEVIEW, "--breakdown", "$browser")
    assert (done.code, done.err) == (0, "")
    heading, *rows = csv.reader(io.StringIO(done.out))
    assert heading[:2] == ["series", "20-Jan-2026"]
    assert len(rows) > 1


def test_timing(run: Run) -> None:
    options = ["--name", "Signups", "--query", '{"kind": "TrendsQuery"}', "--dashboard", "3", "--tag", "a", "--saved"]
    done = run("insights", "timing", *options)
    assert (done.code, done.out, done.err) == (0, "", "Reported.\n")
    done = run("insights", "timing", *options, "--json")
    assert (done.code, done.out, done.err) == (0, "null\n", "")
    done = run("insights", "timing", "--query", "{")
    assert (done.code, done.out) == (2, "")
    assert "--query" in done.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "events"),
        (["--event", "$pageview", "--date-from", "-7days"], "date_from"),
        (["--event", "$pageview", "--math", "totl"], "math"),
        (["--event", "$pageview", "--math", "sum"], "math_property"),
        (["--event", "{"], "is not JSON"),
    ],
)
def test_what_a_server_would_misread_is_refused(run: Run, options: list[str], said: str) -> None:
    done = run("insights", "trend", *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "--help" in done.err


def test_what_the_server_refuses(run: Run) -> None:
    done = run("insights", "trend", *PAGEVIEW, "--formula", "A+C")
    assert (done.code, done.out) == (1, "")
    assert "400" in done.err
    assert "Try: " in done.err


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plots_into_a_file(run: Run, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"trend.{suffix}"
    done = run("insights", "trend", *PAGEVIEW, "--plot", str(file))
    assert (done.code, done.out) == (0, "")
    assert str(file) in done.err
    assert file.read_bytes()[:5] == {"png": b"\x89PNG\r", "svg": b"<?xml"}[suffix]
    done = run("insights", "trend", *PAGEVIEW, "--plot", str(file), "--json")
    assert json.loads(done.out)["result"]


def test_a_plot_of_an_unknown_kind_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("insights", "trend", *PAGEVIEW, "--plot", str(tmp_path / "trend.docx"))
    assert (done.code, done.out) == (2, "")
    assert ".png" in done.err
    assert not list(tmp_path.glob("trend*"))


@pytest.mark.parametrize("width", [80, 200])
def test_plots_in_the_terminal(screen: Callable[..., Screen], run: Run, width: int) -> None:
    shown = screen("insights", "trend", *PAGEVIEW, "--plot", width=width, NO_COLOR="1")
    assert shown.code == 0
    assert max(map(len, shown.lines)) <= width
    assert len(shown.lines) > 10
    assert "\x1b" not in shown.text
    done = run("insights", "trend", *PAGEVIEW, "--plot")
    assert "\x1b" not in done.out
    assert "$pageview" in done.out


def test_json_is_alone_on_standard_output_also_beside_a_plot(run: Run) -> None:
    asked = ["insights", "trend", "--event", "$pageview", "--date-from", "-7d", "--json"]
    plain = run(*asked)
    drawn = run(*asked, "--plot", "-")
    assert drawn.code == 0
    assert json.loads(drawn.out)["result"] == json.loads(plain.out)["result"]

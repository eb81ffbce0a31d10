"""`phenv insights` where trends are asked at `query/`, and what is said beside the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.client.stub import Asked, Reply, serve

from .conftest import Run

ROW = {"label": "a", "count": 3.0, "data": [1, 2], "days": ["2026-01-01", "2026-01-02"], "labels": ["x", "y"]}
ABSENT = {"type": "invalid_request", "code": "not_found", "detail": "Not found.", "attr": None}
NULL, OTHER = "$$_posthog_breakdown_null_$$", "$$_posthog_breakdown_other_$$"


class Server:
    """Answers trends at either endpoint with its rows; what it has no more is 404."""

    def __init__(self, *rows: dict[str, Any], legacy: bool = True, query: bool = True) -> None:
        self.rows = list(rows) or [ROW]
        self.legacy = legacy
        self.query = query

    def __call__(self, asked: Asked) -> Reply:
        if asked.endpoint == "insights/trend/" and self.legacy:
            return 200, {"result": self.rows, "timezone": "UTC", "is_cached": False, "next": None}
        if asked.endpoint == "query/" and self.query:
            return 200, {"results": self.rows, "timezone": "UTC", "is_cached": False, "hasMore": False}
        return 404, ABSENT


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_PROJECT_ID", "1")
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", "phx_test")


TREND = ("insights", "trend", "--event", "a")


@pytest.mark.parametrize("command", ["trend", "get-trend"])
@pytest.mark.parametrize(
    ("options", "asked"),
    [([], "insights/trend/"), (["--trend-api", "query"], "query/"), (["--trend-api", "legacy"], "insights/trend/")],
)
def test_where_it_is_asked(run: Run, command: str, options: list[str], asked: str) -> None:
    with serve(Server()) as (host, seen):
        done = run("insights", command, "--event", "a", "--host", host, *options, "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["result"][0]["data"] == [1, 2]
    assert [each.endpoint for each in seen] == [asked]


def test_the_way_comes_from_the_environment_or_a_profile(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Server()) as (host, seen):
        monkeypatch.setenv("POSTHOG_TREND_API", "query")
        assert run(*TREND, "--host", host).code == 0
        monkeypatch.delenv("POSTHOG_TREND_API")
        from posthog_environments.cli import profiles

        profiles.save("own", {"host": host, "project_id": "1", "api_key": "phx_test", "trend_api": "query"})
        assert run(*TREND, "--profile", "own").code == 0
    assert [each.endpoint for each in seen] == ["query/"] * 2
    monkeypatch.setenv("POSTHOG_TREND_API", "other")
    done = run(*TREND, "--host", "http://127.0.0.1:9")
    assert done.code == 2
    assert "--trend-api must be" in done.err


def test_csv_of_a_server_that_writes_none(run: Run) -> None:
    with serve(Server(legacy=False)) as (host, _):
        done = run("insights", "csv", "--event", "a", "--host", host)
    assert (done.code, done.out.splitlines()) == (0, ["series,1-Jan-2026,2-Jan-2026", "a,1.0,2.0"])


def test_what_has_become_of_the_endpoint_is_said_once_and_in_words_of_the_command(run: Run) -> None:
    with serve(Server(legacy=False, query=False)) as (host, _):
        done = run(*TREND, "--host", host)
    assert done.code == 1
    assert "2026-09-11" in done.err
    assert "Try: Check host and --project-id" in done.err
    assert "persons list" not in done.err
    with serve(Server(legacy=False)) as (host, _):
        done = run(*TREND, "--host", host, "--trend-api", "legacy")
    assert done.code == 1
    assert "--trend-api query" in done.err
    assert "trend_api" not in done.err


def test_what_the_older_one_cannot_say(run: Run) -> None:
    with serve(Server()) as (host, seen):
        done = run(*TREND, "--interval", "minute", "--host", host)
        assert (done.code, done.out, seen) == (2, "", [])
        assert "--trend-api query" in done.err
        assert run(*TREND, "--interval", "minute", "--host", host, "--trend-api", "query").code == 0


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (["--breakdown", "plan"], {"breakdown": "plan"}),
        (["--breakdown", "person:plan"], {"breakdown": "plan", "breakdown_type": "person"}),
        (["--breakdown", "event:$browser"], {"breakdown": "$browser", "breakdown_type": "event"}),
        (["--breakdown", "person:a:b"], {"breakdown": "a:b", "breakdown_type": "person"}),
        (["--breakdown", "other:plan"], {"breakdown": "other:plan"}),
        (["--breakdown", "person:plan", "--breakdown-type", "event"],
         {"breakdown": "person:plan", "breakdown_type": "event"}),
        (["--breakdown", "cohort:all"], {"breakdown": '["all"]', "breakdown_type": "cohort"}),
        (["--breakdown", "cohort:42, 7"], {"breakdown": "[42,7]", "breakdown_type": "cohort"}),
        (["--breakdown", "[42,7]", "--breakdown-type", "cohort"], {"breakdown": "[42,7]", "breakdown_type": "cohort"}),
        (["--breakdown", "42", "--breakdown-type", "cohort"], {"breakdown": "[42]", "breakdown_type": "cohort"}),
        (["--breakdown", "group:name", "--breakdown-group-type-index", "1"],
         {"breakdown": "name", "breakdown_type": "group", "breakdown_group_type_index": 1}),
        (["--breakdown", "plan", "--breakdown-limit", "3"], {"breakdown": "plan", "breakdown_limit": 3}),
        (["--compare-to", "-1m"], {"compare": True, "compare_to": "-1m"}),
    ],
)  # fmt: skip
def test_breakdowns(run: Run, options: list[str], sent: dict[str, Any]) -> None:
    with serve(Server()) as (host, seen):
        assert run(*TREND, *options, "--host", host).code == 0
    assert seen[0].body == {"events": [{"id": "a"}], **sent}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--breakdown", "name", "--breakdown-type", "group"], "--breakdown-group-type-index is"),
        (["--breakdown", "group:name"], "--breakdown-group-type-index is"),
        (["--breakdown", "cohort:plan"], "'plan' is no cohort"),
        (["--breakdown", "person:"], None),
        (["--breakdown", "plan", "--breakdown-limit", "0"], "--breakdown-limit must be"),
        (["--breakdown-limit", "3"], "--breakdown-limit says more of a breakdown"),
        (["--breakdown-type", "person"], "--breakdown-type says more of a breakdown"),
        (["--breakdown-group-type-index", "0"], "--breakdown-group-type-index says more of a breakdown"),
        (["--no-compare", "--compare-to", "-1m"], "exclude each other"),
        (["--date-from", "2026-02-01", "--date-to", "2026-01-01"], "lies after"),
    ],
)
def test_bad_options(run: Run, options: list[str], said: str | None) -> None:
    with serve(Server()) as (host, seen):
        done = run(*TREND, *options, "--host", host)
    if said is None:  # the name of a property that nobody has, but a name
        assert done.code == 0
        return
    assert (done.code, done.out, seen) == (2, "", [])
    assert said in done.err


def test_a_property_that_no_event_has(run: Run) -> None:
    with serve(Server({**ROW, "breakdown_value": NULL})) as (host, _):
        done = run(*TREND, "--breakdown", "plan", "--host", host)
        assert done.code == 0
        assert "--breakdown-type person" in done.err
        assert "breakdown_type=" not in done.err
        assert "Warning" not in done.err
        assert run(*TREND, "--breakdown", "person:plan", "--host", host).err == ""


def test_a_time_without_a_point(run: Run) -> None:
    with serve(Server({**ROW, "data": [], "days": [], "labels": []})) as (host, _):
        done = run(*TREND, "--date-from", "2030-01-01", "--host", host)
    assert done.code == 0
    assert "holds no point" in done.err


def test_more_values_than_the_limit(run: Run) -> None:
    values = [{**ROW, "breakdown_value": f"v{number}"} for number in range(25)]
    asked = (*TREND, "--breakdown", "plan", "--json")
    with serve(Server(*values, {**ROW, "breakdown_value": OTHER})) as (host, _):
        done = run(*asked, "--host", host)
        assert "There are more values than 25" in done.err
        assert "--breakdown-limit" in done.err
        assert json.loads(done.out)["result"]
        assert "more values than 3;" in run(*asked, "--breakdown-limit", "3", "--host", host).err
    with serve(Server(*values)) as (host, _):
        assert "There may be more values than 25" in run(*asked, "--host", host).err
        assert run(*asked, "--host", host, "--trend-api", "query").err == ""

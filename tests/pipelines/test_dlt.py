"""The source of dlt: real pipelines into a real database, from the sandbox."""

from __future__ import annotations

import logging
import operator
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from posthog_environments import ConfigurationError, Environment, PagingError
from posthog_environments.dlt import posthog_persons, posthog_trend
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.sandbox import Sandbox
from tests.client.stub import Asked, Reply, serve

pytestmark = pytest.mark.filterwarnings("ignore")
Make = Callable[[], Any]


def query(pipeline: Any, sql: str) -> list[Any]:
    with pipeline.sql_client() as client:
        return list(client.execute_sql(sql))


def uuids(box: Sandbox, **filters: Any) -> set[str]:
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        return {person.uuid for person in env.persons.list(**filters)}


def report(pipeline: Any, table: str = "persons", project: str = "12345") -> dict[str, Any]:
    found: dict[str, Any] = pipeline.state["sources"]["posthog"]["resources"][f"{table}_{project}"]["report"]
    return found


def persons(box: Sandbox, **arguments: Any) -> Any:
    return posthog_persons(box.project_id, api_key=box.api_key, host=box.host, **arguments)


def test_everybody_is_loaded_once(big: Sandbox, pipeline: Make) -> None:
    run = pipeline()
    run.run(persons(big, page_size=300))
    assert {uuid for (uuid,) in query(run, "SELECT uuid FROM persons")} == uuids(big)
    assert query(run, "SELECT count(*) FROM persons") == [(2500,)]
    assert report(run)["complete"] is True
    assert report(run)["rows"] == 2500
    types = {name: kind for name, kind, *_ in query(run, "DESCRIBE persons")}
    assert (types["properties"], types["distinct_ids"]) == ("JSON", "JSON")
    assert types["created_at"] == "TIMESTAMP WITH TIME ZONE"


def test_a_full_load_forgets_who_is_gone(pipeline: Make) -> None:
    with (
        Sandbox(persons=20, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        run = pipeline()
        run.run(persons(box))
        env.persons.delete(next(iter(env.persons.list())))
        box.settle()
        run.run(persons(box))
        assert query(run, "SELECT count(*) FROM persons") == [(19,)]


def test_columns_have_their_types(big: Sandbox, pipeline: Make) -> None:
    run = pipeline()
    run.run(persons(big, columns={"email": "text", "age": "bigint", "newsletter": "bool", "company": "double"}))
    wrong = "SELECT count(*) FROM persons WHERE {0} IS DISTINCT FROM (properties->>'{0}')::{1}"
    for name, kind in {"email": "VARCHAR", "age": "BIGINT", "newsletter": "BOOLEAN"}.items():
        assert query(run, wrong.format(name, kind)) == [(0,)]
    assert query(run, "SELECT count(age) > 2000 FROM persons") == [(True,)]
    named = query(run, "SELECT count(*) FROM persons WHERE properties->>'company' IS NOT NULL")[0][0]
    assert report(run)["unreadable"] == {"company": named}
    assert named > 0


def test_filters_are_the_servers(big: Sandbox, pipeline: Make) -> None:
    run = pipeline()
    run.run(persons(big, properties={"plan": "pro"}))
    assert {uuid for (uuid,) in query(run, "SELECT uuid FROM persons")} == uuids(big, properties={"plan": "pro"})


def test_incremental_loads_read_the_new_ones_alone(big: Sandbox, pipeline: Make) -> None:
    run = pipeline()
    new = {"incremental": True, "overlap": timedelta(hours=12), "page_size": 300}
    run.run(persons(big, **new))
    assert report(run)["rows"] == 2500
    assert report(run)["since"] is None
    ((newest,),) = query(run, "SELECT max(created_at) FROM persons")
    again = pipeline()
    again.run(persons(big, **new))
    assert report(again)["since"] == newest - timedelta(hours=12)
    assert 0 < report(again)["rows"] < 500
    assert report(again)["pages"] == 1
    assert query(run, "SELECT count(*), count(DISTINCT uuid) FROM persons") == [(2500, 2500)]


def test_an_incremental_load_that_breaks_off_loses_nothing(
    big: Sandbox, pipeline: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state moves on with a load that ended well, and with no other."""
    from dlt.pipeline.exceptions import PipelineStepFailed

    run, given = pipeline(), 0
    consume = OffsetPaginator.consume

    def broken(walk: Any, page: Any) -> Any:
        nonlocal given
        given += 1
        if given == 3:
            raise PagingError("it broke")
        return consume(walk, page)

    with monkeypatch.context() as patch:
        patch.setattr(OffsetPaginator, "consume", broken)
        with pytest.raises(PipelineStepFailed, match="it broke"):
            run.run(persons(big, incremental=True, page_size=300))
    run = pipeline()
    run.run(persons(big, incremental=True, page_size=300))
    assert query(run, "SELECT count(*) FROM persons") == [(2500,)]


@pytest.fixture
def incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every walk say that it may have missed somebody."""

    def end(self: OffsetPaginator[Any], asked: Any, rows: int) -> None:
        self.cursor, self.report.complete, self.report.reason = None, False, "a gap could not be closed"

    monkeypatch.setattr(OffsetPaginator, "_end", end)


@pytest.mark.usefixtures("incomplete")
def test_a_walk_that_is_not_complete_fails_the_load(big: Sandbox, pipeline: Make) -> None:
    from dlt.pipeline.exceptions import PipelineStepFailed

    run = pipeline()
    with pytest.raises(PipelineStepFailed, match="not complete, after 2500 persons: a gap could not be closed"):
        run.run(persons(big))
    with pytest.raises(Exception, match="persons"):
        query(run, "SELECT * FROM persons")


@pytest.mark.usefixtures("incomplete")
def test_or_is_recorded(big: Sandbox, pipeline: Make, caplog: pytest.LogCaptureFixture) -> None:
    run = pipeline()
    with caplog.at_level(logging.WARNING, "posthog_environments"):
        run.run(persons(big, strict=False))
    assert "persons of project 12345 are not complete: a gap could not be closed" in caplog.text
    assert (report(run)["complete"], report(run)["reason"]) == (False, "a gap could not be closed")
    assert query(run, "SELECT count(*) FROM persons") == [(2500,)]


def test_several_projects_are_one_table(big: Sandbox, pipeline: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(persons=30, rates=False, project_id=777, api_key=big.api_key) as other:
        hosts = {"12345": big.host, "777": other.host}
        opened: Any = Environment.__init__

        def open_at(self: Any, project_id: Any = None, **given: Any) -> None:
            opened(self, project_id, **{**given, "host": hosts[str(project_id)]})

        monkeypatch.setattr(Environment, "__init__", open_at)
        run = pipeline()
        run.run(posthog_persons("12345, 777", api_key=big.api_key, host=big.host))
        assert query(run, "SELECT project_id, count(*) FROM persons GROUP BY ALL ORDER BY 1") == [
            ("12345", 2500),
            ("777", 30),
        ]
        assert report(run, project="777")["rows"] == 30


def test_a_trend(big: Sandbox, pipeline: Make) -> None:
    question: dict[str, Any] = {"events": ["$pageview"], "date_from": "-7d", "breakdown": "$browser"}
    with Environment(big.project_id, api_key=big.api_key, host=big.host) as env:
        trend = env.insights.trend(**question)
    run = pipeline()
    run.run(posthog_trend(big.project_id, api_key=big.api_key, host=big.host, **question))
    found = query(run, "SELECT breakdown_value, sum(value), count(*) FROM trend GROUP BY ALL ORDER BY 1")
    assert found == sorted((s.breakdown_value, sum(value or 0 for value in s.data), len(s.data)) for s in trend)
    assert query(run, "SELECT DISTINCT timezone FROM trend") == [(trend.timezone,)]


@pytest.mark.parametrize("place", ["client", "configuration"])
def test_a_trend_by_query(pipeline: Make, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    from dlt.pipeline.exceptions import PipelineStepFailed

    row = {"label": "a", "breakdown_value": "$$_posthog_breakdown_other_$$", "days": ["2026-01-01"], "data": [None]}

    def answer(asked: Asked) -> Reply:
        assert asked.endpoint == "query/"
        return 200, {"results": [row], "timezone": "UTC", "hasMore": True}

    client = {"trend_api": "query"} if place == "client" else {}
    if place == "configuration":
        monkeypatch.setenv("SOURCES__POSTHOG__TREND_API", "query")
    with serve(answer) as (host, seen):
        given: dict[str, Any] = {"api_key": "phx_test", "host": host, "client": client, "events": ["a"]}
        given |= {"breakdown": "plan", "breakdown_limit": 1}
        run = pipeline()
        run.run(posthog_trend(1, strict=False, **given))
        assert query(run, "SELECT breakdown_value, value, timezone FROM trend") == [
            ("$$_posthog_breakdown_other_$$", None, "UTC")
        ]
        assert seen[0].body["query"]["breakdownFilter"] == {"breakdown": "plan", "breakdown_limit": 1}
        with pytest.raises(PipelineStepFailed, match="Give a larger breakdown_limit"):
            pipeline().run(posthog_trend(1, **given))


def test_an_aggregated_trend(big: Sandbox, pipeline: Make) -> None:
    run = pipeline()
    run.run(
        posthog_trend(
            big.project_id,
            api_key=big.api_key,
            host=big.host,
            events=["$pageview"],
            display="BoldNumber",
            table_name="t",
        )
    )
    assert query(run, "SELECT starts_at, value > 0 FROM t") == [(None, True)]


@pytest.mark.parametrize("place", ["SOURCES__POSTHOG__API_KEY", "POSTHOG_PERSONAL_API_KEY", "secrets.toml"])
def test_the_key_is_in_nothing_that_dlt_keeps(
    place: str,
    big: Sandbox,
    pipeline: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: Any,
    request: pytest.FixtureRequest,
) -> None:
    import dlt

    if place == "secrets.toml":
        dlt.secrets["sources.posthog.api_key"] = big.api_key
        # What dlt has read it keeps for the whole process.
        request.addfinalizer(lambda: operator.setitem(cast("Any", dlt.secrets), "sources.posthog.api_key", None))
    else:
        monkeypatch.setenv(place, big.api_key)
    monkeypatch.setenv("SOURCES__POSTHOG__HOST", big.host)
    monkeypatch.setenv("POSTHOG_PROJECT_ID", big.project_id)
    source = posthog_persons()
    run = pipeline()
    run.run(source)
    with pytest.raises(Exception, match="-7days"):
        run.run(posthog_trend(events=["$pageview"], date_from="-7days"))
    said = run.last_trace.asstr(2) + repr(source) + str(source) + repr(run.last_trace) + str(run.state)
    said += run.default_schema.to_pretty_yaml() + "".join(capfd.readouterr())
    assert "rows" in said
    assert big.api_key not in said
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert [path for path in kept if big.api_key.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"columns": {"uuid": "text"}}, ConfigurationError, "'uuid' is a column already"),
        ({"columns": {"UUID": "text"}}, ConfigurationError, "'UUID' is a column already: destinations call it 'uuid'"),
        ({"columns": {"Created At": "text"}}, ConfigurationError, "'created_at'"),
        ({"columns": {"distinctIds": "json"}}, ConfigurationError, "call it 'distinct_ids', as 'distinct_ids'"),
        ({"columns": {"a b": "text", "a_b": "text"}}, ConfigurationError, "call it 'a_b', as 'a b'"),
        ({"columns": {"plan": "text", "PLAN": "text"}}, ConfigurationError, "call it 'plan', as 'plan'"),
        ({"columns": {"_dlt_id": "text"}}, ConfigurationError, "dlt keeps for itself"),
        ({"columns": {"": "text"}}, ConfigurationError, "no name of a column"),
        ({"columns": {"plan": "varchar"}}, ConfigurationError, "'plan' must be one of text, bool, bigint"),
        ({"properties": {"plan": object()}}, TypeError, "plan"),
        ({"overlap": timedelta(-1)}, ValueError, "overlap must not be negative"),
        ({"client": {"timeout": 0}}, ConfigurationError, "timeout must be a number of seconds"),
        ({"project_id": "1,1"}, ValueError, "names 1 twice"),
        ({"project_id": []}, ValueError, "names no project"),
        ({"project_id": "1,,2"}, ValueError, "names no project"),
        ({"project_id": "x"}, ConfigurationError, "project_id must be a positive whole number"),
    ],
)
def test_what_makes_no_sense_is_said_at_once(
    arguments: dict[str, Any], error: type[Exception], message: str, pipeline: Make
) -> None:
    given: dict[str, Any] = {"project_id": 1, "api_key": "phx_nobody", "host": "http://127.0.0.1:9", **arguments}
    with pytest.raises(error, match=message):
        posthog_persons(given.pop("project_id"), **given)


def test_a_breakdown_with_more_values_than_servers_show(big: Sandbox, pipeline: Make) -> None:
    from dlt.pipeline.exceptions import PipelineStepFailed

    question: dict[str, Any] = {"events": ["$pageview"], "breakdown": "email", "breakdown_type": "person"}
    given: dict[str, Any] = {"api_key": big.api_key, "host": big.host}
    with pytest.raises(PipelineStepFailed, match="more values of its breakdown than the 26 series"):
        pipeline().run(posthog_trend(big.project_id, **given, **question))
    run = pipeline()
    run.run(posthog_trend(big.project_id, strict=False, **given, **question))
    # Those beyond the limit are together in the last one.
    assert query(run, "SELECT count(DISTINCT series) FROM trend") == [(26,)]

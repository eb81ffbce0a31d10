"""The sources in this process, as driver and workers call them; test_spark.py tries them through Spark."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pyspark.sql.types import DecimalType, LongType, StringType, StructField, StructType

from posthog_environments import AuthenticationError, ConfigurationError, Environment, PagingError
from posthog_environments.sandbox import Sandbox
from posthog_environments.spark import PersonsDataSource, TrendDataSource, read_report
from posthog_environments.spark.options import CLIENT, SparkOptions
from posthog_environments.spark.persons import edges
from posthog_environments.spark.schemas import columns_of
from soak.canned import Canned, Heard, http
from soak.cluster import KEY

PURCHASED = '[{"key": "plan", "type": "person", "value": "pro", "operator": "exact"}]'
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def surroundings(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key in the environment, and nowhere else."""
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", KEY)
    monkeypatch.setenv("POSTHOG_HOST", box.host)
    monkeypatch.setenv("POSTHOG_PROJECT_ID", str(box.project_id))
    monkeypatch.delenv("POSTHOG_QUOTA", raising=False)


def persons(**options: Any) -> PersonsDataSource:
    return PersonsDataSource({name: str(value) for name, value in {"pacing": "false", **options}.items()})


def trend(**options: Any) -> TrendDataSource:
    return TrendDataSource({name: str(value) for name, value in {"pacing": "false", **options}.items()})


def read(source: Any, schema: StructType | None = None) -> list[dict[str, Any]]:
    """Plan on the driver, and read each part as a worker does, which has the reader by way of a pickle."""
    reader = source.reader(source.schema() if schema is None else schema)
    return [
        row
        for part in reader.partitions()
        for batch in pickle.loads(pickle.dumps(reader)).read(pickle.loads(pickle.dumps(part)))
        for row in batch.to_pylist()
    ]


@pytest.fixture(scope="module")
def everybody(box: Sandbox) -> Iterator[list[Any]]:
    with Environment(box.project_id, api_key=KEY, host=box.host, pacing=False) as env:
        yield list(env.persons.list())


def test_the_parts_follow_each_other_and_hold_everybody_once(everybody: list[Any], tmp_path: Path) -> None:
    source = persons(partitions=4, page_size=250, report=tmp_path)
    parts = source.reader(source.schema()).partitions()
    assert [part.number for part in parts] == [0, 1, 2, 3]
    assert (parts[0].before, parts[-1].since) == (None, None)
    assert [part.since for part in parts[:-1]] == [part.before for part in parts[1:]]
    assert [part.near for part in parts] == [0, 750, 1500, 2250]
    found = [row["uuid"] for row in read(source)]
    assert found == [person.uuid for person in everybody]
    report = read_report(tmp_path)
    assert (report.rows, report.partitions, report.complete, list(report.missing)) == (3000, 4, True, [])


def test_a_range_is_parted_within(everybody: list[Any]) -> None:
    since, before = everybody[2000].created_at, everybody[400].created_at
    source = persons(created_since=since.isoformat(), created_before=before.isoformat(), partitions=5)
    parts = source.reader(source.schema()).partitions()
    assert (parts[0].before, parts[-1].since) == (before, since)
    assert all(since <= part.since < part.before <= before for part in parts)
    assert [row["uuid"] for row in read(source)] == [person.uuid for person in everybody[401:2001]]


def test_filters_are_those_of_the_api(everybody: list[Any]) -> None:
    pros = [person.uuid for person in everybody if person.properties.get("plan") == "pro"]
    assert [row["uuid"] for row in read(persons(properties='{"plan": "pro"}'))] == pros
    one = everybody[7]
    assert [row["uuid"] for row in read(persons(distinct_id=one.distinct_ids[0]))] == [one.uuid]
    assert read(persons(email="nobody@nowhere.example", partitions=3)) == []


def test_columns_are_typed_and_what_is_not_of_its_type_is_counted(everybody: list[Any], tmp_path: Path) -> None:
    columns = "`email` string, age: bigint, newsletter boolean, company double, plan date, $os timestamp"
    source = persons(columns=columns, report=tmp_path)
    assert [field.dataType.simpleString() for field in source.schema().fields][7:] == [
        *("string", "bigint", "boolean", "double", "date", "timestamp"),
    ]
    for row, person in zip(read(source), everybody, strict=True):
        assert json.loads(row["properties"]) == person.properties
        assert (row["uuid"], row["distinct_ids"], row["created_at"]) == (
            *(person.uuid, person.distinct_ids, person.created_at),
        )
        assert tuple(row[name] for name in ("email", "age", "newsletter")) == tuple(
            person.properties.get(name) for name in ("email", "age", "newsletter")
        )
        assert (row["company"], row["plan"]) == (None, None)
    with_plan = sum("plan" in person.properties for person in everybody)
    assert read_report(tmp_path).unreadable["plan"] == with_plan


def test_a_schema_of_ones_own(everybody: list[Any]) -> None:
    schema = StructType([StructField("age", LongType()), StructField("uuid", StringType())])
    assert read(persons(), schema) == [
        {"age": person.properties.get("age"), "uuid": person.uuid} for person in everybody
    ]
    for kind, message in ((StructField("uuid", LongType()), "is string and nothing"), (DECIMAL, "must be one of")):
        with pytest.raises(ConfigurationError, match=message):
            persons().reader(StructType([kind]))
    assert columns_of(StructType([])) == ()


DECIMAL = StructField("age", DecimalType())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partition": 3}, "There is no option 'partition'"),
        ({"partitions": 0}, "must be a whole number from 1 to 1,000"),
        ({"partitions": 2, "pacing": "true"}, "each would use the whole quota"),
        ({"project_id": "1,2", "pacing": "true"}, "each would use the whole quota"),
        ({"project_id": "1,1"}, "names 1 twice"),
        ({"strict": "no"}, "'strict' must be true or false"),
        ({"strict": "false"}, "Say where to note that"),
        ({"columns": "email"}, "'columns' cannot be read from 'email'"),
        ({"columns": "age int"}, "must be one of string, boolean, bigint"),
        ({"columns": "name string"}, "There is a column 'name' already"),
        ({"columns": "a string, A string"}, "There is a column 'A' already"),
        ({"properties": "plan=pro"}, "'properties' must be JSON"),
        ({"created_since": "2026-01-31"}, "'created_since' must be written like"),
        ({"created_since": "yesterday"}, "'created_since' must be written like"),
        ({"created_since": "2026-01-31T00:00Z", "created_before": "2026-01-30T00:00Z"}, "must lie before"),
        ({"timeout": "soon"}, "'timeout' must be a number"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        persons(**options)


@pytest.mark.parametrize(
    "name", ["api_key", "API_KEY", "personal_api_key", "apiKey", "token", "password", "Authorization", "key"]
)
def test_a_key_among_the_options_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is refused: options stand in Spark's plan") as caught:
        persons(**{name: "phx_somebodys"})
    assert "phx_somebodys" not in str(caught.value)


def test_what_a_client_is_made_with() -> None:
    given = {
        "timeout": "5",
        "max_wait": "7.5",
        "allow_http": "true",
        "prefix": "projects",
        "quota": "memory",
        "Host": "h",
    }
    assert SparkOptions.read(given, CLIENT).client() == {
        "host": "h",
        "prefix": "projects",
        "quota": "memory",
        "max_wait": 7.5,
        "pacing": True,
        "timeout": 5.0,
        "allow_http": True,
    }
    assert SparkOptions.read({}, CLIENT).client() == {"max_wait": 3600.0, "pacing": True}


def test_a_shared_quota_may_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POSTHOG_QUOTA", (tmp_path / "quota.db").as_uri())
    assert len(read(persons(partitions=2, pacing="true"))) == 3000


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("provider:nothing", "cannot be imported here"),
        ("nowhere:key", "cannot be imported here"),
        ("provider:__name__", "is no function"),
        ("provider", "must be module:function"),
    ],
)
def test_functions_that_give_no_key(provider: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(persons(key_provider=provider))


def test_a_function_gives_the_key() -> None:
    assert len(read(persons(key_provider="provider:key"))) == 3000
    with pytest.raises(AuthenticationError):
        read(persons(key_provider="provider:wrong"))


def listing(total: int) -> Callable[[Heard], bytes]:
    """Answer as a server does that does not count: so many persons, one a second."""

    def answer(heard: Heard) -> bytes:
        asked = parse_qs(heard.query.decode())
        offset, limit = int(asked.get("offset", ["0"])[0]), int(asked["limit"][0])
        rows = [
            {"uuid": f"u-{n}", "created_at": (START - timedelta(seconds=n)).isoformat(), "properties": {}}
            for n in range(offset, min(total, offset + limit))
        ]
        link = f"http://x.example/?offset={offset + limit}" if offset + limit < total else None
        return http(200, json.dumps({"results": rows, "next": link, "previous": None}).encode())

    return answer


@pytest.mark.parametrize("total", [0, 1, 3, 1000])
def test_where_a_server_does_not_count_the_end_is_looked_for(total: int) -> None:
    with (
        Canned(listing(total)) as server,
        Environment("1", api_key=KEY, host=server.host, allow_http=True, pacing=False) as env,
    ):
        found = edges(env, 4, {})
        requests = len(server.heard)
    assert requests < 50
    assert list(found.values()) == sorted(found.values())
    assert all(START - timedelta(seconds=near) == time for time, near in found.items())
    # The total is found within some two parts in a hundred.
    expected = [total * part // 4 for part in (1, 2, 3)] if total >= 4 else list(found.values())
    assert [abs(near - wanted) <= total // 40 for near, wanted in zip(found.values(), expected, strict=True)] == [
        True for _ in found
    ]


def disordered(_: Heard) -> bytes:
    rows = [{"uuid": f"u-{n}", "created_at": f"2026-01-0{n}T00:00:00Z", "properties": {}} for n in (1, 2, 3)]
    return http(200, json.dumps({"results": rows, "next": None, "previous": None, "count": 3}).encode())


def test_a_walk_that_is_not_complete(tmp_path: Path) -> None:
    with Canned(disordered) as server:
        with pytest.raises(PagingError, match="is not complete, after 3 persons"):
            read(persons(host=server.host, report=tmp_path))
        assert len(read(persons(host=server.host, report=tmp_path, strict="false"))) == 3
    report = read_report(tmp_path)
    assert (report.rows, report.complete) == (3, False)
    assert report.reasons[0].startswith("a row is newer")


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"events": "$pageview,purchase"}, {"events": ["$pageview", "purchase"]}),
        ({"events": '[{"id": "$pageview", "math": "dau"}]', "interval": "week"}, {
            "events": [{"id": "$pageview", "math": "dau"}], "interval": "week",
        }),
        ({"events": "$pageview", "breakdown": "$browser", "compare": "false", "properties": PURCHASED}, {
            "events": "$pageview", "breakdown": "$browser", "properties": json.loads(PURCHASED),
        }),
    ],
)  # fmt: skip
def test_a_trend(box: Sandbox, options: dict[str, Any], asked: dict[str, Any]) -> None:
    with Environment(box.project_id, api_key=KEY, host=box.host, pacing=False) as env:
        wanted = env.insights.trend(**asked, date_from="-7d")
    rows = read(trend(**options, date_from="-7d"))
    assert len(rows) >= 2
    assert [(row["series"], row["breakdown_value"], row["value"]) for row in rows] == [
        (number, series.breakdown_value, value) for number, series in enumerate(wanted) for value in series.data
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "A trend counts something"),
        ({"events": "[1"}, "begins like JSON, and is none"),
        ({"events": "$pageview", "compare": "perhaps"}, "'compare' must be true or false"),
        ({"events": "$pageview", "event": "x"}, "There is no option 'event'"),
    ],
)
def test_trends_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        trend(**options)


def test_a_trend_has_a_schema_of_its_own() -> None:
    source = trend(actions="7,8")
    assert source._question["actions"] == [7, 8]
    with pytest.raises(ConfigurationError, match="has a schema of its own"):
        source.reader(StructType([]))
    assert trend(actions="7")._question["actions"] == [7]


def test_a_trend_that_shows_less_than_there_is() -> None:
    series = {"data": [1.0], "days": ["2026-01-01"], "labels": ["1"]}
    shown = [{**series, "breakdown_value": f"Browser {number}"} for number in range(25)]
    body = json.dumps({"result": shown, "next": "http://x.example/?offset=25"}).encode()
    with Canned(lambda _: http(200, body)) as server:
        given = {"host": server.host, "events": "$pageview", "breakdown": "$browser"}
        with pytest.raises(PagingError, match="more values of its breakdown than the 25 series"):
            read(trend(**given))
        assert len(read(trend(**given, strict="false"))) == 25

"""The source of Spark, on a cluster with four workers."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox
from posthog_environments.spark import read_report
from soak.canned import Canned, Heard, http
from soak.cluster import KEY, kill, processes

Load = Callable[..., Any]


def client(box: Sandbox) -> Environment:
    return Environment(box.project_id, api_key=box.api_key, host=box.host, pacing=False)


def uuids(frame: Any) -> list[str]:
    return [row.uuid for row in frame.select("uuid").collect()]


def everybody(box: Sandbox, **filters: Any) -> set[str]:
    with client(box) as env:
        return {person.uuid for person in env.persons.list(**filters)}


def once(found: list[str]) -> set[str]:
    assert len(found) == len(set(found))
    return set(found)


def test_everybody_is_read_once(load: Load, box: Sandbox, tmp_path: Path) -> None:
    frame = load(partitions=4, page_size=250, report=tmp_path)
    assert frame.rdd.getNumPartitions() == 4
    assert once(uuids(frame)) == everybody(box)
    report = read_report(tmp_path)
    assert (report.rows, report.partitions, report.complete, list(report.missing)) == (3000, 4, True, [])
    assert report.pages <= 3000 // 250 + 2 * 4


def test_columns_have_their_types(load: Load, tmp_path: Path) -> None:
    frame = load(columns="email string, age bigint, newsletter boolean, company double", report=tmp_path)
    assert [field.dataType.simpleString() for field in frame.schema.fields] == [
        *("string", "string", "string", "array<string>", "timestamp", "string", "string"),
        *("string", "bigint", "boolean", "double"),
    ]
    rows = frame.collect()
    companies = 0
    for row in rows:
        properties = json.loads(row.properties)
        assert (row.email, row.age, row.newsletter) == tuple(
            properties.get(name) for name in ("email", "age", "newsletter")
        )
        assert row.company is None
        companies += "company" in properties
    assert read_report(tmp_path).unreadable == {"company": companies}


def test_a_schema_of_ones_own(spark: Any, box: Sandbox) -> None:
    reader = spark.read.format("posthog_persons").schema("plan string, uuid string").option("host", box.host)
    rows = reader.load().collect()
    assert {row.plan for row in rows} >= {"pro", "free"}
    assert {row.uuid for row in rows} == everybody(box)


def test_what_the_api_applies(load: Load, box: Sandbox) -> None:
    pros = everybody(box, properties={"plan": "pro"})
    assert once(uuids(load(properties='{"plan": "pro"}', partitions=3, page_size=100))) == pros
    with client(box) as env:
        persons = list(env.persons.list())
    since, before = persons[900].created_at, persons[300].created_at
    frame = load(created_since=since.isoformat(), created_before=before.isoformat(), partitions=4, page_size=100)
    assert once(uuids(frame)) == {person.uuid for person in persons[301:901]}


def test_who_comes_and_goes_meanwhile(load: Load) -> None:
    """Persons are deleted from before the ends are looked up until all is read."""
    with Sandbox(persons=3000, rates=False, api_key=KEY) as box, client(box) as env:
        before = [person.uuid for person in env.persons.list()]
        over = threading.Event()

        def churn() -> None:
            for uuid in before[::7] + before[3::7]:
                if over.is_set():
                    return
                env.persons.delete(uuid)

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            time.sleep(0.3)
            found = once(uuids(load(host=box.host, partitions=4, page_size=20)))
        finally:
            over.set()
            thread.join()
        box.settle()
        stayed = everybody(box)
        assert len(stayed) < 3000
        assert stayed <= found <= set(before)


@pytest.mark.parametrize("what", ["CoarseGrainedExecutorBackend", r"pyspark[./]daemon"])
def test_a_worker_that_is_killed_in_the_middle(what: str, spark: Any, load: Load, box: Sandbox, tmp_path: Path) -> None:
    frame = load(partitions=8, page_size=10, report=tmp_path)
    wanted, found = everybody(box), list[str]()
    thread = threading.Thread(target=lambda: found.extend(uuids(frame)))
    thread.start()
    killed: list[int] = []
    while thread.is_alive() and not killed:
        time.sleep(0.2)
        # Once a part has been read: others are in the middle then.
        if list(tmp_path.glob("*/part-*.json")):
            killed = processes(spark, what)[-1:]
            for pid in killed:
                kill(pid)
    thread.join()
    assert killed
    assert once(found) == wanted
    assert read_report(tmp_path).complete


def test_the_key_is_nowhere(spark: Any, load: Load, place: Path, tmp_path: Path) -> None:
    frame = load(partitions=2, report=tmp_path, columns="plan string").where("plan = 'pro'")
    assert frame.count() > 0
    with pytest.raises(Exception, match=r"404|403"):
        load(project_id="999").count()
    said = frame._jdf.queryExecution().toString()
    ui = spark.sparkContext.uiWebUrl
    application = spark.sparkContext.applicationId
    for page in (
        "environment/",
        "SQL/",
        f"api/v1/applications/{application}/environment",
        f"api/v1/applications/{application}/sql?details=true",
        "jobs/",
    ):
        with urllib.request.urlopen(f"{ui}/{page}") as answer:
            said += answer.read().decode()
    assert "posthog_persons" in said
    assert KEY not in said
    folders = (place, (place / "work").resolve(), tmp_path)
    kept = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any(path.parent.name == "events" or "events" in path.parts for path in kept)
    assert any(path.name == "stderr" for path in kept)
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_key": "phx_somebodys"}, "is refused: options stand in Spark's plan"),
        ({"partitions": 2, "pacing": "true"}, "each would use the whole quota"),
        ({"columns": "age int"}, "must be one of string, boolean, bigint"),
    ],
)
def test_what_makes_no_sense_is_said_through_spark(load: Load, options: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        load(**options)
    assert "phx_somebodys" not in str(caught.value)


def test_a_function_gives_the_key(load: Load, box: Sandbox) -> None:
    assert load(key_provider="provider:key").count() == 3000
    with pytest.raises(Exception, match="401"):
        load(key_provider="provider:wrong").count()
    with pytest.raises(Exception, match="cannot be imported here"):
        load(key_provider="provider:nothing").count()


def disordered(_: Heard) -> bytes:
    """List three persons, the oldest first."""
    uuid = "00000000-0000-4000-8000-00000000000"
    rows = [{"uuid": f"{uuid}{n}", "created_at": f"2026-01-0{n}T00:00:00Z", "properties": {}} for n in (1, 2, 3)]
    return http(200, json.dumps({"results": rows, "next": None, "previous": None, "count": 3}).encode())


def test_a_walk_that_is_not_complete_fails_the_job(load: Load, tmp_path: Path) -> None:
    with Canned(disordered) as server:
        with pytest.raises(Exception, match="is not complete, after 3 persons: a row is newer"):
            load(host=server.host, report=tmp_path).count()
        assert not read_report(tmp_path).complete
        assert load(host=server.host, report=tmp_path, strict="false").count() == 3
        report = read_report(tmp_path)
        assert (report.rows, report.complete, list(report.missing)) == (3, False, [])
        assert report.reasons[0].startswith("a row is newer")


def test_a_partition_that_was_not_read_is_missing(load: Load, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no report"):
        read_report(tmp_path)
    assert len(load(partitions=4, report=tmp_path).limit(1).collect()) == 1
    report = read_report(tmp_path)
    assert not report.complete
    assert report.missing


def test_several_projects(load: Load, box: Sandbox) -> None:
    with pytest.raises(Exception, match=r"404|403"):
        load(project_id=f"{box.project_id},777").count()
    rows = load(project_id=box.project_id).groupBy("project_id").count().collect()
    assert [(row.project_id, row["count"]) for row in rows] == [("12345", 3000)]


def test_a_trend(load: Load, box: Sandbox) -> None:
    question: dict[str, Any] = {"events": "$pageview,purchase", "date_from": "-7d", "breakdown": "$browser"}
    with client(box) as env:
        trend = env.insights.trend(**{**question, "events": ["$pageview", "purchase"]})
    rows = load("posthog_trend", **question).collect()
    assert [(r.series, r.breakdown_value, r.starts_at.date().isoformat(), r.value) for r in rows] == [
        (number, series.breakdown_value, day, value)
        for number, series in enumerate(trend)
        for day, value in zip(series.days, series.data, strict=True)
    ]
    by_query = load("posthog_trend", trend_api="query", **question).collect()
    assert [tuple(row) for row in by_query] == [tuple(row) for row in rows]
    limited = load("posthog_trend", breakdown_limit="1", strict="false", **question).collect()
    assert len({row.breakdown_value for row in limited}) == 2
    with pytest.raises(Exception, match="A trend counts something"):
        load("posthog_trend")


def test_spark_keeps_filters_for_the_next_query(spark: Any) -> None:
    """This is why the source takes none: rows would be missing. When Spark has mended it, the source can take them."""
    from pyspark.sql.datasource import DataSource, DataSourceReader, EqualTo, InputPartition

    class Numbers(DataSourceReader):
        only = None

        def pushFilters(self, filters: Any) -> Any:  # noqa: N802 - Spark's name
            self.only = next((each.value for each in filters if isinstance(each, EqualTo)), None)
            return filters

        def partitions(self) -> Any:
            return [InputPartition(0)]

        def read(self, partition: Any) -> Any:
            return iter([(n,) for n in range(10) if self.only in (None, n)])

    class Source(DataSource):
        @classmethod
        def name(cls) -> str:
            return "numbers"

        def schema(self) -> str:
            return "n bigint"

        def reader(self, schema: Any) -> Any:
            return Numbers()

    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    try:
        spark.dataSource.register(Source)
        frame = spark.read.format("numbers").load()
        assert frame.count() == 10
        assert frame.where("n = 3").count() == 1
        assert frame.count() == 1
    finally:
        spark.conf.set("spark.sql.python.filterPushdown.enabled", "false")


def test_the_time_is_that_of_the_server(load: Load, box: Sandbox) -> None:
    with client(box) as env:
        newest = env.persons.list().first()
    assert newest is not None
    row = load().orderBy("created_at", ascending=False).first()
    assert row.created_at.astimezone(UTC) == newest.created_at
    assert isinstance(row.created_at, datetime)

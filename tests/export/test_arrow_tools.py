"""Pagers and trends in polars, duckdb and pandas: without glue code, page by page, with the text of our errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox

NAMES = ["uuid", "id", "name", "created_at", "distinct_ids", "properties", "additional_properties"]


def to_pandas(people: Any) -> pd.DataFrame:
    """Read with pandas, or with pyarrow before pandas 3."""
    read: Callable[[Any], pd.DataFrame] | None = getattr(pd.DataFrame, "from_arrow", None)
    return read(people) if read else pa.table(people).to_pandas()


def sql(question: str, people: Any) -> Any:
    """Query duckdb, which finds the variable `people`."""
    return duckdb.sql(question)


READERS: dict[str, Callable[[Any], Any]] = {
    "polars": lambda people: pl.DataFrame(people)["uuid"].to_list(),
    "polars series": lambda people: pl.from_arrow(people).struct.field("uuid").to_list(),  # type: ignore[union-attr]
    "duckdb": lambda people: sql("SELECT * FROM people", people).pl()["uuid"].to_list(),
    "duckdb column": lambda people: [row[0] for row in sql("SELECT uuid FROM people", people).fetchall()],
    "duckdb from_arrow": lambda people: duckdb.from_arrow(people).pl()["uuid"].to_list(),
    "pandas": lambda people: to_pandas(people)["uuid"].tolist(),
    "pyarrow": lambda people: pa.table(people)["uuid"].to_pylist(),
    "pyarrow reader": lambda people: pa.RecordBatchReader.from_stream(people).read_all()["uuid"].to_pylist(),
    "pyarrow to pandas": lambda people: pa.RecordBatchReader.from_stream(people).read_pandas()["uuid"].tolist(),
}


@pytest.mark.parametrize("tool", READERS)
def test_every_tool_reads_everybody(env: Environment, count: Callable[[], int], tool: str) -> None:
    everybody = [person.uuid for person in env.persons.list()]
    before = count()
    pager = env.persons.list(page_size=300)
    assert READERS[tool](pager) == everybody
    assert pager.report.complete
    assert count() - before == pager.report.pages, "no page is fetched twice"


ERRORS: dict[str, type[Exception]] = {
    "polars": pl.exceptions.ComputeError,
    "duckdb": duckdb.InvalidInputException,
    "pandas": pa.ArrowInvalid,
    "pyarrow": pa.ArrowInvalid,
}
"""The error that each tool raises, as the docs say."""


@pytest.mark.parametrize("tool", READERS)
def test_our_words_come_through_every_tool(box: Sandbox, env: Environment, count: Callable[[], int], tool: str) -> None:
    box.fail_next(503)
    pager = env.persons.list(page_size=300)
    with pytest.raises(ERRORS[tool.split(maxsplit=1)[0]], match=r"persons\.list[\s\S]*ServerError") as found:
        READERS[tool](pager)
    assert count() == 1
    assert "503" in str(found.value)
    assert box.api_key not in str(found.value)


def test_polars_has_the_types(env: Environment) -> None:
    frame = pl.DataFrame(env.persons.list().arrow(["age", "newsletter"]))
    assert list(frame.schema.items()) == [
        ("uuid", pl.String()),
        ("id", pl.String()),
        ("name", pl.String()),
        ("created_at", pl.Datetime("us", "UTC")),
        ("distinct_ids", pl.List(pl.String)),
        ("age", pl.Int64()),
        ("newsletter", pl.Boolean()),
        ("properties", pl.String()),
        ("additional_properties", pl.String()),
    ]
    ages = [person.properties["age"] for person in env.persons.list() if "age" in person.properties]
    assert frame["age"].sum() == sum(ages)


def test_polars_reads_the_json(env: Environment) -> None:
    frame = pl.DataFrame(env.persons.list())
    plans = frame.select(pl.col("properties").str.json_path_match("$.plan")).to_series().to_list()
    assert plans == [person.properties.get("plan") for person in env.persons.list()]


def test_duckdb_counts_and_reads_the_json(env: Environment) -> None:
    question = "SELECT properties->>'plan' AS plan, count(*) FROM people GROUP BY plan"
    found = sql(question, env.persons.list()).fetchall()
    expected: dict[Any, int] = {}
    for person in env.persons.list():
        plan = person.properties.get("plan")
        expected[plan] = expected.get(plan, 0) + 1
    assert dict(found) == expected


def test_duckdb_reads_no_more_pages_than_it_needs(env: Environment, count: Callable[[], int]) -> None:
    assert len(sql("SELECT uuid FROM people LIMIT 3", env.persons.list(page_size=20)).fetchall()) == 3
    assert count() < 10, "of some fifty pages"


def test_duckdb_tells_names_apart_that_differ_in_case_alone(env: Environment) -> None:
    people = env.persons.list().arrow({"plan": "text", "Plan": "text", "NAME": "text"})
    names = sql("SELECT * FROM people", people).columns
    assert names[5:8] == ["plan", "Plan (2)", "properties.NAME"]


def test_a_frame_of_objects_is_refused_and_says_how_it_is_done(env: Environment) -> None:
    pager = env.persons.list()
    with pytest.raises(TypeError, match=r"pandas.DataFrame.from_arrow\(pager\).*pyarrow.table\(pager\).to_pandas"):
        pd.DataFrame(pager)
    assert pager.report.pages == 0


def test_pandas_has_the_types(env: Environment) -> None:
    frame = to_pandas(env.persons.list())
    assert list(frame.columns) == NAMES
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"
    assert frame["properties"].map(lambda text: text.startswith("{")).all()


@pytest.mark.parametrize("read", [pl.DataFrame, lambda table: pl.DataFrame(to_pandas(table)), None])
def test_tools_read_trends(env: Environment, read: Callable[[Any], pl.DataFrame] | None) -> None:
    trend = env.insights.trend(events=["$pageview"], date_from="-7d", breakdown="$browser", breakdown_type="event")
    if read is None:
        rows = sql("SELECT label, day, value FROM people", trend).fetchall()
    else:
        rows = read(trend).select("label", "day", "value").rows()
    assert rows == [
        (series.label, datetime.fromisoformat(day), value)
        for series in trend
        for day, value in zip(series.days, series.data, strict=True)
    ]


def test_tools_read_activity(box: Sandbox, env: Environment) -> None:
    person = env.persons.list().first()
    assert person is not None
    env.persons.update(person, {"seen": True})
    box.settle()
    log = env.persons.activity(person)
    assert pl.DataFrame(log)["activity"].to_list() == ["updated"]
    assert sql("SELECT activity FROM people", log).fetchall() == [("updated",)]
    assert to_pandas(log)["activity"].tolist() == ["updated"]

"""Persons and trends as rows: each value is of the kind of its column, or counted."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from posthog_environments_api.models import Person
from posthog_environments_api.models import Trend as Record

from posthog_environments import MalformedResponseError, PagingError, Report, Trend
from posthog_environments.integrations.rows import (
    PERSON_COLUMNS,
    ColumnType,
    PersonRows,
    check_trend,
    check_walk,
    person_columns,
    projects_of,
    trend_rows,
)
from posthog_environments.tables.layout import Layout
from tests.export.roundtrip import record

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"


def person(**fields: Any) -> Person:
    return Person.from_dict({"uuid": UUID, **fields})


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("text", "a", "a"),
        ("text", 42, "42"),
        ("text", True, "true"),
        ("text", ["a", 1], '["a",1]'),
        ("bool", True, True),
        ("bool", "false", False),
        ("bool", 1, None),
        ("bool", "yes", None),
        ("int64", 42, 42),
        ("int64", "-42", -42),
        ("int64", "042", None),
        ("int64", 42.0, None),
        ("int64", True, None),
        ("int64", 2**63, None),
        ("int64", -(2**63), -(2**63)),
        ("float64", 1, 1.0),
        ("float64", "1e3", 1000.0),
        ("float64", "1e999", None),
        ("float64", 10**400, None),
        ("float64", "nan", None),
        ("float64", False, None),
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("date", "2026-02-31", None),
        ("date", 20260131, None),
        ("timestamp", "2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("timestamp", "2026-01-31 10:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("timestamp", "soon", None),
        ("timestamp", 1700000000, None),
        ("json", {"a": [1]}, {"a": [1]}),
    ],
)
def test_values_of_columns(kind: ColumnType, value: Any, found: Any) -> None:
    persons = PersonRows("1", person_columns({"x": kind}))
    row = persons.row(person(created_at="2026-01-01T00:00:00Z", properties={"x": value}))
    assert row[-1] == found
    assert type(row[-1]) is type(found)
    assert persons.unreadable == ({"x": 1} if found is None else {})


def test_nothing_is_not_unreadable() -> None:
    persons = PersonRows("1", person_columns({"x": "int64", "y": "int64"}))
    assert persons.row(person(created_at="2026-01-01T00:00:00Z", properties={"x": None}))[-2:] == (None, None)
    assert not persons.unreadable


def test_a_row() -> None:
    persons = PersonRows("12", person_columns({}))
    row = persons.row(
        person(name="Ada", distinct_ids=["a", 7], created_at="2026-01-31T00:00:00Z", properties={"n": 2**70})
    )
    assert row[:4] == ("12", UUID, "Ada", ["a", "7"])
    assert row[4] == datetime(2026, 1, 31, tzinfo=UTC)
    assert json.loads(row[5]) == {"n": 2**70}
    row = persons.row(person(name=5, created_at="never"))
    assert (row[2], row[4], row[5]) == ("5", None, "{}")
    assert persons.unreadable == {"created_at": 1}


WHOLE: dict[str, Any] = {
    "uuid": UUID,
    "id": UUID,
    "name": "Ada",
    "distinct_ids": ["a"],
    "properties": {"plan": None, "": 0, "UUID": "x"},
    "created_at": "2026-01-31T00:00:00+00:00",
    "type": "person",
    "is_identified": False,
    "matched_recordings": [],
    "value_at_data_point": None,
    "last_seen_at": None,
    "of_tomorrow": {"deep": [None, ""]},
}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"name": 5},
        {"name": None},
        {"name": ""},
        {"distinct_ids": [12345, None, {"a": []}]},
        {"distinct_ids": None},
        {"distinct_ids": {"a": 1}},
        {"distinct_ids": []},
        {"properties": [1, {"a": None}]},
        {"properties": None},
        {"properties": "text"},
        {"created_at": "yesterday"},
        {"created_at": None},
        {"created_at": 17},
        {"id": None},
        {"id": {"a": 1}},
        {"is_identified": "yes", "last_seen_at": "never", "type": None, "matched_recordings": None},
    ],
)
def test_nothing_is_lost_on_the_way_out(odd: dict[str, Any]) -> None:
    sent = {**WHOLE, **odd}
    someone = Person.from_dict(json.loads(json.dumps(sent)))
    assert someone.to_dict() == sent
    row = dict(
        zip((column.name for column in PERSON_COLUMNS), PersonRows("1", person_columns({})).row(someone), strict=True)
    )
    created = row["created_at"]
    shown = {
        "uuid": row["uuid"],
        "name": row["name"],
        "distinct_ids": row["distinct_ids"],
        "created_at": created.isoformat() if created else None,
        "properties": json.loads(row["properties"]),
    }
    assert shown | json.loads(row["additional_properties"]) == sent
    layout = Layout()
    assert record(layout, layout.cells(someone)) == sent


def trend(*series: dict[str, Any], **fields: Any) -> Trend:
    return Trend(Record.from_dict({"result": list(series), **fields}))


def test_a_trend_by_hour_and_breakdown() -> None:
    hours = {"label": "a", "data": [1, 2], "days": ["2026-01-01 00:00:00", "2026-01-01T01:00:00"], "breakdown_value": 3}
    rows = list(trend_rows("1", trend(hours, {"label": "b", "data": [], "days": []}, timezone="UTC")))
    assert rows[0] == ("1", 0, "a", "3", None, datetime(2026, 1, 1), "UTC", 1.0)
    assert rows[1][5] == datetime(2026, 1, 1, 1)
    assert rows[2] == ("1", 1, "b", None, None, None, "UTC", None)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ({"data": [1, 2], "days": ["2026-01-01"]}, "Series 0 of the trend has 2 numbers for 1 days"),
        ({"data": [1], "days": ["1st of May"]}, "a day that cannot be read"),
        ({"data": [1], "days": [None]}, "a day that cannot be read"),
        ({"data": ["1"], "days": ["2026-01-01"]}, "a point that is no number"),
        ({"data": [True], "days": ["2026-01-01"]}, "a point that is no number"),
    ],
)
def test_a_trend_that_cannot_be_read(series: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedResponseError, match=message):
        list(trend_rows("1", trend(series)))


def test_what_is_not_all_is_said() -> None:
    check_walk("1", Report(complete=True, reason=None))
    with pytest.raises(PagingError, match=r"project 1 is not complete, after 3 persons: a gap\. Read them again"):
        check_walk("1", Report(rows=3, reason="a gap"))
    check_trend("1", trend())
    with pytest.raises(PagingError, match="more values of its breakdown than the 0 series"):
        check_trend("1", trend(next="https://x.example/?offset=25"))
    # Servers since 2025 say so with or without further values, and put these into one series.
    check_trend("1", Trend(Record.from_dict({"result": [], "next": "x"}), has_more=False))
    with pytest.raises(PagingError, match="Give a larger breakdown_limit"):
        check_trend("1", Trend(Record.from_dict({"result": [], "next": None}), has_more=True))


def test_projects() -> None:
    assert projects_of(None) == [None]
    assert projects_of(12) == ["12"]
    assert projects_of("1, 2,@current") == ["1", "2", "@current"]
    assert projects_of([1, "2"]) == ["1", "2"]
    for wrong in ("", "1,", [], "1,1", [1, "1"]):
        with pytest.raises(ValueError, match="project_id names"):
            projects_of(wrong)

"""The records of the generated client: what is absent reads None, what is unknown is kept, what is wrong is said."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posthog_environments_api import types
from posthog_environments_api.api.insights import query_trend
from posthog_environments_api.api.persons import get_person, list_person_activity, list_persons
from posthog_environments_api.errors import DecodeError
from posthog_environments_api.models import Entity, Person, PersonPage, Series, Trend, TrendQuery
from posthog_environments_api.types import loads

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
ROW_OF_2025 = {
    "type": "person",
    "id": UUID,
    "uuid": UUID,
    "created_at": "2025-01-02T03:04:05.678000Z",
    "properties": {"email": "ada@example.com", "age": 36},
    "is_identified": True,
    "name": "ada@example.com",
    "distinct_ids": ["user-1"],
    "matched_recordings": [],
    "value_at_data_point": None,
}
JSON = {"content-type": "application/json"}


def test_a_row_of_each_era() -> None:
    person = Person.from_dict(ROW_OF_2025)
    assert (person.uuid, person.id, person.name, person.distinct_ids) == (UUID, UUID, "ada@example.com", ["user-1"])
    assert person.created_at == datetime(2025, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert person.additional_properties["is_identified"] is True
    newer = Person.from_dict({**ROW_OF_2025, "last_seen_at": "2026-01-01T00:00:00Z", "id": 5})
    assert (newer.id, newer["last_seen_at"]) == (5, "2026-01-01T00:00:00Z")


def test_what_is_absent_or_null_reads_none_or_empty() -> None:
    for row in (
        {"uuid": UUID},
        dict.fromkeys(("id", "name", "distinct_ids", "properties", "created_at")) | {"uuid": UUID},
    ):
        person = Person.from_dict(row)
        assert (person.id, person.name, person.created_at) == (None, None, None)
        assert (person.distinct_ids, person.properties, person.additional_properties) == ([], {}, {})
    series = Series.from_dict({})
    assert (series.data, series.label, series.filter_, series.action) == ([], None, None, None)


def test_reading_leaves_its_argument_alone() -> None:
    row = copy.deepcopy(ROW_OF_2025)
    page = {"results": [row], "next": None}
    before = copy.deepcopy(page)
    Person.from_dict(row)
    PersonPage.from_dict(page)
    assert page == before


@pytest.mark.parametrize("text", ["2020-13-01", "soon", "", 5, {"a": 1}, "9" * 500])
def test_an_unreadable_date_reads_none_with_the_text_kept(text: Any) -> None:
    person = Person.from_dict({"uuid": UUID, "created_at": text})
    assert person.created_at is None
    assert person.additional_properties == {"created_at": text}
    assert person.to_dict()["created_at"] == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-01-01T10:00:00Z", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01T10:00:00", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01 10:00:00 UTC", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01T10:00:00.123456+02:00", datetime(2020, 1, 1, 10, 0, 0, 123456, timezone(timedelta(hours=2)))),
    ],
)
def test_dates_in_the_forms_that_servers_write(text: str, moment: datetime) -> None:
    created = Person.from_dict({"uuid": UUID, "created_at": text}).created_at
    assert created == moment
    assert created is not None
    assert created.tzinfo is not None


@pytest.mark.parametrize("row", [{}, {"uuid": None}, {"uuid": ""}, {"uuid": 5}, [], None, "x", 7])
def test_a_row_without_a_uuid_names_its_place(row: Any) -> None:
    body = json.dumps({"results": [ROW_OF_2025, ROW_OF_2025, row]}).encode()
    with pytest.raises(DecodeError) as caught:
        list_persons.parse_response(200, JSON, body)
    error = caught.value
    assert error.path.startswith("results[2]")
    assert (error.index, error.status_code, error.content) == (2, 200, body)
    assert "ada@example.com" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.index, again.content) == (str(error), 2, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"5",
        b"{}",
        b'{"results": null}',
        b'{"results": {}}',
        b"\xff",
        b"<html>",
        b"[" * 100000,
        b'{"results": [' + b"9" * 5000 + b"]}",
        b'{"results": NaN}',
    ],
)
def test_what_is_not_a_page_is_said(body: bytes) -> None:
    with pytest.raises(DecodeError):
        list_persons.parse_response(200, JSON, body)


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**25, -(10**25), 2**53 + 1])
@pytest.mark.parametrize("before", range(8))
def test_integers_of_any_size_stay_exact(number: int, before: int) -> None:
    body = b" " * before + json.dumps({"uuid": UUID, "properties": {"n": number, "l": [number]}}).encode()
    person = get_person.parse_response(200, JSON, body)
    assert person is not None
    assert person.properties == {"n": number, "l": [number]}
    assert all(isinstance(value, int) for value in (person.properties["n"], person.properties["l"][0]))


def test_what_is_optional_and_wrong_does_not_destroy_the_whole() -> None:
    body = {
        "result": [{"data": [1, 2.5], "filter": [], "action": "x", "days": None, "labels": 5, "new": 1}],
        "next": None,
    }
    trend = query_trend.parse_response(200, JSON, json.dumps(body).encode())
    assert trend is not None
    (series,) = trend.result
    assert (series.data, series.filter_, series.action, series.days, series.labels) == ([1, 2.5], None, None, [], [])
    assert series.additional_properties == {"filter": [], "action": "x", "labels": 5, "new": 1}


def test_errors_and_csv_are_not_parsed() -> None:
    assert get_person.parse_response(404, JSON, b"<html>") is None
    assert get_person.parse_response(520, JSON, b"") is None
    assert list_persons.parse_response(200, {"content-type": "text/csv; charset=utf-8"}, b"uuid\n") is None


def test_records_go_there_and_back() -> None:
    person = Person.from_dict(ROW_OF_2025)
    assert Person.from_dict(person.to_dict()) == person
    assert pickle.loads(pickle.dumps(person)) == copy.deepcopy(person) == person
    body = {
        "result": [{"data": [1], "filter": {"events": [{"id": None, "math": "dau"}]}, "action": {"order": 0}}],
        "last_refresh": "2026-01-01T00:00:00+00:00",
    }
    trend = Trend.from_dict(body)
    assert Trend.from_dict(trend.to_dict()) == trend
    query = TrendQuery(
        events=[Entity(id="$pageview")], properties=[{"key": "a", "value": datetime(2026, 1, 1, tzinfo=UTC)}]
    )
    assert json.loads(json.dumps(query.to_dict())) == {
        "events": [{"id": "$pageview"}],
        "properties": [{"key": "a", "value": "2026-01-01T00:00:00+00:00"}],
    }


def test_an_activity_page_of_either_era() -> None:
    entry = {
        "user": {"first_name": "Grace", "email": "g@example.com"},
        "activity": "updated",
        "scope": "Person",
        "item_id": "42",
        "created_at": "2026-02-03T04:05:06.789012Z",
        "detail": {"changes": [{"field": "properties", "before": None}], "trigger": None, "name": "x"},
    }
    body = json.dumps({"results": [entry, {**entry, "id": "e-1", "user": None, "detail": None}], "total_count": 2})
    page = list_person_activity.parse_response(200, JSON, body.encode())
    assert page is not None
    old, new = page.results
    assert old.user is not None
    assert old.detail is not None
    assert (old.id, old.user.email, old.detail.changes[0].field) == (None, "g@example.com", "properties")
    assert (new.id, new.user, new.detail) == ("e-1", None, None)


ENDPOINTS = [
    ("persons", "list_persons", 200),
    ("persons", "get_person", 200),
    ("persons", "list_person_activity", 200),
    ("persons", "get_person_properties_timeline", 200),
    ("persons", "delete_person_property", 201),
    ("insights", "query_trend", 200),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["results", "result", "points", "uuid", "filter", "detail", "changes", "created_at", "events", "id"]
)


@pytest.mark.parametrize(("tag", "name", "status"), ENDPOINTS)
@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    value=st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json_ends_in_a_record_or_in_decode_error(tag: str, name: str, status: int, value: Any) -> None:
    endpoint = import_module(f"posthog_environments_api.api.{tag}.{name}")
    with contextlib.suppress(DecodeError):
        endpoint.parse_response(status, JSON, json.dumps(value).encode())


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_value_or_in_decode_error(content: bytes) -> None:
    with contextlib.suppress(DecodeError):
        loads(content)


# ----- the short way, on which records are built while their bytes are read


def built(kind: type[Any], content: bytes) -> Any:
    return types._built(content, kind)


def the_long_way(kind: Any, content: bytes) -> Any:
    return kind.take(loads(content))


@pytest.mark.parametrize(
    "row",
    [
        {"uuid": UUID},
        {"uuid": UUID, "id": 10**30, "name": None, "properties": {"n": 10**30, "deep": [{"x": [1.5, None]}]}},
        {"uuid": "a", "id": "b", "distinct_ids": ["c"], "created_at": "2026-01-02T03:04:05.678+05:30"},
        ROW_OF_2025,
        {**ROW_OF_2025, "last_seen_at": None},
        {**ROW_OF_2025, "type": {"x": [10**30]}, "last_seen_at": "2026-01-01"},
    ],
)
def test_what_is_as_the_contract_says_is_built_at_once(row: dict[str, Any]) -> None:
    for kind, whole in ((Person, row), (PersonPage, {"results": [row, row], "next": None})):
        content = json.dumps(whole).encode()
        found, other = built(kind, content), the_long_way(kind, content)
        assert found == other is not None
        assert found.to_dict() == other.to_dict()


@pytest.mark.parametrize(
    "row",
    [
        {**ROW_OF_2025, "more": 1},
        {**ROW_OF_2025, "created_at": "2026-01-02"},
        {key: value for key, value in ROW_OF_2025.items() if key != "matched_recordings"},
        {"uuid": ""},
        {"uuid": UUID, "properties": None},
        {"uuid": UUID, "created_at": "2026-01-02T03:04:05"},
        {"uuid": UUID, "created_at": "2026-01-02"},
        {"uuid": UUID, "id": 1.5},
        {"uuid": UUID, "distinct_ids": [1]},
        {"uuid": UUID, "additional_properties": {}},
    ],
)
def test_everything_else_goes_the_long_way(row: dict[str, Any]) -> None:
    assert built(Person, json.dumps(row).encode()) is None


ODD_ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "uuid": st.sampled_from([UUID, "", None, 5]),
        "id": st.none() | st.integers() | st.text() | st.floats(allow_nan=False) | st.booleans(),
        "name": st.none() | st.text(st.characters(codec="utf-8")) | st.integers(),
        "distinct_ids": st.none() | st.lists(st.text(st.characters(codec="utf-8")) | st.integers()) | st.just({}),
        "properties": st.none() | st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers() | st.none()),
        "created_at": st.none() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | st.text(max_size=30),
        "more": st.none(),
    },
)
ALSO_SENT = st.fixed_dictionaries(
    dict.fromkeys(("type", "is_identified", "matched_recordings", "value_at_data_point"), VALUES),
    optional={"last_seen_at": VALUES},
)
WHOLE_ROWS = st.builds(
    lambda row, more: {**row, **more},
    st.fixed_dictionaries({"uuid": st.just(UUID), "id": st.integers(), "name": st.none()}),
    ALSO_SENT,
)


@settings(deadline=None)
@given(
    st.lists(ODD_ROWS | WHOLE_ROWS, max_size=3),
    st.none() | st.text(st.characters(codec="utf-8")),
    st.none() | st.integers(),
)
def test_both_ways_lead_to_the_same_place(rows: list[dict[str, Any]], following: Any, count: Any) -> None:
    content = json.dumps({"results": rows, "next": following, "count": count}).encode()
    found = built(PersonPage, content)
    assert found is None or found == the_long_way(PersonPage, content)


@settings(deadline=None)
@given(st.lists(WHOLE_ROWS, min_size=1, max_size=3))
def test_what_servers_are_known_to_add_is_kept_on_the_short_way(rows: list[dict[str, Any]]) -> None:
    content = json.dumps({"results": rows}).encode()
    found = built(PersonPage, content)
    assert found == the_long_way(PersonPage, content)
    for row, person in zip(rows, found.results, strict=True):
        assert person.additional_properties.keys() == row.keys() - {"uuid", "id", "name"}

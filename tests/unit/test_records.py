"""The records of the generated client: what is absent reads None, what is unknown is kept, what is wrong is said."""

from __future__ import annotations

import contextlib
import copy
import inspect
import json
import pickle
import weakref
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import posthog_environments_api.models as models
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posthog_environments_api.models import (
    ActivityPage,
    Entity,
    InsightTiming,
    Person,
    PersonPage,
    PropertyDeletionOutcome,
    PropertyFilter,
    Series,
    Trend,
    TrendQuery,
)
from posthog_environments_api.records import ANY, TEXT, DecodeError, Record, either, list_of, plan_of, record_of
from posthog_environments_api.types import UNSET

from posthog_environments.results.decoding import lenient, loads

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
ROW_OF_2025: dict[str, Any] = {
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
RECORDS: list[Any] = [kind for name in models.__all__ if inspect.isclass(kind := getattr(models, name))]


def test_a_row_of_each_era() -> None:
    person = Person.from_dict(ROW_OF_2025)
    assert (person.uuid, person.id, person.name, person.distinct_ids) == (UUID, UUID, "ada@example.com", ["user-1"])
    assert person.created_at == datetime(2025, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert (person.type_, person.is_identified, person.last_seen_at) == ("person", True, None)
    assert person.additional_properties == {}
    newer = Person.from_dict({**ROW_OF_2025, "last_seen_at": "2026-01-01T00:00:00Z", "id": 5, "newest": [1]})
    assert (newer.id, newer.last_seen_at) == (5, datetime(2026, 1, 1, tzinfo=UTC))
    assert newer.additional_properties == {"newest": [1]}
    assert newer["newest"] == [1]


def test_what_is_absent_or_null_reads_none_or_empty() -> None:
    names = ("id", "name", "distinct_ids", "properties", "created_at", "is_identified", "matched_recordings")
    for row in ({"uuid": UUID}, dict.fromkeys(names) | {"uuid": UUID}):
        person = Person.from_dict(row)
        assert (person.id, person.name, person.created_at, person.is_identified) == (None, None, None, None)
        assert (person.distinct_ids, person.properties, person.additional_properties) == ([], {}, {})
        assert person.to_dict() == row
        assert person == Person(UUID)
    series = Series.from_dict({})
    assert (series.data, series.label, series.filter_, series.action) == ([], None, None, None)


def test_reading_leaves_its_argument_alone() -> None:
    row = copy.deepcopy(ROW_OF_2025) | {"name": 5, "new": 1}
    page = {"results": [row], "next": None}
    before = copy.deepcopy(page)
    Person.from_dict(row)
    PersonPage.from_dict(page)
    assert page == before


@pytest.mark.parametrize("text", ["2020-13-01", "soon", "", 5, {"a": 1}, "9" * 500, [], True])
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
        ("2020-01-01T10:00:00+00:00", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01T10:00:00.000000Z", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01T10:00:00.5Z", datetime(2020, 1, 1, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2020-W01-3T10:00:00Z", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01 10:00:00 UTC", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01T10:00:00.123456+02:00", datetime(2020, 1, 1, 10, 0, 0, 123456, timezone(timedelta(hours=2)))),
    ],
)
def test_dates_in_the_forms_that_servers_write(text: str, moment: datetime) -> None:
    person = Person.from_dict({"uuid": UUID, "created_at": text})
    assert person.created_at == moment
    assert person.created_at is not None
    assert person.created_at.tzinfo is not None
    assert person.additional_properties == {}
    assert person.to_dict()["created_at"] == text
    person.created_at = datetime(2021, 1, 1, tzinfo=UTC)
    assert person.to_dict()["created_at"] == "2021-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "value", "reads"),
    [
        ("name", 5, None),
        ("name", ["a"], None),
        ("id", {"a": 1}, None),
        ("id", 1.5, None),
        ("id", True, None),
        ("distinct_ids", ["a", 1], []),
        ("distinct_ids", "a", []),
        ("distinct_ids", {}, []),
        ("properties", [], {}),
        ("properties", "x", {}),
        ("is_identified", 1, None),
        ("is_identified", "true", None),
        ("last_seen_at", "never", None),
    ],
)
def test_what_is_not_read_as_sent_is_kept_raw_and_wins(name: str, value: Any, reads: Any) -> None:
    person = Person.from_dict({"uuid": UUID, name: value})
    assert getattr(person, name) == reads
    assert person.additional_properties == {name: value}
    assert person.to_dict() == {"uuid": UUID, name: value}
    setattr(person, name, reads)
    assert person.to_dict()[name] == value


@pytest.mark.parametrize("row", [{}, {"uuid": None}, {"uuid": ""}, {"uuid": 5}, [], None, "x", 7])
def test_a_row_without_a_uuid_names_its_place(row: Any) -> None:
    body = json.dumps({"results": [ROW_OF_2025, ROW_OF_2025, row]}).encode()
    with pytest.raises(DecodeError) as caught:
        lenient(body, PersonPage)
    error = caught.value
    assert error.path.startswith("results[2]")
    assert error.index == 2
    assert "ada@example.com" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path, again.index) == (str(error), error.path, 2)


NOT_A_PAGE = [
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
]


@pytest.mark.parametrize("body", NOT_A_PAGE)
def test_what_is_not_a_page_is_said(body: bytes) -> None:
    with pytest.raises(DecodeError):
        lenient(body, PersonPage)


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**25, -(10**25), 2**53 + 1])
@pytest.mark.parametrize("before", range(8))
def test_integers_of_any_size_stay_exact(number: int, before: int) -> None:
    body = b" " * before + json.dumps({"uuid": UUID, "properties": {"n": number, "l": [number]}}).encode()
    person = lenient(body, Person)
    assert person.properties == {"n": number, "l": [number]}
    assert all(isinstance(value, int) for value in (person.properties["n"], person.properties["l"][0]))


def test_what_is_optional_and_wrong_does_not_destroy_the_whole() -> None:
    body = {
        "result": [{"data": [1, 2.5], "filter": [], "action": "x", "days": None, "labels": 5, "new": 1}],
        "next": None,
    }
    trend = Trend.from_dict(body)
    (series,) = trend.result
    assert (series.data, series.filter_, series.action, series.days, series.labels) == ([1, 2.5], None, None, [], [])
    assert series.additional_properties == {"filter": [], "action": "x", "labels": 5, "new": 1}
    assert trend.to_dict() == body


def test_numbers_with_gaps() -> None:
    series = Series.from_dict({"data": [1, None, 2.5], "days": [None]})
    assert series.data == [1, None, 2.5]
    assert series.days == []
    assert series.additional_properties == {"days": [None]}
    assert series.to_dict() == {"data": [1, None, 2.5], "days": [None]}


def test_records_are_attrs() -> None:
    person = Person.from_dict({**ROW_OF_2025, "name": 5, "new": {"a": 1}})
    assert attrs.has(Person)
    assert not hasattr(person, "__dict__")
    names = [field.name for field in attrs.fields(Person)]
    assert names[:6] == ["uuid", "id", "name", "distinct_ids", "properties", "created_at"]
    assert names[-1] == "additional_properties"
    told = attrs.asdict(person)
    assert list(told) == names
    assert told["additional_properties"] == {"name": 5, "new": {"a": 1}}
    assert weakref.ref(person)() is person
    with pytest.raises(TypeError):
        hash(person)
    with pytest.raises(AttributeError):
        person.nothing  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError):
        person.nothing = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", [ROW_OF_2025, {"uuid": UUID, "properties": None, "new": 1, "name": 7, "id": None}])
def test_copies_keep_what_was_sent(row: dict[str, Any]) -> None:
    person = Person.from_dict(row)
    for again in (
        pickle.loads(pickle.dumps(person)),
        copy.copy(person),
        copy.deepcopy(person),
        attrs.evolve(person),
        Person.from_dict(person.to_dict()),
    ):
        assert again == person
        assert again.additional_properties == person.additional_properties
        assert again.to_dict() == person.to_dict() == row
    changed = attrs.evolve(person, is_identified=None, last_seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert changed != person
    assert changed.to_dict()["last_seen_at"] == "2026-01-01T00:00:00Z"
    assert changed.additional_properties == person.additional_properties


def test_what_was_null_can_be_filled() -> None:
    person = Person.from_dict({"uuid": UUID, "properties": None, "distinct_ids": None})
    person.properties["plan"] = "pro"
    person.distinct_ids.append("a")
    assert person.to_dict() == {"uuid": UUID, "properties": {"plan": "pro"}, "distinct_ids": ["a"]}


def test_a_hand_made_record_leaves_out_what_was_not_set() -> None:
    assert Person(UUID).to_dict() == {"uuid": UUID}
    assert Person(UUID, name="x", additional_properties={"new": 1}).to_dict() == {"uuid": UUID, "name": "x", "new": 1}
    assert Entity(id="$pageview").to_dict() == {"id": "$pageview"}
    assert attrs.evolve(Entity(id="$pageview"), math="dau").to_dict() == {"id": "$pageview", "math": "dau"}
    # In a request an empty list is not nothing.
    assert InsightTiming(tags=[], deleted=False, name="").to_dict() == {"tags": [], "deleted": False, "name": ""}
    assert TrendQuery().to_dict() == {}
    query = TrendQuery(
        events=[Entity(id="$pageview")], properties=[PropertyFilter("a", value=datetime(2026, 1, 1, tzinfo=UTC))]
    )
    assert json.loads(json.dumps(query.to_dict())) == {
        "events": [{"id": "$pageview"}],
        "properties": [{"key": "a", "value": "2026-01-01T00:00:00Z"}],
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
    body = {"results": [entry, {**entry, "id": "e-1", "user": None, "detail": None}], "total_count": 2}
    page = ActivityPage.from_dict(body)
    old, new = page.results
    assert old.user is not None
    assert old.detail is not None
    assert (old.id, old.user.email, old.detail.changes[0].field) == (None, "g@example.com", "properties")
    assert (new.id, new.user, new.detail) == ("e-1", None, None)
    assert page.to_dict() == body


def test_unset_survives_copies() -> None:
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert copy.copy(UNSET) is copy.deepcopy(UNSET) is UNSET


@attrs.define
class Filter(Record):
    """One branch of a choice."""

    key: str
    value: Any = None
    additional_properties: dict[str, Any] = attrs.field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> Any:
        return plan_of(PropertyFilter)[:2]


class TestAChoiceOfRecords:
    """A union of objects is chosen by its keys."""

    kind = either(record_of(models.PropertyFilter), record_of(models.PropertyFilterGroup))

    @pytest.mark.parametrize(
        ("value", "chosen"),
        [
            ({"key": "plan", "value": "pro", "type": "person"}, models.PropertyFilter),
            ({"key": "plan"}, models.PropertyFilter),
            ({"type": "AND", "values": []}, models.PropertyFilterGroup),
            ({"type": "OR", "values": [{"key": "a"}], "new": 1}, models.PropertyFilterGroup),
        ],
    )
    def test_by_its_keys(self, value: Any, chosen: type[Any]) -> None:
        found = self.kind.read(value)
        assert type(found) is chosen
        assert found.to_dict() == value

    @pytest.mark.parametrize("value", [{}, {"type": "AND"}, [], None, "x", 5])
    def test_or_not_at_all(self, value: Any) -> None:
        with pytest.raises(DecodeError):
            self.kind.read(value)

    def test_the_one_that_knows_most(self) -> None:
        kind = either(record_of(Filter), record_of(models.PropertyFilter))
        assert type(kind.read({"key": "a", "operator": "exact"})) is models.PropertyFilter
        assert type(kind.read({"key": "a"})) is Filter

    def test_beside_others(self) -> None:
        kind = either(list_of(record_of(models.PropertyFilter)), record_of(models.PropertyFilterGroup), TEXT)
        assert type(kind.read([{"key": "a"}])[0]) is models.PropertyFilter
        assert type(kind.read({"type": "AND", "values": []})) is models.PropertyFilterGroup
        assert kind.read("x") == "x"
        assert either(record_of(models.PropertyFilter), ANY).read(5) == 5


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02", "day", "AND", ""])


def of_kind(kind: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return what a server may send for a record: whatever is required as it must be, everything else as it likes."""
    samples = {"filled": st.just("x"), "list": st.lists(VALUES, max_size=2), "any": VALUES, "object": st.just({})}
    required = {
        field.wire: st.just([])
        if field.kind.name == "list"
        else st.just(field.kind.values[0])
        if field.kind.values
        else samples.get(field.kind.name, VALUES)
        for field in plan_of(kind)
        if field.required
    }
    optional = {field.wire: VALUES | TEXTS for field in plan_of(kind) if not field.required}
    return st.fixed_dictionaries(required, optional={**optional, "new": VALUES})


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: str(kind.__name__))
@settings(deadline=None, derandomize=True, max_examples=20)
@given(data=st.data())
def test_every_record_gives_back_all_that_came(kind: Any, data: Any) -> None:
    came = data.draw(of_kind(kind))
    try:
        record = kind.from_dict(came)
    except DecodeError as error:
        # Only what is required can fail.
        assert error.path.partition("[")[0].partition(".")[0] in {f.wire for f in plan_of(kind) if f.required}  # noqa: PT017
        return
    assert record.to_dict() == came
    assert attrs.evolve(record).to_dict() == came
    assert pickle.loads(pickle.dumps(record)).to_dict() == came
    assert kind.from_dict(record.to_dict()) == record


FIELDS = st.sampled_from(
    ["results", "result", "points", "uuid", "filter", "detail", "changes", "created_at", "events", "id"]
)


@pytest.mark.parametrize(
    "kind", [PersonPage, Person, ActivityPage, models.PropertiesTimeline, PropertyDeletionOutcome, Trend]
)
@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    value=st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json_ends_in_a_record_or_in_decode_error(kind: Any, value: Any) -> None:
    with contextlib.suppress(DecodeError):
        assert lenient(json.dumps(value).encode(), kind).to_dict() == value


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_value_or_in_decode_error(content: bytes) -> None:
    with contextlib.suppress(DecodeError):
        loads(content)


def test_what_the_server_did_by_itself() -> None:
    came = {
        "id": "0190d2a4-5b1f-7c3e-9d4a-2f6b8c0e1a35",
        "user": {"first_name": "System", "email": None, "is_system": True},
        "activity": "people_merged_into", "scope": "Person", "item_id": "7",
        "detail": {"changes": None, "merge": {"type": "Person", "source": [{"id": 8}], "target": {"id": 7}},
                   "trigger": None, "type": None, "name": None, "short_id": None},
        "created_at": "2026-11-01T00:00:00Z",
    }  # fmt: skip
    (entry,) = lenient(json.dumps({"results": [came]}).encode(), ActivityPage).results
    assert entry.user is not None
    assert (entry.user.is_system, entry.user.email) == (True, None)
    assert entry.detail is not None
    assert entry.detail.merge == came["detail"]["merge"]  # type: ignore[index]
    assert entry.to_dict() == came

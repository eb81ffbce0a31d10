"""Tables of persons: their columns, and that no value is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posthog_environments_api.models import Person, PersonDeletion

from posthog_environments.export.formats.cells import records as csv_records
from posthog_environments.export.options import ExportPaths
from posthog_environments.tables.columns import BASE
from posthog_environments.tables.layout import Layout
from posthog_environments.tables.records import DELETIONS, deletion_cells
from posthog_environments.tables.values import FITS, kind_of, to_json
from tests.export.roundtrip import from_json, people, record

ADA: dict[str, Any] = {
    "type": "person",
    "id": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
    "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
    "name": "ada@example.com",
    "distinct_ids": ["user-42", "anonymous"],
    "properties": {"plan": "pro", "age": 36, "name": "Ada", "score": 0.5, "tags": ["a"], "gone": None, "paid": True},
    "created_at": "2026-01-02T03:04:05.678000Z",
    "is_identified": True,
}


def cells(layout: Layout, person: Any) -> dict[str, Any]:
    whole = Person.from_dict(person) if isinstance(person, dict) else person
    return dict(zip(layout.names, layout.cells(whole), strict=True))


def with_properties(**properties: Any) -> Person:
    return Person.from_dict(ADA | {"properties": properties})


# ----------------------------------------------------------------------------------------------------- the columns


def test_the_base_columns() -> None:
    assert Layout().names == tuple(column.name for column in BASE)
    assert cells(Layout(), ADA) == {
        "uuid": ADA["uuid"],
        "id": ADA["id"],
        "name": "ada@example.com",
        "created_at": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        "distinct_ids": ["user-42", "anonymous"],
        "properties": ('{"plan":"pro","age":36,"name":"Ada","score":0.5,"tags":["a"],"gone":null,"paid":true}'),
        "additional_properties": '{"type":"person","is_identified":true}',
    }


def test_a_person_is_left_as_it_was() -> None:
    person = Person.from_dict(ADA)
    Layout.flattened([person]).cells(person)
    assert person == Person.from_dict(ADA)


def test_chosen_properties_stand_before_the_rest() -> None:
    layout = Layout.of(["plan", "age", "$os"])
    assert layout.names == (*Layout().names[:-2], "plan", "age", "$os", "properties", "additional_properties")
    found = cells(layout, ADA)
    assert (found["plan"], found["age"], found["$os"]) == ("pro", "36", None)
    # Without a sample a column is text: it shows any value, and what is no text stays in the rest.
    assert json.loads(found["properties"]) == {
        "age": 36, "name": "Ada", "score": 0.5, "tags": ["a"], "gone": None, "paid": True
    }  # fmt: skip


def test_chosen_properties_take_their_kinds_from_a_sample_or_from_the_caller() -> None:
    assert [c.kind for c in Layout.of(["plan", "age", "new"], sample=people([ADA])).properties] == [
        "text",
        "int64",
        "text",
    ]
    assert [c.kind for c in Layout.of({"age": "float64", "tags": "json"}).properties] == ["float64", "json"]
    assert cells(Layout.of({"age": "float64"}), ADA)["age"] == 36.0


def test_flattened_has_a_column_for_each_property_of_the_sample() -> None:
    layout = Layout.flattened([*people([ADA]), with_properties(age=2.5, plan="free", later=1)])
    assert [(c.name, c.kind) for c in layout.properties] == [
        ("age", "float64"),
        ("gone", "text"),
        ("later", "int64"),
        ("properties.name", "text"),
        ("paid", "bool"),
        ("plan", "text"),
        ("score", "float64"),
        ("tags", "json"),
    ]
    found = cells(layout, ADA)
    assert [found[name] for name in layout.names[5:-2]] == [36.0, None, None, "Ada", True, "pro", 0.5, '["a"]']
    assert found["properties"] == '{"gone":null}'


def test_flattened_takes_the_most_frequent_properties_when_there_are_too_many() -> None:
    sample = [with_properties(rare=1, often=1, usual=1), with_properties(often=1, usual=1), with_properties(often=1)]
    assert [c.name for c in Layout.flattened(sample, most=2).properties] == ["often", "usual"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", "2026-01-01"], "text"),
        ([True, False], "bool"),
        ([1, -(2**63), 2**63 - 1], "int64"),
        ([1, 0.5], "float64"),
        ([1.0, 2.0], "float64"),
        ([1, 2**63], "json"),
        ([1, True], "json"),
        ([1, "1"], "json"),
        ([{"a": 1}, {"b": 2}], "json"),
        ([[1]], "json"),
        ([None, None], "text"),
        ([None, 1], "int64"),
        ([], None),
    ],
)
def test_kinds_follow_from_the_values(values: list[Any], kind: str | None) -> None:
    layout = Layout.flattened([with_properties(x=value) for value in values])
    assert [column.kind for column in layout.properties] == ([kind] if kind else [])


def test_names_of_columns_are_clear() -> None:
    keys = [
        "name",
        "Name",
        "UUID",
        "properties",
        "properties.name",
        "Properties.x",
        "",
        "email",
    ]
    assert [c.name for c in Layout.of(keys).properties] == [
        "properties.name",
        "properties.Name (2)",
        "properties.UUID",
        "properties.properties",
        "properties.properties.name",
        "properties.Properties.x",
        "properties.",
        "email",
    ]


@settings(deadline=None)
@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(Layout().names)))
def test_no_two_columns_have_one_name(keys: set[str]) -> None:
    names = Layout.of(sorted(keys | {"properties." + key for key in keys})).names
    assert len(set(names)) == len(names)


# --------------------------------------------------------------------------------------------------- what must fit


@pytest.mark.parametrize(
    ("kind", "value", "cell", "stays"),
    [
        ("text", "pro", "pro", False),
        ("text", 7, "7", True),
        ("text", {"a": [1]}, '{"a":[1]}', True),
        ("bool", True, True, False),
        ("bool", 1, None, True),
        ("int64", 7, 7, False),
        ("int64", 7.0, 7, False),
        ("int64", -0.0, None, True),
        ("int64", 1e300, None, True),
        ("int64", True, None, True),
        ("int64", 2**63, None, True),
        ("int64", "7", None, True),
        ("float64", 0.5, 0.5, False),
        ("float64", 7, 7.0, False),
        ("float64", 2**53, 2.0**53, False),
        ("float64", 2**53 + 1, None, True),
        ("float64", False, None, True),
        ("json", 2**80, str(2**80), False),
        ("json", "7", '"7"', False),
        ("json", {"a": None}, '{"a":null}', False),
        ("json", None, None, True),
        ("text", None, None, True),
    ],
)
def test_what_does_not_fit_stays_in_the_rest(kind: Any, value: Any, cell: Any, stays: bool) -> None:
    found = cells(Layout.of({"x": kind}), with_properties(x=value))
    assert found["x"] == cell
    assert type(found["x"]) is type(cell)
    assert from_json(found["properties"]) == ({"x": value} if stays else {})


def test_the_rest_wins_over_what_a_column_shows() -> None:
    layout = Layout.of(["a", "b", "c"])
    row = layout.cells(with_properties(a=7, b="7", c=None))
    assert row[5:8] == ("7", "7", None)
    assert record(layout, row)["properties"] == {"a": 7, "b": "7", "c": None}


def test_fields_that_no_contract_allows_are_kept_as_well() -> None:
    layout = Layout()
    found = cells(layout, {"uuid": "u", "id": "17", "name": 5, "distinct_ids": ["a", 1], "created_at": "tomorrow"})
    assert [found[name] for name in ("id", "name", "distinct_ids", "created_at")] == ["17", "5", ["a"], None]
    assert json.loads(found["additional_properties"]) == {
        "id": "17", "name": 5, "distinct_ids": ["a", 1], "created_at": "tomorrow"
    }  # fmt: skip
    assert cells(layout, {"uuid": "u", "id": 17})["additional_properties"] == "{}"


def test_what_the_calendar_lacks_in_utc_is_kept_under_its_own_name() -> None:
    beyond = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    cells = deletion_cells(PersonDeletion("u", delete_verified_at=beyond))
    row = dict(zip((column.name for column in DELETIONS), cells, strict=True))
    assert (row["created_at"], row["delete_verified_at"]) == (None, None)
    assert json.loads(cast("str", row["additional_properties"])) == {"delete_verified_at": "0001-01-01T00:00:00+02:00"}


def test_a_moment_becomes_utc() -> None:
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    found = cells(Layout(), Person("u", created_at=moment))["created_at"]
    assert found == moment
    assert found.tzinfo is UTC
    beyond = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    found = cells(Layout(), Person("u", created_at=beyond))
    assert found["created_at"] is None
    assert json.loads(found["additional_properties"]) == {"created_at": "0001-01-01T00:00:00+02:00"}


# ------------------------------------------------------------------------------------------------------- nothing lost

TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**52, 2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["name", "Name", "plan", "properties", "properties.name", "uuid", "$os", ""]) | TEXTS
PERSONS = st.fixed_dictionaries(
    {"uuid": TEXTS.filter(bool)},
    optional={
        "id": st.none() | st.uuids().map(str) | st.integers() | VALUES,
        "name": VALUES,
        "distinct_ids": st.lists(TEXTS, max_size=3) | VALUES,
        "properties": st.dictionaries(KEYS, VALUES, max_size=5) | VALUES,
        "created_at": st.datetimes(timezones=st.timezones()).map(datetime.isoformat) | VALUES,
        "is_identified": st.booleans(),
        "more": VALUES,
    },
)


def exact(value: Any) -> Any:
    """Make True and 1 unequal."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return (str(value), bool) if isinstance(value, bool) else value


@settings(deadline=None)
@given(PERSONS, st.lists(PERSONS, max_size=3), st.data())
def test_a_person_is_put_together_again_without_loss(person: Any, sample: list[Any], data: st.DataObject) -> None:
    held = sorted(person["properties"]) if isinstance(person.get("properties"), dict) else []
    some = st.sampled_from(held) | KEYS if held else KEYS
    named = data.draw(st.lists(some.filter(lambda key: key.isascii()), unique=True, max_size=3))
    typed: dict[str, Any] = {key: data.draw(st.sampled_from(sorted(FITS))) for key in named}
    whole = Person.from_dict(person)
    for layout in (Layout(), Layout.of(named), Layout.of(typed), Layout.flattened([*people(sample), whole])):
        row = layout.cells(whole)
        for column, cell in zip(layout.columns, row, strict=True):
            if column.kind != "json" and isinstance(cell, str):
                cell.encode()  # what a file of UTF-8 can hold
        again = Person.from_dict(record(layout, row))
        assert exact(again.to_dict()) == exact(whole.to_dict()) or again == whole
        assert exact(again.properties) == exact(whole.properties)


@settings(deadline=None)
@given(st.lists(PERSONS, max_size=3), st.lists(TEXTS, unique=True, max_size=3))
def test_a_layout_goes_through_json(sample: list[Any], names: list[str]) -> None:
    named = [name for name in names if name.isascii()]
    for layout in (Layout(), Layout.of(named), Layout.flattened(people(sample))):
        assert msgspec.json.decode(msgspec.json.encode(layout), type=Layout) == layout


# ---------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Layout.of("email"), TypeError, r"write \['email'\]"),
        (lambda: Layout.of(cast("list[str]", [1])), TypeError, "is a text, not 1"),
        (lambda: Layout.of(["a", "b", "a"]), ValueError, "two columns for the property 'a'"),
        (lambda: Layout.of({"a": "timestamp"}), ValueError, "bool or float64 or int64 or json or text; 'a' has 'time"),
        (lambda: Layout.of(["\ud800"]), ValueError, "cannot be written as UTF-8"),
        (lambda: msgspec.json.decode(b"[]", type=Layout), msgspec.ValidationError, "Expected `object`"),
        (
            lambda: msgspec.json.decode(b'{"kinds": [[1, "text"]]}', type=Layout),
            msgspec.ValidationError,
            "Expected `str`",
        ),
        (
            lambda: msgspec.json.decode(b'{"kinds": [["a", "b"]]}', type=Layout),
            msgspec.ValidationError,
            "Invalid enum value 'b'",
        ),
    ],
)
def test_mistakes_say_what_is_wrong(make: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        make()


def test_json_is_written_on_a_deep_stack_as_well() -> None:
    nested: Any = 1
    for _ in range(700):
        nested = [nested]

    def deeper(left: int) -> str:
        return deeper(left - 1) if left else to_json(nested)

    assert deeper(600) == "[" * 700 + "1" + "]" * 700
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValueError, match="nested too deep"):
        to_json(nested)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("a", "text"), (True, "bool"), (1, "int64"), (1.0, "float64"), (None, "json"), ([], "json"), ({}, "json")],
)
def test_kinds_of_single_values(value: object, kind: str) -> None:
    assert kind_of(value) == kind


# ------------------------------------------------------------------------------------------- names that differ in case


@pytest.mark.parametrize(
    ("keys", "called"),
    [
        (["Plan", "plan"], ["Plan (2)", "plan"]),
        (["plan", "PLAN", "Plan"], ["plan", "PLAN (2)", "Plan (3)"] ),
        (["Plan", "plan", "plan (2)"], ["Plan (3)", "plan", "plan (2)"]),
        (["UUID", "uuid", "Uuid"], ["properties.UUID (2)", "properties.uuid", "properties.Uuid (3)"]),
        (["STRASSE", "straße"], ["STRASSE", "straße (2)"]),
        (["a b", "a_b"], ["a b", "a_b"]),
    ],
)  # fmt: skip
def test_no_two_columns_differ_in_case_alone(keys: list[str], called: list[str]) -> None:
    layout = Layout.of(keys)
    assert [column.name for column in layout.properties] == called
    assert [column.key for column in layout.properties] == keys
    assert msgspec.json.decode(msgspec.json.encode(layout), type=Layout) == layout
    names = [name.casefold() for name in layout.names]
    assert len(set(names)) == len(names)
    person = {"uuid": "u", "distinct_ids": [], "properties": {key: f"of {key}" for key in keys}}
    assert record(layout, layout.cells(*people([person])))["properties"] == person["properties"]


def test_flattening_tells_them_apart_too() -> None:
    rows = [{"uuid": "u", "distinct_ids": [], "properties": {"Email": "A", "email": "a", "UUID": "x", "Name": "n"}}]
    layout = Layout.flattened(people(rows))
    assert [each.name for each in layout.properties] == [
        "Email (2)",
        "properties.Name",
        "properties.UUID",
        "email",
    ]
    assert layout.cells(people(rows)[0])[0] == "u"


# ------------------------------------------------------------------------------------------------ certain columns only


def test_ids_that_are_no_texts_are_shown_where_nothing_holds_the_rest() -> None:
    row = {"uuid": "u", "distinct_ids": ["a", 12345, None], "properties": {}}
    assert Layout.of_only(["distinct_ids"]).cells(*people([row])) == (["a", "12345", "null"],)


def test_only_the_columns_that_were_asked_for_in_their_order() -> None:
    layout = Layout.of_only(["plan", "uuid", "properties.name", "created_at"])
    row: dict[str, Any] = {
        "uuid": "u",
        "name": "N",
        "distinct_ids": [],
        "properties": {"plan": 3, "name": "n"},
        "created_at": None,
    }
    assert layout.names == ("plan", "uuid", "properties.name", "created_at")
    assert layout.cells(*people([row])) == ("3", "u", "n", None)
    assert msgspec.json.decode(msgspec.json.encode(layout), type=Layout) == layout


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, 2], "int64"), ([1, 0.5], "float64"), ([2**53 + 1, 0.5], "json"), (["a", 1], "json"), ([None, "a"], "text")],
)
def test_a_kind_of_only_holds_every_value(values: list[Any], kind: str) -> None:
    rows = [{"uuid": "u", "distinct_ids": [], "properties": {"v": value}} for value in values]
    layout = Layout.of_only(["v"], sample=people(rows))
    assert [column.kind for column in layout.columns] == [kind]
    for row, value in zip(people(rows), values, strict=True):
        (cell,) = layout.cells(row)
        assert (from_json(cell) if kind == "json" and isinstance(cell, str) else cell) == value


def test_a_last_cell_without_its_closing_quote_is_a_record() -> None:
    assert list(csv_records([b'a,"b\n', b'c"\n', b'd,"e\n', b"f\n"])) == [b'a,"b\nc"\n', b'd,"e\nf\n']


@pytest.mark.parametrize("path", ["", "a\0b.jsonl", b"a.jsonl"])
def test_an_export_wants_the_name_of_a_file(path: Any) -> None:
    with pytest.raises(ValueError, match="names a file"):
        ExportPaths.of(path)

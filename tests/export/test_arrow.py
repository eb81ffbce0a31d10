"""Pagers and trends as Arrow streams in pyarrow; `test_arrow_tools.py` tests other tools."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pyarrow as pa
import pytest
from posthog_environments_api.models import Trend as TrendRecord

from posthog_environments import DeadlineExceeded, Environment, NotFoundError, ServerError, Trend
from posthog_environments.sandbox import Sandbox
from posthog_environments.tables.arrow import ArrowStream, TableSource, batches, persons, schema
from posthog_environments.tables.columns import BASE
from posthog_environments.tables.layout import Layout
from posthog_environments.tables.records import ACTIVITY, POINTS
from tests.export.roundtrip import people

PERSONS = pa.schema(
    [
        pa.field("uuid", pa.string(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("name", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("distinct_ids", pa.list_(pa.string()), nullable=False),
        pa.field("properties", pa.string(), nullable=False),
        pa.field("additional_properties", pa.string(), nullable=False),
    ]
)


# ------------------------------------------------------------------------------------------------------------ persons


def test_the_types_of_persons_are_explicit() -> None:
    assert schema(BASE).equals(PERSONS)


def test_a_pager_is_a_table(env: Environment) -> None:
    pager = env.persons.list(page_size=300)
    table = pa.table(pager)
    everybody = list(env.persons.list())
    assert table.schema.equals(PERSONS)
    assert table.column("uuid").to_pylist() == [person.uuid for person in everybody]
    assert table.column("created_at").to_pylist() == [person.created_at for person in everybody]
    layout = Layout()
    assert [layout.cells(person) for person in everybody] == [tuple(row.values()) for row in table.to_pylist()]
    assert pager.report.complete
    assert pager.report.rows == 1000


def test_nothing_is_sent_before_the_first_batch_and_no_page_ahead(env: Environment, count: Callable[[], int]) -> None:
    pager = env.persons.list(page_size=100)
    reader = pa.RecordBatchReader.from_stream(pager)
    assert reader.schema.equals(PERSONS)
    assert count() == 0
    for number in (1, 2, 3):
        assert reader.read_next_batch().num_rows > 0
        assert count() == number
    assert pager.report.pages == 3


def test_each_reading_starts_over(env: Environment) -> None:
    pager = env.persons.list(page_size=500)
    assert pa.table(pager).equals(pa.table(pager))
    stream = pager.arrow()
    assert pa.table(stream).equals(pa.table(stream))


def test_an_empty_listing_is_an_empty_table(env: Environment) -> None:
    table = pa.table(env.persons.list(email="nobody@nowhere.example"))
    assert table.num_rows == 0
    assert table.schema.equals(PERSONS)


def test_batches_are_bounded() -> None:
    rows = [{"uuid": str(number)} for number in range(25)]
    found = list(batches(people(rows), persons(Layout()), 10))
    assert [batch.num_rows for batch in found] == [10, 10, 5]
    assert [row["uuid"] for batch in found for row in batch.to_pylist()] == [row["uuid"] for row in rows]
    assert list(batches([], persons(Layout()), 10)) == []


def test_iterating_gives_batches(env: Environment) -> None:
    found = list(env.persons.list(page_size=400).arrow())
    assert len(found) == 3
    assert sum(batch.num_rows for batch in found) == 1000
    assert all(batch.schema.equals(PERSONS) for batch in found)


def test_all_kinds_reach_arrow() -> None:
    sample: list[dict[str, Any]] = [
        {"uuid": "a", "properties": {"t": "x", "b": True, "i": 2**63 - 1, "f": 0.5, "j": [1], "big": 2**70}},
        {"uuid": "b", "properties": {"t": "ü\x00", "i": "late surprise"}},
    ]
    table = pa.table(ArrowStream(lambda: persons(Layout.flattened(people(sample[:1]))), lambda: [people(sample)]))
    assert {name: str(table.schema.field(name).type) for name in ("t", "b", "i", "f", "j", "big")} == {
        "t": "string", "b": "bool", "i": "int64", "f": "double", "j": "string", "big": "string"
    }  # fmt: skip
    first, second = table.to_pylist()
    assert (first["t"], first["b"], first["i"], first["f"], first["j"]) == ("x", True, 2**63 - 1, 0.5, "[1]")
    assert (first["big"], first["properties"]) == (str(2**70), "{}")
    assert (second["t"], second["i"], second["properties"]) == ("ü\x00", None, '{"i":"late surprise"}')


# -------------------------------------------------------------------------------------------------------- own columns


def test_properties_get_columns_of_their_own(env: Environment, count: Callable[[], int]) -> None:
    stream = env.persons.list(page_size=600).arrow(["age", "plan", "nothing"])
    assert count() == 0
    table = pa.table(stream)
    assert count() == 3, "two pages, and the first once more for the kinds"
    assert [str(table.schema.field(name).type) for name in ("age", "plan", "nothing")] == ["int64", "string", "string"]
    everybody = list(env.persons.list())
    assert table.column("age").to_pylist() == [person.properties.get("age") for person in everybody]
    assert table.column("plan").to_pylist() == [person.properties.get("plan") for person in everybody]
    assert pa.table(stream).equals(table)


def test_kinds_that_are_given_are_not_looked_for(env: Environment, count: Callable[[], int]) -> None:
    stream = env.persons.list().arrow({"age": "float64", "plan": "json"})
    assert [str(stream.schema.field(name).type) for name in ("age", "plan")] == ["double", "string"]
    assert count() == 0
    assert set(pa.table(stream).column("plan").to_pylist()) >= {'"pro"', '"free"'}


def test_flattened_has_every_property_of_the_first_page(env: Environment) -> None:
    table = pa.table(env.persons.list().arrow(flatten=True))
    names = sorted({name for person in env.persons.list() for name in person.properties})
    assert table.schema.names[5:-2] == [f"properties.{name}" if name == "name" else name for name in names]
    assert set(table.column("properties").to_pylist()) == {"{}"}


def test_an_empty_listing_can_be_flattened(env: Environment) -> None:
    assert pa.table(env.persons.list(email="nobody@nowhere.example").arrow(flatten=True)).schema.equals(PERSONS)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda env: env.persons.list().arrow("plan"), TypeError, r"write \['plan'\]"),
        (lambda env: env.persons.list().arrow(""), TypeError, "not ''"),
        (lambda env: env.persons.list().arrow(["plan", "plan"]), ValueError, "two columns"),
        (lambda env: env.persons.list().arrow(["plan"], flatten=True), ValueError, "either columns or flatten"),
        (lambda env: env.persons.activity(1).arrow(["plan"]), ValueError, "Only persons have properties"),
        (lambda env: env.persons.activity(1).arrow(flatten=True), ValueError, "Only persons have properties"),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(
    env: Environment, count: Callable[[], int], make: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        make(env)
    assert count() == 0


# ------------------------------------------------------------------------------------------------ activity and trends


def test_activity_is_a_table(box: Sandbox, env: Environment) -> None:
    person = env.persons.list().first()
    assert person is not None
    for number in range(3):
        env.persons.update(person, {"number": number})
    box.settle()
    table = pa.table(env.persons.activity(person, page_size=2))
    entries = list(env.persons.activity(person))
    assert table.schema.equals(schema(ACTIVITY))
    assert table.num_rows == len(entries) == 3
    first = table.to_pylist()[0]
    assert (first["activity"], first["created_at"]) == (entries[0].activity, entries[0].created_at)
    assert entries[0].user is not None
    assert first["user_email"] == entries[0].user.email
    assert '"changes"' in first["detail"]


def test_activity_keeps_what_no_contract_allows(env: Environment) -> None:
    from posthog_environments_api.models import ActivityEntry

    from posthog_environments.tables.records import entry_cells

    entry = ActivityEntry.from_dict(
        {"id": 5, "user": {"email": "a@b.c", "role": "admin"}, "activity": None, "created_at": "soon", "new": 1}
    )
    cells = dict(zip((column.name for column in ACTIVITY), entry_cells(entry), strict=True))
    assert (cells["id"], cells["user_email"], cells["user_first_name"], cells["detail"]) == ("5", "a@b.c", None, None)
    kept = {"new": 1, "created_at": "soon", "id": 5, "user": {"role": "admin"}}
    assert json.loads(cast("str", cells["additional_properties"])) == kept


def test_a_trend_is_a_table_in_long_form(env: Environment) -> None:
    trend = env.insights.trend(
        events=["$pageview", "signed_up"], date_from="-7d", breakdown="$browser", breakdown_type="event", compare=True
    )
    table = pa.table(trend)
    assert table.schema.equals(schema(POINTS))
    assert table.num_rows == sum(len(series.data) for series in trend)
    rows = table.to_pylist()
    assert [row["value"] for row in rows] == [value for series in trend for value in series.data]
    assert [row["series"] for row in rows] == [n for n, series in enumerate(trend) for _ in series.data]
    assert [f"{row['day']:%Y-%m-%d}" for row in rows] == [day for series in trend for day in series.days]
    assert {row["compare_label"] for row in rows} == {"current", "previous"}
    assert {row["label"] for row in rows} == {series.label for series in trend}
    assert {row["breakdown_value"] for row in rows} == {series.breakdown_value for series in trend}
    assert {row["event"] for row in rows} <= {"$pageview", "signed_up"}


def test_hours_are_times_of_the_projects_clock(env: Environment) -> None:
    trend = env.insights.trend(events=["$pageview"], date_from="-3h", interval="hour")
    days = pa.table(trend).column("day")
    assert str(days.type) == "timestamp[us]"
    assert [f"{day:%Y-%m-%d %H:%M:%S}" for day in days.to_pylist()] == trend[0].days


def test_an_aggregated_display_has_a_row_for_each_series(env: Environment) -> None:
    trend = env.insights.trend(events=["$pageview"], date_from="-7d", display="BoldNumber")
    (row,) = pa.table(trend).to_pylist()
    assert row["value"] == trend[0].aggregated_value
    assert (row["series"], row["point"], row["day"]) == (0, None, None)


def test_an_odd_trend_is_a_table_as_well() -> None:
    record = TrendRecord.from_dict(
        {
            "result": [
                {"label": "a", "data": [1, None, "x", 10**400], "days": ["2026-01-01", "some day"]},
                {"label": None, "data": [], "days": [], "breakdown_value": ["x", 1]},
                {"label": 5, "data": [2.5], "days": ["2026-01-01"], "breakdown_value": 3},
            ]
        }
    )
    rows = pa.table(Trend(record)).to_pylist()
    assert [(row["label"], row["breakdown_value"], row["point"], row["value"]) for row in rows] == [
        ("a", None, 0, 1.0),
        ("a", None, 1, None),
        ("a", None, 2, None),
        ("a", None, 3, None),
        (None, '["x",1]', None, None),
        ("5", "3", 0, 2.5),
    ]
    assert [row["day"] for row in rows] == [datetime(2026, 1, 1), None, None, None, None, datetime(2026, 1, 1)]
    assert pa.table(Trend(TrendRecord.from_dict({"result": []}))).num_rows == 0


# ------------------------------------------------------------------------------------------------------------- errors


def test_errors_come_as_they_are_where_batches_are_read_directly(box: Sandbox, env: Environment) -> None:
    pager = env.persons.list(page_size=100)
    stream = pager.arrow()
    reading = iter(stream)
    next(reading)
    box.fail_next(503)
    with pytest.raises(ServerError):
        next(reading)
    assert pager.report.pages == 1
    reader = pa.RecordBatchReader.from_batches(stream.schema, stream)
    box.fail_next(503)
    with pytest.raises(ServerError):
        reader.read_all()


def test_errors_keep_their_text_through_a_stream(box: Sandbox, env: Environment) -> None:
    pager = env.persons.list(page_size=100)
    reader = pa.RecordBatchReader.from_stream(pager)
    reader.read_next_batch()
    box.fail_next(503)
    with pytest.raises(pa.ArrowInvalid, match=r"503[\s\S]*posthog_environments\.errors\.ServerError: ") as found:
        reader.read_next_batch()
    # One frame, for a message: the one that raised it again.
    assert str(found.value).count("File ") == 1
    assert 0 < pager.report.next_offset <= 100


@pytest.mark.parametrize(
    ("error", "kind"), [(DeadlineExceeded("Too late."), OSError), (KeyboardInterrupt(), pa.ArrowInvalid)]
)
def test_what_arrow_makes_of_other_errors(error: BaseException, kind: type[Exception]) -> None:
    def pages() -> Iterator[list[Any]]:
        yield people(ROWS)
        raise error

    with pytest.raises(kind, match=type(error).__name__):
        pa.table(ArrowStream(lambda: persons(Layout()), pages))


def test_an_unknown_person_is_an_error_of_activity(env: Environment) -> None:
    with pytest.raises(NotFoundError):
        list(env.persons.activity(10**12).arrow())


def test_without_pyarrow_the_message_says_how_to_get_it() -> None:
    script = """
import sys
sys.modules["pyarrow"] = None
from posthog_environments import Environment
with Environment(1, api_key="phx_x", host="http://127.0.0.1:9") as env:
    for use in (
        lambda: env.persons.list().__arrow_c_stream__(),
        lambda: env.persons.list().arrow().schema,
        lambda: list(env.persons.list().arrow()),
    ):
        try:
            use()
        except ImportError as error:
            print(error.name, error)
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    line = "pyarrow Tables for other tools need pyarrow: pip install 'posthog-environments[export]'"
    assert done.stdout.splitlines() == [line, line, line]


def test_an_error_inside_pyarrow_is_not_mistaken_for_its_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    from posthog_environments.tables.arrow import pyarrow

    with pytest.raises(ModuleNotFoundError, match=r"pyarrow\.no_such_part"):
        pyarrow("no_such_part")


# --------------------------------------------------------------------------------------------------- requested schemas


def stream_of(rows: list[dict[str, Any]]) -> ArrowStream[Any]:
    return ArrowStream(lambda: persons(Layout.of({"n": "int64"})), lambda: [people(rows)])


ROWS = [{"uuid": "a", "distinct_ids": ["x"], "properties": {"n": 1}, "created_at": "0001-01-01T00:00:00Z"}]


def asked(**types: pa.DataType) -> pa.Schema:
    ours = stream_of(ROWS).schema
    return pa.schema([field.with_type(types.get(field.name, field.type)) for field in ours])


@pytest.mark.parametrize(
    ("name", "wanted", "given"),
    [
        ("uuid", pa.large_string(), "large_string"),
        ("distinct_ids", pa.large_list(pa.string()), "large_list<item: string>"),
        ("distinct_ids", pa.large_list(pa.large_string()), "large_list<item: large_string>"),
        ("created_at", pa.timestamp("s", tz="UTC"), "timestamp[s, tz=UTC]"),
        ("n", pa.int32(), "int32"),
        ("n", pa.int64(), "int64"),
    ],
)
def test_types_that_hold_the_same_values_can_be_asked_for(name: str, wanted: pa.DataType, given: str) -> None:
    capsule = asked(**{name: wanted}).__arrow_c_schema__()
    reader = pa.RecordBatchReader._import_from_c_capsule(stream_of(ROWS).__arrow_c_stream__(capsule))
    assert str(reader.schema.field(name).type) == given
    table = reader.read_all()
    assert table.cast(stream_of(ROWS).schema).equals(pa.table(stream_of(ROWS)))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (pa.schema([("uuid", pa.string())]), "field names are not matching"),
        (asked(n=pa.list_(pa.int64())), "cannot be cast from int64 to list"),
        (asked(distinct_ids=pa.list_(pa.int64())), "'x'"),
        # The year 1 is no time in nanoseconds.
        (asked(created_at=pa.timestamp("ns", tz="UTC")), "out of bounds"),
    ],
)
def test_other_columns_and_types_that_change_a_value_are_refused(wanted: pa.Schema, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        pa.table(stream_of(ROWS), schema=wanted)


def test_a_pager_and_a_trend_take_requests_as_well(env: Environment) -> None:
    wanted = pa.schema([field.with_type(pa.large_string()) if field.name == "uuid" else field for field in PERSONS])
    assert pa.RecordBatchReader.from_stream(env.persons.list(), schema=wanted).read_all().schema.equals(wanted)
    trend = env.insights.trend(events=["$pageview"])
    with pytest.raises(ValueError, match="field names are not matching"):
        pa.RecordBatchReader.from_stream(trend, schema=wanted)


# --------------------------------------------------------------------------------------------------------------- misc


def test_a_page_is_let_go_before_the_next_one_is_fetched() -> None:
    import weakref

    class Rows(list[Any]):
        pass

    alive: list[weakref.ref[Rows]] = []

    def pages() -> Iterator[Rows]:
        for _ in range(3):
            assert [ref() for ref in alive] == [None] * len(alive)
            page = Rows(people([{"uuid": "a"}]))
            alive.append(weakref.ref(page))
            yield page
            del page

    assert pa.table(ArrowStream(lambda: persons(Layout()), pages)).num_rows == 3


def test_streams_say_what_they_are() -> None:
    stream = stream_of(ROWS)
    assert repr(stream) == "<ArrowStream>"
    assert stream.schema.names[5] == "n"
    assert repr(stream) == "<ArrowStream of 8 columns>"
    assert TableSource(BASE, tuple).columns is BASE


def test_moments_keep_their_microseconds() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)
    rows = [{"uuid": "a", "created_at": moment.isoformat()}, {"uuid": "b", "created_at": "9999-12-31T23:59:59.999999Z"}]
    found = pa.table(stream_of(rows)).column("created_at").to_pylist()
    assert found == [moment, datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]

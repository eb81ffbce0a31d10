"""The same events as Parquet, CSV and JSON Lines: the sandbox must show the same persons and trends for all."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from posthog_environments.sandbox import Sandbox, SandboxDataError

from .conftest import Client

Event = dict[str, Any]
# Times with and without zones, over midnight in both directions; quotes, commas, line ends, and letters of all kinds;
# nested properties, nulls, numbers that are texts.
EVENTS: list[Event] = [
    {"event": "opened", "timestamp": "2026-01-01T10:00:00Z", "distinct_id": "ann",
     "properties": {"screen": 'a "quoted", text', "$session_id": "s1",
                    "$set": {"email": "ann@x", "plan": "free", "tags": ["a", {"b": None}], "age": 31}}},
    {"event": "opened", "timestamp": "2026-01-02T01:00:00+02:00", "distinct_id": "Зоя, Ünïcödé 🦔", "properties": {}},
    {"event": "bought", "timestamp": "2026-01-02T23:30:00-01:30", "distinct_id": "ann",
     "properties": {"amount": 2.5, "screen": "line\nend\\n", "$set": {"plan": "pro", "email": None}}},
    {"event": "bought", "timestamp": "2026-01-03 00:00:00", "distinct_id": "0042",
     "properties": {"amount": "7", "screen": "it's; 100 %", "items": [{"sku": "x/~1", "n": 2}], "$session_id": "s2"}},
    {"event": 'odd "name", with ü', "timestamp": "2026-01-03T12:34:56.789012", "distinct_id": "ann",
     "properties": {"amount": 1e3, "screen": "", "deep": {"a": {"b": [1, None, True]}}}},
    {"event": "opened", "timestamp": "2026-01-03", "distinct_id": "018f3c1e-7b1a-4c3d-8e2f-000000000001",
     "properties": {"$set": {"name": 'Ann, the 2nd "A"', "email": ""}}},
]  # fmt: skip


def as_lines(path: Path, events: list[Event]) -> None:
    path.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")


def as_zipped_lines(path: Path, events: list[Event]) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(event) + "\n\n" for event in events).encode()))


def as_csv(path: Path, events: list[Event]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["event", "timestamp", "distinct_id", "properties"])
        writer.writerows([*list(event.values())[:3], json.dumps(event["properties"])] for event in events)


def as_parquet(path: Path, events: list[Event]) -> None:
    with duckdb.connect() as database:
        database.execute("CREATE TABLE e (event VARCHAR, timestamp VARCHAR, distinct_id VARCHAR, properties VARCHAR)")
        for event in events:
            database.execute(
                "INSERT INTO e VALUES (?, ?, ?, ?)", [*list(event.values())[:3], json.dumps(event["properties"])]
            )
        database.table("e").write_parquet(str(path))


def as_typed_parquet(path: Path, events: list[Event]) -> None:
    as_parquet(path, events)
    with duckdb.connect() as database:
        database.execute(
            f"CREATE TABLE e AS SELECT event, timestamp::TIMESTAMPTZ AS timestamp, distinct_id, properties::JSON AS "
            f"properties FROM '{path}'"
        )
        database.table("e").write_parquet(str(path))


FORMATS: dict[str, tuple[str, Callable[[Path, list[Event]], None]]] = {
    "JSON Lines": ("e.jsonl", as_lines),
    "zipped JSON Lines": ("e.ndjson.gz", as_zipped_lines),
    "CSV": ("e.CSV", as_csv),
    "Parquet": ("e.parquet", as_parquet),
    "Parquet with a zone": ("e2.parquet", as_typed_parquet),
}
QUESTIONS: list[dict[str, Any]] = [
    {"events": [{"id": None}, {"id": 'odd "name", with ü'}, {"id": None, "math": "dau"}]},
    {"events": [{"id": None, "math": math, "math_property": "amount"} for math in ("sum", "avg", "p90")]},
    {"events": [{"id": None, "math": "unique_session"}], "interval": "hour"},
    {"events": ["opened", "bought"], "breakdown": "screen"},
    {"events": [{"id": None}], "breakdown": "plan", "breakdown_type": "person", "display": "ActionsPie"},
    {"events": [{"id": None}], "breakdown": "deep"},
    {"events": [{"id": None}], "breakdown": "items", "interval": "week"},
]


def _shown(path: Path) -> tuple[list[dict[str, Any]], list[Any]]:
    with Sandbox(data=path, now="2026-01-04", rates=False, oddities=False) as box:
        client = Client(box)
        persons = client.persons()
        trends = [client.trend(**question, date_from="2026-01-01") for question in QUESTIONS]
        timelines = [client.json(f"/persons/{row['uuid']}/properties_timeline/", date_from="all") for row in persons]
        client.close()
    return persons, [trends, timelines]


def test_all_formats_show_the_same(tmp_path: Path) -> None:
    shown = {}
    for name, (file, write) in FORMATS.items():
        write(tmp_path / file, EVENTS)
        shown[name] = _shown(tmp_path / file)
    persons, (trends, _) = shown["JSON Lines"]
    for name, other in shown.items():
        assert other[0] == persons, name
        assert other[1] == shown["JSON Lines"][1], name

    found = {row["distinct_ids"][0]: row for row in persons}
    assert found.keys() == {event["distinct_id"] for event in EVENTS}
    assert found["ann"]["properties"] == {"email": None, "plan": "pro", "tags": ["a", {"b": None}], "age": 31}
    assert found["Зоя, Ünïcödé 🦔"]["created_at"] == "2026-01-01T23:00:00Z"
    assert found[EVENTS[5]["distinct_id"]]["name"] == 'Ann, the 2nd "A"'
    assert [series["data"] for series in trends[0]] == [[2, 0, 4, 0], [0, 0, 1, 0], [2, 0, 3, 0]]
    assert trends[1][0]["data"] == [0, 0, 1009.5, 0]
    screens = {series["breakdown_value"] for series in trends[3]}
    assert screens == {'a "quoted", text', "line\nend\\n", "it's; 100 %", "$$_posthog_breakdown_null_$$"}
    own_data = {series["breakdown_value"] for series in trends[5]}
    assert own_data == {"$$_posthog_breakdown_null_$$", '{"a":{"b":[1,null,true]}}'}


BAD: list[tuple[Event, str]] = [
    ({"event": ""}, "has no event"),
    ({"distinct_id": ""}, "has no distinct_id"),
    ({"properties": [1]}, "has properties that are not a JSON object"),
    ({"timestamp": "soon"}, "has the timestamp 'soon', which is not an ISO date"),
]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (name, change, says)
        for name in FORMATS
        for change, says in BAD
        if name != "Parquet with a zone" or "timestamp" not in change  # it cannot hold what is no time
    ],
)
def test_the_bad_row_is_named(tmp_path: Path, name: str, change: Event, says: str) -> None:
    file, write = FORMATS[name]
    events = [*EVENTS[:2], {**EVENTS[0], **change}, *EVENTS[2:]]
    path = tmp_path / file
    write(path, events)
    row = 4 if name == "CSV" else 3  # the header is row 1
    box = Sandbox(data=path)
    with pytest.raises(SandboxDataError) as raised:
        box.start()
    assert f"data={str(path)!r}: row {row} {says}" in str(raised.value)
    assert "Each row must be an event with event, timestamp, distinct_id" in str(raised.value)
    assert repr(box) == "<Sandbox not running>"


HEADER = b"event,timestamp,distinct_id,properties\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("long row.csv", HEADER + b"a,2026-01-01,x,{}\na,2026-01-01,x,{},1\n", "row 3 has 5 cells, the header 4"),
        ("short row.csv", HEADER + b"a,2026-01-01,x,{}\n\na,2026-01-01\n", "row 4 has 2 cells, the header 4"),
        ("open quote.csv", HEADER + b'a,2026-01-01,x,"{}\nb,2026-01-02,y,{}\n', "row 2: unexpected end of data"),
        ("no header.csv", b"a,2026-01-01,x,{}\n", "the first row is not a header"),
        ("latin.csv", HEADER + b"a,2026-01-01,x,{}\n\xe4,2026-01-01,x,{}\n", "row 3 is not UTF-8"),
        ("latin.jsonl", b'{"event":"\xe4","timestamp":"2026-01-01","distinct_id":"x"}\n', "row 1 is not JSON"),
        ("guessed.csv", b"event,timestamp,distinct_id\na,01/02/2026,x\n", "row 2 has the timestamp '01/02/2026'"),
        ("seconds.jsonl", b'{"event":"a","timestamp":1767225600,"distinct_id":"x"}\n', "timestamp '1767225600'"),
        ("nothing.csv", b"", "the first row is not a header"),
        ("header alone.csv", HEADER, "has no rows"),
        ("nothing.jsonl", b"", "has no rows"),
        ("cut.parquet", b"PAR1" + bytes(50) + b"PAR1", "cannot be read as parquet"),
        ("cut.jsonl.gz", gzip.compress(b'{"event":"a"}' * 999, mtime=0)[:40], "cannot be read as json"),
        ("cut.csv.gz", gzip.compress(HEADER + bytes(range(97, 123)) * 999, mtime=0)[:60], "cannot be read as csv"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SandboxDataError, match=says) as raised:
        Sandbox(data=path).start()
    assert str(path) in str(raised.value)
    assert "Each row must be an event with event, timestamp, distinct_id." in str(raised.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_ids_of_csv_stay_as_they_are_written(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "e.csv"
    ids = ["0042", "1e5", "true", "2026-01-01", "12345678901234567890123", "1.0"]
    lines = [["event", "timestamp", "distinct_id", "size"], *(["a", "2026-01-01", one, "2.5"] for one in ids)]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(map(delimiter.join, lines)).encode())
    with Sandbox(data=path, now="2026-01-01", rates=False) as box:
        client = Client(box)
        assert {row["distinct_ids"][0] for row in client.persons()} == set(ids)
        (series,) = client.trend(events=[{"id": "a", "math": "sum", "math_property": "size"}], display="BoldNumber")
        assert series["aggregated_value"] == 2.5 * len(ids)
        client.close()

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from posthog_environments.sandbox import Sandbox, SandboxArgumentError, SandboxDataError

from .conftest import Client, Start

EVENTS: list[dict[str, Any]] = [
    {"event": "opened", "timestamp": "2026-01-01T10:00:00Z", "distinct_id": "ann",
     "properties": {"screen": "home", "$set": {"email": "ann@x", "plan": "free"}}},
    {"event": "opened", "timestamp": "2026-01-02T01:00:00+02:00", "distinct_id": "bob", "properties": None},
    {"event": "bought", "timestamp": "2026-01-03T00:00:00", "distinct_id": "ann",
     "properties": {"amount": 2.5, "$set": {"plan": "pro"}}},
]  # fmt: skip


def test_the_same_seed_gives_the_same(start: Start) -> None:
    one, two, other = start(50, seed=7), start(50, seed=7), start(50, seed=8)
    assert one.persons() == two.persons()
    question = {"events": ["$pageview"], "date_from": "all"}
    assert one.trend(**question) == two.trend(**question)
    assert not {row["uuid"] for row in one.persons()} & {row["uuid"] for row in other.persons()}


def test_generated_persons_look_alive(plain: Client) -> None:
    everyone = [row["properties"] for row in plain.persons()]
    assert {p["plan"] for p in everyone} == {"free", "pro", "enterprise"}
    assert len({p["country"] for p in everyone}) == 9
    assert all(18 <= p["age"] < 80 for p in everyone)
    assert 0.8 < sum("email" in p for p in everyone) / 1000 < 0.95
    assert all(" " in p["name"] and not p["name"].endswith(" ") for p in everyone if "name" in p)
    created = [row["created_at"] for row in plain.persons()]
    assert min(created) > "2025-11-03"
    assert max(created) < "2026-02-01T12:00"


def test_generated_events_agree_with_their_persons(plain: Client) -> None:
    for number in (1, 500, 1000):
        person = plain.json(f"/persons/{number}/")
        line = plain.json(
            f"/persons/{number}/properties_timeline/", date_from="all", breakdown="plan", breakdown_type="person"
        )
        assert line["points"][0]["timestamp"] == person["created_at"]
        assert line["points"][-1]["properties"] == person["properties"]


def test_the_real_data(cdnow: Client) -> None:
    total, customers, dollars, cds = (
        series["aggregated_value"]
        for series in cdnow.trend(
            events=[
                {"id": "purchase"},
                {"id": "purchase", "math": "dau"},
                {"id": "purchase", "math": "sum", "math_property": "dollars"},
                {"id": "purchase", "math": "sum", "math_property": "cds"},
            ],
            date_from="all",
            display="BoldNumber",
        )
    )
    assert (total, customers, cds) == (69659, 23570, 167881)
    assert dollars == pytest.approx(2500315.63)
    (row,) = cdnow.persons(distinct_id="cdnow-00002")
    assert row["properties"] == {
        "segment": "repeat", "purchases": 2, "cds": 6, "dollars": 89.0,
        "first_purchase": "1997-01-12", "last_purchase": "1997-01-12",
    }  # fmt: skip
    assert row["created_at"].startswith("1997-01-12T00:")


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "csv", "parquet"])
def test_own_events(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"events.{kind}"
    lines = "".join(json.dumps(event) + "\n" for event in EVENTS)
    if kind.startswith("jsonl"):
        path.write_bytes(gzip.compress(lines.encode()) if kind.endswith("gz") else lines.encode())
    else:
        with duckdb.connect() as database:
            database.execute(
                "CREATE TABLE e (event VARCHAR, timestamp VARCHAR, distinct_id VARCHAR, properties VARCHAR)"
            )
            for event in EVENTS:
                database.execute(
                    "INSERT INTO e VALUES (?, ?, ?, ?)",
                    [*list(event.values())[:3], json.dumps(event["properties"] or {})],
                )
            database.table("e").write_csv(str(path)) if kind == "csv" else database.table("e").write_parquet(str(path))
    with Sandbox(data=path, now="2026-01-04", rates=False) as box:
        client = Client(box)
        ann, bob = sorted(client.persons(), key=lambda row: str(row["distinct_ids"]))
        assert (ann["name"], ann["properties"]) == ("ann@x", {"email": "ann@x", "plan": "pro"})
        assert (bob["name"], bob["created_at"]) == ("bob", "2026-01-01T23:00:00Z")
        (series,) = client.trend(
            events=[{"id": "bought", "math": "sum", "math_property": "amount"}], date_from="2026-01-03"
        )
        assert series["data"] == [2.5, 0]
        line = client.json(f"/persons/{ann['uuid']}/properties_timeline/", breakdown="plan", breakdown_type="person")
        assert [point["properties"]["plan"] for point in line["points"]] == ["free", "pro"]
        client.close()


def test_further_columns_become_properties(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("event,timestamp,distinct_id,color,size\na,2026-01-01,x,red,3\na,2026-01-01,y,,4\n")
    with Sandbox(data=str(path), now="2026-01-01", rates=False) as box:
        client = Client(box)
        series = client.trend(events=["a"], breakdown="color", display="ActionsPie")
        assert {row["breakdown_value"]: row["aggregated_value"] for row in series} == {
            "red": 1,
            "$$_posthog_breakdown_null_$$": 1,
        }
        (sum_,) = client.trend(events=[{"id": "a", "math": "sum", "math_property": "size"}], display="BoldNumber")
        assert sum_["aggregated_value"] == 7
        client.close()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"event,timestamp\na,2026-01-01\n", "row 2 has no distinct_id"),
        (
            "a.csv",
            b"event,timestamp,distinct_id\na,2026-01-01,x\na,yesterday,x\n",
            "row 3 has the timestamp 'yesterday'",
        ),
        ("a.jsonl", b'{"event":"a","timestamp":"2026-01-01","distinct_id":"x"}\n{oops\n', "row 2 is not JSON"),
        (
            "a.jsonl",
            b'{"event":"a","timestamp":"2026-01-01","distinct_id":"x","properties":[]}\n',
            "row 1 has properties",
        ),
        ("a.jsonl", b"[1]\n", "row 1 is not an object"),
        ("a.parquet", b"PAR1 this is not", "cannot be read as parquet"),
        ("a.csv.gz", b"not gzip", "cannot be read as csv"),
        ("a.csv", b"\xff\xfe\x00\x01", "cannot be read as csv"),
    ],
)
def test_garbled_files(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    box = Sandbox(data=path)
    with pytest.raises(SandboxDataError, match=says) as raised:
        box.start()
    assert str(path) in str(raised.value)
    assert "distinct_id" in str(raised.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"persons": -1},
        {"persons": True},
        {"persons": 1.5},
        {"persons": 10**9},
        {"data": "no/such/file.csv"},
        {"data": 3},
        {"data": __file__},
        {"seed": "x"},
        {"era": "2024"},
        {"scopes": ["person"]},
        {"scopes": [3]},
        {"rates": {"x": "1/min"}},
        {"rates": {"persons": "many"}},
        {"rates": {"persons": [(1, 0)]}},
        {"rates": 3},
        {"port": 70000},
        {"port": "80"},
        {"path": "no/such/folder/x.db"},
        {"path": "."},
        {"path": 3},
        {"now": "yesterday"},
        {"now": 3},
        {"unscoped": "maybe"},
        {"prefixes": ()},
        {"prefixes": "other"},
        {"redirect": True, "prefixes": "environments"},
        {"lag": -1},
        {"lag": True},
        {"project_id": 0},
        {"api_key": "a b"},
        {"api_key": "a\nlong_enough_key"},
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any]) -> None:
    with pytest.raises(SandboxArgumentError) as raised:
        Sandbox(**arguments)
    assert isinstance(raised.value, ValueError)
    assert "long_enough_key" not in str(raised.value)


@pytest.mark.parametrize(
    "now",
    [
        date(2026, 1, 5),
        datetime(2026, 1, 5),
        datetime(2026, 1, 5, tzinfo=UTC),
        "2026-01-05",
        "2026-01-05T02:00:00+02:00",
    ],
)
def test_the_clock_can_be_set(start: Start, now: Any) -> None:
    assert start(1, now=now).trend(events=["$pageview"], date_from="dStart")[0]["days"] == ["2026-01-05"]


def test_a_database_file_keeps_what_was_done(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "box.db"
    with Sandbox(30, path=path, now="2026-02-01", rates=False, lag=60) as box:
        client = Client(box)
        before = client.persons()
        client.http.patch("/persons/1/", json={"properties": {"plan": "gold"}})
        client.http.delete("/persons/2/")
        client.close()
    client = start(999, path=path)
    after = client.persons()
    assert [row["uuid"] for row in after] == [row["uuid"] for row in before if row["uuid"] != before[-2]["uuid"]]
    assert client.json("/persons/1/")["properties"]["plan"] == "gold"
    assert client.json("/persons/1/activity/")["total_count"] == 1
    assert client.json("/persons/", limit=29)["next"] is not None
    assert client.json("/persons/", limit=30)["next"] is None


def test_files_that_are_no_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("no database")
    with pytest.raises(SandboxDataError, match="cannot be opened"):
        Sandbox(1, path=path).start()
    path = tmp_path / "y.db"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(SandboxDataError, match="something else"):
        Sandbox(1, path=path).start()

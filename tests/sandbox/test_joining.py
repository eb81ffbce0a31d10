"""Who is who in own events: `$set_once`, `$unset`, and the three events that say that two distinct ids are one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posthog_environments.sandbox import Sandbox, SandboxDataError

from .conftest import Client, Start

Row = dict[str, Any]
Load = Callable[[list[Row]], Client]


def event(minute: int, who: str, name: str = "seen", **properties: Any) -> Row:
    return {
        "event": name,
        "distinct_id": who,
        "timestamp": f"2026-01-05T00:{minute:02d}:00Z",
        "properties": {key.replace("__", "$", 1) if key.startswith("__") else key: v for key, v in properties.items()},
    }


@pytest.fixture
def load(start: Start, tmp_path: Path) -> Load:
    def begin(rows: list[Row]) -> Client:
        path = tmp_path / "own.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        return start(data=path, oddities=False)

    return begin


def people(client: Client) -> list[tuple[list[str], Row]]:
    return [(row["distinct_ids"], row["properties"]) for row in reversed(client.persons())]


def test_set_once_and_unset(load: Load) -> None:
    client = load(
        [
            event(1, "u", __set={"plan": "free", "email": "a@x"}, __set_once={"email": "late", "first": 1}),
            event(2, "u", __set_once={"first": 2}, __set={"plan": "pro"}),
            event(3, "u", __unset=["email", "nothing"]),
            event(4, "u", __set_once={"email": "again"}),
        ]
    )
    assert people(client) == [(["u"], {"plan": "pro", "first": 1, "email": "again"})]
    points = client.json(
        "/persons/1/properties_timeline/", date_from="2026-01-01", breakdown="email", breakdown_type="person"
    )
    assert [point["properties"].get("email") for point in points["points"]] == ["a@x", None, "again"]


def test_events_are_told_by_their_times(load: Load) -> None:
    client = load([event(2, "u", __set={"a": "late"}), event(1, "u", __set={"a": "early"}, __set_once={"b": 1})])
    assert people(client) == [(["u"], {"a": "late", "b": 1})]


@pytest.mark.parametrize(
    ("name", "field"),
    [("$identify", "$anon_distinct_id"), ("$create_alias", "alias"), ("$merge_dangerously", "alias")],
)
def test_two_become_one(load: Load, name: str, field: str) -> None:
    client = load(
        [
            event(1, "anon", __set={"a": 1, "b": 1}),
            event(2, "known", __set={"b": 2}),
            {**event(3, "known", name), "properties": {field: "anon", "$set": {"c": 3}}},
            event(4, "anon", __set={"d": 4}),
        ]
    )
    assert people(client) == [(["anon", "known"], {"a": 1, "b": 2, "c": 3, "d": 4})]
    (row,) = client.persons()
    assert (row["created_at"], row["is_identified"]) == ("2026-01-05T00:01:00Z", True)
    assert client.persons(distinct_id="anon") == client.persons(distinct_id="known") == [row]
    (series,) = client.trend(events=[{"id": None, "math": "dau"}], date_from="2026-01-05", date_to="2026-01-05")
    assert series["data"] == [1]


def test_the_uuid_is_that_of_the_one_who_is_kept(load: Load) -> None:
    apart = load([event(1, "anon"), event(2, "known")]).persons(distinct_id="known")[0]["uuid"]
    together = load([event(1, "anon"), event(2, "known"), event(3, "known", "$identify", __anon_distinct_id="anon")])
    assert together.persons()[0]["uuid"] == apart


def test_an_id_that_nobody_had_is_added(load: Load) -> None:
    client = load(
        [event(1, "known", "$identify", __anon_distinct_id="anon"), event(2, "known", alias="no event of aliases")]
    )
    assert people(client) == [(["known", "anon"], {})]
    client = load([event(1, "anon"), event(2, "known", "$identify", __anon_distinct_id="anon"), event(3, "known")])
    assert people(client) == [(["anon", "known"], {})]


def test_who_is_identified_is_merged_dangerously_alone(load: Load) -> None:
    both = [event(1, "a", "$identify"), event(2, "b", "$identify")]
    assert len(people(load([*both, event(3, "a", "$create_alias", alias="b")]))) == 2
    assert len(people(load([*both, event(3, "a", "$identify", __anon_distinct_id="b")]))) == 2
    assert len(people(load([*both, event(3, "a", "$merge_dangerously", alias="b")]))) == 1


@pytest.mark.parametrize("shared", ["null", "Anonymous", "undefined", "0", "[object Object]"])
def test_ids_that_many_share_are_not_merged(load: Load, shared: str) -> None:
    client = load([event(1, shared), event(2, "u", "$identify", __anon_distinct_id=shared)])
    assert len(people(client)) == 2


def test_chains_and_many_people(load: Load) -> None:
    rows = [event(1, f"a{number}") for number in range(40)]
    rows += [event(2, f"a{number}", "$create_alias", alias=f"a{number + 1}") for number in range(0, 40, 2)]
    rows += [event(3, "a0", "$merge_dangerously", alias="a38"), event(4, "a39", "$merge_dangerously", alias="a20")]
    client = load(rows)
    found = people(client)
    assert len(found) == 18
    assert max(len(ids) for ids, _ in found) == 6
    assert sorted(one for ids, _ in found for one in ids) == sorted(f"a{number}" for number in range(40))


def test_events_without_a_profile_make_nobody(load: Load) -> None:
    client = load(
        [
            event(1, "nobody", __process_person_profile=False, __set={"a": 1}),
            event(2, "u", __process_person_profile=True),
        ]
    )
    assert people(client) == [(["u"], {})]
    (series,) = client.trend(events=["seen"], date_from="2026-01-05", date_to="2026-01-05")
    assert series["data"] == [2]


@pytest.mark.parametrize(
    ("name", "properties", "what"),
    [
        ("seen", {"$set": [1]}, "has $set that is not a JSON object"),
        ("seen", {"$set_once": "x"}, "has $set_once that is not a JSON object"),
        ("seen", {"$unset": {"a": 1}}, "has $unset that is not a list of names"),
        ("seen", {"$unset": [1]}, "has $unset that is not a list of names"),
        ("$identify", {"$anon_distinct_id": ["x"]}, "has $anon_distinct_id that is not a distinct id"),
        ("$create_alias", {"alias": True}, "has alias that is not a distinct id"),
    ],
)
def test_what_cannot_be_carried_out_is_named(tmp_path: Path, name: str, properties: Row, what: str) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, [event(1, "u"), {**event(2, "u", name), "properties": properties}])))
    with pytest.raises(SandboxDataError, match="row 2") as caught:
        Sandbox(data=path).start()
    assert what in str(caught.value)


def test_columns_of_csv_hold_json(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "event,timestamp,distinct_id,$set,$unset\n"
        'seen,2026-01-05,u,"{""plan"":""pro"",""a"":1}",\n'
        'seen,2026-01-06,u,,"[""a""]"\n'
    )
    assert people(start(data=path)) == [(["u"], {"plan": "pro"})]

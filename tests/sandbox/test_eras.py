"""What the servers do otherwise in each era, for persons: each fact with the eras that it holds for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from posthog_environments.sandbox import Sandbox, SandboxArgumentError

from .conftest import Client, Start

ERAS = ("2025", "2026", "2026-09")
LATER = ("2026", "2026-09")


def filtered(client: Client, *conditions: Any, **query: Any) -> Any:
    return client.get(
        "/persons/", properties=json.dumps(conditions[0] if len(conditions) == 1 else conditions), **query
    )


def test_an_unknown_era_is_refused_with_the_list() -> None:
    with pytest.raises(SandboxArgumentError, match="'2025', '2026', '2026-09'"):
        Sandbox(era="2024")  # type: ignore[arg-type]


@pytest.mark.parametrize("era", ERAS)
def test_a_filter_without_a_type(start: Start, era: str) -> None:
    client = start(50, era=era)
    found = filtered(client, [{"key": "plan", "value": "pro"}]).json()["results"]
    plans = {row["properties"]["plan"] for row in found}
    # The oddity of 2025: it counts as one about events, which say nothing about a person.
    assert plans == ({"free", "pro", "enterprise"} if era == "2025" else {"pro"}) or (
        era == "2025" and len(found) == 50
    )


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "given",
    [
        {"type": "AND", "values": [{"key": "plan", "value": "pro", "operator": "exact", "type": "person"}]},
        {"type": "OR", "values": []},
    ],
)
def test_groups_of_filters(start: Start, era: str, given: Any) -> None:
    answer = filtered(start(20, era=era), given)
    assert answer.status_code == (200 if era == "2025" else 500)


@pytest.mark.parametrize("era", LATER)
@pytest.mark.parametrize(
    "entry",
    [
        1,
        {"key": "plan", "value": "pro", "operator": "nonsense", "type": "person"},
        {"key": "plan", "value": "pro", "type": "nonsense"},
        {"key": "plan", "value": "pro", "type": "person", "connector": "exact"},
        {"key": "plan", "type": "person"},
        {"value": "pro", "type": "person"},
    ],
)
def test_since_2026_what_does_not_fit_is_a_500(start: Start, era: str, entry: Any) -> None:
    assert filtered(start(5, era=era), [entry]).status_code == 500


@pytest.mark.parametrize("era", ERAS)
def test_lists_with_icontains(start: Start, era: str) -> None:
    client = start(60, era=era)
    everybody = len(client.persons())
    pro = len(
        client.persons(properties=json.dumps([{"key": "plan", "value": "pro", "operator": "exact", "type": "person"}]))
    )
    assert 0 < pro < everybody
    for operator, before, since in (("icontains", 0, pro), ("not_icontains", everybody, everybody - pro)):
        given = [{"key": "plan", "value": ["PRO", "nothing"], "operator": operator, "type": "person"}]
        rows = filtered(client, given).json()["results"]
        assert len(rows) == (before if era == "2025" else since)
    regex = filtered(client, [{"key": "plan", "value": ["pro"], "operator": "regex", "type": "person"}])
    assert regex.status_code == (500 if era == "2025" else 200)


@pytest.mark.parametrize("era", ERAS)
def test_booleans(start: Start, era: str) -> None:
    client = start(60, era=era)
    text = filtered(client, [{"key": "newsletter", "value": "true", "operator": "exact", "type": "person"}]).json()
    flag = filtered(client, [{"key": "newsletter", "value": True, "operator": "exact", "type": "person"}]).json()
    assert text["results"]
    assert flag["results"] == ([] if era == "2025" else text["results"])


@pytest.mark.parametrize("era", ERAS)
def test_relative_dates(start: Start, era: str) -> None:
    given = [{"key": "since", "value": "-7d", "operator": "is_date_after", "type": "person"}]
    assert filtered(start(5, era=era), given).status_code == (500 if era == "2025" else 200)


@pytest.mark.parametrize("era", ERAS)
def test_what_a_search_looks_at(start: Start, era: str) -> None:
    client = start(60, era=era)
    row = next(row for row in client.persons() if row["properties"].get("name"))
    whole = row["distinct_ids"][0]
    assert [one["uuid"] for one in client.persons(search=whole)] == [row["uuid"]]
    parts = {
        "distinct id": whole[:-1],
        "uuid": row["uuid"][:-1],
        "name": row["properties"]["name"].lower()[1:],
    }
    found = {name: row["uuid"] in {one["uuid"] for one in client.persons(search=part)} for name, part in parts.items()}
    assert found == dict.fromkeys(parts, era != "2025")
    # The wildcards are live in all of them.
    assert len(client.persons(search="%")) == 60


@pytest.mark.parametrize("era", ERAS)
def test_what_gives_a_name(start: Start, tmp_path: Any, era: str) -> None:
    path = tmp_path / "own.jsonl"
    held: list[dict[str, Any]] = [
        {"$email": "d@x"}, {"Username": "u"}, {"name": 5}, {"email": "", "name": {"first": "Leo"}}, {"email": 0}, {},
    ]  # fmt: skip
    rows = [
        {
            "event": "e",
            "distinct_id": f"id-{number}",
            "timestamp": f"2026-01-0{number + 1}",
            "properties": {"$set": one},
        }
        for number, one in enumerate(held)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    client = start(data=path, era=era)
    names = [row["name"] for row in reversed(client.json("/persons/")["results"])]
    first = ["d@x", "u"] if era == "2025" else ["id-0", "id-1"]
    assert names == [*first, 5, {"first": "Leo"}, "id-4", "id-5"]
    # Without oddities a name is a text, as the contract says.
    strict = start(data=path, era=era, oddities=False)
    assert all(isinstance(row["name"], str) for row in strict.persons())


@pytest.mark.parametrize("era", ERAS)
def test_last_seen_at(start: Start, era: str) -> None:
    client = start(3, era=era)
    assert [("last_seen_at" in row) for row in client.persons()] == [era != "2025"] * 3


@pytest.mark.parametrize("era", ERAS)
def test_the_cap_is_silent(start: Start, era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthog_environments.sandbox.persons.LARGEST_PAGE", 50)
    client = start(120, era=era)
    page = client.json("/persons/", limit=60)
    if era == "2025":
        assert (len(page["results"]), page["next"] is None) == (60, False)
    else:
        assert (len(page["results"]), page["next"]) == (50, None)
    exact = client.json("/persons/", limit=50)
    assert (len(exact["results"]), exact["next"] is None) == (50, False)
    table = client.get("/persons/", format="csv").text
    assert len(table.strip().split("\r\n")) == 1 + (120 if era == "2025" else 50)


@pytest.mark.parametrize("era", ERAS)
def test_a_distinct_id_that_nobody_has(start: Start, era: str) -> None:
    page = start(3, era=era).json("/persons/", distinct_id="nobody", offset=200)
    assert page["results"] == []
    assert (page["previous"] is None) == (era == "2026-09")


@pytest.mark.parametrize("era", ERAS)
def test_keep_person(start: Start, era: str) -> None:
    client = start(3, era=era)
    assert client.http.delete("/persons/1/?delete_events&keep_person=false").status_code == 202
    assert client.get("/persons/1/").status_code == (404 if era == "2025" else 200)


@pytest.mark.parametrize(("era", "identified"), [("2025", False), ("2026", True), ("2026-09", True)])
def test_entries_of_the_log_have_ids(start: Start, era: str, identified: bool) -> None:
    client = start(3, era=era)
    assert client.http.patch("/persons/1/", json={"properties": {"a": 1}}).status_code == 202
    assert client.http.post("/persons/1/delete_property/", json={"$unset": "a"}).status_code == 201
    removed, updated = client.json("/persons/1/activity/")["results"]
    assert ("id" in removed, "id" in updated) == (identified, identified)
    uuid = client.json("/persons/1/")["uuid"]
    assert [(one["activity"], one["detail"]["name"]) for one in (removed, updated)] == [
        ("delete_property", uuid), ("updated", None),
    ]  # fmt: skip


@pytest.mark.parametrize("era", ERAS)
def test_several_names_to_remove(start: Start, era: str) -> None:
    client = start(3, era=era)
    before = client.json("/persons/1/")["properties"]
    answer = client.http.post("/persons/1/delete_property/", json={"$unset": ["plan", "age"]})
    assert (answer.status_code, answer.json()) == (201, {"success": True})
    client.box.settle()
    left = client.json("/persons/1/")["properties"]
    assert before.keys() - left.keys() == ({"plan", "age"} if era == "2026-09" else set())


@pytest.mark.parametrize("given", [[], ["x"] * 1001, [1], "", None, {"a": 1}])
def test_names_that_are_none_are_refused_today(start: Start, given: Any) -> None:
    answer = start(3, era="2026-09").http.post("/persons/1/delete_property/", json={"$unset": given})
    assert (answer.status_code, answer.json()["attr"]) == (400, "$unset")

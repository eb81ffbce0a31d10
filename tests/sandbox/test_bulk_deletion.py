"""Deleting many persons in one request, by era, and whose events are deleted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Client, Start

SUMMARY = {
    "persons_found": 2,
    "persons_deleted": 2,
    "persons_queued_for_deletion": 0,
    "events_queued_for_deletion": False,
    "recordings_queued_for_deletion": False,
    "deletion_errors": [],
}
NOBODY = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"


def bulk(client: Client, **fields: Any) -> httpx.Response:
    return client.http.post("/persons/bulk_delete/", json=fields)


def events(client: Client, person: str) -> int:
    points = client.json(f"/persons/{person}/properties_timeline/", date_from="all")["points"]
    return sum(point["relevant_event_count"] for point in points)


def two(client: Client) -> list[dict[str, Any]]:
    return client.persons()[:2]


def test_2025_does_not_have_it(start: Start) -> None:
    client = start(10)
    assert bulk(client, ids=[NOBODY]).status_code == 405
    assert client.get("/persons/deletion_status/").status_code == 400


def test_early_2026_says_nothing(start: Start) -> None:
    client = start(10, era="2026")
    answer = bulk(client, ids=[row["uuid"] for row in two(client)])
    assert (answer.status_code, answer.content) == (202, b"")
    client.box.settle()
    assert len(client.persons()) == 8
    assert client.get("/persons/deletion_status/").status_code == 400


@pytest.mark.parametrize("oddities", [True, False])
def test_today_says_what_was_done(start: Start, oddities: bool) -> None:
    client = start(10, era="2026-09", oddities=oddities)
    answer = bulk(client, ids=[*(row["uuid"] for row in two(client)), NOBODY])
    assert (answer.status_code, answer.json()) == (202, SUMMARY)
    client.box.settle()
    assert len(client.persons()) == 8
    answer = bulk(client, distinct_ids=[one for row in two(client) for one in row["distinct_ids"]] + ["nobody"])
    assert answer.json() == SUMMARY


def test_they_can_be_queued(start: Start) -> None:
    client = start(10, era="2026-09", queued=True, lag=60)
    ids = [row["uuid"] for row in two(client)]
    answer = bulk(client, ids=ids, delete_events=True)
    assert answer.json() == {
        **SUMMARY,
        "persons_deleted": 0,
        "persons_queued_for_deletion": 2,
        "events_queued_for_deletion": True,
    }
    assert len(client.persons()) == 10
    client.box.settle()
    assert len(client.persons()) == 8
    assert client.get(f"/persons/{ids[0]}/").status_code == 404


def test_flags(start: Start) -> None:
    client = start(10, era="2026-09")
    ids = [row["uuid"] for row in client.persons() if events(client, row["uuid"])][:2]
    # The oddity: the text "false" is true.
    answer = bulk(client, ids=ids, delete_events="false", keep_person=True).json()
    assert answer == {**SUMMARY, "persons_deleted": 0, "events_queued_for_deletion": True}
    assert len(client.persons()) == 10
    assert [events(client, one) for one in ids] == [0, 0]
    strict = start(10, era="2026-09", oddities=False)
    answer = bulk(strict, ids=ids, delete_events="false")
    assert (answer.status_code, answer.json()["attr"]) == (400, "delete_events")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ids": [NOBODY], "distinct_ids": ["x"]},
        {"ids": [NOBODY] * 1001},
        {"distinct_ids": ["x"] * 1001},
        {"ids": ["x"]},
        {"ids": NOBODY},
        {"distinct_ids": [1]},
    ],
)
def test_what_is_refused(start: Start, fields: dict[str, Any]) -> None:
    client = start(5, era="2026-09")
    answer = bulk(client, **fields)
    assert (answer.status_code, answer.json()["type"]) == (400, "validation_error")
    assert len(client.persons()) == 5


def test_it_needs_the_scope_and_has_a_bucket(start: Start) -> None:
    client = start(5, era="2026-09", rates={"deletes": "1/min"}, scopes=["person:write"])
    assert bulk(client, ids=[NOBODY]).status_code == 202
    assert bulk(client, ids=[NOBODY]).status_code == 429
    reader = {"Authorization": f"Bearer {client.box.add_key('person:read')}"}
    assert client.http.post("/persons/bulk_delete/", json={"ids": [NOBODY]}, headers=reader).status_code == 403


def test_the_deletion_of_events_is_followed(start: Start) -> None:
    client = start(10, era="2026-09", lag=60)
    ids = [row["uuid"] for row in client.persons()[:3]]
    bulk(client, ids=ids[:2], delete_events=True)
    client.http.delete(f"/persons/{ids[2]}/")  # without events: nothing to follow
    page = client.json("/persons/deletion_status/", limit=1)
    assert (page["count"], page["previous"]) == (2, None)
    (row,) = page["results"]
    assert {**row, "person_uuid": "", "created_at": ""} == {
        "person_uuid": "", "created_at": "", "status": "pending", "delete_verified_at": None,
    }  # fmt: skip
    following = client.http.get(page["next"]).json()
    assert {row["person_uuid"], following["results"][0]["person_uuid"]} == set(ids[:2])
    assert (following["next"], following["previous"] is None) == (None, False)
    client.box.settle()
    (row,) = client.json("/persons/deletion_status/", person_uuid=ids[0])["results"]
    assert (row["status"], row["delete_verified_at"] is None) == ("completed", False)
    assert client.json("/persons/deletion_status/", status="pending")["count"] == 0
    assert client.json("/persons/deletion_status/", status="completed")["count"] == 2


@pytest.mark.parametrize(
    "query", [{"status": "done"}, {"person_uuid": "x"}, {"limit": "x"}, {"limit": "0"}, {"offset": "-1"}]
)
def test_what_the_status_refuses(start: Start, query: dict[str, str]) -> None:
    answer = start(2, era="2026-09").get("/persons/deletion_status/", **query)
    assert (answer.status_code, answer.json()["attr"]) == (400, next(iter(query)))


@pytest.mark.parametrize("oddities", [True, False])
def test_the_status_has_pages_of_any_size(start: Start, *, oddities: bool) -> None:
    client = start(3, era="2026-09", oddities=oddities, lag=60)
    bulk(client, ids=[row["uuid"] for row in two(client)], delete_events=True)
    assert len(client.json("/persons/deletion_status/", limit=10**30)["results"]) == 2
    page = client.json("/persons/deletion_status/", offset=10**30)
    assert (page["count"], page["results"], page["next"]) == (2, [], None)


def test_what_is_queued_survives_the_server(start: Start, tmp_path: Any) -> None:
    path = tmp_path / "box.db"
    client = start(6, era="2026-09", queued=True, lag=60, path=path)
    bulk(client, ids=[row["uuid"] for row in two(client)])
    client.box.stop()  # carries out what waits
    assert len(start(6, era="2026-09", path=path).persons()) == 4

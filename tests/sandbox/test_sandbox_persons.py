from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest

from .conftest import Client, Start

LISTED = {
    *("type", "id", "uuid", "created_at", "properties", "is_identified", "name"),
    *("distinct_ids", "matched_recordings", "value_at_data_point"),
}


def test_list_newest_first_all_once(odd: Client) -> None:
    rows = odd.persons(limit=130)
    assert len(rows) == 1000
    assert len({row["uuid"] for row in rows}) == 1000
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)


def test_rows_have_the_fields_of_the_list(odd: Client) -> None:
    row = odd.json("/persons/", limit=1)["results"][0]
    assert set(row) == LISTED
    assert row["type"] == "person"
    assert row["id"] == row["uuid"]
    assert isinstance(row["properties"]["age"], int)


def test_equal_dates_are_ordered_by_id(cdnow: Client) -> None:
    rows = cdnow.persons()
    assert len(rows) == 23570
    numbers = [int(row["distinct_ids"][0].removeprefix("cdnow-")) for row in rows]
    assert sorted(numbers) == list(range(1, 23571))
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)


def test_short_pages_have_a_next(odd: Client) -> None:
    page = odd.json("/persons/", limit=200)
    assert len(page["results"]) == 199
    assert page["next"].endswith("limit=200&offset=200")


def test_exact_multiple_ends_with_an_empty_page(start: Start) -> None:
    client = start(100)
    page = client.json("/persons/", limit=50, offset=50)
    assert len(page["results"]) == 50
    last = client.http.get(page["next"]).json()
    assert last["results"] == []
    assert last["next"] is None


def test_without_oddities_pages_are_full_and_the_last_is_the_last(plain: Client) -> None:
    page = plain.json("/persons/", limit=500)
    assert len(page["results"]) == 500
    page = plain.json("/persons/", limit=500, offset=500)
    assert len(page["results"]) == 500
    assert page["next"] is None


@pytest.mark.parametrize("query", [{}, {"limit": 0}, {"limit": ""}])
def test_a_page_has_100_persons(odd: Client, plain: Client, query: dict[str, Any]) -> None:
    assert len(odd.json("/persons/", **query)["results"]) == 100
    # The contract knows no limit below 1.
    answer = plain.get("/persons/", **query)
    assert answer.status_code == (400 if query else 200)
    assert answer.json().get("attr") == next(iter(query), None)


def test_links_keep_the_query_and_replace_the_offset(odd: Client) -> None:
    host = odd.box.host
    page = odd.json("/persons", search="example", limit=10)
    assert page["next"] == f"{host}/api/projects/12345/persons?search=example&limit=10&offset=10"
    assert page["previous"] is None
    page = odd.json("/persons", limit=10, offset=10)
    assert page["previous"] == f"{host}/api/projects/12345/persons?limit=10&offset=10"  # the page itself
    page = odd.json("/persons/", limit=10, offset=30)
    assert page["previous"] == f"{host}/api/projects/12345/persons/?limit=10&offset=20"
    assert odd.json("/persons/")["next"] == f"{host}/api/projects/12345/persons/?offset=100"


def test_previous_is_right_without_oddities(plain: Client) -> None:
    assert plain.json("/persons/", limit=10, offset=10)["previous"].endswith("limit=10&offset=0")


def test_bad_numbers(odd: Client, plain: Client) -> None:
    assert odd.get("/persons/", limit="ten").status_code == 500
    answer = plain.get("/persons/", offset="x")
    assert answer.status_code == 400
    assert answer.json()["attr"] == "offset"
    assert plain.get("/persons/", limit=-1).status_code == 400


def test_an_offset_beyond_the_end_is_empty(odd: Client) -> None:
    page = odd.json("/persons/", offset=10**17)
    assert page["results"] == []
    assert page["next"] is None


def test_total_only_if_asked_for(odd: Client) -> None:
    assert "count" not in odd.json("/persons/")
    assert odd.json("/persons/", include_total="true")["count"] == 1000
    assert odd.json("/persons/", include_total="true", email="nobody@x")["count"] == 0


def test_email_is_exact(plain: Client) -> None:
    row = next(row for row in plain.persons() if "email" in row["properties"])
    email = row["properties"]["email"]
    assert [one["uuid"] for one in plain.persons(email=email)] == [row["uuid"]]
    assert plain.persons(email=email[1:]) == []


def test_distinct_id_is_any_of_the_persons(plain: Client) -> None:
    row = next(row for row in plain.persons() if len(row["distinct_ids"]) == 2)
    for distinct_id in row["distinct_ids"]:
        assert [one["uuid"] for one in plain.persons(distinct_id=distinct_id)] == [row["uuid"]]
    assert plain.persons(distinct_id=row["distinct_ids"][0][:-1]) == []


def test_search_finds_email_parts_distinct_ids_and_uuids(plain: Client) -> None:
    rows = plain.persons()
    expected = [row["uuid"] for row in rows if "@ACME.".lower() in row["properties"].get("email", "")]
    assert expected
    assert [row["uuid"] for row in plain.persons(search="@ACME.")] == expected
    row = rows[17]
    assert [one["uuid"] for one in plain.persons(search=row["distinct_ids"][0])] == [row["uuid"]]
    assert [one["uuid"] for one in plain.persons(search=row["uuid"])] == [row["uuid"]]


def test_names(plain: Client) -> None:
    for row in plain.persons():
        properties = row["properties"]
        assert row["name"] == properties.get("email", properties.get("name", row["distinct_ids"][0]))


def test_filtered_pages_walk_like_the_others(plain: Client, odd: Client) -> None:
    wanted = '[{"key":"plan","value":"pro","type":"person"}]'
    expected = [row["uuid"] for row in plain.persons() if row["properties"]["plan"] == "pro"]
    assert len(expected) > 150
    for client in (plain, odd):
        assert [row["uuid"] for row in client.persons(properties=wanted, limit=50)] == expected


def test_csv_ignores_limit_and_flattens(plain: Client) -> None:
    answer = plain.get("/persons/", format="csv", limit=3)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = plain.persons()
    assert [row["uuid"] for row in rows] == [row["uuid"] for row in expected]
    assert list(rows[0]) == sorted(rows[0])
    for row, person in zip(rows, expected, strict=True):
        assert row["distinct_ids.0"] == person["distinct_ids"][0]
        assert row["properties.$os"] == person["properties"]["$os"]
        assert row["properties.email"] == person["properties"].get("email", "")
        assert row["properties.newsletter"] == ("true" if person["properties"]["newsletter"] else "false")
    assert plain.http.get("/persons/", headers={"Accept": "text/csv"}).text == answer.text


def test_detail_by_number_and_uuid(plain: Client) -> None:
    row = plain.json("/persons/", limit=1)["results"][0]
    person = plain.json(f"/persons/{row['uuid']}/")
    assert set(person) == {"id", "name", "distinct_ids", "properties", "created_at", "uuid"}
    assert person["id"] == 1000
    assert person == plain.json("/persons/1000")
    assert {key: person[key] for key in ("uuid", "name", "properties")} == {
        key: row[key] for key in ("uuid", "name", "properties")
    }


@pytest.mark.parametrize("id", ["abc", "1x", "-1", "1.0", "99999999999999999999", "%20", "1%3Fx"])
def test_detail_refuses_what_is_no_id(plain: Client, id: str) -> None:
    answer = plain.get(f"/persons/{id}/")
    assert answer.status_code == 400
    assert answer.json()["type"] == "validation_error"
    assert answer.json()["code"] == "invalid_input"


@pytest.mark.parametrize("id", ["99999", str(uuid.UUID(int=7))])
def test_detail_of_nobody(plain: Client, id: str) -> None:
    answer = plain.get(f"/persons/{id}/")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_era_2026_adds_last_seen_at_and_headers(start: Start) -> None:
    client = start(20, era="2026", prefix="environments")
    answer = client.get("/persons/")
    row = answer.json()["results"][0]
    assert set(row) == LISTED | {"last_seen_at"}
    assert row["last_seen_at"] >= row["created_at"]
    assert answer.headers["sunset"] == "Fri, 31 Jul 2026 00:00:00 GMT"
    assert "deprecation" in answer.headers
    assert answer.headers["link"] == '</api/projects/12345/persons/>; rel="successor-version"'
    assert client.json("/persons/1/")["last_seen_at"] is not None
    twin = client.http.get(f"{client.box.host}/api/projects/12345/persons/")
    assert "sunset" not in twin.headers


def test_nobody(start: Start) -> None:
    client = start(0)
    assert client.json("/persons/") == {"results": [], "next": None, "previous": None}
    assert client.trend(events=["$pageview"])[0]["data"] == [0] * 8
    assert client.trend(events=["$pageview"], date_from="all")[0]["data"] == [0]

from __future__ import annotations

import pytest

from .conftest import Client, Start


def test_update_is_accepted_and_takes_effect_later(start: Start) -> None:
    client = start(5, lag=60)
    before = client.json("/persons/3/")
    answer = client.http.patch("/persons/3/", json={"properties": {"plan": "gold", "nested": {"a": [1, None]}}})
    assert (answer.status_code, answer.content) == (202, b"")
    assert client.json("/persons/3/") == before
    client.box.settle()
    assert client.json("/persons/3/")["properties"] == {
        **before["properties"],
        "plan": "gold",
        "nested": {"a": [1, None]},
    }


def test_update_without_oddities_answers_the_person(start: Start) -> None:
    client = start(5, oddities=False)
    answer = client.http.patch("/persons/3", json={"properties": {"email": "new@x", "é\"'": "ü\\"}})
    assert answer.status_code == 200
    assert answer.json()["name"] == "new@x"
    assert answer.json()["properties"]["é\"'"] == "ü\\"
    assert client.persons(email="new@x")[0]["uuid"] == answer.json()["uuid"]


def test_changes_arrive_in_order(start: Start) -> None:
    client = start(5, lag=0)
    for number in range(5):
        client.http.patch("/persons/1/", json={"properties": {"number": number}})
        if number == 2:
            client.http.post("/persons/1/delete_property/", json={"$unset": "plan"})
    properties = client.json("/persons/1/")["properties"]
    assert properties["number"] == 4
    assert "plan" not in properties


def test_update_without_properties(start: Start) -> None:
    answer = start(2).http.patch("/persons/1/", json={}).json()
    assert answer["detail"] == "required"  # detail and code have changed places
    assert (answer["code"], answer["attr"]) == ("This field is required.", "properties")
    answer = start(2, oddities=False).http.patch("/persons/1/", json={}).json()
    assert (answer["code"], answer["attr"]) == ("required", "properties")


def test_bodies_that_cannot_be(start: Start) -> None:
    client = start(2)
    patch = client.http.patch
    before = client.json("/persons/1/")
    for odd in ([1], "x", 0, ""):  # the oddity: it is taken, and has no effect
        assert patch("/persons/1/", json={"properties": odd}).status_code == 202
    client.box.settle()
    assert client.json("/persons/1/") == before
    for body in (b"[]", b"null", b"5"):
        assert patch("/persons/1/", content=body, headers={"Content-Type": "application/json"}).status_code == 500
    for body in (b"{", b'{"properties":{"a":NaN}}', b'{"properties":{"a":"\\ud800"}}', b"[" * 100000, b"\xff"):
        answer = patch("/persons/1/", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, body[:20]
        assert answer.json()["code"] == "parse_error"
    assert patch("/persons/1/", data={"properties": "x"}).status_code == 202
    assert patch("/persons/1/", data={"a": "b"}, files={"properties": (None, "x")}).status_code == 202
    assert patch("/persons/1/", data={"a": "b"}).json()["attr"] == "properties"
    answer = patch("/persons/1/", content=b"a", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"
    answer = client.http.request("DELETE", "/persons/1/", content=b"x" * (21 * 2**20))
    assert answer.status_code == 413


def test_delete_property(start: Start) -> None:
    client = start(2)
    answer = client.http.post("/persons/1/delete_property/", json={"$unset": "plan"})
    assert (answer.status_code, answer.json()) == (201, {"success": True})
    client.box.settle()
    assert "plan" not in client.json("/persons/1/")["properties"]
    # The oddity: nothing is looked at beforehand.
    assert client.http.post("/persons/1/delete_property/?$unset=age", json={}).status_code == 500
    assert client.http.post("/persons/77/delete_property/", json={"$unset": "age"}).status_code == 500
    assert client.http.post("/persons/nobody/delete_property/", json={"$unset": "age"}).status_code == 500
    before = client.json("/persons/1/")["properties"]
    for odd in (["age"], 1, {"age": 1}, True):  # it is taken, and has no effect
        assert client.http.post("/persons/1/delete_property/", json={"$unset": odd}).status_code == 201
    client.box.settle()
    assert client.json("/persons/1/")["properties"] == before


def test_delete_property_as_the_contract_says(start: Start) -> None:
    client = start(2, oddities=False)
    without = client.http.post("/persons/1/delete_property?$unset=age")
    assert (without.status_code, without.json()["attr"]) == (400, "body")
    answer = client.http.post("/persons/1/delete_property?$unset=age", json={})
    assert answer.status_code == 200
    assert "age" not in client.json("/persons/1/")["properties"]


def test_delete_twice(start: Start) -> None:
    client = start(5)
    assert client.http.delete("/persons/2/").status_code == 202
    assert client.http.delete("/persons/2/").status_code == 404
    assert client.get("/persons/2/").status_code == 404
    client = start(5, oddities=False)
    assert client.http.delete("/persons/2/").status_code == 204


def test_deleted_persons_leave_a_gap_and_then_shift_the_list(start: Start) -> None:
    client = start(50, lag=60)
    everyone = [row["uuid"] for row in client.persons()]
    for uuid in everyone[3:6]:
        client.http.delete(f"/persons/{uuid}/")
    page = client.json("/persons/", limit=10)
    assert [row["uuid"] for row in page["results"]] == everyone[:3] + everyone[6:10]
    assert page["next"]
    client.box.settle()
    for offset in (0, 2, 5, 40):
        page = client.json("/persons/", limit=10, offset=offset)
        assert [row["uuid"] for row in page["results"]] == (everyone[:3] + everyone[6:])[offset : offset + 10]


def _purchases(client: Client) -> float:
    return float(client.trend(events=[{"id": None}], date_from="all")[0]["count"])


def test_events_go_if_delete_events_is_there_at_all(start: Start) -> None:
    client = start(10)
    before = _purchases(client)
    client.http.delete("/persons/1/")
    assert _purchases(client) == before
    client.http.delete("/persons/2/?delete_events=false")  # the oddity: presence counts
    gone = _purchases(client)
    assert gone < before
    client = start(10, oddities=False)
    client.http.delete("/persons/2/?delete_events=false")
    assert _purchases(client) == before
    client.http.delete("/persons/3/?delete_events=true")
    assert _purchases(client) < before


def test_activity(start: Start) -> None:
    client = start(5, oddities=False)
    uuid = client.json("/persons/4/")["uuid"]
    assert client.json("/persons/4/activity/") == {"results": [], "next": None, "previous": None, "total_count": 0}
    client.http.patch("/persons/4/", json={"properties": {"email": "x@y"}})
    client.http.post("/persons/4/delete_property/", json={"$unset": "plan"})
    page = client.json(f"/persons/{uuid}/activity/")
    assert [entry["activity"] for entry in page["results"]] == ["delete_property", "updated"]
    assert page["total_count"] == 2
    client.http.delete("/persons/4/")
    assert client.get(f"/persons/{uuid}/activity/").status_code == 404
    update = page["results"][1]
    assert update["scope"] == "Person"
    assert update["item_id"] == "4"
    assert update["created_at"].startswith("2026-02-01T12:0")
    assert update["created_at"].endswith("Z")
    assert update["detail"]["changes"] == [
        {"type": "Person", "action": "changed", "field": "properties", "before": None, "after": None}
    ]
    assert set(update) == {"user", "activity", "scope", "item_id", "created_at", "detail"}
    assert client.get("/persons/99/activity/").status_code == 404


def test_activity_pages(start: Start) -> None:
    client = start(2, oddities=False, era="2026")
    for number in range(12):
        client.http.patch("/persons/1/", json={"properties": {"n": number}})
    first = client.json("/persons/1/activity/")
    assert len(first["results"]) == 10
    assert first["previous"] is None
    second = client.http.get(first["next"]).json()
    assert len(second["results"]) == 2
    assert second["next"] is None
    assert client.http.get(second["previous"]).json()["results"] == first["results"]
    assert len({entry["id"] for entry in first["results"] + second["results"]}) == 12
    assert client.get("/persons/1/activity/", page="0").status_code == 400


def test_timeline_follows_the_segment_of_a_customer(cdnow: Client) -> None:
    row = cdnow.persons(distinct_id="cdnow-00003")[0]
    line = cdnow.json(
        f"/persons/{row['uuid']}/properties_timeline/", date_from="all", breakdown="segment", breakdown_type="person"
    )
    assert line["crucial_property_keys"] == ["segment"]
    points = [
        (point["timestamp"][:10], point["properties"]["segment"], point["relevant_event_count"])
        for point in line["points"]
    ]
    assert points == [("1997-01-02", "one-time", 1), ("1997-03-30", "repeat", 3), ("1997-11-25", "loyal", 2)]
    assert line["points"][-1]["properties"]["dollars"] == pytest.approx(20.76 + 20.76 + 19.54 + 57.45 + 20.96)
    assert row["properties"]["purchases"] == 6
    assert line["effective_date_from"] == "1997-01-01T00:00:00+00:00"


def test_timeline_filters_and_changes(start: Start) -> None:
    client = start(3, oddities=False)
    client.http.patch("/persons/1/", json={"properties": {"plan": "gold"}})
    client.http.post("/persons/1/delete_property/", json={"$unset": "plan"})
    line = client.json(
        "/persons/1/properties_timeline/",
        date_from="-100d",
        properties='[{"key":"plan","value":"pro","type":"person"}]',
    )
    plans = [point["properties"].get("plan") for point in line["points"]]
    assert plans[0] == "free"
    assert plans[-2:] == ["gold", None]
    only = client.json("/persons/1/properties_timeline/", events='[{"id":"$pageview"}]', date_from="-100d")
    views = client.trend(
        events=["$pageview"], date_from="all", properties=[{"key": "email", "value": _email(client), "type": "person"}]
    )
    assert [point["relevant_event_count"] for point in only["points"]] == [views[0]["count"]]
    assert only["crucial_property_keys"] == []
    assert client.json("/persons/1/properties_timeline/", date_from="2030-01-01")["points"] == []


def _email(client: Client) -> str:
    return str(client.json("/persons/1/")["properties"]["email"])

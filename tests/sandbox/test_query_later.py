"""Answers of `query/` that are kept, and those that come later."""

from __future__ import annotations

import pytest

from .asking import ask, trends_query
from .conftest import Start


def test_the_second_equal_question_is_answered_from_the_cache(start: Start) -> None:
    client = start(50)
    answers = [ask(client, refresh=refresh)[1] for refresh in ("blocking", "blocking", "force_blocking", "force_cache")]
    assert [answer["is_cached"] for answer in answers] == [False, True, False, True]
    assert answers[0]["cache_key"] == answers[1]["cache_key"]
    assert answers[0]["last_refresh"] == answers[1]["last_refresh"] < answers[2]["last_refresh"]
    person = client.persons()[0]
    client.http.patch(f"/persons/{person['uuid']}/", json={"properties": {"plan": "changed"}})
    client.box.settle()
    assert ask(client)[1]["is_cached"] is False  # what has changed is counted anew


@pytest.mark.parametrize("era", ["2025", "2026"])
def test_answers_that_come_later(start: Start, era: str) -> None:
    client = start(50, era=era, later=2)
    status, body = ask(client, client_query_id="mine")
    assert (status, body["query_status"]["id"], body["query_status"]["complete"]) == (202, "mine", False)
    statuses: list[int] = []
    for _ in range(3):
        answer = client.get("/query/mine/")
        statuses.append(answer.status_code)
    assert statuses == [202, 200, 200]
    found = answer.json()["query_status"]
    assert (found["complete"], found["error"], found["error_message"]) == (True, False, None)
    assert ("cache_key" in found) is (era == "2026")
    assert found["results"]["results"][0]["label"] == "$pageview"
    assert client.get("/query/nobodys/").status_code == 404
    assert ask(client)[0] == 200  # now it is kept
    assert client.http.delete("/query/mine/").json() == {"message": "Query already complete"}
    assert client.get("/query/mine/").status_code == 404


def test_a_server_of_today_says_what_an_answer_took_of_the_budget(start: Start) -> None:
    client = start(5, era="2026-09")
    read, left = "X-PostHog-Query-Bytes-Read", "X-PostHog-Query-Budget-Remaining-Bytes"
    body = {"query": trends_query()}
    first, second = (client.http.post("/query/", json=body) for _ in range(2))
    assert (first.json()["is_cached"], int(first.headers[read]) > 0) == (False, True)
    assert (second.json()["is_cached"], second.headers[read]) == (True, "0")
    assert first.headers[left] == second.headers[left]
    third = client.http.post("/query/", json={**body, "refresh": "force_async", "client_query_id": "mine"})
    assert (third.status_code, {read, left} & third.headers.keys()) == (202, set())
    found = client.get("/query/mine/")
    assert int(found.headers[left]) == int(first.headers[left]) - int(first.headers[read])
    status = found.json()["query_status"]
    assert [status["bytes_read"], status["budget_remaining_bytes"]] == [
        int(found.headers[name]) for name in (read, left)
    ]
    before = start(5, era="2026")
    assert read not in before.http.post("/query/", json=body).headers


@pytest.mark.parametrize(("message", "status"), [("It is too much.", 400), ("", 500)])
def test_answers_that_fail_later(start: Start, message: str, status: int) -> None:
    client = start(5, later=1)
    client.box.fail_later(message)
    name = ask(client)[1]["query_status"]["id"]
    answer = client.get(f"/query/{name}/")
    found = answer.json()["query_status"]
    assert (answer.status_code, found["complete"], found["error"]) == (status, True, True)
    assert (found["error_message"], found["results"]) == (message or None, None)
    assert ask(client, refresh="force_blocking", client_query_id="next")[0] == 202
    assert client.get("/query/next/").status_code == 200


@pytest.mark.parametrize(
    ("refresh", "expected"),
    [
        ("async", (202, 200)),
        ("lazy_async", (202, 200)),
        ("async_except_on_cache_miss", (200, 200)),
        ("force_async", (202, 202)),
    ],
)
def test_refresh(start: Start, refresh: str, expected: tuple[int, int]) -> None:
    client = start(5)
    first, second = ask(client, refresh=refresh), ask(client, refresh=refresh)
    assert (first[0], second[0]) == expected
    if first[0] == 202:
        assert first[1].keys() == ({"query_status"} if refresh == "force_async" else {"query_status", "cache_key"})
        assert client.get(f"/query/{first[1]['query_status']['id']}/").status_code == 200
    week = {"query": trends_query(interval="week"), "async": True}
    assert client.http.post("/query/", json=week).status_code == 202


def test_without_oddities_there_is_what_the_contract_says(start: Start) -> None:
    for oddities, statuses in ((True, (200, 200)), (False, (405, 405))):
        client = start(5, oddities=oddities)
        asked = client.http.post("/query/TrendsQuery/", json={"query": trends_query()})
        assert (asked.status_code, client.http.delete("/query/mine/").status_code) == statuses
        assert client.http.patch("/query/mine/").headers["allow"] == ("GET, POST, DELETE" if oddities else "GET")

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from posthog_environments.sandbox.access import Throttle
from posthog_environments.sandbox.problems import Problem
from posthog_environments.sandbox.settings import DOCUMENTED, ERAS

from .conftest import Client, Start

BODY = {"type", "code", "detail", "attr"}


def test_without_a_key(odd: Client) -> None:
    answer = httpx.get(f"{odd.box.host}/api/projects/12345/persons/")
    assert answer.status_code == 401
    assert set(answer.json()) == BODY
    assert (answer.json()["type"], answer.json()["code"]) == ("authentication_error", "not_authenticated")
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("header", ["Bearer phx_wrong", "Bearer  ,,", "Bearer é"])
def test_with_a_wrong_key(odd: Client, header: str) -> None:
    answer = odd.http.get("/persons/", headers={b"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] == "authentication_failed"


def test_the_scheme_has_a_capital(odd: Client) -> None:
    answer = odd.http.get("/persons/", headers={"Authorization": f"bearer {odd.box.api_key}"})
    assert answer.json()["code"] == "not_authenticated"


def test_a_key_in_the_query_or_body_works_and_links_of_real_servers_repeat_it(odd: Client, plain: Client) -> None:
    for client in (odd, plain):
        url = f"{client.box.host}/api/projects/12345"
        answer = httpx.get(f"{url}/persons/", params={"personal_api_key": client.box.api_key, "limit": 2})
        assert answer.status_code == 200
        assert answer.json()["next"] is not None
        assert (client.box.api_key in answer.text) == (client is odd)
        answer = httpx.post(f"{url}/insights/trend/", json={"personal_api_key": client.box.api_key})
        assert answer.status_code == 200


def test_scopes(start: Start) -> None:
    client = start(5, scopes=["person:write"])
    assert client.get("/persons/").status_code == 200
    assert client.http.patch("/persons/1/", json={"properties": {}}).status_code == 202
    answer = client.http.post("/insights/trend/", json={})
    assert answer.status_code == 403
    assert set(answer.json()) == BODY
    assert (answer.json()["type"], answer.json()["code"]) == ("authentication_error", "permission_denied")
    assert "insight:read" in answer.json()["detail"]
    assert "activity_log:read" in client.get("/persons/1/activity/").json()["detail"]
    reader = client.box.add_key("person:read")
    headers = {"Authorization": f"Bearer {reader}"}
    assert client.http.get("/persons/", headers=headers).status_code == 200
    assert "person:write" in client.http.delete("/persons/1/", headers=headers).json()["detail"]
    client.box.revoke_key(reader)
    assert client.http.get("/persons/", headers=headers).status_code == 401


def test_operations_without_a_scope(start: Start) -> None:
    assert start(2).get("/persons/1/properties_timeline/").status_code == 200
    client = start(2, unscoped="refuse")
    assert client.get("/persons/1/properties_timeline/").status_code == 403
    answer = client.http.post("/insights/timing/", json={})
    assert answer.json()["code"] == "permission_denied"


def test_projects(odd: Client) -> None:
    headers = {"Authorization": f"Bearer {odd.box.api_key}"}
    for path in ("/api/projects/", "/api/projects"):
        body = httpx.get(odd.box.host + path, headers=headers).json()
        assert [project["id"] for project in body["results"]] == [12345]
    assert httpx.get(f"{odd.box.host}/api/projects/@current/", headers=headers).json()["id"] == 12345
    assert httpx.get(f"{odd.box.host}/api/users/@me/", headers=headers).json()["team"]["id"] == 12345
    for project in ("@current", "12345"):
        for prefix in ("environments", "projects"):
            for slash in ("", "/"):
                url = f"{odd.box.host}/api/{prefix}/{project}/persons{slash}"
                assert httpx.get(url, headers=headers, params={"limit": 1}).status_code == 200
    assert httpx.get(f"{odd.box.host}/api/projects/54321/persons/", headers=headers).status_code == 404


def test_one_prefix_alone(start: Start) -> None:
    assert start(1, prefixes="projects", prefix="environments").get("/persons/").status_code == 404
    assert start(1, prefixes="environments", prefix="environments").get("/persons/").status_code == 200


def test_redirect_to_the_twin(start: Start) -> None:
    client = start(3, redirect=True, prefix="environments")
    answer = client.get("/persons/", limit=2)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{client.box.host}/api/projects/12345/persons/?limit=2"
    answer = client.http.patch("/persons/1/", json={"properties": {}}, follow_redirects=True)
    assert answer.status_code == 202


def test_nothing_here_and_not_so(odd: Client) -> None:
    answer = odd.get("/nothing/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = odd.http.post("/persons/1/", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, PATCH, PUT, DELETE"
    for accept, status in (("text/html", 406), ("text/html,*/*", 200), ("", 406), ("application/*;q=0.1", 200)):
        assert odd.http.get("/persons/", headers={"Accept": accept}).status_code == status
    assert odd.get("/persons/", format="xml").status_code == 404
    answer = odd.http.get("/persons/", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert odd.get("/persons//activity/").status_code == 404
    assert odd.http.head("/persons/").status_code == 200


@pytest.mark.parametrize("era", ["2025", "2026", "2026-09"])
def test_rates(start: Start, era: str) -> None:
    client = start(3, era=era, rates={"persons": "3/hour", "deletes": [(1, 60.0)]})
    assert [client.get("/persons/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/persons/1/")
    assert set(answer.json()) == BODY
    assert (answer.json()["type"], answer.json()["code"]) == ("throttled_error", "throttled")
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    assert client.http.delete("/persons/1/").status_code == 202
    assert client.http.delete("/persons/2/").status_code == 429
    assert client.http.post("/insights/timing/", json={}).status_code == 201
    other = {"Authorization": f"Bearer {client.box.add_key()}"}
    assert client.http.get("/persons/", headers=other).status_code == 200


def test_documented_rates(start: Start) -> None:
    client = start(1, rates=True)
    seen = [client.get("/persons/", limit=1).status_code for _ in range(181)]
    assert seen == [200] * 180 + [429]
    assert client.http.post("/insights/timing/", json={}).status_code == 201


@pytest.mark.parametrize(
    ("era", "together"),
    [("2025", "insights query"), ("2026", "persons insights query"), ("2026-09", "persons insights")],
)
def test_buckets_that_count_together(start: Start, era: Any, together: str) -> None:
    rates = dict.fromkeys(("persons", "insights", "query", "deletes"), "4/min")
    asked: dict[str, Callable[[Client], httpx.Response]] = {
        "persons": lambda client: client.get("/persons/", limit=1),
        "insights": lambda client: client.http.post("/insights/timing/", json={}),
        "query": lambda client: client.get("/query/nobodys/"),
    }
    for first, request in asked.items():
        client = start(1, rates=rates, era=era)
        seen = [request(client).status_code for _ in range(5)]
        assert [status == 429 for status in seen] == [False] * 4 + [True]
        for other in asked.keys() - {first}:
            shared = {first, other} <= set(together.split())
            assert (asked[other](client).status_code == 429) is shared, (era, first, other)
        assert client.http.delete("/persons/1/").status_code == 202


def test_an_hour_counts_only_what_has_a_limit_of_an_hour() -> None:
    now = [0.0]
    rates = {"persons": ((2, 60.0),), "insights": ((2, 60.0), (3, 3600.0))}
    throttle = Throttle(rates, shared=("persons", "insights"), clock=lambda: now[0])
    for now[0] in (0.0, 100.0, 200.0, 300.0):
        throttle.take("a", "persons")
    throttle.take("a", "insights")
    with pytest.raises(Problem) as refused:
        throttle.take("a", "persons")
    assert refused.value.headers == {"Retry-After": "60"}
    for now[0] in (400.0, 500.0):
        throttle.take("a", "insights")
    now[0] = 600.0
    with pytest.raises(Problem) as refused:
        throttle.take("a", "insights")
    assert refused.value.headers == {"Retry-After": "3300"}


def test_what_is_documented_for_queries() -> None:
    assert {era: DOCUMENTED[era]["query"] for era in ERAS} == {
        "2025": ((240, 60.0), (1200, 3600.0)),
        "2026": ((240, 60.0), (1200, 3600.0)),
        "2026-09": ((240, 60.0), (2400, 3600.0)),
    }


def test_the_throttle_slides() -> None:
    now = [0.0]
    throttle = Throttle({"persons": ((2, 10.0), (3, 100.0))}, shared=(), clock=lambda: now[0])
    throttle.take("a", "persons")
    now[0] = 4.5
    throttle.take("a", "persons")
    with pytest.raises(Problem) as refused:
        throttle.take("a", "persons")
    assert refused.value.headers == {"Retry-After": "6"}
    now[0] = 10.0
    throttle.take("a", "persons")
    with pytest.raises(Problem) as refused:
        throttle.take("a", "persons")
    assert refused.value.headers == {"Retry-After": "90"}
    throttle.take("b", "persons")
    throttle.take("a", "insights")

"""Faults that are ordered: `Sandbox.fail_next`, as the bare HTTP client and as our own sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from posthog_environments import (
    Environment,
    NotFoundError,
    OutcomeUnknown,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from posthog_environments.sandbox import Sandbox, SandboxArgumentError, SandboxError
from tests.sandbox.conftest import Client, Start


@pytest.fixture
def client(start: Start) -> Client:
    return start(5, lag=0)


@pytest.fixture
def env(client: Client) -> Iterator[Environment]:
    box = client.box
    with Environment(box.project_id, api_key=box.api_key, host=box.host, pacing=False, timeout=20) as env:
        yield env


def statuses(client: Client, count: int) -> list[int]:
    return [client.get("/persons/1/").status_code for _ in range(count)]


def test_one_request_fails(client: Client) -> None:
    client.box.fail_next(503)
    assert statuses(client, 3) == [503, 200, 200]


@pytest.mark.parametrize("times", [0, 1, 3])
def test_as_many_as_were_ordered(client: Client, times: int) -> None:
    client.box.fail_next(500, times=times)
    assert statuses(client, 4) == [500] * times + [200] * (4 - times)


def test_faults_wait_in_order(client: Client) -> None:
    client.box.fail_next(500, times=2)
    client.box.fail_next(404)
    client.box.fail_next(429, retry_after=3)
    assert statuses(client, 5) == [500, 500, 404, 429, 200]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 429, 499, 500, 502, 503, 504, 512, 520, 599])
def test_the_body_is_an_error_of_the_api(client: Client, status: int) -> None:
    client.box.fail_next(status)
    answer = client.get("/persons/1/")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert "retry-after" not in answer.headers
    body = answer.json()
    assert body.keys() == {"type", "code", "detail", "attr"}
    assert all(body[name] for name in ("type", "code", "detail"))
    assert body["attr"] is None


@pytest.mark.parametrize("seconds", [0, 1, 86400])
def test_the_header_retry_after(client: Client, seconds: int) -> None:
    client.box.fail_next(429, retry_after=seconds)
    assert client.get("/persons/1/").headers["retry-after"] == str(seconds)


def test_a_page_of_a_proxy(client: Client) -> None:
    client.box.fail_next(502, html=True, retry_after=7)
    answer = client.get("/persons/1/")
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"] == "7"
    assert answer.text.startswith("<html>")


def test_nothing_is_carried_out(client: Client) -> None:
    client.box.fail_next(504)
    assert client.http.delete("/persons/1/").status_code == 504
    assert client.get("/persons/1/").status_code == 200


def test_it_is_carried_out_and_the_answer_lost(client: Client) -> None:
    client.box.fail_next(504, after=True)
    assert client.http.delete("/persons/1/").status_code == 504
    assert client.get("/persons/1/").status_code == 404


def test_a_refusal_stands_where_the_answer_would_be_lost(client: Client) -> None:
    client.box.fail_next(504, times=2, after=True)
    assert client.get("/persons/99/").status_code == 404
    assert statuses(client, 2) == [504, 200]


def test_keys_and_limits_are_left_out_of_it(start: Start) -> None:
    client = start(5, rates={"persons": "1/min"})
    client.box.fail_next(503, times=2)
    assert client.get("/persons/1/", personal_api_key="wrong").status_code == 503
    assert client.http.get("/persons/1/", headers={"Authorization": "Bearer wrong"}).status_code == 503
    assert statuses(client, 2) == [200, 429]


def test_with_after_keys_and_limits_are_looked_at(start: Start) -> None:
    client = start(5, rates={"persons": "1/min"})
    client.box.fail_next(503, times=3, after=True)
    assert client.http.get("/persons/1/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert statuses(client, 2) == [503, 429]


def test_only_requests_to_the_api_count(client: Client) -> None:
    client.box.fail_next(500)
    with httpx.Client(base_url=client.box.host) as plain:
        assert plain.get("/_health").status_code == 200
        assert plain.get("/").status_code == 200
        preflight = {"Origin": "http://localhost", "Access-Control-Request-Method": "GET"}
        assert plain.options("/api/projects/", headers=preflight).status_code == 200
        assert plain.get("/api/projects/").status_code == 500


def test_requests_at_once_get_one_each(client: Client) -> None:
    client.box.fail_next(500, times=6)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(statuses(client, 1)[0])) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [200] * 4 + [500] * 6


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"status": 399}, "status"),
        ({"status": 600}, "status"),
        ({"status": "500"}, "status"),
        ({"status": True}, "status"),
        ({"status": 500, "times": -1}, "times"),
        ({"status": 500, "times": 1.5}, "times"),
        ({"status": 500, "times": 10**9}, "times"),
        ({"status": 429, "retry_after": -1}, "retry_after"),
        ({"status": 429, "retry_after": 86401}, "retry_after"),
        ({"status": 429, "retry_after": "soon"}, "retry_after"),
    ],
)
def test_what_cannot_be_ordered(client: Client, arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(SandboxArgumentError, match=named):
        client.box.fail_next(**arguments)
    assert statuses(client, 1) == [200]


def test_it_must_run() -> None:
    box = Sandbox(persons=1)
    with pytest.raises(SandboxError):
        box.fail_next(500)
    with box:
        box.fail_next(500, times=5)
    with pytest.raises(SandboxError):
        box.fail_next(500)
    with box, Environment(box.project_id, api_key=box.api_key, host=box.host, retries=0) as env:
        assert env.persons.get(1).uuid  # what was ordered before has gone with the server


def test_the_client_tries_again(client: Client, env: Environment) -> None:
    client.box.fail_next(503, times=2, retry_after=0)
    assert env.persons.get(1).uuid
    client.box.fail_next(429, retry_after=0)
    assert env.persons.update(1, {"plan": "x"}) is None
    client.box.settle()
    assert env.persons.get(1).properties["plan"] == "x"
    client.box.fail_next(502, html=True)
    assert env.persons.get(1).uuid


def test_the_client_gives_up(client: Client, env: Environment) -> None:
    once = env.with_options(retries=0)
    client.box.fail_next(500)
    with pytest.raises(ServerError) as failed:
        once.persons.get(1)
    assert (failed.value.status_code, failed.value.code) == (500, "error")
    client.box.fail_next(502, html=True)
    with pytest.raises(ServerError) as failed:
        once.persons.get(1)
    assert failed.value.status_code == 502
    client.box.fail_next(429, retry_after=5)
    with pytest.raises(RateLimitError) as limited:
        once.persons.get(1)
    assert limited.value.retry_after == 5
    client.box.fail_next(403)
    with pytest.raises(PermissionDeniedError):
        env.persons.get(1)


@pytest.mark.parametrize("after", [False, True])
def test_the_outcome_of_a_change_is_unknown(client: Client, env: Environment, after: bool) -> None:
    client.box.fail_next(504, times=2, after=after)
    with pytest.raises(OutcomeUnknown):
        env.persons.update(2, {"plan": "new"})
    assert statuses(client, 2) == [504, 200]  # it was not tried again: one fault is left
    client.box.settle()
    assert (env.persons.get(2).properties.get("plan") == "new") is after


def test_a_delete_is_tried_again_and_found_done(client: Client, env: Environment) -> None:
    client.box.fail_next(504, after=True)
    env.persons.delete(3)
    with pytest.raises(NotFoundError):
        env.persons.get(3)

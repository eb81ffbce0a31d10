"""A request to any path: it goes where it should and nowhere else, and is cared for like every other call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from posthog_environments import (
    AsyncEnvironment,
    BadRequestError,
    ConfigurationError,
    DeadlineExceeded,
    Environment,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknown,
    PostHogError,
    RateLimitError,
    RedirectError,
    ServerError,
    TransportError,
)
from posthog_environments.sandbox import Sandbox

from .stub import Asked, Reply, serve
from .wire import Wire, hang_up, http

KEY = "phx_requestKeyThatNobodyMaySee"


def asked(
    host: str, *arguments: Any, awaiting: bool = False, options: dict[str, Any] | None = None, **named: Any
) -> Any:
    """Make one request on one of the clients."""
    options = {"api_key": KEY, "host": host, "pacing": False, "retries": 2, **(options or {})}
    if not awaiting:
        with Environment(1, **options) as env:
            env._context.client.random = lambda: 0.0
            return env.request(*arguments, **named)

    async def main() -> Any:
        async with AsyncEnvironment(1, **options) as env:
            env._context.client.random = lambda: 0.0
            return await env.request(*arguments, **named)

    return asyncio.run(main())


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def awaiting(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def always(status: int, body: Any = None, **headers: str) -> Callable[[Asked], Reply]:
    return lambda asked: (status, {} if body is None else body, headers)


# ------------------------------------------------------------------------------------------------------- where it goes


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", "/api/environments/1/"),
        ("cohorts/", "/api/environments/1/cohorts/"),
        ("persons/42/", "/api/environments/1/persons/42/"),
        ("/api/users/@me/", "/api/users/@me/"),
        ("/api/environments/2/persons/", "/api/environments/2/persons/"),
        ("feature_flags/a b/é/", "/api/environments/1/feature_flags/a%20b/%C3%A9/"),
        ("x/a%2Fb/", "/api/environments/1/x/a%2Fb/"),
        ("x/...a/.b/", "/api/environments/1/x/...a/.b/"),
    ],
)
def test_it_goes_to_the_path(path: str, sent: str, awaiting: bool) -> None:
    with Wire(http(body=b'{"a": 1}')) as wire:
        found = asked(wire.host, "get", path, awaiting=awaiting)
    assert wire.lines() == [f"GET {sent} HTTP/1.1"]
    assert (found.status_code, found.json(), found.parse(), found.attempts) == (200, {"a": 1}, {"a": 1}, 1)


def test_query_and_body_go_out_as_given(awaiting: bool) -> None:
    params = {"a": [1, "b"], "on": True, "off": None, "day": date(2026, 1, 31), "text": "é&"}
    with serve(always(201, {"id": 1})) as (host, seen):
        found = asked(host, "POST", "x/", params=params, json={"when": date(2026, 1, 31)}, awaiting=awaiting)
    assert seen[0].query == "a=1&a=b&on=true&day=2026-01-31&text=%C3%A9%26"
    assert (seen[0].method, seen[0].body) == ("POST", {"when": "2026-01-31"})
    assert found.status_code == 201


@pytest.mark.parametrize("body", [[1, 2], "text", 0, False])
def test_a_body_is_any_json(body: object) -> None:
    with Wire(http()) as wire:
        asked(wire.host, "PUT", "x/", json=body)
    assert wire.requests[0].endswith(b"\r\n\r\n" + json.dumps(body, separators=(",", ":")).encode())


def test_a_server_behind_a_prefix_keeps_it() -> None:
    with Wire(http()) as wire:
        asked(f"{wire.host}/posthog", "GET", "/api/users/@me/")
    assert wire.lines() == ["GET /posthog/api/users/@me/ HTTP/1.1"]


def test_it_goes_to_the_prefix_in_use() -> None:
    with Wire(http()) as wire:
        asked(wire.host, "GET", "cohorts/", options={"prefix": "projects"})
    assert wire.lines() == ["GET /api/projects/1/cohorts/ HTTP/1.1"]


REFUSED = [
    *("https://evil.example/api/", "http://127.0.0.1/api/", "//evil.example/api/", "https:evil", "\\\\evil.example"),
    *("/\\evil.example/api/", "/", "/login/", "/api", "/apix/", "/API/x/", "javascript:alert(1)", "file:///etc/passwd"),
    *("../2/persons/", "persons/../../2/", "persons/..", "./persons/", "persons/./", "/api/../login/", "/api/.."),
    *("persons/%2e%2e/x/", "persons/%2E./x/", "persons/.%2e/", "%2e%2e/%2e%2e/", "persons/..%2f..%2fx/", "x/%2e/"),
    *("persons/%252e%252e/x/", "x/%25252e%25252e/", "x/..;/y/", "x/..;a=b/y/", "x/%2e%2e%3b/y/", "x/.. /y/"),
    *("x\\..\\y/", "x/%5c..%5cy/", "x/\r\nHost: evil/", "x/%0d%0aHost:evil/", "x/\x00/", "x/%00/", "x/\x7f/"),
    *("persons//42/", "persons/%2F%2Fevil/", "/api//evil.example/", "persons/?a=1", "persons/#a", "x/%/", "x/%zz/"),
    *("x/\ud800/", "x/%" + "25" * 9 + "2e/"),
]  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_what_leads_elsewhere_is_refused_with_a_remedy_and_nothing_is_sent(path: str, awaiting: bool) -> None:
    with Wire(http()) as wire, pytest.raises(ConfigurationError) as caught:
        asked(wire.host, "GET", path, awaiting=awaiting)
    assert wire.requests == []
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint
    assert str(caught.value).endswith(caught.value.hint)


@pytest.mark.parametrize("method", ["", "FETCH", "GET ", "GET\r\nX: y", "CONNECT", "TRACE", "gét"])
def test_a_method_that_the_api_has_not_is_refused(method: str) -> None:
    with Wire(http()) as wire, pytest.raises(ConfigurationError, match="Give one of GET"):
        asked(wire.host, method, "x/")
    assert wire.requests == []


@pytest.mark.parametrize(
    ("arguments", "named", "kind"),
    [
        ((5, "x/"), {}, TypeError),
        (("GET", 5), {}, TypeError),
        (("GET", "x/"), {"params": "a=1"}, TypeError),
        (("GET", "x/"), {"params": {"a": {"b": 1}}}, TypeError),
        (("GET", "x/"), {"params": {"a": [[1]]}}, TypeError),
        (("GET", "x/"), {"json": {"a": 1}}, ValueError),
        (("POST", "x/"), {"json": {"a": {1, 2}}}, TypeError),
        (("POST", "x/"), {"json": {"a": float("nan")}}, ValueError),
        (("POST", "x/"), {"json": "x" * 200, "options": {"max_body": 100}}, ValueError),
        (("POST", "x/"), {"repeat": 1}, TypeError),
        (("GET", "x/"), {"timeout": 0}, ValueError),
    ],
)
def test_what_is_no_such_argument_is_refused(
    arguments: tuple[Any, ...], named: dict[str, Any], kind: type[Exception]
) -> None:
    with Wire(http()) as wire, pytest.raises(kind):
        asked(wire.host, *arguments, **named)
    assert wire.requests == []


def test_the_next_link_of_an_answer_is_not_followed() -> None:
    moved = always(302, {}, location="https://evil.example/api/")
    with serve(moved) as (host, seen), pytest.raises(RedirectError):
        asked(host, "GET", "x/")
    assert len(seen) == 1


# ------------------------------------------------------------------------------------------------- how it is cared for


@pytest.mark.parametrize(
    ("method", "repeat", "sends", "ends"),
    [
        ("GET", None, 2, None),
        ("HEAD", None, 2, None),
        ("DELETE", None, 2, None),
        ("POST", None, 1, OutcomeUnknown),
        ("PUT", None, 1, OutcomeUnknown),
        ("PATCH", None, 1, OutcomeUnknown),
        ("POST", True, 2, None),
        ("PUT", True, 2, None),
        ("DELETE", True, 2, None),
        ("GET", False, 1, OutcomeUnknown),
        ("DELETE", False, 1, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("fault", ["connection", 502])
def test_after_a_doubtful_fault(
    method: str, repeat: bool | None, sends: int, ends: type[Exception] | None, fault: object, awaiting: bool
) -> None:
    good = http(200, b"") if method == "HEAD" else http()
    first = hang_up if fault == "connection" else http(502, b"")
    with Wire(first, good) as wire:
        if ends is None:
            assert asked(wire.host, method, "x/", repeat=repeat, awaiting=awaiting).attempts == sends
        else:
            with pytest.raises(ends, match="Look at what it is to change before you try again"):
                asked(wire.host, method, "x/", repeat=repeat, awaiting=awaiting)
    assert len(wire.requests) == sends


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_is_repeated_whatever_was_asked(status: int) -> None:
    with Wire(http(status, b"{}", "Retry-After: 0"), http()) as wire:
        assert asked(wire.host, "POST", "x/").attempts == 2


def test_a_fault_that_does_not_pass_ends_as_ever() -> None:
    with serve(always(500)) as (host, seen):
        with pytest.raises(ServerError):
            asked(host, "GET", "x/")
        assert len(seen) == 3
        with pytest.raises(ServerError):
            asked(host, "POST", "x/", repeat=True)
        with pytest.raises(OutcomeUnknown):
            asked(host, "DELETE", "x/")
    with Wire(hang_up) as wire, pytest.raises(TransportError):
        asked(wire.host, "GET", "x/")


def test_a_delete_that_an_earlier_attempt_did_is_done() -> None:
    """As for persons; where events were to go too, nobody knows."""
    with Wire(http(), hang_up, http(404, b"{}")) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        env._context.client.random = lambda: 0.0
        env.request("GET", "persons/")
        assert env.request("DELETE", "cohorts/7/").status_code == 404
    with Wire(http(), hang_up, http(404, b"{}")) as wire, Environment(1, api_key=KEY, host=wire.host) as env:
        env._context.client.random = lambda: 0.0
        env.request("GET", "persons/")
        with pytest.raises(OutcomeUnknown, match="events"):
            env.request("DELETE", "persons/7/", params={"delete_events": True})


def test_a_query_that_costs_is_not_repeated() -> None:
    with serve(always(504)) as (host, seen):
        with pytest.raises(ServerError):
            asked(host, "POST", "query/", json={"query": {}}, repeat=True)
        assert len(seen) == 1


def test_the_deadline_holds(awaiting: bool) -> None:
    from .wire import silence

    with Wire(silence) as wire, pytest.raises(DeadlineExceeded):
        asked(wire.host, "GET", "x/", timeout=0.3, awaiting=awaiting)


def test_errors_are_those_of_the_tree(awaiting: bool) -> None:
    refusal = always(400, {"detail": "No.", "code": "invalid"})
    with serve(refusal) as (host, _), pytest.raises(BadRequestError) as caught:
        asked(host, "POST", "x/", json={}, awaiting=awaiting)
    assert (caught.value.code, str(caught.value)) == ("invalid", "request: 400, No.")
    with serve(always(200, b"x" * 200)) as (host, _), pytest.raises(MalformedResponseError):
        asked(host, "GET", "x/", options={"max_body": 100}, awaiting=awaiting)


def test_what_is_no_json_is_had_as_bytes() -> None:
    with serve(lambda asked: (200, b"a,b\r\n", {"content-type": "text/csv"})) as (host, _):
        found = asked(host, "GET", "x/")
    assert found.content == b"a,b\r\n"
    with pytest.raises(MalformedResponseError):
        found.json()
    with pytest.raises(MalformedResponseError):
        found.parse()


@pytest.mark.parametrize("status", [200, 204])
def test_nothing_reads_none(status: int) -> None:
    with Wire(http(status, b"")) as wire:
        found = asked(wire.host, "DELETE", "x/")
    assert (found.content, found.parse()) == (b"", None)


# ------------------------------------------------------------------------------------------------ prefix and buckets


def test_its_404_never_moves_the_prefix(awaiting: bool) -> None:
    """Neither by itself nor by what its headers say; and it is not tried at the twin."""
    link = {"link": '</api/projects/1/nowhere/>; rel="successor-version"', "deprecation": "true"}
    with serve(always(404, {}, **link)) as (host, seen):
        with pytest.raises(NotFoundError) as caught:
            asked(host, "GET", "nowhere/", awaiting=awaiting)
        assert [each.path for each in seen] == ["environments/1/nowhere/"]
        assert "/api/" not in str(caught.value)
    with (
        serve(lambda asked: (404, {}, link if "nowhere" in asked.path else {})) as (host, seen),
        Environment(1, api_key=KEY, host=host) as env,
    ):
        with pytest.raises(NotFoundError):
            env.request("GET", "nowhere/")
        assert env.prefix == "environments"
        with pytest.raises(NotFoundError):
            env.persons.get(7)
        # What is known of the prefix is what was known before: nothing.
        assert [each.path for each in seen][1:] == ["environments/1/persons/7/", "projects/1/persons/7/"]


def test_a_success_tells_of_the_prefix_as_any_does() -> None:
    link = {"link": '</api/projects/1/cohorts/>; rel="successor-version"', "deprecation": "true"}
    with serve(always(200, {}, **link)) as (host, seen), Environment(1, api_key=KEY, host=host) as env:
        env.request("GET", "cohorts/")
        env.request("GET", "cohorts/")
    assert [each.path for each in seen] == ["environments/1/cohorts/", "projects/1/cohorts/"]


@pytest.mark.parametrize(
    ("method", "path", "bucket"),
    [
        ("GET", "persons/", "persons"),
        ("PATCH", "persons/42/", "persons"),
        ("POST", "persons/42/delete_property/", "persons"),
        ("GET", "/api/projects/2/persons/", "persons"),
        ("GET", "%70ersons/", "persons"),
        ("POST", "insights/trend/", "persons"),
        ("DELETE", "persons/42/", "deletes"),
        ("POST", "persons/bulk_delete/", "deletes"),
        ("POST", "query/", "query"),
        ("GET", "query/abc/", "query"),
        ("GET", "cohorts/7/persons/", "general"),
        ("DELETE", "cohorts/7/", "general"),
        ("GET", "/api/users/@me/", "general"),
        ("GET", "/api/projects/", "general"),
        ("GET", "", "general"),
    ],
)
def test_it_counts_in_the_bucket_of_its_path(method: str, path: str, bucket: Any) -> None:
    """When that bucket is closed it waits, and when all others are it does not."""
    from posthog_environments.ratelimit.limiter import BUCKETS

    with Wire(http()) as wire, Environment(1, api_key=KEY, host=wire.host, max_wait=0) as env:
        client = env._context.client
        for other in set(BUCKETS) - {bucket}:
            client.quota.refuse(other, 60.0)
        env.request(method, path)
        client.quota.refuse(bucket, 60.0)
        with pytest.raises(RateLimitError):
            env.request(method, path)
    assert len(wire.requests) == 1


def test_at_most_three_queries_are_in_flight() -> None:
    import threading

    gate, most, now, lock = threading.Event(), [0], [0], threading.Lock()

    def answer(asked: Asked) -> Reply:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] >= 3:
                gate.set()
        gate.wait(5)
        with lock:
            now[0] -= 1
        return 200, {}

    with serve(answer) as (host, seen), Environment(1, api_key=KEY, host=host) as env:
        threads = [threading.Thread(target=env.request, args=("POST", "query/")) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(seen), most[0]) == (6, 3)


def test_against_the_sandbox() -> None:
    with (
        Sandbox(persons=20, rates=False, lag=0) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        page = env.request("GET", "persons/", params={"limit": 3})
        assert len(page.json()["results"]) == 3
        uuid = page.json()["results"][0]["uuid"]
        assert env.request("PATCH", f"persons/{uuid}/", json={"properties": {"a": 1}}).status_code in (200, 202)
        assert env.persons.get(uuid).properties["a"] == 1
        assert env.request("DELETE", f"persons/{uuid}/").status_code in (202, 204)
        with pytest.raises(PostHogError):
            env.request("GET", "nothing/")

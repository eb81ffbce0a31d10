"""Headers of one call: they go out, and never in the place of what only the client may say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from posthog_environments import AsyncEnvironment, ConfigurationError, Environment

from .stub import Asked, Reply, serve
from .wire import Wire, http

KEY = "phx_headersKeyThatNobodyMaySee"
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"

CALLS: dict[str, Any] = {
    "persons.list": lambda env, **more: env.persons.list(**more).first(),
    "persons.get": lambda env, **more: env.persons.get(7, **more),
    "persons.update": lambda env, **more: env.persons.update(7, {"a": 1}, **more),
    "persons.delete": lambda env, **more: env.persons.delete(7, **more),
    "persons.activity": lambda env, **more: env.persons.activity(7, **more).first(),
    "persons.delete_property": lambda env, **more: env.persons.delete_property(7, "a", **more),
    "persons.properties_timeline": lambda env, **more: env.persons.properties_timeline(7, **more),
    "persons.csv": lambda env, **more: "".join(env.persons.csv(**more)),
    "persons.deletion_status": lambda env, **more: env.persons.deletion_status(**more).first(),
    "insights.trend": lambda env, **more: env.insights.trend(events="a", **more),
    "insights.get_trend": lambda env, **more: env.insights.get_trend(events="a", **more),
    "insights.trend_csv": lambda env, **more: "".join(env.insights.trend_csv(events="a", **more)),
    "insights.timing": lambda env, **more: env.insights.timing(name="a", **more),
    "raw": lambda env, **more: env.with_raw_response.persons.get(7, **more),
    "request": lambda env, **more: env.request("POST", "x/", json={}, **more),
}


def answer(asked: Asked) -> Reply:
    person = {"uuid": UUID, "id": 7}
    if asked.endpoint.startswith("insights/trend") or "query" in asked.endpoint:
        return 200, {"result": []}
    if asked.endpoint.endswith("timeline/"):
        return 200, {"points": [], "crucial_property_keys": []}
    return 200, {**person, "results": [], "next": None}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_takes_them(name: str) -> None:
    with serve(answer) as (host, seen), Environment(1, api_key=KEY, host=host) as env:
        CALLS[name](env, extra_headers={"X-Trace-Id": "t-1"})
        CALLS[name](env)
    assert [each.headers.get("X-Trace-Id") for each in seen] == ["t-1", None]
    assert {each.headers["Authorization"] for each in seen} == {f"Bearer {KEY}"}


def test_each_request_of_a_call_has_them() -> None:
    """Pages, retries, the twin, and the other endpoint of a trend."""
    person = b'{"uuid": "%s"}' % UUID.encode()
    wire = Wire(http(404, b"{}"), http(503, b"{}", "Retry-After: 0"), http(body=person))
    with wire, Environment(1, api_key=KEY, host=wire.host) as env:
        env.persons.get(7, extra_headers={"X-Trace-Id": "t-1"})
    assert len(wire.requests) == 3
    assert all(b"X-Trace-Id: t-1" in request for request in wire.requests)
    gone = serve(lambda asked: (404, {}) if "trend" in asked.path else (200, {"results": []}))
    with gone as (host, seen), Environment(1, api_key=KEY, host=host) as env:
        env.insights.trend(events="a", extra_headers={"X-Trace-Id": "t-1"})
    assert [each.headers["X-Trace-Id"] for each in seen] == ["t-1", "t-1"]


def test_they_take_the_place_of_the_clients_own() -> None:
    with serve(answer) as (host, seen):

        async def main() -> None:
            async with AsyncEnvironment(1, api_key=KEY, host=host) as env:
                await env.persons.update(7, {"a": 1}, extra_headers={"accept": "text/x", "USER-AGENT": "mine/1"})

        asyncio.run(main())
    names = [name.lower() for name in seen[0].headers]
    assert len(names) == len(set(names))
    headers = {name.lower(): value for name, value in seen[0].headers.items()}
    assert (headers["accept"], headers["user-agent"]) == ("text/x", "mine/1")
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("headers", "kind", "said"),
    [
        ({"Authorization": "Bearer x"}, ConfigurationError, "Give the key as api_key"),
        ({"aUTHORIZATION": "Bearer x"}, ConfigurationError, "Give the key as api_key"),
        ({"host": "evil.example"}, ConfigurationError, "only the client may set"),
        ({"Content-Length": "5"}, ConfigurationError, "only the client may set"),
        ({"Transfer-Encoding": "chunked"}, ConfigurationError, "only the client may set"),
        ({"Accept-Encoding": "br"}, ConfigurationError, "only the client may set"),
        ({"X-A": "b\r\nAuthorization: c"}, ConfigurationError, "Encode it first"),
        ({"X-A": "b\n"}, ConfigurationError, "Encode it first"),
        ({"X-A": "é"}, ConfigurationError, "Encode it first"),
        ({"X-A\r\nHost": "b"}, ConfigurationError, "invalid header name"),
        ({"Authorization ": "b"}, ConfigurationError, "invalid header name"),
        ({"": "b"}, ConfigurationError, "invalid header name"),
        ({"X-A": 5}, TypeError, "must map str to str"),
        ({5: "a"}, TypeError, "must map str to str"),
        ("X-A: b", TypeError, "must be a mapping"),
    ],
)
def test_what_only_the_client_may_say_is_refused_and_nothing_is_sent(
    name: str, headers: Any, kind: type[Exception], said: str
) -> None:
    with (
        serve(answer) as (host, seen),
        Environment(1, api_key=KEY, host=host) as env,
        pytest.raises(kind, match=said),
    ):
        CALLS[name](env, extra_headers=headers)
    assert seen == []

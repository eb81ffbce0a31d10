"""Where trends are asked for, and what becomes of the question there: against a loopback server of recorded shapes."""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest

from posthog_environments import (
    APIStatusError,
    AsyncEnvironment,
    BadRequestError,
    ConfigurationError,
    DeadlineExceeded,
    Environment,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    Trend,
)
from posthog_environments.results.trend_answers import TrendWarning
from tests.client.stub import Asked, Reply, serve

ABSENT = {"type": "invalid_request", "code": "not_found", "detail": "Not found.", "attr": None}
CLOSED = {
    "type": "authentication_error",
    "code": "permission_denied",
    "detail": "Legacy insight endpoints are not available for this user.",
    "attr": None,
}
SCOPE = {
    "type": "authentication_error",
    "code": "permission_denied",
    "detail": "API key missing required scope 'query:read'",
    "attr": None,
}
ROW = {
    "label": "a",
    "count": 3.0,
    "data": [1, 2],
    "days": ["2026-01-01", "2026-01-02"],
    "labels": ["1-Jan-2026", "2-Jan-2026"],
    "action": {"id": "a", "type": "events", "order": 0, "name": "a"},
}
LEGACY = {"result": [ROW], "timezone": "UTC", "is_cached": False, "last_refresh": "2026-01-03T00:00:00Z", "next": None}
QUERY = {
    "results": [ROW],
    "hasMore": False,
    "error": "",
    "query_status": None,
    "timezone": "UTC",
    "is_cached": False,
    "last_refresh": "2026-01-03T00:00:00Z",
    "timings": [],
    "modifiers": None,
}


def status(**fields: Any) -> dict[str, Any]:
    return {
        "query_status": {
            "id": "q 1",
            "query_async": True,
            "complete": False,
            "error": False,
            "error_message": None,
            "error_code": None,
            "results": None,
            **fields,
        }
    }


def at(
    legacy: Reply | Callable[[Asked], Reply] = (404, ABSENT), query: Reply | Callable[[Asked], Reply] = (404, ABSENT)
) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        found = legacy if asked.endpoint.startswith("insights/trend/") else query
        return found(asked) if callable(found) else found

    return answer


def client(host: str, **settings: Any) -> Environment:
    return Environment(1, **{"api_key": "phx_test", "host": host, "retries": 0, **settings})


@contextmanager
def asking(answer: Callable[[Asked], Reply], **settings: Any) -> Iterator[tuple[Environment, list[Asked]]]:
    with serve(answer) as (host, seen), client(host, **settings) as env:
        yield env, seen


def endpoints(seen: list[Asked]) -> list[str]:
    return [asked.endpoint for asked in seen]


LEG, QUE = "insights/trend/", "query/"


# ----- which endpoint


@pytest.mark.parametrize(
    ("chosen", "via", "asked"), [("auto", "legacy", LEG), ("legacy", "legacy", LEG), ("query", "query", QUE)]
)
def test_where_it_is_asked(chosen: str, via: str, asked: str) -> None:
    with asking(at((200, LEGACY), (200, QUERY)), trend_api=chosen) as (env, seen):
        trend = env.insights.trend(events="a")
    assert (trend.via, endpoints(seen)) == (via, [asked])
    assert trend[0].data == [1, 2]


def test_both_give_the_same() -> None:
    found: list[Trend] = []
    for chosen in ("legacy", "query"):
        with asking(at((200, LEGACY), (200, QUERY)), trend_api=chosen) as (env, _):
            found.append(env.insights.trend(events="a"))
    for trend in found:
        assert isinstance(trend, Trend)
        assert (trend.timezone, trend.is_cached, trend.next, trend.has_more) == ("UTC", False, None, False)
        assert trend.last_refresh is not None
        assert trend.to_dict()["result"] == found[0].to_dict()["result"]
    assert found[0].result == found[1].result
    assert "results" not in found[1].to_dict()


@pytest.mark.parametrize(
    "name", ["us", "eu", "https://US.posthog.com", "https://eu.posthog.com:443/", "https://app.posthog.com"]
)
def test_the_cloud_is_known_by_its_name(name: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(200, json=QUERY)

    with Environment(1, api_key="phx_x", host=name, transport=httpx.MockTransport(answer)) as env:
        assert env.insights.trend(events="a").via == "query"
    assert [path.rsplit("1/", 1)[1] for path in seen] == [QUE]


@pytest.mark.parametrize("name", ["https://posthog.example.com", "https://us.posthog.com.example.com"])
def test_other_servers_are_asked_the_older_way_first(name: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=LEGACY)

    with Environment(1, api_key="phx_x", host=name, transport=httpx.MockTransport(answer)) as env:
        assert env.insights.trend(events="a").via == "legacy"


@pytest.mark.parametrize("wrong", ["", "Query", "insights", 1, True, ["query"]])
def test_an_unknown_way_is_refused(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match='trend_api must be "auto", "legacy"'):
        client("us", trend_api=wrong)
    monkeypatch.setenv("POSTHOG_TREND_API", "new")
    with pytest.raises(ConfigurationError, match='POSTHOG_TREND_API must be "auto"'):
        client("us")
    client("us", trend_api="legacy").close()


def test_the_way_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_TREND_API", "query")
    with asking(at((200, LEGACY), (200, QUERY))) as (env, _):
        assert env.insights.trend(events="a").via == "query"


# ----- where insights/trend/ is gone


@pytest.mark.parametrize("gone", [(403, CLOSED), (404, ABSENT), (405, {"detail": 'Method "POST" not allowed.'})])
def test_a_server_that_has_it_no_more_is_asked_at_query_from_then_on(gone: Reply) -> None:
    with asking(at(gone, (200, QUERY))) as (env, seen):
        assert env.insights.trend(events="a").via == "query"
        assert env.insights.get_trend(events="a").via == "query"
        assert "".join(env.insights.trend_csv(events="a")) == "series,1-Jan-2026,2-Jan-2026\r\na,1.0,2.0\r\n"
        assert env.with_options(timeout=5).insights.trend(events="a").via == "query"
    assert endpoints(seen) == [LEG, QUE, QUE, QUE, QUE]
    # It says nothing about the prefix.
    assert {asked.path.split("/")[0] for asked in seen} == {"environments"}


@pytest.mark.parametrize(
    ("no", "error"),
    [
        ((400, {"type": "validation_error", "code": "parse_error", "detail": "No."}), BadRequestError),
        ((402, {"type": "quota_limited", "code": "api_queries_quota_exceeded", "detail": "No."}), APIStatusError),
        ((429, {"type": "throttled_error", "code": "throttled", "detail": "No."}), RateLimitError),
    ],
)
def test_a_no_that_shows_that_query_is_there_is_remembered(no: Reply, error: type[APIStatusError]) -> None:
    with asking(at((404, ABSENT), no)) as (env, seen):
        for _ in range(2):
            with pytest.raises(error) as caught:
                env.insights.trend(events="a")
            assert type(caught.value) is error
            assert caught.value.status_code == no[0]
    assert endpoints(seen) == [LEG, QUE, QUE]


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ("auto", ["environments/1/" + LEG, "environments/1/" + QUE, "projects/1/" + QUE, "projects/1/" + LEG]),
        ("legacy", ["environments/1/" + LEG, "projects/1/" + LEG]),
    ],
)
def test_a_server_of_before_2024_is_found_by_a_trend_as_the_first_call(chosen: Any, asked: list[str]) -> None:
    def answer(request: Asked) -> Reply:
        return (200, LEGACY) if request.path == "projects/1/insights/trend/" else (404, ABSENT)

    with asking(answer, trend_api=chosen) as (env, seen):
        assert env.insights.trend(events="a").via == "legacy"
        assert [request.path for request in seen] == asked
        assert env.insights.get_trend(events="a").via == "legacy"
        assert "".join(request.path for request in seen[len(asked) :]) == "projects/1/" + LEG


@pytest.mark.parametrize("chosen", ["auto", "legacy"])
def test_a_project_that_is_nowhere_is_asked_for_once_at_each_place(chosen: Any) -> None:
    with asking(lambda _: (404, ABSENT), trend_api=chosen) as (env, seen):
        with pytest.raises(NotFoundError, match=r"insights\.trend: 404"):
            env.insights.trend(events="a")
        assert len({request.path for request in seen}) == len(seen) == (4 if chosen == "auto" else 2)


@pytest.mark.parametrize("gone", [(403, CLOSED), (404, ABSENT), (405, {"detail": "No."})])
@pytest.mark.parametrize(
    "no", [(401, {"detail": "Who?"}), (403, SCOPE), (404, ABSENT), (405, {"detail": "No."}), (418, {})]
)
def test_a_no_from_both_is_the_first_one_and_names_both(gone: Any, no: Any) -> None:
    with asking(at(gone, no), prefix="environments") as (env, seen):
        for _ in range(2):
            with pytest.raises(APIStatusError) as caught:
                env.insights.trend(events="a")
            assert caught.value.status_code == gone[0]
            said = str(caught.value)
            assert f"insights.trend: {gone[0]}" in said
            assert "2026-09-11" in said
            assert "removed" in said
            assert f"query/, which took its place, was tried too and answered {no[0]}" in said
            assert "trend_api" not in said
            assert "prefix" not in said
            assert ("query:read" in said) == (no[0] == 403)
            assert ("insight:read" in said) == (gone[0] == no[0] == 403)
    assert endpoints(seen) == [LEG, QUE] * 2


def test_a_server_that_fails_at_query_is_not_taken_for_one_without_it() -> None:
    replies: list[Reply] = [(500, {"detail": "Oh."}), (200, QUERY)]
    with asking(at((404, ABSENT), lambda _: replies.pop(0))) as (env, seen):
        with pytest.raises(ServerError):
            env.insights.trend(events="a")
        assert env.insights.trend(events="a").via == "query"
    assert endpoints(seen) == [LEG, QUE, LEG, QUE]


@pytest.mark.parametrize("other", [(401, {"detail": "Who?"}), (400, {"detail": "No."}), (500, {"detail": "Oh."})])
def test_any_other_error_is_no_reason_to_ask_elsewhere(other: Reply) -> None:
    with asking(at(other, (200, QUERY))) as (env, seen), pytest.raises(APIStatusError):
        env.insights.trend(events="a")
    assert endpoints(seen) == [LEG]


def test_what_the_own_quota_refuses_teaches_nothing() -> None:
    with serve(at((200, LEGACY), (200, QUERY))) as (host, seen):
        with client(host, max_wait=0) as env, pytest.raises(RateLimitError) as caught:
            [env.insights.trend(events="a") for _ in range(500)]
        assert caught.value.body is None
        assert set(endpoints(seen)) == {LEG}


@pytest.mark.parametrize("gone", [(403, CLOSED), (404, ABSENT), (405, {"detail": "No."})])
def test_who_insists_on_the_older_one_is_told(gone: Any) -> None:
    with asking(at(gone, (200, QUERY)), trend_api="legacy") as (env, seen), pytest.raises(APIStatusError) as caught:
        env.insights.trend(events="a")
    assert caught.value.status_code == gone[0]
    assert 'trend_api="query"' in str(caught.value)
    assert "2026-09-11" in str(caught.value)
    assert endpoints(seen) == [LEG] * (2 if gone[0] == 404 else 1)


def test_who_insists_on_query_without_its_scope_is_told() -> None:
    with (
        asking(at((200, LEGACY), (403, SCOPE)), trend_api="query") as (env, seen),
        pytest.raises(
            PermissionDeniedError, match=r"Give the key the scope query:read, which query/ needs\.$"
        ) as caught,
    ):
        env.insights.trend(events="a")
    assert caught.value.required_scope == "query:read"
    assert endpoints(seen) == [QUE]


def test_awaiting() -> None:
    async def main(host: str) -> list[str]:
        async with AsyncEnvironment(1, api_key="phx_test", host=host) as env:
            first = await env.insights.trend(events="a")
            second = await env.insights.get_trend(events="a")
            text = "".join([chunk async for chunk in env.insights.trend_csv(events="a")])
            return [first.via, second.via, text]

    with serve(at((404, ABSENT), (200, QUERY))) as (host, seen):
        assert anyio.run(main, host) == ["query", "query", "series,1-Jan-2026,2-Jan-2026\r\na,1.0,2.0\r\n"]
    assert endpoints(seen) == [LEG, QUE, QUE, QUE]


# ----- what is sent to query/


def test_the_body_of_a_query() -> None:
    with asking(at(query=(200, QUERY)), trend_api="query") as (env, seen):
        env.insights.trend(
            events="a", refresh=True, compare_to="-1m", breakdown="plan", breakdown_limit=3, extra_query={"x": 1}
        )
        env.insights.get_trend(events="a", refresh=False, extra_query={"x": 1})
    assert [(asked.method, asked.query) for asked in seen] == [("POST", "x=1")] * 2
    assert seen[0].body == {
        "query": {
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": "a"}],
            "breakdownFilter": {"breakdown": "plan", "breakdown_limit": 3},
            "compareFilter": {"compare": True, "compare_to": "-1m"},
        },
        "refresh": "force_blocking",
    }
    assert seen[1].body == {"query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "a"}]}}


def test_the_same_at_the_older_one() -> None:
    with asking(at((200, LEGACY))) as (env, seen):
        question: dict[str, Any] = {"events": "a", "compare_to": "-1m", "breakdown": ["all", 42], "breakdown_limit": 3}
        env.insights.trend(**question)
        env.insights.get_trend(**question)
    assert seen[0].body == {
        "events": [{"id": "a"}],
        "breakdown": '["all",42]',
        "breakdown_type": "cohort",
        "breakdown_limit": 3,
        "compare": True,
        "compare_to": "-1m",
    }
    address = dict(httpx.QueryParams(seen[1].query))
    assert address == {
        "events": '[{"id":"a"}]',
        "breakdown": '["all",42]',
        "breakdown_type": "cohort",
        "breakdown_limit": "3",
        "compare": "true",
        "compare_to": "-1m",
    }


def test_extras_of_the_body() -> None:
    with serve(at((404, ABSENT), (200, QUERY))) as (host, seen):
        with client(host) as env:
            env.insights.trend(events="a", extra_body={"sampling_factor": 0.1, "smoothing_intervals": 3})
            with pytest.raises(ValueError, match="newer: has no place in a TrendsQuery"):
                env.insights.trend(events="a", extra_body={"newer": 1})
        with client(host, trend_api="query") as env:
            env.insights.trend(events="a", display="ActionsBar", extra_body={"trendsFilter": {"smoothingIntervals": 3}})
            with pytest.raises(ValueError, match=r"trendsFilter\.display"):
                env.insights.trend(events="a", extra_body={"trendsFilter": {"display": "ActionsBar"}})
    assert endpoints(seen) == [LEG, QUE, QUE]
    assert seen[0].body["sampling_factor"] == 0.1
    assert seen[1].body["query"]["samplingFactor"] == 0.1
    assert seen[1].body["query"]["trendsFilter"] == {"smoothingIntervals": 3}
    assert seen[2].body["query"]["trendsFilter"] == {"display": "ActionsBar", "smoothingIntervals": 3}


@pytest.mark.parametrize(
    "question",
    [
        {"interval": "minute"},
        {"display": "Hologram"},
        {"events": {"id": "a", "math_multiplier": 3}},
        {"events": {"id": "a", "math": "sum", "math_property": "n", "math_property_type": "person_properties"}},
    ],
)
def test_what_the_older_one_cannot_say_goes_by_query_alone(question: dict[str, Any]) -> None:
    asked = {"events": "a", **question}
    with serve(at((200, LEGACY), (200, QUERY))) as (host, seen):
        for chosen in ("auto", "legacy"):
            with client(host, trend_api=chosen) as env:
                for call in (env.insights.trend, env.insights.get_trend):
                    with pytest.raises(ValueError, match='trend_api="query"'):
                        call(**asked)
                with pytest.raises(ValueError, match='trend_api="query"'):
                    "".join(env.insights.trend_csv(**asked))
        assert seen == []
        with client(host, trend_api="query") as env:
            assert env.insights.trend(**asked).via == "query"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"compare": False, "compare_to": "-1m"}, "compare=False and compare_to exclude each other"),
        ({"compare_to": "2026-01-01"}, "no time to go back by"),
        ({"breakdown": "name", "breakdown_type": "group"}, "breakdown_group_type_index: missing"),
        ({"breakdown": "name", "breakdown_group_type_index": 5}, "at most 4"),
        ({"breakdown": "name", "breakdown_limit": 0}, "breakdown_limit must be at least 1"),
        ({"breakdown": "plan", "breakdown_type": "cohort"}, "is no cohort"),
        ({"breakdown": [42], "breakdown_type": "person"}, "'cohort' or left out"),
        ({"date_from": "2026-02-01", "date_to": "2026-01-01"}, "lies after"),
        ({"date_from": "-7d", "date_to": "-1m"}, "lies after"),
        ({"extra_body": {"compare": True}}, "repeats compare"),
    ],
)
@pytest.mark.parametrize("chosen", ["legacy", "query"])
def test_bad_input(question: dict[str, Any], said: str, chosen: str) -> None:
    with (
        asking(at((200, LEGACY), (200, QUERY)), trend_api=chosen) as (env, seen),
        pytest.raises(ValueError, match=said),
    ):
        env.insights.trend(events="a", **question)
    assert seen == []


def test_a_breakdown_by_group() -> None:
    asked: dict[str, Any] = {"events": "a", "breakdown": "name", "breakdown_type": "group"}
    with serve(at((200, LEGACY), (200, QUERY))) as (host, seen):
        for chosen in ("legacy", "query"):
            with client(host, trend_api=chosen) as env:
                env.insights.trend(**asked, breakdown_group_type_index=0)
        with client(host) as env:
            env.insights.trend(**asked, extra_body={"breakdown_group_type_index": 1})
            env.insights.get_trend(**asked, extra_query={"breakdown_group_type_index": 1})
    assert seen[0].body["breakdown_group_type_index"] == 0
    assert seen[1].body["query"]["breakdownFilter"]["breakdown_group_type_index"] == 0
    assert seen[2].body["breakdown_group_type_index"] == 1
    assert "breakdown_group_type_index=1" in seen[3].query


# ----- answers that come later


def polled(*replies: Reply) -> Callable[[Asked], Reply]:
    script = list(replies)

    def answer(asked: Asked) -> Reply:
        return script.pop(0) if len(script) > 1 else script[0]

    return answer


def test_an_answer_that_comes_later() -> None:
    stale = {**QUERY, **status(), "results": [{**ROW, "data": [9, 9]}]}
    done = status(complete=True, results=QUERY)
    with asking(at(query=polled((202, stale), (202, status()), (200, done))), trend_api="query") as (env, seen):
        trend = env.insights.trend(events="a")
    assert trend[0].data == [1, 2]
    assert (trend.timezone, trend.via) == ("UTC", "query")
    assert [(asked.method, asked.endpoint) for asked in seen] == [
        ("POST", "query/"),
        ("GET", "query/q%201/"),
        ("GET", "query/q%201/"),
    ]


@pytest.mark.parametrize(
    ("replies", "error", "code", "said"),
    [
        ([(202, status()), (400, status(complete=True, error=True, error_message="Bad thing.", error_code="bad"))],
         BadRequestError, 400, "400, the query failed: Bad thing."),
        ([(202, status()), (500, status(complete=True, error=True))], ServerError, 500, "does not say why"),
        ([(202, status()), (200, status(complete=True, error=True, error_message="Odd."))],
         APIStatusError, 200, "200, the query failed: Odd."),
        ([(200, {**QUERY, **status(complete=True, error=True, error_message="At once.")})],
         APIStatusError, 200, "the query failed: At once."),
        ([(202, status()), (404, ABSENT)], NotFoundError, 404, "no longer knows this query"),
        ([(202, status()), (403, SCOPE)], PermissionDeniedError, 403, "query:read"),
    ],
)  # fmt: skip
def test_a_query_that_fails(replies: list[Reply], error: type[APIStatusError], code: int, said: str) -> None:
    with asking(at(query=polled(*replies)), trend_api="query") as (env, _), pytest.raises(error) as caught:
        env.insights.trend(events="a")
    assert type(caught.value) is error
    assert caught.value.status_code == code
    assert said in str(caught.value)
    if "Bad thing" in said:
        assert (caught.value.detail, caught.value.code) == ("Bad thing.", "bad")


def test_a_query_that_has_failed_is_not_asked_for_again() -> None:
    replies = polled((202, status()), (500, status(complete=True, error=True)))
    with asking(at(query=replies), trend_api="query", retries=5) as (env, seen), pytest.raises(ServerError):
        env.insights.trend(events="a")
    assert len(seen) == 2


def test_a_server_that_fails_while_it_is_asked_is_asked_again() -> None:
    oh = (500, {"type": "server_error", "code": "error", "detail": "Oh.", "attr": None})
    replies = polled((202, status()), oh, oh, (200, status(complete=True, results=QUERY)))
    with asking(at(query=replies), trend_api="query", retries=2) as (env, seen):
        assert env.insights.trend(events="a")[0].data == [1, 2]
    assert len(seen) == 4
    replies = polled((202, status()), oh)
    with asking(at(query=replies), trend_api="query", retries=2) as (env, seen), pytest.raises(ServerError, match="Oh"):
        env.insights.trend(events="a")
    assert len(seen) == 4


def test_a_query_that_never_ends() -> None:
    with (
        asking(at(query=(202, status())), trend_api="query", timeout=1) as (env, seen),
        pytest.raises(DeadlineExceeded, match="longer than its 1 s: the server still works on the query"),
    ):
        env.insights.trend(events="a")
    assert 2 <= len(seen) <= 5


@pytest.mark.parametrize(
    "replies",
    [
        [(202, status(id=None))],
        [(202, {})],
        [(202, status()), (200, status(complete=True))],
        [(202, status()), (200, b"<html>", {"content-type": "text/html"})],
        [(200, {"error": "x"})],
        [(200, [])],
        [(200, {"results": {"a": 1}})],
        [(200, {"results": [5]})],
    ],
)
def test_what_is_no_answer(replies: list[Reply]) -> None:
    with asking(at(query=polled(*replies)), trend_api="query") as (env, _):
        with pytest.raises(MalformedResponseError):
            env.insights.trend(events="a")
        if len(replies) == 1:
            with pytest.raises(MalformedResponseError):
                "".join(env.insights.trend_csv(events="a"))


def test_an_error_for_people_who_debug_is_none() -> None:
    for debugging in ("", None, "a text"):
        with asking(at(query=(200, {**QUERY, "error": debugging})), trend_api="query") as (env, _):
            assert env.insights.trend(events="a")[0].data == [1, 2]


def test_a_state_beside_an_answer_is_no_reason_to_wait() -> None:
    with asking(at(query=(200, {**QUERY, **status(complete=True)})), trend_api="query") as (env, seen):
        assert env.insights.trend(events="a")[0].data == [1, 2]
    assert len(seen) == 1


# ----- what is not repeated, and what is


@pytest.mark.parametrize("code", [504, 512, 513])
@pytest.mark.parametrize("chosen", ["legacy", "query"])
def test_what_would_cost_the_same_again_is_not_repeated(code: int, chosen: str) -> None:
    no = (code, {"type": "server_error", "code": "x", "detail": "Too much."})
    with asking(at(no, no), trend_api=chosen, retries=3) as (env, seen):
        for call in (env.insights.trend, env.insights.get_trend):
            with pytest.raises(ServerError) as caught:
                call(events="a")
            assert caught.value.status_code == code
        with pytest.raises(ServerError):
            "".join(env.insights.trend_csv(events="a"))
    assert len(seen) == 3


def test_a_refusal_without_a_time_is_waited_out() -> None:
    no = (429, {"type": "throttled_error", "code": "throttled", "detail": "Too many."})
    with asking(at(query=polled(no, (200, QUERY))), trend_api="query", retries=1) as (env, seen):
        assert env.insights.trend(events="a")[0].data == [1, 2]
    assert len(seen) == 2


def test_a_budget_that_is_spent() -> None:
    body = {"type": "throttled_error", "code": "api_queries_budget_exceeded", "detail": "No.", "attr": None}
    with (
        asking(at(query=(429, body, {"Retry-After": "1800"})), trend_api="query", retries=2) as (env, seen),
        pytest.raises(RateLimitError, match="has read more in this hour") as caught,
    ):
        env.insights.trend(events="a")
    assert caught.value.retry_after == 1800
    assert caught.value.code == "api_queries_budget_exceeded"
    assert len(seen) == 1


@pytest.mark.parametrize("code", ["api_queries_quota_exceeded", "quota_limit_exceeded", "payment_required", "other"])
def test_a_quota_that_is_spent(code: str) -> None:
    with (
        asking(
            at(query=(402, {"type": "quota_limited", "code": code, "detail": "No."})), trend_api="query", retries=2
        ) as (env, seen),
        pytest.raises(APIStatusError) as caught,
    ):
        env.insights.trend(events="a")
    assert (caught.value.status_code, caught.value.code, len(seen)) == (402, code, 1)


# ----- three at once


class Counting:
    """Counts how many requests are being answered at once."""

    def __init__(self, seconds: float) -> None:
        self.most = self._now = 0
        self._seconds = seconds
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
        return 200, QUERY


def test_three_are_in_flight_at_most() -> None:
    counting = Counting(0.1)
    with asking(at(query=counting), trend_api="query", pacing=False) as (env, seen):
        threads = [threading.Thread(target=lambda: env.insights.trend(events="a")) for _ in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(seen) == 9
    assert counting.most == 3


def test_three_are_in_flight_at_most_while_awaiting() -> None:
    counting = Counting(0.1)

    async def main(host: str) -> None:
        async with (
            AsyncEnvironment(1, api_key="phx_test", host=host, trend_api="query") as env,
            anyio.create_task_group() as group,
        ):
            for _ in range(9):
                group.start_soon(lambda: env.insights.trend(events="a"))

    with serve(at(query=counting)) as (host, seen):
        anyio.run(main, host)
    assert len(seen) == 9
    assert counting.most == 3


def test_who_may_not_wait_for_the_others_is_told() -> None:
    begun, over = threading.Semaphore(0), threading.Event()

    def answer(asked: Asked) -> Reply:
        begun.release()
        over.wait(30)
        return 200, QUERY

    with asking(at(query=answer), trend_api="query") as (env, seen):
        threads = [threading.Thread(target=lambda: env.insights.trend(events="a")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in threads:
            begun.acquire(timeout=30)
        with pytest.raises(RateLimitError, match="three queries of this client are in flight"):
            env.insights.trend(events="a", timeout=0.2)
        over.set()
        for thread in threads:
            thread.join(30)
        # The place is free again, also that of whoever gave up.
        assert env.insights.trend(events="a").via == "query"
    assert len(seen) == 4


def test_a_failure_gives_its_place_back() -> None:
    with asking(at(query=(400, {"detail": "No."})), trend_api="query", timeout=2) as (env, seen):
        for _ in range(5):
            with pytest.raises(BadRequestError):
                env.insights.trend(events="a")
    assert len(seen) == 5


# ----- numbers that are none


@pytest.mark.parametrize("chosen", ["legacy", "query"])
def test_what_is_no_number_reads_none(chosen: str) -> None:
    def odd(body: Any) -> bytes:
        return json.dumps(body).replace("[1, 2]", "[NaN, -Infinity]").replace("3.0", "Infinity").encode()

    with asking(at((200, odd(LEGACY)), (200, odd(QUERY))), trend_api=chosen) as (env, _):
        trend = env.insights.trend(events="a")
        assert trend[0].data == [None, None]
        assert trend[0].count is None
        assert env.insights.get_trend(events="a")[0].data == [None, None]


# ----- what is said


def said(env: Environment, **question: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env.insights.trend(events="a", **question)
    for each in caught:
        assert issubclass(each.category, UserWarning)
        assert each.filename == __file__
    return [str(each.message) for each in caught if each.category is TrendWarning]


@pytest.mark.parametrize("chosen", ["legacy", "query"])
def test_a_property_that_no_event_has_is_said(chosen: str) -> None:
    rows = [{**ROW, "breakdown_value": "$$_posthog_breakdown_null_$$"}]
    with asking(at((200, {**LEGACY, "result": rows}), (200, {**QUERY, "results": rows})), trend_api=chosen) as (env, _):
        (message,) = said(env, breakdown="plan")
        assert 'breakdown_type="person"' in message
        assert "'plan'" in message
        assert said(env, breakdown="plan", breakdown_type="person") == []
        assert said(env) == []
        rows.append({**ROW, "breakdown_value": "pro"})
        assert said(env, breakdown="plan") == []


@pytest.mark.parametrize("chosen", ["legacy", "query"])
def test_a_time_without_a_point_is_said(chosen: str) -> None:
    rows: list[Any] = [{**ROW, "data": [], "days": [], "labels": []}]
    with asking(at((200, {**LEGACY, "result": rows}), (200, {**QUERY, "results": rows})), trend_api=chosen) as (env, _):
        (message,) = said(env, date_from="2030-01-01")
        assert "holds no point" in message
        rows[0]["aggregated_value"] = 0
        assert said(env, display="BoldNumber") == []
        rows.clear()
        assert said(env, breakdown="plan") == []


def test_more_values_than_the_limit() -> None:
    other = {**ROW, "breakdown_value": "$$_posthog_breakdown_other_$$"}
    rows = [{**ROW, "breakdown_value": f"v{number}"} for number in range(25)]
    with serve(at((200, {**LEGACY, "result": rows, "next": "x"}), (200, {**QUERY, "results": rows}))) as (host, _):
        for chosen, more in (("legacy", None), ("query", False)):
            with client(host, trend_api=chosen) as env:
                assert env.insights.trend(events="a", breakdown="plan").has_more is more
                assert env.insights.trend(events="a", breakdown="plan", breakdown_limit=26).has_more is False
        rows.append(other)
        for chosen in ("legacy", "query"):
            with client(host, trend_api=chosen) as env:
                assert env.insights.trend(events="a", breakdown="plan").has_more is True


@pytest.mark.parametrize("trend_api", ["auto", "legacy", "query"])
@pytest.mark.parametrize(
    "more", [{"breakdown_type": "person"}, {"breakdown_limit": 3}, {"breakdown_group_type_index": 0}]
)
def test_what_says_more_of_a_breakdown_wants_one(trend_api: Any, more: dict[str, Any]) -> None:
    # Nobody listens there: whatever is sent ends in another error.
    with Environment(1, api_key="phx_test", host="http://127.0.0.1:9", trend_api=trend_api) as env:
        for ask in (env.insights.trend, env.insights.get_trend):
            with pytest.raises(ValueError, match=f"{next(iter(more))} says more of a breakdown"):
                ask(events=["$pageview"], **more)

"""The answer behind a call: what came, how often it was asked for, and the value that the call gives."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from posthog_environments import (
    AsyncEnvironment,
    Environment,
    MalformedResponseError,
    NotFoundError,
    RawResponse,
    ServerError,
    Trend,
)
from posthog_environments.client import resources
from posthog_environments.sandbox import Sandbox

from .stub import Asked, Reply, serve

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
PERSON = {"uuid": UUID, "id": 7, "name": "Ada"}
KEY = "phx_rawKeyThatNobodyMaySee"

Call = Callable[[Any], Any]


def asked(host: str, call: Call, *, awaiting: bool, **options: Any) -> Any:
    """Make a call on one of the clients."""
    options = {"api_key": KEY, "host": host, "pacing": False, **options}
    if not awaiting:
        with Environment(1, **options) as env:
            env._context.client.random = lambda: 0.0
            return call(env)

    async def main() -> Any:
        async with AsyncEnvironment(1, **options) as env:
            env._context.client.random = lambda: 0.0
            return await call(env)

    return asyncio.run(main())


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def awaiting(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    """Answer with one after the other, the last for ever."""
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def test_what_came_stands_beside_what_the_call_gives(awaiting: bool) -> None:
    headers = {"X-Request-Id": "r-1", "X-PostHog-Query-Budget-Remaining-Bytes": "1234", "x-odd": "a"}
    with serve(in_turn((503, {}), (200, PERSON, headers))) as (host, seen):
        found = asked(host, lambda env: env.with_raw_response.persons.get(7), awaiting=awaiting)
    assert isinstance(found, RawResponse)
    assert (found.status_code, found.attempts, len(seen)) == (200, 2, 2)
    assert found.json() == PERSON
    assert found.content.startswith(b'{"uuid"')
    assert (found.headers["X-ODD"], found.headers["x-Odd"], found.request_id) == ("a", "a", "r-1")
    assert (found.budget_remaining_bytes, found.bytes_read) == (1234, None)
    assert found.parse().name == "Ada"
    assert found.parse() is found.parse()
    assert 0 < found.elapsed < 30
    assert repr(found).startswith("<RawResponse 200, ")
    assert KEY not in repr(found) + repr(dict(found.headers))


def behind(call: Call, env: Environment) -> Any:
    return call(env.with_raw_response)


def test_of_each_single_call() -> None:
    """Each gives what it would give without."""
    calls: list[tuple[Call, Reply]] = [
        (lambda g: g.persons.get(7), (200, PERSON)),
        (lambda g: g.persons.update(7, {"a": 1}), (200, PERSON)),
        (lambda g: g.persons.update(7, {"a": 1}), (202, b"")),
        (lambda g: g.persons.delete(7), (204, b"")),
        (lambda g: g.persons.delete_property(7, "a"), (201, {"success": True})),
        (lambda g: g.persons.properties_timeline(7), (200, {"points": [], "crucial_property_keys": []})),
        (lambda g: g.insights.trend(events="a"), (200, {"result": []})),
        (lambda g: g.insights.get_trend(events="a"), (200, {"result": []})),
        (lambda g: g.insights.timing(name="a"), (200, {})),
    ]
    named = set()
    for call, reply in calls:
        with serve(in_turn(reply)) as (host, seen):
            plain = asked(host, call, awaiting=False)
            found = asked(host, partial(behind, call), awaiting=False)
        assert (found.parse(), found.status_code) == (plain, reply[0])
        assert seen[0] == seen[1]
        named.add((seen[1].method, seen[1].endpoint))
    assert len(named) == 8


@pytest.mark.parametrize("prefix", ["", "Async"])
@pytest.mark.parametrize("group", ["Persons", "Insights"])
def test_every_single_call_is_there_with_its_arguments(prefix: str, group: str) -> None:
    plain, raw = getattr(resources, prefix + group), getattr(resources, f"{prefix}Raw{group}")
    # Listings and CSV have pages and pieces; a job on many persons has many answers.
    not_single = {"list", "activity", "csv", "deletion_status", "delete_many", "update_many", "trend_csv"}
    names = {name for name in vars(plain) if not name.startswith("_")} - not_single
    assert {name for name in vars(raw) if not name.startswith("_")} == names
    for name in names:
        mine, theirs = inspect.signature(getattr(raw, name)), inspect.signature(getattr(plain, name))
        assert mine.parameters == theirs.parameters
        assert mine.return_annotation == f"RawResponse[{theirs.return_annotation}]"
        assert inspect.getdoc(getattr(raw, name)) == inspect.getdoc(getattr(plain, name))


def test_an_answer_that_cannot_be_read_is_an_answer(awaiting: bool) -> None:
    with serve(in_turn((200, {"id": 7}, {"x-request-id": "r-9"}))) as (host, _):
        found = asked(host, lambda env: env.with_raw_response.persons.get(7), awaiting=awaiting)
        with pytest.raises(MalformedResponseError):
            asked(host, lambda env: env.persons.get(7), awaiting=awaiting)
    assert (found.json(), found.request_id) == ({"id": 7}, "r-9")
    for _ in range(2):
        with pytest.raises(MalformedResponseError, match="not what the contract says"):
            found.parse()


def test_what_is_no_json_says_so(awaiting: bool) -> None:
    page = (200, b"<html>", {"content-type": "text/html"})
    with serve(in_turn(page)) as (host, _):
        found = asked(host, lambda env: env.with_raw_response.persons.get(7), awaiting=awaiting)
    with pytest.raises(MalformedResponseError, match="not JSON") as caught:
        found.json()
    assert caught.value.body == b"<html>"


def test_an_error_is_raised_as_ever(awaiting: bool) -> None:
    with serve(in_turn((404, {"detail": "Not found."}))) as (host, _), pytest.raises(NotFoundError):
        asked(host, lambda env: env.with_raw_response.persons.get(7), awaiting=awaiting)
    with serve(in_turn((500, {}))) as (host, _), pytest.raises(ServerError):
        asked(host, lambda env: env.with_raw_response.persons.get(7), awaiting=awaiting, retries=1)
    too_long = in_turn((200, PERSON))
    with serve(too_long) as (host, _), pytest.raises(MalformedResponseError, match="longer"):
        asked(host, lambda env: env.with_raw_response.persons.get(7), awaiting=awaiting, max_body=10)


def test_of_a_trend_the_last_answer_counts_and_all_attempts(awaiting: bool) -> None:
    with Sandbox(persons=50, era="2026-09", later=3, rates=False, now="2026-03-01T12:00:00") as box:
        options: dict[str, Any] = {"api_key": box.api_key, "host": box.host, "trend_api": "query"}
        question: dict[str, Any] = {"events": "$pageview", "date_from": "-3d"}

        def raw(env: Any) -> Any:
            return env.with_raw_response.insights.trend(**question)

        if awaiting:

            async def main() -> tuple[Any, Any]:
                async with AsyncEnvironment(box.project_id, **options) as env:
                    return await raw(env), await env.insights.trend(**question)

            found, plain = asyncio.run(main())
        else:
            with Environment(box.project_id, **options) as env:
                found, plain = raw(env), env.insights.trend(**question)
    assert isinstance(found.parse(), Trend)
    assert found.parse().result == plain.result
    assert found.attempts == 4
    assert found.status_code == 200
    assert found.json()["query_status"]["complete"] is True


def test_both_endpoints_that_were_tried_count() -> None:
    def answer(asked: Asked) -> Reply:
        return (404, {}) if "trend" in asked.path else (200, {"results": []})

    with serve(answer) as (host, seen):
        found = asked(host, lambda env: env.with_raw_response.insights.trend(events="a"), awaiting=False)
    assert (found.attempts, len(seen)) == (2, 2)
    assert found.parse().via == "query"


def test_each_page_has_its_answer(box: Sandbox) -> None:
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        pages = list(env.persons.list(page_size=100).pages())
    assert len(pages) > 2
    for page in pages:
        assert page.response.status_code == 200
        assert [row["uuid"] for row in page.response.json()["results"]] == [row.uuid for row in page.response.parse()]
    assert len(pages[1].response.parse()) > len(pages[1].results), "pages overlap"


def test_each_page_has_its_answer_awaiting(box: Sandbox) -> None:
    async def main() -> list[int]:
        async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as env:
            return [page.response.attempts async for page in env.persons.list(page_size=150).pages()]

    assert set(asyncio.run(main())) == {1}

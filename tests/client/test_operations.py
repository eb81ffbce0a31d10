"""All ten operations, on both clients, against the sandbox."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import anyio
import pytest

from posthog_environments import (
    AsyncEnvironment,
    Environment,
    NotFoundError,
    PermissionDeniedError,
    Person,
    PropertiesTimeline,
    Trend,
    action,
    event,
    prop,
)
from posthog_environments.sandbox import Sandbox

Run = Callable[..., Any]


class Blocking:
    """Calls the blocking client."""

    def __init__(self, box: Sandbox, **options: Any) -> None:
        self.env = Environment(
            box.project_id, api_key=options.pop("api_key", box.api_key), host=box.host, pacing=False, **options
        )

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        group, _, method = name.partition(".")
        found = getattr(getattr(self.env, group), method)(*args, **kwargs)
        return list(found) if isinstance(found, Iterator) or hasattr(found, "pages") else found

    def close(self) -> None:
        self.env.close()


class Awaiting:
    """Calls the awaiting client, in a loop of its own for each call."""

    def __init__(self, box: Sandbox, **options: Any) -> None:
        key = options.pop("api_key", box.api_key)
        self._settings: dict[str, Any] = {"api_key": key, "host": box.host, "pacing": False, **options}
        self._project = box.project_id
        self._backend = "asyncio"

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        async def main() -> Any:
            group, _, method = name.partition(".")
            async with AsyncEnvironment(self._project, **self._settings) as env:
                found = getattr(getattr(env, group), method)(*args, **kwargs)
                if isinstance(found, Awaitable):
                    return await found
                assert isinstance(found, AsyncIterator) or hasattr(found, "pages")
                return [item async for item in found]

        return anyio.run(main, backend=self._backend)

    def close(self) -> None:
        pass


class AwaitingTrio(Awaiting):
    def __init__(self, box: Sandbox, **options: Any) -> None:
        super().__init__(box, **options)
        self._backend = "trio"


CLIENTS = [Blocking, Awaiting, AwaitingTrio]


@pytest.fixture(params=CLIENTS, ids=lambda client: client.__name__)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Iterator[Run]:
    client = request.param(box)
    yield client
    client.close()


def until(read: Callable[[], object], wanted: object) -> None:
    """Wait until a change shows, which servers carry out a little later."""
    for _ in range(100):
        if read() == wanted:
            return
        time.sleep(0.05)
    assert read() == wanted


def test_list_gives_everybody_newest_first(run: Run) -> None:
    people = run("persons.list", page_size=70)
    assert len(people) == len({person.uuid for person in people}) >= 290
    assert all(isinstance(person, Person) for person in people)
    times = [person.created_at for person in people]
    assert times == sorted(times, reverse=True)
    assert (people[0].type_, people[0].is_identified, people[0].additional_properties) == ("person", True, {})


def test_list_with_filters(run: Run) -> None:
    everybody = run("persons.list")
    someone = next(person for person in everybody if "email" in person.properties)
    mail = someone.properties["email"]
    assert [p.uuid for p in run("persons.list", email=mail)] == [someone.uuid]
    assert [p.uuid for p in run("persons.list", distinct_id=someone.distinct_ids[0])] == [someone.uuid]
    assert someone.uuid in [p.uuid for p in run("persons.list", search=mail[:6])]
    pro = {p.uuid for p in everybody if p.properties.get("plan") == "pro"}
    assert pro
    for properties in (
        {"plan": "pro"},
        prop("plan") == "pro",
        [prop("plan") == "pro"],
        [{"key": "plan", "value": "pro", "operator": "exact", "type": "person"}],
    ):
        assert {p.uuid for p in run("persons.list", properties=properties)} == pro
    both = (prop("plan") == "pro") & (prop("age") > 40)
    expected = {p.uuid for p in everybody if p.uuid in pro and (p.properties.get("age") or 0) > 40}
    assert {p.uuid for p in run("persons.list", properties=both)} == expected
    either = (prop("plan") == "pro") | (prop("plan") == "free")
    expected = {p.uuid for p in everybody if p.properties.get("plan") in ("pro", "free")}
    assert {p.uuid for p in run("persons.list", properties=either)} == expected
    assert run("persons.list", email="nobody@nowhere.example") == []


def test_get_by_each_kind_of_id(run: Run) -> None:
    someone = run("persons.list", page_size=5, offset=20)[0]
    found = run("persons.get", someone)
    assert isinstance(found.id, int)
    for key in (someone.uuid, UUID(someone.uuid), someone.uuid.upper(), found.id, str(found.id)):
        assert run("persons.get", key).uuid == someone.uuid
    assert (found.name, found.properties) == (someone.name, someone.properties)


def test_nobody_is_not_found(run: Run) -> None:
    with pytest.raises(NotFoundError) as caught:
        run("persons.get", 2**62)
    assert caught.value.status_code == 404
    with pytest.raises(NotFoundError):
        run("persons.delete", "095be615-a8ad-4c33-8e9c-c7612fbf6c9f")


def test_a_person_is_corrected_and_deleted(run: Run) -> None:
    someone = run("persons.list")[-1]
    odd = 'a "quoted" ✂\u0000 name'
    run("persons.update", someone, {odd: ["x", {"y": None}], "seen": date(2026, 2, 3)})
    until(lambda: run("persons.get", someone).properties.get("seen"), "2026-02-03")
    assert run("persons.get", someone).properties[odd] == ["x", {"y": None}]
    run("persons.delete_property", someone, odd)
    until(lambda: odd in run("persons.get", someone).properties, False)
    entries = run("persons.activity", someone, page_size=1)
    assert len(entries) == 2
    assert entries[-1].activity == "updated"
    assert entries[0].created_at >= entries[1].created_at
    assert entries[-1].detail.changes[0].field == "properties"
    run("persons.delete", someone)

    def gone() -> bool:
        try:
            run("persons.get", someone)
        except NotFoundError:
            return True
        return False

    until(gone, True)
    with pytest.raises(NotFoundError):
        run("persons.delete", someone, delete_events=True)


def test_a_timeline(run: Run) -> None:
    someone = run("persons.list", properties={"plan": "pro"})[0]
    timeline = run(
        "persons.properties_timeline", someone, events="$pageview", properties=prop("plan").is_set(), date_from="all"
    )
    assert isinstance(timeline, PropertiesTimeline)
    assert timeline.crucial_property_keys == ["plan"]
    assert timeline.effective_date_to is not None
    assert all(point.relevant_event_count is not None for point in timeline.points)


@pytest.mark.parametrize("name", ["insights.trend", "insights.get_trend"])
def test_a_trend(run: Run, name: str) -> None:
    trend = run(name, events=["$pageview"], date_from=timedelta(days=7))
    assert isinstance(trend, Trend)
    assert len(trend.result) == len(trend) == 1
    (series,) = trend
    assert len(series.data) == len(series.days) == len(series.labels) == 8
    assert series.label == "$pageview"
    counts = [value for value in series.data if value is not None]
    assert len(counts) == len(series.data)
    assert sum(counts) == series.count
    assert sum(counts) > 0
    assert trend.timezone == "UTC"
    assert trend.last_refresh is not None


def test_get_trend_and_trend_give_the_same(run: Run) -> None:
    question: dict[str, Any] = {
        "events": [event("purchase", math="sum", math_property="amount"), "$pageview"],
        "properties": {"$browser": ["Chrome", "Firefox"]},
        "date_from": "-8w",
        "date_to": "2026-02-20",
        "interval": "week",
        "breakdown": "$browser",
        "compare": False,
        "filter_test_accounts": False,
        "refresh": True,
        "display": "ActionsLineGraph",
    }
    posted, got = run("insights.trend", **question), run("insights.get_trend", **question)
    assert [series.data for series in posted] == [series.data for series in got]
    assert {series.breakdown_value for series in posted} == {"Chrome", "Firefox"}


def test_a_trend_in_one_number_and_a_formula(run: Run) -> None:
    # Not BoldNumber, for which servers count seven times 24 hours back, and not from midnight on.
    whole = run("insights.trend", events="$pageview", display="ActionsTable", date_from="-7d")[0]
    parts = run("insights.trend", events="$pageview", date_from="-7d")[0]
    assert whole.aggregated_value == sum(parts.data)
    formula = run("insights.trend", events=["$pageview", "purchase"], formula="A + B", date_from="-7d")[0]
    assert "Formula" in formula.label


def test_timing_gives_nothing(run: Run) -> None:
    assert run("insights.timing", name="x", filters={"a": 1}, tags=["t"], dashboards=[1], saved=True) is None


def test_csv(run: Run) -> None:
    text = "".join(run("persons.csv", properties={"plan": "pro"}))
    header, *lines = text.splitlines()
    assert "uuid" in header
    assert len(lines) == len(run("persons.list", properties={"plan": "pro"}))
    assert "$pageview" in "".join(run("insights.trend_csv", events="$pageview", date_from="-7d"))


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "error"),
    [
        ("persons.get", ("..",), {}, ValueError),
        ("persons.get", ("",), {}, ValueError),
        ("persons.get", ("1/../2",), {}, ValueError),
        ("persons.get", ("1?x",), {}, ValueError),
        ("persons.get", (-1,), {}, ValueError),
        ("persons.get", (0,), {}, ValueError),
        ("persons.get", (2**63,), {}, ValueError),
        ("persons.get", (True,), {}, TypeError),
        ("persons.get", (None,), {}, TypeError),
        ("persons.get", (1.0,), {}, TypeError),
        ("persons.get", ("ada@example.com",), {}, ValueError),
        ("persons.get", (1,), {"timeout": 0}, ValueError),
        ("persons.get", (1,), {"extra_query": {"format": "csv"}}, ValueError),
        ("persons.list", (), {"page_size": 0}, ValueError),
        ("persons.list", (), {"page_size": True}, TypeError),
        ("persons.list", (), {"offset": -1}, ValueError),
        ("persons.list", (), {"email": ""}, ValueError),
        ("persons.list", (), {"search": 5}, TypeError),
        ("persons.list", (), {"properties": {"type": "AND", "values": "x"}}, (ValueError, TypeError)),
        ("persons.list", (), {"properties": [{"key": "a", "operator": "like", "value": 1}]}, ValueError),
        ("persons.list", (), {"extra_query": {"limit": 5}}, ValueError),
        ("persons.list", (), {"properties": prop("a", type="event") == 1}, ValueError),
        ("persons.list", (), {"properties": (prop("a", type="event") == 1) | (prop("b") == 1)}, ValueError),
        ("insights.trend", (), {"events": "a", "compare_to": "a month"}, ValueError),
        ("insights.trend", (), {"events": {"id": "a", "order": 1}, "actions": 5}, ValueError),
        ("persons.activity", (1,), {"page_size": 0}, ValueError),
        ("persons.update", (1, [("a", 1)]), {}, TypeError),
        ("persons.update", (1, "a"), {}, TypeError),
        ("persons.update", (1, {}), {}, ValueError),
        ("persons.update", (1, {1: 2}), {}, TypeError),
        ("persons.update", (1, {"a": float("nan")}), {}, ValueError),
        ("persons.update", (1, {"a": object()}), {}, TypeError),
        ("persons.update", (1, {"a": "\ud800"}), {}, ValueError),
        ("persons.update", (1, {"a": 1}), {"extra_body": {"properties": {}}}, ValueError),
        ("persons.delete", (1,), {"delete_events": "no"}, TypeError),
        ("persons.delete", (1,), {"extra_query": {"delete_events": True}}, ValueError),
        ("persons.delete_property", (1, ""), {}, ValueError),
        ("persons.delete_property", (1, None), {}, TypeError),
        ("persons.properties_timeline", (1,), {"date_from": "-7days"}, ValueError),
        ("insights.trend", (), {}, ValueError),
        ("insights.trend", (), {"events": []}, ValueError),
        ("insights.trend", (), {"events": "a", "date_from": "yesterday"}, ValueError),
        ("insights.trend", (), {"events": "a", "date_from": timedelta(days=-1)}, ValueError),
        ("insights.trend", (), {"events": "a", "breakdown": []}, TypeError),
        ("insights.trend", (), {"events": "a", "compare": 1}, TypeError),
        ("insights.trend", (), {"events": "a", "extra_body": {"interval": "day"}}, ValueError),
        ("insights.get_trend", (), {"actions": action(1), "extra_query": {"interval": "day"}}, ValueError),
        ("insights.timing", (), {"filters": {"a": {1}}}, TypeError),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], error: Any
) -> None:
    import httpx

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    with Environment(1, api_key="phx_x", host="us", transport=httpx.MockTransport(refuse)) as env:
        group, _, method = name.partition(".")
        with pytest.raises(error) as caught:
            getattr(getattr(env, group), method)(*args, **kwargs)
    assert len(str(caught.value)) > 15


def test_extras_reach_the_server() -> None:
    import httpx

    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"result": []})

    with Environment(1, api_key="phx_x", host="us", trend_api="legacy", transport=httpx.MockTransport(answer)) as env:
        env.insights.trend(events="a", extra_query={"new": 1}, extra_body={"newer": [2]})
    assert seen[0].url.params["new"] == "1"
    assert b'"newer":[2]' in seen[0].read()


def test_letters_of_a_formula_go_by_the_order_of_events_and_then_actions() -> None:
    import httpx

    seen: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.read()))
        return httpx.Response(200, json={"result": []})

    with Environment(1, api_key="phx_x", host="us", trend_api="legacy", transport=httpx.MockTransport(answer)) as env:
        env.insights.trend(events=(name for name in "ab"), actions=[5], formula="(A-B)/C")
        env.insights.trend(events=["a", "b"])
    assert [event["order"] for event in seen[0]["events"]] == [0, 1]
    assert [action["order"] for action in seen[0]["actions"]] == [2]
    assert seen[1] == {"events": [{"id": "a"}, {"id": "b"}]}


def test_delete_events_is_never_sent_as_false() -> None:
    import httpx

    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.query.decode())
        return httpx.Response(202)

    with Environment(1, api_key="phx_x", host="us", transport=httpx.MockTransport(answer)) as env:
        env.persons.delete(1)
        env.persons.delete(1, delete_events=False)
        env.persons.delete(1, delete_events=True)
    assert seen == ["", "", "delete_events=true"]


@pytest.mark.parametrize("era", ["2025", "2026"])
@pytest.mark.parametrize("oddities", [True, False])
@pytest.mark.parametrize("prefix", ["environments", "projects"])
@pytest.mark.filterwarnings("ignore:.*on its way out:DeprecationWarning")
def test_both_eras_and_prefixes(era: Any, oddities: bool, prefix: Any) -> None:
    with (
        Sandbox(persons=50, era=era, oddities=oddities, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host, prefix=prefix) as env,
    ):
        pager = env.persons.list(page_size=20)
        people = list(pager)
        assert len(people) == 50
        assert pager.report.complete
        changed = env.persons.update(people[0], {"a": 1})
        assert changed is None or changed.properties["a"] == 1
        env.persons.delete_property(people[0], "a")
        env.persons.delete(people[1])
        assert env.insights.trend(events="$pageview")[0].data
        assert env.persons.list(page_size=20, include_total=True).pages().__next__().count in (49, 50)


@pytest.mark.filterwarnings("ignore:.*on its way out:DeprecationWarning")
def test_the_redirect_to_the_twin_is_followed_for_each_method() -> None:
    with (
        Sandbox(persons=20, era="2026", redirect=True, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        someone = env.persons.list().first()
        assert someone is not None
        assert "prefix='projects'" in repr(env)
    with (
        Sandbox(persons=20, era="2026", redirect=True, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        env.insights.timing(name="a post with a body")
        assert env.persons.list().first() is not None


def test_the_sunset_of_the_prefix_warns_once_at_the_callers_line() -> None:
    with (
        Sandbox(persons=20, era="2026", rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host, prefix="environments") as env,
    ):
        with pytest.warns(DeprecationWarning, match='prefix="projects"') as caught:
            env.persons.list().first()
        assert [warning.filename for warning in caught] == [__file__]
        env.persons.list().first()
        with Environment(box.project_id, api_key=box.api_key, host=box.host, prefix="projects") as twin:
            twin.persons.list().first()


def test_a_missing_scope_is_named(box: Sandbox) -> None:
    key = box.add_key("insight:read")
    for client in (Blocking(box, api_key=key), Awaiting(box, api_key=key)):
        with pytest.raises(PermissionDeniedError) as caught:
            client("persons.get", 1)
        assert caught.value.required_scope == "person:read"
        client.close()


def test_the_generated_client_is_ready_for_use(box: Sandbox) -> None:
    from posthog_environments_api.api.persons import get_person, list_persons

    with Environment(box.project_id, api_key=box.api_key, host=box.host, prefix="projects") as env:
        page = list_persons.sync(env.project_id, client=env.api, limit=3)
        assert page is not None
        assert len(page.results) == 3
        assert get_person.sync_detailed(env.project_id, "1", client=env.api).status_code in (200, 404)
        shown = repr(env.api) + repr(env.api.__getstate__()) + repr(env.api.get_httpx_client().headers)
        assert box.api_key not in shown

    async def main() -> int:
        async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as env:
            found = await list_persons.asyncio(env.project_id, client=env.api, limit=2)
            assert found is not None
            return len(found.results)

    assert anyio.run(main) == 2


def test_both_clients_have_the_same_methods_with_the_same_signatures_and_docstrings() -> None:
    for group in ("persons", "insights"):
        one, other = getattr(Environment, group), getattr(AsyncEnvironment, group)
        names = {name for name in vars(one) if not name.startswith("_")}
        assert names == {name for name in vars(other) if not name.startswith("_")}
        for name in names:
            here, there = getattr(one, name), getattr(other, name)
            assert here.__doc__ == there.__doc__
            assert len(here.__doc__) > 200
            assert "Source:" in here.__doc__
            assert inspect.signature(here).parameters == inspect.signature(there).parameters
            assert "timeout" in inspect.signature(here).parameters

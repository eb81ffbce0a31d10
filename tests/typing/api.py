"""Code as outsiders write it. Never run: mypy and pyright, both strict, read it. Wrong uses must be flagged."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, assert_type
from uuid import UUID

import attrs
import httpx
from dateutil.relativedelta import relativedelta
from matplotlib.axes import Axes
from posthog_environments_api.api.persons import get_person, list_persons
from posthog_environments_api.client import Client
from posthog_environments_api.models import PersonPage

from posthog_environments import (
    ActivityEntry,
    APIStatusError,
    AsyncEnvironment,
    AsyncPager,
    AuthenticationError,
    BadRequestError,
    BulkOutcome,
    BulkReport,
    ClientEvent,
    ConfigurationError,
    ConflictError,
    DeadlineExceeded,
    DeletionStatus,
    Entity,
    Environment,
    ExportSummary,
    Filter,
    FilterGroup,
    JournalError,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknown,
    Page,
    Pager,
    PagingError,
    PermissionDeniedError,
    Person,
    PostHogError,
    PropertiesTimeline,
    PropertiesTimelinePoint,
    RateLimitError,
    RawResponse,
    RedirectError,
    Report,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    Series,
    ServerError,
    TransportError,
    Trend,
    Waiting,
    __version__,
    action,
    event,
    prop,
)
from posthog_environments.sandbox import Sandbox


def reading(env: Environment) -> None:
    pager = env.persons.list(search="acme", properties={"plan": "pro"}, page_size=10)
    assert_type(pager, Pager[Person])
    for person in pager:
        assert_type(person, Person)
        assert_type(person.uuid, str)
        assert_type(person.id, int | str | None)
        assert_type(person.distinct_ids, list[str])
        assert_type(person.properties, dict[str, Any])
        assert_type(person.created_at, datetime | None)
        assert_type(person.is_identified, bool | None)
        assert_type(person.last_seen_at, datetime | None)
        assert_type(attrs.evolve(person, name="Ada"), Person)
    for page in pager.pages():
        assert_type(page, Page[Person])
        assert_type(page.count, int | None)
    assert_type(pager.first(), Person | None)
    assert_type(pager.take(3), list[Person])
    assert_type(pager.report.complete, bool)
    assert_type(env.persons.get(5), Person)
    assert_type(env.persons.get(UUID(int=5), timeout=3), Person)
    assert_type(env.persons.activity("5"), Pager[ActivityEntry])
    assert_type(env.persons.properties_timeline(5, events="$pageview", date_from="-7d"), PropertiesTimeline)
    assert_type(env.persons.csv(), Iterator[str])


def reporting(pager: Pager[Person], timeline: PropertiesTimeline, entry: ActivityEntry) -> None:
    report: Report = pager.report
    assert_type((report.rows, report.pages, report.next_offset), tuple[int, int, int])
    assert_type(report.reason, str | None)
    for point in timeline:
        assert_type(point, PropertiesTimelinePoint)
        assert_type(point.properties, dict[str, Any])
    assert_type(timeline.crucial_property_keys, list[str])
    assert_type(entry.activity, str | None)
    by_plan: dict[str, list[Person]] = {}
    for person in pager:
        by_plan.setdefault(str(person.properties.get("plan")), []).append(person)


def exporting(pager: Pager[Person], path: Path) -> None:
    summary = pager.export(path, True, format="csv.gz", columns=["email", "plan"], raw=True)
    assert_type(summary, ExportSummary)
    assert_type((summary.rows, summary.complete, summary.reason), tuple[int, bool, str | None])
    pager.export("-", format="jsonl", progress=lambda rows, total: print(rows, total))
    pager.export("people.parquet", resume=True, flatten=True, since_last=True)


def changing(env: Environment, person: Person) -> None:
    assert_type(env.persons.update(person, {"plan": "pro"}), Person | None)
    assert_type(env.with_options(timeout=5).persons.update(person.uuid, {}), Person | None)
    env.persons.delete(person, delete_events=True)
    env.persons.delete_property(person, "plan")


def changing_many(env: Environment, people: list[Person], path: Path) -> None:
    report = env.persons.delete_many(people, journal="forget.jsonl", delete_events=True)
    assert_type(report, BulkReport)
    assert_type((report.done, report.already_gone, report.refused, report.unknown), tuple[int, int, int, int])
    for outcome in report:
        assert_type(outcome, BulkOutcome)
        assert_type((outcome.uuid, outcome.reason, outcome.status), tuple[str | None, str | None, int | None])
        assert_type([each.uuid for each in outcome.similar], list[str])
    env.persons.delete_many(["a@example.com"], by="email", journal=path, confirm=lambda plan: plan.refused == 0)
    env.persons.delete_many((person.uuid for person in people), dry_run=True, on_outcome=print)
    assert_type((report.queued, report.not_found, report.new), tuple[int, int, int])
    env.persons.delete_many(
        ["u"], by="auto", journal=path, using="bulk", delete_recordings=True, keep_person=True, keep_ids=path,
        on_progress=lambda progress: print(progress.stage, progress.done, progress.total, progress.seconds),
    )  # fmt: skip
    rows = env.persons.deletion_status(id=people[0], status="pending")
    assert_type(rows, Pager[DeletionStatus])
    for row in rows:
        assert_type(row.delete_verified_at, datetime | None)
    env.persons.update_many({people[0].uuid: {"plan": "pro"}}, journal=path)
    env.persons.update_many(
        [{"id": 5, "set": {"plan": "pro"}}, {"email": "a@example.com", "unset": "phone"}], journal=path
    )


def asking(env: Environment) -> None:
    trend = env.insights.trend(
        events=["$pageview", event("purchase", math="sum", math_property="amount"), {"id": "x"}],
        properties=(prop("plan") == "pro") & prop("email").icontains("@acme.com"),
        date_from=timedelta(days=30),
        date_to=date(2026, 1, 31),
        breakdown=[1, 2],
        breakdown_type="cohort",
    )
    assert_type(trend, Trend)
    for series in trend:
        assert_type(series, Series)
        assert_type(series.data, list[float | None])
    assert_type(env.insights.get_trend(events="$pageview"), Trend)
    assert_type(env.insights.trend_csv(events="$pageview"), Iterator[str])


async def awaiting(env: AsyncEnvironment) -> None:
    pager = env.persons.list(email="ada@example.com")
    assert_type(pager, AsyncPager[Person])
    async for person in pager:
        assert_type(person, Person)
    assert_type(await pager.first(), Person | None)
    assert_type(await pager.export("people.jsonl", force=True), ExportSummary)
    assert_type(await env.persons.get(5), Person)
    assert_type(await env.persons.update(5, {"a": 1}), Person | None)
    assert_type(await env.persons.delete_many([5], journal="j"), BulkReport)
    assert_type(await env.insights.trend(events="$pageview"), Trend)
    chunks: AsyncIterator[str] = env.persons.csv()
    async for chunk in chunks:
        assert_type(chunk, str)


def raw_answers(env: Environment, page: Page[Person]) -> None:
    answer = env.with_raw_response.persons.get(5, timeout=3)
    assert_type(answer, RawResponse[Person])
    assert_type(answer.parse(), Person)
    assert_type((answer.status_code, answer.content, answer.attempts, answer.elapsed), tuple[int, bytes, int, float])
    assert_type(answer.headers, Mapping[str, str])
    assert_type((answer.request_id, answer.budget_remaining_bytes), tuple[str | None, int | None])
    assert_type(env.with_raw_response.persons.update(5, {}), RawResponse[Person | None])
    assert_type(env.with_options(timeout=5).with_raw_response.insights.trend(events="a"), RawResponse[Trend])
    assert_type(page.response, RawResponse[Sequence[Person]])
    assert_type(env.request("GET", "cohorts/", params={"limit": 5, "ids": [1, 2], "all": None}), RawResponse[Any])
    env.persons.list(extra_headers={"X-Trace-Id": "t"}).first()
    env.request("POST", "query/", json={"query": {"kind": "HogQLQuery"}}, repeat=True, timeout=30)


async def raw_answers_awaited(env: AsyncEnvironment) -> None:
    assert_type(await env.with_raw_response.persons.get(5), RawResponse[Person])
    assert_type(await env.request("DELETE", "cohorts/5/"), RawResponse[Any])
    assert_type((await env.with_raw_response.insights.get_trend(events="a")).parse(), Trend)


def watching() -> None:
    def watch(event: ClientEvent) -> None:
        assert_type((event.operation, event.method, event.path_template, event.attempt), tuple[str, str, str, int])
        match event:
            case RequestSent():
                print("sent")
            case ResponseReceived():
                assert_type((event.status_code, event.seconds), tuple[int, float])
            case RequestFailed():
                assert_type((event.reason, event.seconds), tuple[str, float])
            case Waiting():
                assert_type(event.why, Literal["quota", "retry", "retry-after", "poll"])
            case _:
                pass

    Environment(1, on_event=watch).close()
    Environment(1, on_event=print).close()
    AsyncEnvironment(1, on_event=watch)


def failing(denied: PermissionDeniedError, limited: RateLimitError) -> None:
    assert_type(denied.required_scope, str | None)
    assert_type(limited.retry_after, float | None)
    assert_type(limited.status_code, int)


def surviving(env: Environment, ids: list[str | int | UUID]) -> dict[str, Person | PostHogError]:
    found: dict[str, Person | PostHogError] = {}
    for each in ids:
        try:
            found[str(each)] = env.persons.get(each)
        except NotFoundError as error:
            assert_type(error.detail, str | None)
        except (OutcomeUnknown, RateLimitError) as error:
            found[str(each)] = error
        except PostHogError as error:
            raise RuntimeError(str(error)) from error
    return found


class Transport(httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, request=request)


class AwaitingTransport(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, request=request)


def lower(env: Environment) -> None:
    assert_type(env.api, Client)
    answer = get_person.sync_detailed("12345", "5", client=env.api)
    assert_type(answer.parsed, Person | None)
    assert_type(answer.status_code, int)
    assert_type(list_persons.sync("12345", client=env.api, limit=5), PersonPage | None)
    Environment(12345, transport=Transport())
    Environment(12345, transport=httpx.MockTransport(lambda request: httpx.Response(200, request=request)))


async def lower_and_awaiting(env: AsyncEnvironment) -> None:
    assert_type(await get_person.asyncio("12345", "5", client=env.api), Person | None)
    AsyncEnvironment(12345, transport=AwaitingTransport())


async def at_once(env: AsyncEnvironment, ids: list[int]) -> list[Person]:
    async with env:
        return await asyncio.gather(*(env.persons.get(each) for each in ids))


class Vault:
    """Somebody's own store of keys."""

    def __call__(self) -> str:
        return "phx_…"

    def read(self) -> str:
        return "phx_…"


def opening() -> None:
    with Environment("12345", api_key=lambda: "phx_…", host="eu", timeout=20) as env:
        assert_type(env, Environment)
    Environment(12345, prefix="projects", max_wait=3600, pacing=False, retries=0)
    Environment(12345, quota="redis://localhost:6379/0")
    AsyncEnvironment(12345, quota=Path("quota.db"))
    Environment(api_key=Vault(), verify=ssl.create_default_context(), proxy="http://proxy.example.com:3128")
    Environment("@current", api_key=Vault().read, trust_env=True, allow_http=True, max_body=1 << 20)
    prefix: Literal["environments", "projects"] = "projects"
    env = Environment(prefix=prefix)
    assert_type(env.project_id, str)
    assert_type(env.host, str)
    view = env.with_options(timeout=5, max_wait=None, retries=2, pacing=True)
    assert_type(view, Environment)
    env.close()
    version: str = __version__
    print(version)


async def opening_and_awaiting() -> None:
    async with AsyncEnvironment("12345", api_key=lambda: "phx_…", host="https://posthog.example.com/base") as env:
        assert_type(env, AsyncEnvironment)
        assert_type(env.with_options(timeout=5), AsyncEnvironment)
    assert_type(await AsyncEnvironment(12345).aclose(), None)


class Registry:
    """A class of somebody's own, which keeps a client and hands on what it takes."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._get = env.persons.get

    def __getitem__(self, key: int | str | UUID | Person) -> Person:
        return self._get(key, timeout=5)

    def by_email(self, emails: Iterable[str]) -> dict[str, list[Person]]:
        return {email: list(self._env.persons.list(email=email)) for email in emails}

    def export(self, pieces: Iterable[str]) -> str:
        return "".join(pieces)

    def whole(self) -> str:
        return self.export(self._env.persons.csv(properties={"plan": ["pro", "team"]}))


def filtering(env: Environment, wanted: Mapping[str, str], several: Sequence[Filter]) -> Pager[Person]:
    assert_type(prop("plan") == "pro", Filter)
    assert_type(prop("plan") != "pro", Filter)
    assert_type(prop("seats") > 5, Filter)
    assert_type(prop("seen") >= datetime.now(UTC), Filter)
    assert_type(prop("industry", "group", group_type_index=0).is_set(), Filter)
    assert_type(prop("plan").is_in(["pro", "team"]), Filter)
    assert_type(prop("plan").not_in({"free"}), Filter)
    assert_type(prop("seen").before(date(2026, 1, 31)), Filter)
    assert_type(prop("seen").after("-7d"), Filter)
    assert_type(prop("version").where("semver_gte", "1.2.0"), Filter)
    both = (prop("plan") == "pro") & prop("email").icontains("@acme.com")
    assert_type(both, FilterGroup)
    assert_type(both | prop("email").regex("^a"), FilterGroup)
    assert_type((both.type, (prop("a") == 1).key, (prop("a") == 1).operator), tuple[str, str, str])
    env.persons.list(properties=wanted)
    env.persons.list(properties=several)
    env.persons.list(properties=[prop("a") == 1, {"key": "b", "value": 2, "operator": "exact"}, both])
    env.persons.list(properties=(each for each in several))
    env.persons.list(properties={"type": "OR", "values": [{"key": "a", "value": 1}]})
    return env.persons.list(properties=None, include_total=True, offset=100, extra_query={"new": [1, 2]})


def dating(env: Environment, when: date | datetime | timedelta | str | None) -> None:
    env.insights.trend(events="$pageview", date_from=when, date_to=when)
    env.insights.trend(events="$pageview", date_from=relativedelta(months=1))
    env.persons.properties_timeline(5, events=["$pageview"], date_from=when, date_to=datetime.now(UTC))


def entities(env: Environment, names: list[str], numbers: Sequence[int]) -> None:
    assert_type(event("$pageview"), Entity)
    assert_type(event(None, math="dau", custom_name="anybody", properties={"plan": "pro"}), Entity)
    assert_type(action(42, math="unique_group", math_group_type_index=0), Entity)
    assert_type(event("a").math, str | None)
    env.insights.trend(events=names, actions=numbers)
    env.insights.trend(actions=42, display="BoldNumber", compare=True, compare_to="-1m", refresh=True)
    env.insights.trend(events=({"id": name, "math": "dau"} for name in names), formula="A/B", interval="week")
    env.insights.trend(events=event("a", properties=prop("plan") == "pro"), filter_test_accounts=True)
    env.insights.trend(events="a", breakdown=["all", 42], breakdown_limit=5)
    env.insights.trend(events="a", breakdown=42, breakdown_type="cohort")
    env.insights.trend(events="a", breakdown="name", breakdown_type="group", breakdown_group_type_index=0)
    env.insights.trend(events="a", breakdown="plan", breakdown_type="person", extra_body={"new": {"deep": 1}})


def trends(trend: Trend) -> list[tuple[str, float | None]]:
    assert_type(trend[0], Series)
    assert_type(trend.result, list[Series])
    assert_type(trend.is_cached, bool | None)
    assert_type(trend.last_refresh, datetime | None)
    assert_type(trend.timezone, str | None)
    assert_type(trend.next, str | None)
    assert_type(trend.has_more, bool | None)
    assert_type(trend.via, Literal["legacy", "query"])
    assert_type(trend.to_dict(), dict[str, Any])
    assert_type(len(trend), int)
    assert_type(trend[0].days, list[str])
    assert_type(trend[0].aggregated_value, float | None)
    assert_type(trend.plot(display="ActionsBar"), Axes)
    return list(zip(trend[0].days, trend[0].data, strict=True))


def timing(env: Environment) -> None:
    assert_type(env.insights.timing(name="x", tags=["a"], dashboards=(1, 2), saved=True, query={"kind": "x"}), None)
    assert_type(env.persons.delete(5), None)
    assert_type(env.persons.delete_property("5", "plan", extra_body={"new": True}), None)


def pages(env: Environment) -> int:
    total = 0
    for page in env.persons.activity(5).pages():
        assert_type(page, Page[ActivityEntry])
        assert_type(page.results, Sequence[ActivityEntry])
        total += len(page)
        for entry in page:
            assert_type(entry, ActivityEntry)
            assert_type(entry.created_at, datetime | None)
    return total


async def awaiting_all(env: AsyncEnvironment, person: Person) -> None:
    pager = env.persons.activity(person)
    assert_type(pager, AsyncPager[ActivityEntry])
    async for page in pager.pages():
        assert_type(page, Page[ActivityEntry])
    assert_type(await pager.take(3), list[ActivityEntry])
    assert_type(pager.report, Report)
    assert_type([each.uuid async for each in env.persons.list()], list[str])
    assert_type(await env.persons.delete(person, delete_events=True), None)
    assert_type(await env.persons.delete_property(person, "plan"), None)
    assert_type(await env.persons.properties_timeline(person, events="$pageview"), PropertiesTimeline)
    assert_type(await env.insights.get_trend(actions=[1, 2]), Trend)
    assert_type(await env.insights.timing(name="x"), None)
    assert_type(env.persons.csv(), AsyncGenerator[str, None])
    assert_type(env.insights.trend_csv(events="$pageview"), AsyncGenerator[str, None])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(env.persons.get(person))
    assert_type(task.result(), Person)
    assert_type(await asyncio.wait_for(env.persons.get(person), 5), Person)


def errors(error: PostHogError) -> str:
    match error:
        case PermissionDeniedError(required_scope=scope):
            return scope or "no scope named"
        case RateLimitError():
            return f"again in {error.retry_after or 0:.0f} s"
        case RedirectError():
            return error.location or "nowhere"
        case BadRequestError() | AuthenticationError() | NotFoundError() | ConflictError() | ServerError():
            return f"{error.status_code}: {error.type} {error.code} {error.attr} {error.detail} {error.request_id}"
        case APIStatusError():
            assert_type(error.body, object)
            return str(error.status_code)
        case DeadlineExceeded() | OutcomeUnknown() | TransportError():
            return "no usable answer"
        case MalformedResponseError():
            assert_type(error.body, bytes)
            return str(error.status_code)
        case ConfigurationError() | PagingError() | JournalError():
            return str(error)
        case _:
            return repr(error)


def as_other_errors(env: Environment) -> None:
    """Some are errors of Python as well, so that code that knows nothing of this package catches them."""
    try:
        env.persons.get(5)
    except TimeoutError as error:
        assert_type(error, TimeoutError)
    late: TimeoutError = DeadlineExceeded("late")
    wrong: ValueError = ConfigurationError("wrong")
    print(late, wrong)


class TooManyError(RateLimitError):
    """An error of somebody's own."""

    def __init__(self, wait: float) -> None:
        super().__init__("too many", status_code=429)
        self.retry_after = wait


def testing(posthog_sandbox: Sandbox) -> None:
    box = posthog_sandbox
    assert_type((box.host, box.project_id, box.api_key), tuple[str, str, str])
    assert_type(box.environ, dict[str, str])
    assert_type(box.add_key("person:read", "person:write"), str)
    box.settle()
    with Sandbox(10, era="2026", scopes=["person:read"], rates={"persons": "1/min"}, now=datetime.now(UTC)) as other:
        assert_type(other, Sandbox)

"""Code as outsiders write it. Never run: mypy and pyright, both strict, read it. Wrong uses must be flagged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from typing import Any, assert_type
from uuid import UUID

import httpx
from posthog_environments_api.api.persons import get_person

from posthog_environments import (
    ActivityEntry,
    AsyncEnvironment,
    AsyncPager,
    Environment,
    NotFoundError,
    OutcomeUnknown,
    Page,
    Pager,
    PermissionDeniedError,
    Person,
    PostHogError,
    PropertiesTimeline,
    PropertiesTimelinePoint,
    RateLimitError,
    Report,
    Series,
    Trend,
    event,
    prop,
)


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


def changing(env: Environment, person: Person) -> None:
    assert_type(env.persons.update(person, {"plan": "pro"}), Person | None)
    assert_type(env.with_options(timeout=5).persons.update(person.uuid, {}), Person | None)
    env.persons.delete(person, delete_events=True)
    env.persons.delete_property(person, "plan")


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
        assert_type(series.data, list[float])
    assert_type(env.insights.get_trend(events="$pageview"), Trend)
    assert_type(env.insights.trend_csv(events="$pageview"), Iterator[str])


async def awaiting(env: AsyncEnvironment) -> None:
    pager = env.persons.list(email="ada@example.com")
    assert_type(pager, AsyncPager[Person])
    async for person in pager:
        assert_type(person, Person)
    assert_type(await pager.first(), Person | None)
    assert_type(await env.persons.get(5), Person)
    assert_type(await env.persons.update(5, {"a": 1}), Person | None)
    assert_type(await env.insights.trend(events="$pageview"), Trend)
    chunks: AsyncIterator[str] = env.persons.csv()
    async for chunk in chunks:
        assert_type(chunk, str)


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


def lower(env: Environment) -> None:
    answer = get_person.sync_detailed("12345", "5", client=env.api)
    assert_type(answer.parsed, Person | None)
    assert_type(answer.status_code, int)
    Environment(12345, transport=Transport())


async def at_once(env: AsyncEnvironment, ids: list[int]) -> list[Person]:
    async with env:
        return await asyncio.gather(*(env.persons.get(each) for each in ids))


def opening() -> None:
    with Environment("12345", api_key=lambda: "phx_…", host="eu", timeout=20) as env:
        assert_type(env, Environment)
    Environment(12345, prefix="projects", max_wait=3600, pacing=False, retries=0)

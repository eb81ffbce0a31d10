"""Ranges of time, asked of a server: the same persons as those of a whole walk that lie in it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from posthog_environments import AsyncEnvironment, Environment
from posthog_environments.sandbox import Sandbox


@pytest.mark.parametrize("page_size", [7, 1000])
def test_ranges_part_everybody(page_size: int) -> None:
    with (
        Sandbox(persons=300, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        everybody = list(env.persons.list())
        ends = [everybody[n].created_at for n in (50, 51, 200)]
        edges = [None, *ends, None]
        parts = []
        for before, since in pairwise(edges):
            pager = env.persons.list(created_since=since, created_before=before, page_size=page_size)
            parts += [person.uuid for person in pager]
            assert pager.report.complete
        assert parts == [person.uuid for person in everybody]


def test_a_range_with_a_filter_awaited() -> None:
    async def ask(box: Sandbox) -> list[list[str]]:
        async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as env:
            moment = datetime.now(UTC) - timedelta(days=30)
            plain = [person async for person in env.persons.list(properties={"plan": "pro"})]
            wanted = [p.uuid for p in plain if p.created_at is not None and p.created_at >= moment]
            pager = env.persons.list(properties={"plan": "pro"}, created_since=moment)
            return [wanted, [person.uuid async for person in pager]]

    with Sandbox(persons=300, rates=False) as box:
        wanted, found = asyncio.run(ask(box))
        assert found == wanted
        assert found


DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"created_since": "2026-01-31"}, TypeError, "created_since must be a datetime, not str"),
        ({"created_before": datetime(2026, 1, 31)}, ValueError, "created_before must have a time zone"),
        ({"created_since": DAY, "created_before": DAY}, ValueError, "created_since must lie before created_before"),
        ({"created_before": DAY, "offset": 3}, ValueError, "give near"),
        ({"created_since": DAY, "near": 3}, ValueError, "give offset"),
        ({"near": -1}, ValueError, "near must be at least 0"),
    ],
)
def test_ranges_that_make_no_sense(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with Environment(1, api_key="phx_x", host="http://127.0.0.1:9") as env, pytest.raises(error, match=message):
        env.persons.list(**arguments)

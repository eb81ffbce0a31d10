"""A walk over all persons, typed and untyped, at 100 and at 1,000 a page; CPU time of the client's process alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import orjson

from benchmarks.harness import Result, Setup, in_turn, ratio, show
from benchmarks.stock import Stock, generated
from posthog_environments import AsyncEnvironment, Environment

KEY = "phx_benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}"}
BARE, UNTOUCHED, OURS = "httpx + orjson, dicts", "untouched generator", "ours, typed"
ABARE, AOURS = "httpx async + orjson, dicts", "ours async, typed"


# The bare walks let go of each page before they fetch the next one, so that its memory is
# used again while it is warm: the strongest form of what one would write by hand.
def _bare(client: httpx.Client, host: str, size: int) -> int:
    count = 0
    url: str | None = f"{host}/api/environments/1/persons/?limit={size}"
    while url:
        response = client.get(url, headers=HEADERS)
        response.raise_for_status()
        page = orjson.loads(response.content)
        del response
        for _ in page["results"]:
            count += 1
        url = page["next"]
        del page
    return count


def _untouched(stock: Stock, client: object, size: int) -> int:
    count = 0
    while True:
        page = stock.list(client, size, count)
        for _ in page.results:
            count += 1
        if not page.next_:
            return count


def _ours(env: Environment, size: int) -> int:
    count = 0
    for _ in env.persons.list(page_size=size):
        count += 1
    return count


async def _abare(client: httpx.AsyncClient, host: str, size: int) -> int:
    count = 0
    url: str | None = f"{host}/api/environments/1/persons/?limit={size}"
    while url:
        response = await client.get(url, headers=HEADERS)
        response.raise_for_status()
        page = orjson.loads(response.content)
        del response
        for _ in page["results"]:
            count += 1
        url = page["next"]
        del page
    return count


async def _aours(env: AsyncEnvironment, size: int) -> int:
    count = 0
    async for _ in env.persons.list(page_size=size):
        count += 1
    return count


def _checked(walk: Callable[[], int], persons: int) -> Callable[[], None]:
    def work() -> None:
        found = walk()
        if found != persons:
            raise RuntimeError(f"{persons} persons are there, {found} came")

    return work


def run(setup: Setup) -> list[Result]:
    """Walk, print, and return what is held against the targets."""
    results: list[Result] = []
    with generated() as stock:
        for size, persons, rounds in ((1000, 10_000, 36), (100, 4_000, 36)):
            results += _sync(setup, stock, size, persons, setup.rounds(rounds))
    for size, persons, rounds in ((1000, 10_000, 36), (100, 4_000, 36)):
        results.append(_async(setup, size, persons, setup.rounds(rounds)))
    return results


def _sync(setup: Setup, stock: Stock, size: int, persons: int, rounds: int) -> list[Result]:
    host = f"{setup.origin}/{persons}"
    with ExitStack() as stack:
        bare = stack.enter_context(httpx.Client())
        untouched = stack.enter_context(stock.connect(host))
        ours = stack.enter_context(Environment("1", host=host, api_key=KEY, pacing=False))
        seconds = in_turn(
            {
                BARE: _checked(lambda: _bare(bare, host, size), persons),
                UNTOUCHED: _checked(lambda: _untouched(stock, untouched, size), persons),
                OURS: _checked(lambda: _ours(ours, size), persons),
            },
            rounds,
        )
    show(f"Walk over {persons:,} persons, {size:,} a page", seconds, persons, "person", BARE)
    where = f"{size:,} a page"
    return [
        Result(f"walk, {where}: faster than the untouched generator", ratio(seconds, UNTOUCHED, OURS), 2.0, True),
        Result(f"walk, {where}: CPU of httpx + orjson dicts", ratio(seconds, OURS, BARE), 1.4),
    ]


def _async(setup: Setup, size: int, persons: int, rounds: int) -> Result:
    host = f"{setup.origin}/{persons}"
    with asyncio.Runner() as runner:
        bare = httpx.AsyncClient()
        ours = AsyncEnvironment("1", host=host, api_key=KEY, pacing=False)
        seconds = in_turn(
            {
                ABARE: _checked(lambda: runner.run(_abare(bare, host, size)), persons),
                AOURS: _checked(lambda: runner.run(_aours(ours, size)), persons),
            },
            rounds,
        )
        runner.run(bare.aclose())
        runner.run(ours.aclose())
    show(f"Walk over {persons:,} persons, awaiting, {size:,} a page", seconds, persons, "person", ABARE)
    return Result(f"async walk, {size:,} a page: CPU of httpx async + orjson dicts", ratio(seconds, AOURS, ABARE), 1.4)

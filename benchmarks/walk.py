"""A walk over all persons, typed and untyped, at 100 and at 1,000 a page; CPU time of the client's process alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, closing
from statistics import median

import httpx

from benchmarks.contenders import (
    KEY,
    RawSocket,
    checked,
    requests_session,
    with_httpx,
    with_httpx_async,
    with_pydantic,
    with_requests,
    with_untouched,
)
from benchmarks.harness import Result, Setup, cpu_of, in_turn, ratio, show
from benchmarks.stock import Stock, generated
from posthog_environments import AsyncEnvironment, Environment
from posthog_environments.ratelimit.limiter import BUCKETS, RateLimiter

__all__ = ["roomy", "run"]

RAW, BARE, REQUESTS = "raw socket + orjson", "httpx + orjson", "requests + json"
UNTOUCHED, PYDANTIC = "untouched generator", "httpx + pydantic"
OURS, PAGES = "ours", "ours, pages"
ABARE, AOURS = "httpx async + orjson", "ours async"
TIMES, FEWER = 10, 2_000
WITHOUT, WITH = "rows of the contract", "rows with unknown fields"
# What walks must reach: against httpx and dicts, and against the untouched generator, by size of page.
BEST, STRETCH = 1.1, 0.95
FASTER = {1000: (2.2, 2.6), 100: (2.0, 2.4)}


def roomy(env: Environment) -> None:
    """Let a client pace itself by rates that it cannot reach."""
    rates = ((10**9, 60.0), (10**9, 3600.0))
    env._context.client.quota = RateLimiter(dict.fromkeys(BUCKETS, rates))  # noqa: SLF001 - for this only


def _ours(env: Environment, size: int) -> int:
    count = 0
    for _ in env.persons.list(page_size=size):
        count += 1
    return count


def _pages(env: Environment, size: int) -> int:
    count = 0
    for page in env.persons.list(page_size=size).pages():
        count += len(page.results)
        # Let go of before the next one is fetched.
        del page
    return count


async def _aours(env: AsyncEnvironment, size: int) -> int:
    count = 0
    async for _ in env.persons.list(page_size=size):
        count += 1
    return count


def run(setup: Setup) -> list[Result]:
    """Walk, print, and return what is held against the targets."""
    with generated() as stock:
        results = races(setup, stock)
    for size, persons, rounds in ((1000, 10_000, 36), (100, 4_000, 36)):
        results.append(_async(setup, size, persons, setup.rounds(rounds)))
    return [*results, _unknown(setup), _ten_times(setup)]


def races(setup: Setup, stock: Stock) -> list[Result]:
    """Walk with blocking clients."""
    results: list[Result] = []
    for size, persons in ((1000, 10_000), (100, 4_000)):
        results += _sync(setup, stock, size, persons)
    return results


def _sync(setup: Setup, stock: Stock, size: int, persons: int) -> list[Result]:
    host = f"{setup.origin}/{persons}"
    with ExitStack() as stack:
        raw = stack.enter_context(closing(RawSocket(host)))
        bare = stack.enter_context(httpx.Client())
        client = stack.enter_context(requests_session())
        untouched = stack.enter_context(stock.connect(host))
        ours = stack.enter_context(Environment("1", host=host, api_key=KEY, pacing=False))
        walks: dict[str, Callable[[], int]] = {
            BARE: lambda: with_httpx(bare, host, size),
            RAW: lambda: raw.walk(size),
            REQUESTS: lambda: with_requests(client, host, size),
            PYDANTIC: lambda: with_pydantic(bare, host, size),
            UNTOUCHED: lambda: with_untouched(stock, untouched, size),
            OURS: lambda: _ours(ours, size),
            PAGES: lambda: _pages(ours, size),
        }
        seconds = in_turn({name: checked(walk, persons) for name, walk in walks.items()}, setup.rounds(30))
    show(f"Walk, {size:,} a page", seconds, persons, "person", BARE)
    where = f"walk, {size:,} a page"
    least, stretch = FASTER[size]
    results = [
        Result(f"{where}: httpx + orjson dicts", ratio(seconds, OURS, BARE), BEST, stretch=STRETCH),
        Result(f"{where}, faster than the untouched generator", ratio(seconds, UNTOUCHED, OURS), least, True, stretch),
    ]
    if size == 1000:
        results.append(Result(f"{where}: raw socket + orjson", ratio(seconds, OURS, RAW), 1.9, stretch=1.5))
    return results


def _async(setup: Setup, size: int, persons: int, rounds: int) -> Result:
    host = f"{setup.origin}/{persons}"
    with asyncio.Runner() as runner:
        bare = httpx.AsyncClient()
        ours = AsyncEnvironment("1", host=host, api_key=KEY, pacing=False)
        seconds = in_turn(
            {
                ABARE: checked(lambda: runner.run(with_httpx_async(bare, host, size)), persons),
                AOURS: checked(lambda: runner.run(_aours(ours, size)), persons),
            },
            rounds,
        )
        runner.run(bare.aclose())
        runner.run(ours.aclose())
    show(f"Walk, awaiting, {size:,} a page", seconds, persons, "person", ABARE)
    what = f"async walk, {size:,} a page: httpx async + orjson dicts"
    return Result(what, ratio(seconds, AOURS, ABARE), BEST, stretch=STRETCH)


def _unknown(setup: Setup) -> Result:
    """Walk over rows that have three fields more than the contract knows, against rows that have none."""
    size, persons = 1000, 10_000
    with (
        Environment("1", host=f"{setup.origin}/{persons}", api_key=KEY, pacing=False) as one,
        Environment("1", host=f"{setup.origin}/next/{persons}", api_key=KEY, pacing=False) as other,
    ):
        walks = {WITHOUT: lambda: _ours(one, size), WITH: lambda: _ours(other, size)}
        seconds = in_turn({name: checked(walk, persons) for name, walk in walks.items()}, setup.rounds(30))
    show(f"Walk, {size:,} a page, fields that the contract does not know", seconds, persons, "person", WITHOUT)
    return Result("walk, rows with unknown fields: rows without", ratio(seconds, WITH, WITHOUT), 1.5, stretch=1.1)


def _ten_times(setup: Setup) -> Result:
    """Walk over ten times the persons: nothing may grow with the length of a walk."""
    # Both sets are kept by the server, or it would compete for the caches.
    few, many = f"{setup.origin}/{FEWER}", f"{setup.origin}/{FEWER * TIMES}"
    with (
        Environment("1", host=few, api_key=KEY, pacing=False) as one,
        Environment("1", host=many, api_key=KEY, pacing=False) as ten,
    ):
        rounds = setup.rounds(36)
        short: list[float] = []
        long: list[float] = []
        for number in range(rounds + 1):
            # So many short walks as one long one is long, so that both meet the same machine.
            shorts = [cpu_of(checked(lambda: _ours(one, 100), FEWER)) for _ in range(TIMES)]
            whole = cpu_of(checked(lambda: _ours(ten, 100), FEWER * TIMES))
            if number:
                short.append(median(shorts))
                long.append(whole)
    seconds = {"short": short, "long": long}
    show(f"Walk over {FEWER * TIMES:,} persons, 100 a page", seconds, 1, "walk", "short")
    return Result("ten times the persons: the CPU", ratio(seconds, "long", "short"), 10.3, stretch=10.0)

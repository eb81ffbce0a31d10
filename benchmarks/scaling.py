"""How it scales: requests and hours for ten thousand to a thousand million persons, under the rates of both eras.

The real rate limiter and paginator run on a simulated clock. Only the server and the network are simulated: each
response takes a fixed time and has as many rows as were asked for. Beyond `SIMULATED` requests the last hours are
repeated, for one is like the other.

`run` holds the simulation against reality: a walk over a real server, paced by rates that are compressed in time, must
take as long as the simulation of the same walk says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import Any

from benchmarks.contenders import KEY
from benchmarks.harness import Result, Setup
from posthog_environments import Environment
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, Send, ServerResponse, Sleep, TransportFailure
from posthog_environments.calls.state import CallContext
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage
from posthog_environments.ratelimit.limiter import BUCKETS, RATES, Rate, RateLimiter
from soak.clock import LISTING, Timeline, new_session, options

ERAS: Mapping[str, tuple[Rate, ...]] = {
    # What a client learns from the 429s of a server of 2025.
    "2025": ((180, 60.0), (1200, 3600.0)),
    "2026": RATES["persons"],
}
SIZES = tuple(10**power for power in range(4, 10))
# Seconds that a server takes for a page of a thousand persons; it matters only before the quota does.
LATENCY = 0.5
# Requests that are played; and rows a page where there are so many of them. How many requests a walk over rows that
# stay in place takes depends on pages alone.
SIMULATED, THIN = 10_000, 10
COMPRESSED: tuple[Rate, ...] = ((15, 1.0), (50, 5.0))


@dataclass(frozen=True, slots=True)
class Course:
    """How a walk went: the requests that it took, and the seconds."""

    requests: int
    seconds: float


def simulate(persons: int, page_size: int, rates: tuple[Rate, ...], latency: float = LATENCY) -> Course:
    """Walk over so many persons on a clock that leaps."""
    requests = -(-persons // page_size)
    if requests < SIMULATED:
        return _walked(persons, page_size, rates, latency)[-1]
    courses = _walked(SIMULATED * THIN, THIN, rates, latency)
    # The pace of the last hours, in whole quotas: they are used up at once, and then waited for.
    limit, window = rates[-1]
    last = courses[-1]
    before = courses[-1 - (SIMULATED // 2 // limit) * limit]
    pace = (last.seconds - before.seconds) / (last.requests - before.requests)
    # One page at a time, so that where the quota is wide it is the server that takes its time.
    assert abs(pace - max(window / limit, latency)) < 0.01 * pace
    whole, rest = divmod(requests - last.requests, limit)
    # What is left over is as quick as its part of the last quota was.
    part = courses[-1 - limit + rest].seconds - courses[-1 - limit].seconds
    return Course(requests, last.seconds + whole * limit * pace + part)


@cache
def _walked(persons: int, page_size: int, rates: tuple[Rate, ...], latency: float) -> list[Course]:
    timeline = Timeline()
    client = new_session(timeline, Random(1))
    client.quota = RateLimiter(dict.fromkeys(BUCKETS, rates), timeline.clock)
    scope = CallContext(client, options())
    # A row is a number; the newest is the largest, and all are above 0.
    walk: OffsetPaginator[int] = OffsetPaginator(page_size, 0, _itself, partial(_itself))
    start, courses = timeline.now, list[Course]()
    while walk.cursor is not None:
        cursor = walk.cursor
        _request(scope, timeline, latency)
        walk.consume(_page(cursor, persons))
        courses.append(Course(len(courses) + 1, timeline.now - start))
    assert walk.report.complete
    assert walk.report.rows == persons
    return courses


def _itself(row: Any) -> Any:
    return row


def _page(cursor: Cursor, persons: int) -> RawPage[int]:
    end = min(persons, cursor.number + cursor.limit)
    rows = range(persons - cursor.number, persons - end, -1)
    return RawPage(rows, f"http://127.0.0.1/?offset={end}" if end < persons else None)


def _request(scope: CallContext, timeline: Timeline, latency: float) -> None:
    """Let a call go as a driver does, but for the waiting, which only moves the clock."""
    generator = execute_call(scope, Call(LISTING, {"method": "get", "url": "/"}))
    outcome: ServerResponse | TransportFailure | None = None
    while True:
        try:
            command = generator.send(outcome)
        except StopIteration:
            return
        outcome = None
        if isinstance(command, Send):
            timeline.now += latency
            outcome = ServerResponse(200, {}, b"")
        elif isinstance(command, Sleep):
            timeline.now += command.seconds


def run(setup: Setup) -> list[Result]:
    """Hold a simulated walk against a real one, print both, and return how far they are apart."""
    requests = 100 if setup.quick else 220
    size = 20
    host = f"{setup.origin}/{requests * size}"
    with Environment("1", host=host, api_key=KEY) as env:
        env.with_options(pacing=False).persons.list(page_size=size).first()
        latency = _seconds(lambda: env.with_options(pacing=False).persons.list(page_size=size)) / requests
        env._context.client.quota = RateLimiter(dict.fromkeys(BUCKETS, COMPRESSED))  # noqa: SLF001 - for this only
        real = _seconds(lambda: env.persons.list(page_size=size))
    played = simulate(requests * size, size, COMPRESSED, latency)
    print(f"\nA walk of {requests} requests at {COMPRESSED}: {real:.2f} s, simulated {played.seconds:.2f} s")
    apart = max(real, played.seconds) / min(real, played.seconds)
    return [Result("simulated and real walk, the longer: the shorter", apart, 1.1)]


def _seconds(begin: Callable[[], Any]) -> float:
    start = time.monotonic()
    pager = begin()
    for _ in pager.pages():
        pass
    assert pager.report.complete
    return time.monotonic() - start

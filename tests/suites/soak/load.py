"""Suite "load": the quota is used up and not broken, faults are ridden out, and an outage is not made worse.

Hours of pacing pass on a clock that leaps (`soak.clock`), pinned to real time by a short part on a loopback server.
The long walk goes through a server process that fails at random, from a process of its own, whose memory is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from posthog_environments import AsyncEnvironment, Environment, PostHogError
from posthog_environments.calls import retry
from posthog_environments.calls.state import CallContext
from posthog_environments.client.runners import Runner
from posthog_environments.ratelimit.limiter import BUCKETS, RATES, Bucket, Rate, RateLimiter
from soak.canned import Canned, Heard, http
from soak.clock import (
    FixedWindows,
    Limiter,
    Neighbour,
    SlidingLogs,
    Timeline,
    Worker,
    new_session,
    options,
)
from soak.crowd import crowd, number_of
from soak.frame import Campaign, Effort, Figure
from soak.surroundings import with_tests

__all__ = [
    "CAMPAIGNS",
    "SERVERS",
    "Account",
    "faults",
    "neighbours",
    "outage",
    "quiet",
    "real_time",
    "recovery",
    "walk_here",
]

KEY = "phx_soak_load_0123456789abcdef"
SERVERS: Final = (SlidingLogs, FixedWindows)
# Both windows of a server of 2025; the one of an hour is what a client learns of it.
PERSONS: Final[tuple[Rate, ...]] = ((180, 60.0), (1200, 3600.0))
MINUTE: Final = PERSONS[:1]
HOUR: Final = PERSONS[1:]


def _rates(rates: tuple[Rate, ...]) -> dict[Bucket, tuple[Rate, ...]]:
    return dict.fromkeys(BUCKETS, rates)


# ------------------------------------------------------------------------------------------------ a quiet account


class Account:
    """Workers on one client for some hours, before a server that counts, with or without a neighbour."""

    def __init__(
        self,
        server: Callable[[tuple[Rate, ...]], Limiter],
        rates: tuple[Rate, ...],
        workers: int,
        random: Random,
        *,
        latency: tuple[float, float] = (0.05, 0.4),
        shared: bool = False,
        tells: bool = True,
    ) -> None:
        self.timeline = Timeline()
        self.limiter = server(rates)
        self.tells = tells
        self.rates = rates
        client = new_session(self.timeline, random)
        client.quota = RateLimiter(_rates(rates), self.timeline.clock)
        scope = CallContext(client, options(max_wait=1e9, timeout=300.0))
        self.workers = [Worker(self.timeline, scope, self._serve, random, latency) for _ in range(workers)]
        self.neighbour: Neighbour | None = None
        if shared:
            pace = min(limit / seconds for limit, seconds in rates)
            # It changes its mind every now and then, but not before anybody can know it.
            self.neighbour = Neighbour(self.timeline, self.limiter, pace, 2 * rates[-1][1], random)

    def _serve(self, now: float) -> tuple[int, dict[str, str]]:
        wait = self.limiter.refuses(now)
        if wait is None:
            return 200, {}
        return 429, {"retry-after": str(int(wait) + 1)} if self.tells else {}

    def run(self, seconds: float) -> None:
        """Let them work."""
        self.start = self.timeline.now
        for worker in self.workers:
            worker.start()
        if self.neighbour is not None:
            self.neighbour.start()
        self.end = self.start + seconds
        self.timeline.run(self.end)

    @property
    def sent(self) -> int:
        """Requests of ours."""
        return sum(worker.sent for worker in self.workers)

    @property
    def refused(self) -> int:
        """Those of them that were answered by 429."""
        return sum(worker.refused for worker in self.workers)

    @property
    def failed(self) -> int:
        """Calls that did not end well."""
        return sum(len(worker.errors) for worker in self.workers)

    def used(self) -> float:
        """Which part of the quota was used."""
        return (self.sent - self.refused) / min(
            limit * (self.end - self.start) / seconds for limit, seconds in self.rates
        )

    def slowest(self) -> float:
        """What the worker with the fewest calls has of the average."""
        done = [len(worker.done) for worker in self.workers]
        return min(done) * len(done) / max(1, sum(done))

    def longest_pause(self) -> float:
        """How long somebody waited for the end of a call, in longest windows."""
        pauses = [
            max(later - earlier for earlier, later in zip([self.start, *w.done], [*w.done, self.end], strict=True))
            for w in self.workers
        ]
        return max(pauses) / self.rates[-1][1]


def quiet(effort: Effort) -> Iterator[Figure]:
    """Use the quota of an account that is ours alone: threads or tasks, both kinds of servers, on a leaping clock."""
    random = effort.random("quiet")
    hours = effort.count(12, 1)
    kinds: tuple[tuple[Rate, ...], ...] = (PERSONS, MINUTE, RATES["persons"])
    crews: tuple[tuple[int, tuple[float, float]], ...]
    crews = ((8, (0.05, 0.4)), (200, (0.2, 2.0)), (1, (0.01, 0.2)), (20, (0.2, 2.0)))
    if effort.share < 0.5:
        kinds, crews = kinds[:2], crews[:2]
    used, refused, worst = 2.0, 0, ""
    sent = runs = 0
    for server in SERVERS:
        for rates in kinds:
            for workers, latency in crews:
                run = Account(server, rates, workers, random, latency=latency)
                # A minute less, so that what is counted is whole windows: the first request goes at once.
                run.run(hours * 3600.0 - 1.0)
                runs, sent, refused = runs + 1, sent + run.sent, refused + run.refused + run.failed
                if run.used() < used:
                    used, worst = run.used(), f"{server.__name__} {rates}, {workers} workers"
    yield Figure("least part of the quota that was used", "at least 97 %", f"{used:.1%}", used >= 0.97, worst)
    yield Figure(f"429s and failures in {sent:,} requests, {runs} runs of {hours} h", "0", str(refused), refused == 0)


# ---------------------------------------------------------------------------------------------------- a neighbour


def neighbours(effort: Effort) -> Iterator[Figure]:
    """Share the quota with one who asks nobody, and takes 10 to 60 % of it; Retry-After comes, or does not."""
    random = effort.random("neighbours")
    most = least = None
    sent = refused = failed = 0
    slowest, pause, granted, used = 1.0, 0.0, 1.0, 2.0
    length = 1.0 if effort.share >= 0.5 else 0.5
    kinds = 3 if effort.share >= 0.5 else 2 if effort.share >= 0.02 else 1
    for _ in range(effort.count(5)):
        for server in SERVERS:
            for rates, windows in ((MINUTE, 240), (PERSONS, 24), (HOUR, 24))[:kinds]:
                for tells in (True, False):
                    run = Account(server, rates, 8, random, shared=True, tells=tells)
                    run.run(windows * length * rates[-1][1])
                    share = run.refused / run.sent
                    name = f"{server.__name__} {rates}, Retry-After {tells}"
                    most = max(most or (share, name), (share, name))
                    sent, refused, failed = sent + run.sent, refused + run.refused, failed + run.failed
                    slowest, pause = min(slowest, run.slowest()), max(pause, run.longest_pause())
                    assert run.neighbour is not None
                    # It can only be seen once it was in the way: the first two windows are for that.
                    seen = run.start + 2 * rates[-1][1]
                    its = sum(when > seen for when in run.neighbour.granted)
                    part = its / sum(when > seen for when in run.neighbour.wanted)
                    least = min(least or (part, name), (part, name))
                    granted = least[0]
                    used = min(used, run.used() + len(run.neighbour.granted) / (run.sent / run.used()))
    assert most is not None
    assert least is not None
    yield Figure(
        f"429s in {sent:,} requests of ours, worst run", "under 1 %", f"{most[0]:.2%}", most[0] < 0.01, most[1]
    )
    yield Figure("calls of ours that failed", "0", str(failed), failed == 0)
    yield Figure("the worker with the fewest calls, of the average", "at least 80 %", f"{slowest:.0%}", slowest >= 0.8)
    yield Figure("longest wait for a call, in longest windows", "at most 1.5", f"{pause:.2f}", pause <= 1.5)
    yield Figure(
        "what the neighbour got of what it wanted, worst run",
        "at least 80 %",
        f"{granted:.0%}",
        granted >= 0.8,
        least[1],
    )
    yield Figure("part of the quota that both used, worst run", "at least 60 %", f"{used:.0%}", used >= 0.6)


# ------------------------------------------------------------------------------------------------------ real time

SCALED: Final = ((60, 2.0), (200, 10.0))
PERSON: Final = b'{"id":1,"uuid":"00000000-0000-4000-8000-000000000001","distinct_ids":["a"],"properties":{}}'


class _Counting:
    """A real server on loopback that counts as a played one does."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()

    def answer(self, _: Heard) -> bytes:
        """Answer a request for a person."""
        with self._lock:
            wait = self._limiter.refuses(time.monotonic())
            self.statuses[200 if wait is None else 429] += 1
        return http(200, PERSON) if wait is None else http(429, b"{}", b"Retry-After: %d" % (int(wait) + 1))


def real_time(effort: Effort) -> Iterator[Figure]:
    """Use up a real server's quota in real time: 8 threads on one client, 20 tasks on another."""
    seconds = 10.0 * effort.count(3) - 0.5 if effort.share >= 0.5 else 2.2
    rates = SCALED if effort.share >= 0.5 else ((15, 0.5), (50, 2.5))
    # On a machine that does a lot besides, threads wake up late: then only the order of magnitude is held.
    enough = 0.97 if effort.share >= 0.5 else 0.7

    def use(server: Callable[[tuple[Rate, ...]], Limiter], work: Callable[..., None]) -> tuple[float, int]:
        counting = _Counting(server(rates))
        longest = rates[-1][1]
        with Canned(counting.answer) as canned:
            if server is FixedWindows:  # is counted from its beginning
                time.sleep(longest - time.monotonic() % longest)
            work(canned.host, rates, seconds)
        quota = rates[-1][0] * (int(seconds / longest) + 1)
        return counting.statuses[200] / quota, counting.statuses[429]

    # All at once: they wait most of the time.
    ways = [(server, name, work) for server in SERVERS for name, work in WORK.items()]
    with ThreadPoolExecutor() as executor:
        pairs = list(executor.map(lambda way: use(way[0], way[2]), ways))
    for (server, name, _), (used, refused) in zip(ways, pairs, strict=True):
        where = f"{name}, {server.__name__}"
        yield Figure(f"{where}: part used", f"at least {enough:.0%}", f"{used:.1%}", used >= enough)
        yield Figure(f"{where}: 429s", "0", str(refused), refused == 0)


def _threads(host: str, rates: tuple[Rate, ...], seconds: float) -> None:
    end = time.monotonic() + seconds
    with Environment(1, api_key=KEY, host=host, max_wait=seconds) as env:
        env._context.client.quota = RateLimiter(_rates(rates))  # noqa: SLF001 - other rates than PostHog's

        def work() -> None:
            with contextlib.suppress(PostHogError):  # no quota left before the end
                while time.monotonic() < end:
                    env.with_options(max_wait=max(0.0, end - time.monotonic())).persons.get(1)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _tasks(host: str, rates: tuple[Rate, ...], seconds: float) -> None:
    async def main() -> None:
        end = time.monotonic() + seconds
        async with AsyncEnvironment(1, api_key=KEY, host=host) as env:
            env._context.client.quota = RateLimiter(_rates(rates))  # noqa: SLF001 - as above

            async def work() -> None:
                with contextlib.suppress(PostHogError):
                    while time.monotonic() < end:
                        await env.with_options(max_wait=max(0.0, end - time.monotonic())).persons.get(1)

            await asyncio.gather(*(work() for _ in range(20)))

    asyncio.run(main())


WORK: Final[dict[str, Callable[..., None]]] = {"8 threads": _threads, "20 tasks": _tasks}

# --------------------------------------------------------------------------------------------- faults in a long walk

SUITES: Final = Path(__file__).parents[1]


def _resident() -> int:
    """Return the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def walk_here(host: str, persons: int, pages: int, how: str) -> dict[str, Any]:
    """Walk over a crowd in this process, with pauses five hundred times shorter; tell what was seen."""
    backoff, retry.BASE, retry.CAP = (retry.BASE, retry.CAP), retry.BASE / 500, retry.CAP / 500
    try:
        return (_walk if how == "threads" else _walk_awaiting)(host, _Seen(persons), persons // pages)
    finally:
        retry.BASE, retry.CAP = backoff


class _Seen:
    """Who was seen, a byte for each person; and how much memory that took at most."""

    def __init__(self, persons: int) -> None:
        self.times = bytearray(persons)
        self.strangers = 0

    def see(self, uuid: str) -> None:
        """Note a person."""
        number = number_of(uuid)
        if number < len(self.times):
            self.times[number] = min(255, self.times[number] + 1)
        else:
            self.strangers += 1

    def tell(self, report: Any, error: PostHogError | None, before: int) -> dict[str, Any]:
        """Give the result."""
        # Not ru_maxrss, which a process inherits from the one that started it.
        with Path("/proc/self/status").open() as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024
        return {
            "missed": self.times.count(0),
            "twice": len(self.times) - self.times.count(0) - self.times.count(1) + self.strangers,
            "complete": report.complete,
            "ended": "well" if error is None else f"{type(error).__name__}: {error}",
            "memory": max(0, peak - before) / 2**20,
        }


def _walk(host: str, seen: _Seen, page_size: int) -> dict[str, Any]:
    error = None
    with Environment(1, api_key=KEY, host=host, pacing=False) as env:
        env.persons.list(page_size=1).first()
        before = _resident()
        pager = env.persons.list(page_size=page_size)
        try:
            for person in pager:
                seen.see(person.uuid)
        except PostHogError as failed:
            error = failed
        return seen.tell(pager.report, error, before)


def _walk_awaiting(host: str, seen: _Seen, page_size: int) -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        error = None
        async with AsyncEnvironment(1, api_key=KEY, host=host, pacing=False) as env:
            await env.persons.list(page_size=1).first()
            before = _resident()
            pager = env.persons.list(page_size=page_size)
            try:
                async for person in pager:
                    seen.see(person.uuid)
            except PostHogError as failed:
                error = failed
            return seen.tell(pager.report, error, before)

    return asyncio.run(main())


def _walk_in_child(host: str, persons: int, pages: int, how: str, defect: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "soak.load", host, str(persons), str(pages), how, defect]
    done = subprocess.run(
        command, cwd=SUITES, env=with_tests(), capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode != 0:
        return {"missed": persons, "twice": 0, "complete": False, "ended": done.stderr[-500:], "memory": 0.0}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def faults(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Walk over a million persons while three answers of ten fail; `defect` names a function that spoils the walk."""
    for how, whole in (("threads", 1_000_000), ("tasks", 200_000))[: 1 if defect else 2]:
        persons = effort.count(whole, 10_000)
        # However few persons, so many that chance evens out.
        pages = 1000 if effort.share >= 0.5 else 200
        with crowd(persons, 0.3, effort.random(f"faults {how}").randrange(2**32)) as served:
            found = _walk_in_child(served.host, persons, pages, how, defect)
        what = f"{persons:,} persons, {'blocking' if how == 'threads' else 'awaiting'}"
        strayed = found["missed"] + found["twice"]
        met = strayed == 0 and found["complete"]
        state = f"{strayed}, {'complete' if found['complete'] else 'not complete'}"
        yield Figure(f"{what}: missed or seen twice", "0, complete", state, met, found["ended"])
        requests = served.asked / pages
        failed = 1 - served.faults.get("", 0) / served.asked
        yield Figure(
            f"{what}: requests for each page, {failed:.0%} failed", "at most 1.6", f"{requests:.2f}", requests <= 1.6
        )
        memory = found["memory"]
        yield Figure(f"{what}: memory besides", "at most 100 MiB", f"{memory:.0f} MiB", memory <= 100)


# ---------------------------------------------------------------------------------------------------- full outage


def outage(effort: Effort) -> Iterator[Figure]:
    """Make calls while nothing works: how many requests that takes, and whether the client is fine afterwards."""
    calls = effort.count(1000, 60)
    for name, status in (("503", 503), ("500", 500), ("503 with Retry-After", -503)):
        timeline, random = Timeline(), effort.random(f"outage {name}")
        state = {"up": True}
        client = new_session(timeline, random)

        def serve(_: float, status: int = status, state: dict[str, bool] = state) -> tuple[int, dict[str, str]]:
            if state["up"]:
                return 200, {}
            return abs(status), {"retry-after": "2"} if status < 0 else {}

        scope = CallContext(client, options(pacing=False))
        # It has done well for long before, so that it has all the retries that it can have.
        before = [Worker(timeline, scope, serve, random, calls=200) for _ in range(8)]
        _play(timeline, before)
        state["up"] = False
        during = [Worker(timeline, scope, serve, random, calls=calls // 8) for _ in range(8)]
        _play(timeline, during)
        normal, sent = calls // 8 * 8, sum(worker.sent for worker in during)
        yield _outage_figure(name, normal, sent)
        state["up"] = True
        after = [Worker(timeline, scope, serve, random, calls=20) for _ in range(8)]
        _play(timeline, after)
        good = sum(len(worker.done) for worker in after)
        yield Figure(f"{name}: calls that work afterwards, of 160", "160", str(good), good == 160)
    yield from _outage_on_the_wire(effort.count(400, 40))


def _play(timeline: Timeline, workers: list[Worker]) -> None:
    for worker in workers:
        worker.start()
    timeline.run(timeline.now + 36_000)


def _outage_figure(name: str, normal: int, sent: int) -> Figure:
    most = int(1.1 * normal + 10)
    return Figure(f"{name}: requests for {normal} calls", f"at most {most}", str(sent), sent <= most)


class _Counted:
    """Counts what a driver sends."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.requests = inner.requests
        self.sent = 0

    def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send it."""
        self.sent += 1
        response: httpx.Response = self.inner.send(request, deadline, stream=stream)
        return response


def _outage_on_the_wire(calls: int) -> Iterator[Figure]:
    down = True
    server = Canned(lambda _: http(503, b"<h1>Down</h1>", kind="text/html") if down else http(200, PERSON))
    with server as canned, Environment(1, api_key=KEY, host=canned.host, pacing=False) as env:
        _ask_in_vain(env, calls)
        yield _outage_figure("503 on the wire", calls, len(canned.take()))
        down = False
        yield Figure("503 on the wire: calls that work afterwards, of 5", "5", *_work(env, 5))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with Environment(1, api_key=KEY, host=host, pacing=False) as env:
        counted = _Counted(env._transport)  # noqa: SLF001 - nothing else sees requests that are refused
        _ask_in_vain(env, calls, counted)
        yield _outage_figure("refused on the wire", calls, counted.sent)


def _work(env: Environment, calls: int) -> tuple[str, bool]:
    good = 0
    for _ in range(calls):
        with contextlib.suppress(PostHogError):
            good += env.persons.get(1).id == 1
    return str(good), good == calls


def _ask_in_vain(env: Environment, calls: int, sender: Any = None) -> None:
    # With pauses a thousand times shorter.
    env._runner = Runner(sender or env._transport, lambda seconds: time.sleep(seconds / 1000))  # noqa: SLF001
    for _ in range(calls):
        with contextlib.suppress(PostHogError):
            env.persons.get(1)


# ------------------------------------------------------------------------------------------------------- recovery

CLIENTS: Final = 50
BIN: Final = 0.05


def recovery(effort: Effort) -> Iterator[Figure]:
    """Let fifty clients meet an outage in the same moment, and the server come back: they must not come together."""
    for name, headers in (("nothing", {}), ("Retry-After: 3", {"retry-after": "3"})):
        most = 0
        for number in range(effort.count(40, 4)):
            most = max(most, _herd(effort.random(f"recovery {name} {number}"), headers))
        yield Figure(
            f"most clients of {CLIENTS} in 50 ms after the server came back, told {name}",
            "at most 12",
            str(most),
            most <= 12,
        )


def _herd(random: Random, headers: dict[str, str]) -> int:
    timeline = Timeline()
    failing = timeline.now
    back = failing + random.uniform(0.5, 2.5)

    def serve(now: float) -> tuple[int, dict[str, str]]:
        return (200, {}) if now >= back else (503, headers)

    workers = []
    for number in range(CLIENTS):
        own = Random(f"{random.random()} {number}")
        scope = CallContext(new_session(timeline, own), options(pacing=False))
        workers.append(Worker(timeline, scope, serve, own, latency=(0.001, 0.005), calls=1))
        workers[-1].start()
    timeline.run(failing + 120)
    assert all(worker.done for worker in workers)
    firsts = [next(when for when in worker.arrivals if when >= back) for worker in workers]
    bins = Counter(int(when / BIN) for when in firsts)
    return max(bins.values())


CAMPAIGNS = (
    Campaign("pacing on a quiet account", quiet),
    Campaign("pacing beside a neighbour", neighbours),
    Campaign("pacing in real time", real_time),
    Campaign("a walk among random faults", faults),
    Campaign("a full outage", outage),
    Campaign("recovery", recovery),
)

if __name__ == "__main__":
    _host, _persons, _pages, _how, _defect = sys.argv[1:]
    if _defect:
        _module, _, _function = _defect.partition(":")
        getattr(importlib.import_module(_module), _function)()
    print(json.dumps(walk_here(_host, int(_persons), int(_pages), _how)))

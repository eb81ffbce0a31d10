"""Real processes that share a quota, in real time: each has a client of its own, before one server that counts.

`python -m soak.fleet {…}` is one of them: threads, or tasks on asyncio or trio, that read one person after the other.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import anyio

from posthog_environments import AsyncEnvironment, Environment, PostHogError, RateLimitError
from posthog_environments.calls import pacing
from posthog_environments.ratelimit import shared_state, stores
from posthog_environments.ratelimit.limiter import BUCKETS, Bucket, Rate
from posthog_environments.ratelimit.shared import SharedRateLimiter, name_of
from posthog_environments.ratelimit.stores import open_store
from soak.canned import Canned, Heard, http
from soak.clock import FixedWindows, Limiter, SlidingLogs
from soak.surroundings import with_tests

__all__ = ["Deed", "Outcome", "rates_of", "share"]

SUITES: Final = Path(__file__).parents[1]
KEY: Final = "phx_soak_fleet_0123456789abcdef"
PERSON: Final = b'{"id":1,"uuid":"00000000-0000-4000-8000-000000000001","distinct_ids":["a"],"properties":{}}'
KINDS: Final = ("threads", "asyncio", "threads", "trio")
AT_ONCE: Final = 4
SHORTER: Final = (
    (pacing, "LONGEST_NAP", 1.0),
    (shared_state, "LONGEST_NAP", 1.0),
    (shared_state, "NOTICED", 2.0),
    (shared_state, "LATE", 1.0),
    (shared_state, "ACTIVE", 10.0),
    (stores, "LATER", 0.5),
)

Deed = tuple[float, Callable[["Fleet"], None]]
"""What is done to a fleet, and when: a part of its time."""


def rates_of(rates: tuple[Rate, ...]) -> dict[Bucket, tuple[Rate, ...]]:
    """Give all buckets these rates."""
    return dict.fromkeys(BUCKETS, rates)


# --------------------------------------------------------------------------------------------------------- one worker


class _Job:
    """What one process does until its time is over."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.path = f"0000000{given['number']}-0000-4000-8000-000000000001"
        self.rates = rates_of(tuple((limit, seconds) for limit, seconds in given["rates"]))
        self.given = given
        self.end = 0.0
        self.done = 0
        self.errors: list[str] = []

    def client(self, kind: Callable[..., Any]) -> Any:
        """Make a client with rates that are not PostHog's."""
        env = kind(1, api_key=KEY, host=self.given["host"], quota=self.given["quota"], timeout=20.0)
        client = env._context.client  # noqa: SLF001 - only its rates are others
        place = client.settings.quota
        if place is not None:
            client.quota = SharedRateLimiter(open_store(place), lambda: name_of(client.settings), self.rates)
        return env

    @property
    def left(self) -> float:
        """Seconds."""
        return max(self.end - time.monotonic(), 0.0)

    def get_ready(self) -> None:
        """Begin when all the others do, however long it takes to start them."""
        print("ready", flush=True)
        self.end = time.monotonic() + self.given["seconds"] if sys.stdin.readline() else 0.0

    def note(self, error: PostHogError) -> None:
        """Keep an error, unless it says that there is no quota before the end."""
        if not isinstance(error, RateLimitError) or (error.retry_after or 0.0) < self.left:
            self.errors.append(f"{type(error).__name__}: {error}")

    def block(self) -> None:
        """Work with threads."""
        with self.client(Environment) as env:
            self.get_ready()

            def work() -> None:
                while self.left:
                    try:
                        env.with_options(max_wait=self.left).persons.get(self.path)
                        self.done += 1
                    except PostHogError as error:
                        self.note(error)

            threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    async def wait(self) -> None:
        """Work with tasks."""
        async with self.client(AsyncEnvironment) as env, anyio.create_task_group() as group:
            self.get_ready()

            async def work() -> None:
                while self.left:
                    try:
                        await env.with_options(max_wait=self.left).persons.get(self.path)
                        self.done += 1
                    except PostHogError as error:
                        self.note(error)

            for _ in range(AT_ONCE):
                group.start_soon(work)


def main(given: dict[str, Any]) -> None:
    """Be one of the processes."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if given["defect"]:
        module, _, name = given["defect"].partition(":")
        getattr(importlib.import_module(module), name)()
    # Windows are shorter than PostHog's, and so is all that goes with them.
    for module, name, value in SHORTER:
        assert hasattr(module, name)
        setattr(module, name, value)
    job = _Job(given)
    if given["kind"] == "threads":
        job.block()
    else:
        anyio.run(job.wait, backend=given["kind"])
    print(json.dumps({"done": job.done, "errors": job.errors[:5]}))


# ------------------------------------------------------------------------------------------------------------ a fleet


class _Counting:
    """A real server on loopback that counts as a played one does, and remembers who came when."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.arrivals: list[float] = []
        self.of: Counter[str] = Counter()

    def answer(self, heard: Heard) -> bytes:
        """Answer a request for a person."""
        with self._lock:
            now = time.monotonic()
            wait = self._limiter.refuses(now)
            self.statuses[200 if wait is None else 429] += 1
            self.arrivals.append(now)
            self.of[heard.path.decode().strip("/").split("/")[-1][:8]] += 1
        return http(200, PERSON) if wait is None else http(429, b"{}", b"Retry-After: %d" % (int(wait) + 1))


class Outcome:
    """What became of a fleet.

    Attributes:
        used: The part of the quota that was used.
        refused: How many requests were answered by 429.
        over: How many requests more than its limit a window saw at most; 0 if none.
        slowest: What the process with the fewest requests has of the one with the most, of those that lived.
        errors: What calls ended in.
        complaints: Lines of the log that say that the store is away.
        crashed: Processes that ended badly and were not killed.
        arrivals: When each request came.
        start: When they began.
    """

    def __init__(self, fleet: Fleet, counting: _Counting) -> None:
        longest = fleet.rates[-1][1]
        self.used = counting.statuses[200] / (fleet.rates[-1][0] * (int(fleet.seconds / longest) + 1))
        self.refused = counting.statuses[429]
        self.arrivals, self.start = counting.arrivals, fleet.start
        self.over = max(0, *(most(counting.arrivals, seconds) - limit for limit, seconds in fleet.rates))
        of = [counting.of[f"0000000{number}"] for number in range(len(KINDS)) if number not in fleet.killed]
        self.slowest = min(of) / max(1, *of)
        self.errors: list[str] = []
        self.complaints, self.crashed = 0, 0
        for number, process in enumerate(fleet.processes):
            out, error = process.communicate(timeout=60)
            self.complaints += error.count("cannot be used")
            if number not in fleet.killed:
                self.crashed += process.returncode != 0
                self.errors += json.loads(out)["errors"] if process.returncode == 0 else [error[-2000:]]


def most(arrivals: Sequence[float], seconds: float) -> int:
    """Count the requests in the window that saw the most."""
    first = best = 0
    for place, when in enumerate(arrivals):
        while arrivals[first] <= when - seconds:
            first += 1
        best = max(best, place - first + 1)
    return best


class Fleet:
    """Four processes on one quota."""

    def __init__(self, rates: tuple[Rate, ...], seconds: float) -> None:
        self.rates, self.seconds = rates, seconds
        self.processes: list[subprocess.Popen[str]] = []
        self.killed: set[int] = set()
        self.start = 0.0

    def kill(self, number: int) -> None:
        """End one at once."""
        self.killed.add(number)
        self.processes[number].send_signal(signal.SIGKILL)

    def begin(self, host: str, quota: str, defect: str) -> None:
        """Start all of them."""
        for number, kind in enumerate(KINDS):
            given = {
                "number": number,
                "kind": kind,
                "host": host,
                "quota": quota,
                "rates": self.rates,
                "seconds": self.seconds,
                "defect": defect,
            }
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "soak.fleet", json.dumps(given)],
                    cwd=SUITES,
                    env={name: value for name, value in with_tests().items() if not name.startswith("POSTHOG_")},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        for process in self.processes:
            assert process.stdout is not None
            process.stdout.readline()

    def go(self) -> None:
        """Let them begin."""
        self.start = time.monotonic()
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()


def share(
    quota: str,
    rates: tuple[Rate, ...],
    seconds: float,
    *,
    server: Callable[[tuple[Rate, ...]], Limiter] = SlidingLogs,
    deeds: Sequence[Deed] = (),
    defect: str = "",
) -> Outcome:
    """Let a fleet work on one quota for some seconds, while something is done to it."""
    counting, fleet = _Counting(server(rates)), Fleet(rates, seconds)
    with Canned(counting.answer) as canned, _ended(fleet):
        fleet.begin(canned.host, quota, defect)
        if server is FixedWindows:  # is counted from its beginning
            time.sleep(rates[-1][1] - time.monotonic() % rates[-1][1])
        fleet.go()
        for part, do in deeds:
            time.sleep(max(0.0, fleet.start + part * seconds - time.monotonic()))
            do(fleet)
        for process in fleet.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds + 60)
        return Outcome(fleet, counting)


@contextlib.contextmanager
def _ended(fleet: Fleet) -> Iterator[None]:
    try:
        yield
    finally:
        for process in fleet.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

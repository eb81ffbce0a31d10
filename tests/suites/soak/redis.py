"""Suite "redis": workers that count together in Redis, whatever becomes of it. Wants Debian's `redis-server`.

A real server, on a socket in a folder of its own, is killed, started again with its data, without, or with older ones,
paused, and gone for good, while four processes (`soak.fleet`) use up one quota.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from posthog_environments.ratelimit.limiter import Rate
from posthog_environments.ratelimit.shared import SharedRateLimiter
from posthog_environments.ratelimit.stores import FileStore, RedisStore, Store
from soak.fleet import Fleet, rates_of, share
from soak.frame import Campaign, Effort, Figure
from soak.shared import SERVERS, figures, scale

__all__ = ["CAMPAIGNS", "MISSING", "Server", "cost", "killed", "older", "paused", "quiet", "restarted"]

MISSING: Final = "redis-server was not found. Install it (Debian: apt-get install redis-server)."


class Server:
    """A Redis of our own.

    Args:
        folder: Where its socket and its files are.
        keeps: Whether it writes down each change.
    """

    def __init__(self, folder: Path, *, keeps: bool = False) -> None:
        self._folder = folder
        self._keeps = keeps
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError(MISSING)
        keeping = ["--appendonly", "yes", "--appendfsync", "always"] if self._keeps else ["--appendonly", "no"]
        self._process = subprocess.Popen(
            [
                program,
                "--port",
                "0",
                "--unixsocket",
                str(self.socket),
                "--dir",
                str(self._folder),
                "--save",
                "",
                *keeping,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        import redis

        end = time.monotonic() + 20
        while True:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
            except redis.RedisError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End it at once."""
        self.signal(signal.SIGCONT)
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)
            self._process = None
            self.socket.unlink(missing_ok=True)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def save(self) -> None:
        """Have it write down all that it has."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.save()


def _missing() -> Iterator[Figure]:
    yield Figure("redis-server", "is there", "not found", met=False, more=MISSING)


def _with_server(
    effort: Effort,
    deeds: Callable[[Server], tuple[tuple[float, Callable[[Fleet], None]], ...]],
    least: float,
    defect: str,
    *,
    keeps: bool = False,
    complaints: bool = True,
) -> Iterator[Figure]:
    if shutil.which("redis-server") is None:
        yield from _missing()
        return
    rates, seconds, _ = scale(effort, 4)
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), keeps=keeps) as server:
        outcome = share(server.url, rates, seconds, deeds=deeds(server), defect=defect)
    yield from figures(outcome, least)
    if complaints:
        found = outcome.complaints
        yield Figure(
            "lines in the logs that say so", "1 to 8, one for an outage of a process", str(found), 1 <= found <= 8
        )


def quiet(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Use a real server's quota with four processes on one Redis."""
    if shutil.which("redis-server") is None:
        yield from _missing()
        return
    rates, seconds, enough = scale(effort, 6)
    for kind in SERVERS if effort.share >= 0.5 else SERVERS[:1]:
        with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
            outcome = share(server.url, rates, seconds, server=kind, defect=defect)
        yield from figures(outcome, enough, what=f"{kind.__name__}: ")
        if effort.share >= 0.5:
            least = outcome.slowest
            yield Figure("the process with the fewest, of the most", "at least 50 %", f"{least:.0%}", least >= 0.5)


def killed(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Kill Redis and a worker; start it again a little later, with nothing in it."""

    def deeds(server: Server) -> tuple[tuple[float, Callable[[Fleet], None]], ...]:
        return ((0.4, lambda _: server.kill()), (0.55, lambda _: server.start()), (0.8, lambda fleet: fleet.kill(1)))

    yield from _with_server(effort, deeds, 0.2, defect)


def restarted(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Kill Redis and start it again with its data."""

    def deeds(server: Server) -> tuple[tuple[float, Callable[[Fleet], None]], ...]:
        return ((0.4, lambda _: server.kill()), (0.55, lambda _: server.start()))

    yield from _with_server(effort, deeds, 0.2, defect, keeps=True)


def older(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Kill Redis and start it at once with what it had some time before."""

    def deeds(server: Server) -> tuple[tuple[float, Callable[[Fleet], None]], ...]:
        def again(_: Fleet) -> None:
            server.kill()
            server.start()

        return ((0.3, lambda _: server.save()), (0.5, again))

    yield from _with_server(effort, deeds, 0.2, defect, complaints=False)


def paused(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Stop Redis in the middle, so that it holds its connections and says nothing; then let it go on."""

    def deeds(server: Server) -> tuple[tuple[float, Callable[[Fleet], None]], ...]:
        return (
            (0.4, lambda _: server.signal(signal.SIGSTOP)),
            (0.7, lambda _: server.signal(signal.SIGCONT)),
        )

    yield from _with_server(effort, deeds, 0.2, defect)


def gone(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Kill Redis for good: the workers go on, each with a small part."""
    if shutil.which("redis-server") is None:
        yield from _missing()
        return
    rates: tuple[Rate, ...] = ((60, 3.0),)
    seconds = 12.0 if effort.share < 0.5 else 30.0
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        outcome = share(server.url, rates, seconds, deeds=((0.3, lambda _: server.kill()),), defect=defect)
    yield from figures(outcome, 0.2)
    late = sum(when > outcome.start + seconds * 2 / 3 for when in outcome.arrivals)
    yield Figure("requests in the last third, without Redis", "at least 8", str(late), late >= 8)


def cost(effort: Effort) -> Iterator[Figure]:
    """Measure what it takes to get leave and to give it back, with 1,200 requests in the log."""
    if shutil.which("redis-server") is None:
        yield from _missing()
        return
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        stores: tuple[Store, ...] = (FileStore(Path(folder, "quota.db")), RedisStore(server.url, server.url))
        for store in stores:
            budget = SharedRateLimiter(store, lambda: "cost", rates_of(((10**6, 60.0), (1200, 1e-3))))
            taken: list[float] = []
            for _ in range(1200 + effort.count(2000, 100)):
                begin, ticket = time.perf_counter(), budget.ticket()
                assert budget.acquire("persons", ticket, 10.0, 1.0) <= 1e-3
                budget.settle("persons", ticket)
                budget.flush(1.0)
                taken.append(time.perf_counter() - begin)
            micros = statistics.median(taken[1200:]) * 5e5
            name = type(store).__name__
            # A bound for order of magnitude: ten of these are the time of one quick answer.
            yield Figure(f"{name}: microseconds for a question", "under 10,000", f"{micros:.0f}", micros < 10_000)


CAMPAIGNS: Final = (
    Campaign("four processes on one Redis", quiet),
    Campaign("a Redis that is killed and loses everything, and a worker that is killed", killed),
    Campaign("a Redis that is killed and keeps its data", restarted),
    Campaign("a Redis that comes back with older data", older),
    Campaign("a Redis that is paused", paused),
    Campaign("a Redis that is gone for good", gone),
    Campaign("what a question costs", cost),
)

"""Suite "shared": workers that count together in a file use the quota up and do not break it, whatever becomes of it.

Hours pass on a clock that leaps (`soak.clock`), with a real file. Then real processes (`soak.fleet`) share one in real
time: the file is removed and locked while they work, and one of them is killed.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from posthog_environments.calls.state import CallContext
from posthog_environments.ratelimit.limiter import Rate
from posthog_environments.ratelimit.shared import SharedRateLimiter
from posthog_environments.ratelimit.stores import FileStore
from soak.clock import FixedWindows, Limiter, SlidingLogs, Timeline, Worker, new_session, options
from soak.fleet import Deed, Outcome, rates_of, share
from soak.fleet import Fleet as Processes
from soak.frame import Campaign, Effort, Figure

__all__ = ["CAMPAIGNS", "Fleet", "deaths", "disturbed", "figures", "hours", "processes", "scale", "troubles"]

SERVERS: Final = (SlidingLogs, FixedWindows)
# Both windows of a server of 2025; the one of an hour is what a client learns of it.
PERSONS: Final[tuple[Rate, ...]] = ((180, 60.0), (1200, 3600.0))
Server = Callable[[tuple[Rate, ...]], Limiter]


# ---------------------------------------------------------------------------------------------------- hours in seconds


class Fleet:
    """Clients that share a file, each with some workers, before a server that counts, on a clock that leaps."""

    def __init__(
        self, server: Server, file: Path, random: Random, *, clients: int = 4, workers: int = 2, timeout: float = 60.0
    ) -> None:
        self.timeline = Timeline()
        self.limiter = server(PERSONS)
        self.file = file
        self._random = random
        self._timeout = timeout
        self.clients: list[list[Worker]] = []
        self._workers = workers
        for _ in range(clients):
            self.join()
        self.start = self.end = self.timeline.now

    def join(self) -> None:
        """Let another client begin."""
        session = new_session(self.timeline, self._random)
        store = FileStore(self.file, self.timeline.clock)
        session.quota = SharedRateLimiter(store, lambda: "key", rates_of(PERSONS), self.timeline.clock)
        scope = CallContext(session, options(max_wait=1e9, timeout=self._timeout))
        crew = [Worker(self.timeline, scope, self._serve, self._random, (0.05, 0.4)) for _ in range(self._workers)]
        for worker in crew:
            worker.start()
        self.clients.append(crew)

    def kill(self, number: int) -> None:
        """Let a client die, with whatever it has under way."""
        for worker in self.clients[number]:
            worker.dead = True

    def _serve(self, now: float) -> tuple[int, dict[str, str]]:
        wait = self.limiter.refuses(now)
        return (200, {}) if wait is None else (429, {"retry-after": str(int(wait) + 1)})

    def run(self, seconds: float) -> None:
        """Let them work."""
        self.end += seconds
        self.timeline.run(self.end)

    @property
    def workers(self) -> list[Worker]:
        """All of them."""
        return [worker for crew in self.clients for worker in crew]

    @property
    def sent(self) -> int:
        """Requests of all."""
        return sum(worker.sent for worker in self.workers)

    @property
    def wrong(self) -> int:
        """Requests that were refused, and calls that failed."""
        return sum(worker.refused + len(worker.errors) for worker in self.workers)

    def used(self, since: float, until: float | None = None) -> float:
        """Which part of the quota was used in a time."""
        until = self.end if until is None else until
        arrived = sum(since <= when < until for worker in self.workers for when in worker.arrivals)
        return arrived / min(limit * (until - since) / seconds for limit, seconds in PERSONS)

    def slowest(self) -> float:
        """What the client with the fewest requests has of the average."""
        sent = [sum(worker.sent for worker in crew) for crew in self.clients]
        return min(sent) * len(sent) / sum(sent)


def hours(effort: Effort) -> Iterator[Figure]:
    """Use the quota with four clients on one file."""
    random = effort.random("hours")
    length = effort.count(8, 1)
    used, slowest, wrong, sent = 2.0, 2.0, 0, 0
    for server in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            fleet = Fleet(server, Path(folder, "quota.db"), random)
            fleet.run(length * 3600.0 - 1.0)
            used, slowest = min(used, fleet.used(fleet.start)), min(slowest, fleet.slowest())
            wrong, sent = wrong + fleet.wrong, sent + fleet.sent
    yield Figure("least part of the quota that was used", "at least 97 %", f"{used:.1%}", used >= 0.97)
    yield Figure(f"429s and failures in {sent:,} requests", "0", str(wrong), wrong == 0)
    yield Figure("the client with the fewest, of the average", "at least 80 %", f"{slowest:.0%}", slowest >= 0.8)


def deaths(effort: Effort) -> Iterator[Figure]:
    """Kill clients with requests under way and places in the queue, and let others come in their place."""
    random = effort.random("deaths")
    used, wrong, killed = 2.0, 0, 0
    for server in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            fleet = Fleet(server, Path(folder, "quota.db"), random)
            for _ in range(effort.count(6, 1)):
                # Some die in the rush at the beginning of an hour, when most are under way.
                fleet.run(random.choice((3600.0, 3600.0 + random.uniform(0.0, 20.0))))
                fleet.kill(killed % len(fleet.clients))
                fleet.join()
                killed += 1
            fleet.run(3600.0)
            used, wrong = min(used, fleet.used(fleet.start + 3600.0)), wrong + fleet.wrong
    yield Figure(f"429s and failures, {killed} killed", "0", str(wrong), wrong == 0)
    yield Figure("part of the quota that the others used", "at least 95 %", f"{used:.1%}", used >= 0.95)


def _remove(file: Path) -> None:
    file.unlink()


def _ruin(file: Path) -> None:
    file.write_bytes(b"\0" * 8192)


def _cut(file: Path) -> None:
    os.truncate(file, 5000)


def _older(file: Path) -> None:
    """Put an older state in its place, as a backup would."""
    file.with_name("copy").replace(file)


# None stands for a folder in the place of the file.
SPOILS: Final = (_remove, _ruin, _cut, _older, None)


def troubles(effort: Effort, spoils: Sequence[Callable[[Path], None] | None] = SPOILS) -> Iterator[Figure]:
    """Remove, ruin, cut, set back the file while four clients work; let a folder stand in its place for a while."""
    random = effort.random("troubles")
    least, after, wrong, sent = 2.0, 2.0, 0, 0
    worst: list[str] = []
    for server in SERVERS:
        for spoil in spoils:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "quota.db")
                fleet = Fleet(server, file, random)
                for _ in range(effort.count(3)):
                    fleet.run(3600.0 - random.uniform(0.0, 100.0))
                    file.with_name("copy").write_bytes(file.read_bytes())
                    fleet.run(random.uniform(0.0, 200.0))
                    begin = fleet.timeline.now
                    if spoil:
                        spoil(file)
                    else:
                        file.replace(file.with_name("kept"))
                        file.mkdir()
                        fleet.run(random.uniform(400.0, 900.0))
                        file.rmdir()
                        file.with_name("kept").replace(file)
                    end = fleet.timeline.now
                    fleet.run(7200.0)
                    after = min(after, fleet.used(end + 3600.0))
                    # Where the quota of the hour is used up, to stand still is right.
                    if spoil is None and fleet.used(end - 3600.0, end) < 0.95:
                        least = min(least, fleet.used(begin + 60.0, end))
                sent, wrong = sent + fleet.sent, wrong + fleet.wrong
                if fleet.wrong:
                    worst.append(f"{server.__name__} {spoil and spoil.__name__}: {fleet.wrong}")
    yield Figure(f"429s and failures in {sent:,} requests", "0", str(wrong), wrong == 0, ", ".join(worst))
    yield Figure("part used when it is over", "at least 95 %", f"{after:.1%}", after >= 0.95)
    if None not in spoils:
        return
    yield Figure("it does not stand still meanwhile", "at least 1 %", f"{least:.1%}", least >= 0.01)


# ---------------------------------------------------------------------------------------------------------- real time


def scale(effort: Effort, whole: int) -> tuple[tuple[Rate, ...], float, float]:
    """Give rates, seconds, and the part of the quota that must be used; on a busy machine only roughly."""
    if effort.share >= 0.5:
        return ((60, 2.0), (200, 10.0)), 10.0 * effort.count(whole) - 0.5, 0.97
    return ((20, 1.0), (50, 4.0)), 7.5, 0.5


def figures(outcome: Outcome, enough: float, *, what: str = "") -> Iterator[Figure]:
    """Tell what became of processes that share a quota."""
    yield Figure(
        f"{what}part of the quota used", f"at least {enough:.0%}", f"{outcome.used:.1%}", outcome.used >= enough
    )
    yield Figure(f"{what}429s", "0", str(outcome.refused), outcome.refused == 0)
    yield Figure(f"{what}requests too many in a window", "0", str(outcome.over), outcome.over == 0)
    bad = outcome.crashed + len(outcome.errors)
    yield Figure(f"{what}calls and processes that failed", "0", str(bad), bad == 0, "\n".join(outcome.errors[:3]))


def processes(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Use a real server's quota with four processes on one file: threads, asyncio and trio."""
    rates, seconds, enough = scale(effort, 6)
    for server in SERVERS if effort.share >= 0.5 else SERVERS[:1]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "quota.db")
            outcome = share(file.as_uri(), rates, seconds, server=server, defect=defect)
            mode = file.stat().st_mode & 0o777
        yield from figures(outcome, enough, what=f"{server.__name__}: ")
        if effort.share >= 0.5:
            least = outcome.slowest
            yield Figure("the process with the fewest, of the most", "at least 50 %", f"{least:.0%}", least >= 0.5)
        yield Figure("mode of the file", "600", f"{mode:o}", mode == 0o600)


def disturbed(effort: Effort, defect: str = "") -> Iterator[Figure]:
    """Do the same while the file is removed, then locked by somebody, then one process is killed."""
    rates, seconds, _ = scale(effort, 6)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "quota.db")

        def remove(_: Processes) -> None:
            file.unlink()

        def lock(_: Processes) -> None:
            connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)
            connection.execute("BEGIN EXCLUSIVE")
            threading.Timer(2.5, connection.close).start()

        deeds: tuple[Deed, ...] = ((0.35, remove), (0.5, lock), (0.75, lambda fleet: fleet.kill(0)))
        outcome = share(file.as_uri(), rates, seconds, deeds=deeds, defect=defect)
    yield from figures(outcome, 0.2)
    found = outcome.complaints
    yield Figure("lines in the logs that say so", "1 to 8, one for an outage of a process", str(found), 1 <= found <= 8)


CAMPAIGNS: Final = (
    Campaign("four clients on one file, for hours", hours),
    Campaign("clients that die", deaths),
    Campaign("a file that is removed, ruined, set back or hidden", troubles),
    Campaign("four processes on one file", processes),
    Campaign("four processes, a file that is removed and locked, a kill", disturbed),
)

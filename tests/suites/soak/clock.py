"""A clock that leaps: flows of the client side by side, with servers that count, hours in seconds.

What decides is the client's own: `execute_call` with its state, rate limiter and budget. Only time, the network and the
server are played, so that nothing waits and chance is that of a seed.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Protocol

from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import (
    Call,
    Operation,
    OperationKind,
    RunBlocking,
    Send,
    ServerResponse,
    TransportFailure,
)
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.config import settings as config
from posthog_environments.config.settings import CallOptions
from posthog_environments.errors import PostHogError
from posthog_environments.ratelimit.limiter import Rate, RateLimiter

__all__ = ["FixedWindows", "Limiter", "Neighbour", "SlidingLogs", "Timeline", "Worker", "new_session"]

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LISTING = Operation("persons_list", OperationKind.READ, "persons", patient=True)


class Timeline:
    """What happens when, in turn."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def clock(self) -> float:
        """Give the time, as a client asks for it."""
        return self.now

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Let something happen."""
        heapq.heappush(self._coming, (max(when, self.now), next(self._order), do))

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._coming and self._coming[0][0] <= until:
            self.now, _, do = heapq.heappop(self._coming)
            do()
        self.now = until


class Limiter(Protocol):
    """A server's count of the requests of one key."""

    def refuses(self, now: float) -> float | None:
        """Count a request; return None if it may pass, else the seconds until the next may."""
        ...


class SlidingLogs:
    """Keeps a stamp for each request that passed, as Django REST framework does."""

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self._logs = [(limit, seconds, deque[float]()) for limit, seconds in rates]

    def refuses(self, now: float) -> float | None:
        """Count a request; see `Limiter`."""
        wait = 0.0
        for limit, seconds, log in self._logs:
            while log and log[0] <= now - seconds:
                log.popleft()
            if len(log) >= limit:
                wait = max(wait, log[0] + seconds - now)
        if wait > 0:
            return wait
        for _, _, log in self._logs:
            log.append(now)
        return None


class FixedWindows:
    """Counts from the full minute and from the full hour on."""

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self._rates = rates
        self._counts = [(-1, 0)] * len(rates)

    def refuses(self, now: float) -> float | None:
        """Count a request; see `Limiter`."""
        wait = 0.0
        for place, (limit, seconds) in enumerate(self._rates):
            window = int(now // seconds)
            if self._counts[place][0] != window:
                self._counts[place] = (window, 0)
            if self._counts[place][1] >= limit:
                wait = max(wait, (window + 1) * seconds - now)
        if wait > 0:
            return wait
        self._counts = [(window, used + 1) for window, used in self._counts]
        return None


def new_session(timeline: Timeline, random: Random) -> ClientState:
    """Make what a client keeps, on this clock."""
    settings = config.read_settings(
        project_id=1,
        api_key="phx_soak_clock_0123456789",
        host="http://127.0.0.1",
        prefix=None,
        max_body=1 << 20,
        allow_http=False,
        environ={},
    )
    session = ClientState(
        settings, "environments", clock=timeline.clock, random=random.random, quota=RateLimiter(clock=timeline.clock)
    )
    session.now = lambda: BEGINNING + timedelta(seconds=timeline.now)
    return session


Serve = Callable[[float], tuple[int, Mapping[str, str]]]
"""What a server says to a request that comes in at a time: a status and headers."""


@dataclass
class Worker:
    """A thread or task that makes one call after the other on a client.

    Attributes:
        sent: Requests sent, each attempt counted.
        refused: How many of them were answered by 429.
        done: When each call ended well.
        errors: What the others ended in.
        arrivals: When each request came to the server.
    """

    timeline: Timeline
    context: CallContext
    serve: Serve
    random: Random
    latency: tuple[float, float] = (0.05, 0.4)
    calls: float = float("inf")
    operation: Operation = LISTING
    sent: int = 0
    refused: int = 0
    done: list[float] = field(default_factory=list)
    errors: list[PostHogError] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    # Who is dead goes no further, and tells nobody.
    dead: bool = False
    lost: list[object] = field(default_factory=list)

    def start(self, delay: float = 0.0) -> None:
        """Begin."""
        self.timeline.at(self.timeline.now + delay, self._next_call)

    def _next_call(self) -> None:
        if self.dead or len(self.done) + len(self.errors) >= self.calls:
            return
        call = Call(self.operation, {"method": "get", "url": "/"})
        self._go_on(execute_call(self.context, call), None)

    def _go_on(self, flow: Generator[Any, Any, Any], outcome: ServerResponse | TransportFailure | None) -> None:
        if self.dead:
            self.lost.append(flow)  # not closed, for nothing of it is told
            return
        try:
            command = flow.send(outcome)
            while isinstance(command, RunBlocking):
                command = flow.send(command.work())
        except StopIteration:
            self.done.append(self.timeline.now)
        except PostHogError as error:
            self.errors.append(error)
        else:
            if isinstance(command, Send):
                self._send(flow)
            else:
                # No sleep is exact, and none is too short.
                late = command.seconds + self.random.uniform(0.0, 0.002)
                self.timeline.at(self.timeline.now + late, lambda: self._go_on(flow, None))
            return
        self.timeline.at(self.timeline.now, self._next_call)

    def _send(self, flow: Generator[Any, Any, Any]) -> None:
        self.sent += 1
        there, back = (self.random.uniform(*self.latency) / 2 for _ in "ab")

        def arrive() -> None:
            self.arrivals.append(self.timeline.now)
            status, headers = self.serve(self.timeline.now)
            self.refused += status == 429
            answer = ServerResponse(status, headers, b"")
            self.timeline.at(self.timeline.now + back, lambda: self._go_on(flow, answer))

        self.timeline.at(self.timeline.now + there, arrive)


class Neighbour:
    """Another consumer of the key, who asks nobody: at random times, for a share of the quota that changes.

    When it is refused, it comes again when the server says, once, and then forgets about it.

    Attributes:
        wanted: When it wanted to make each of its requests.
        granted: When each of those that passed did.
    """

    def __init__(self, timeline: Timeline, limiter: Limiter, rate: float, change: float, random: Random) -> None:
        self._timeline = timeline
        self._limiter = limiter
        self._rate = rate
        self._change = change
        self._random = random
        self._share = 0.0
        self.wanted: list[float] = []
        self.granted: list[float] = []

    def start(self) -> None:
        """Begin."""
        self._choose()
        self._plan()

    def _choose(self) -> None:
        self._share = self._random.uniform(0.1, 0.6)
        self._timeline.at(self._timeline.now + self._random.expovariate(1 / self._change), self._choose)

    def _plan(self) -> None:
        self._timeline.at(self._timeline.now + self._random.expovariate(self._share * self._rate), self._come)

    def _come(self) -> None:
        self.wanted.append(self._timeline.now)
        self._ask(again=True)
        self._plan()

    def _ask(self, *, again: bool) -> None:
        wait = self._limiter.refuses(self._timeline.now)
        if wait is None:
            self.granted.append(self._timeline.now)
        elif again:
            self._timeline.at(self._timeline.now + wait + 0.01, lambda: self._ask(again=False))


def options(**changes: Any) -> CallOptions:
    """Give the options of a client."""
    return CallOptions().but(**changes)

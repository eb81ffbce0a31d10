"""Decide when the next request may be sent, by the rates that PostHog documents. No I/O.

Each bucket has a sliding log. A request counts from its start, while it is in flight, and until one window after its
response. Only then has the server's own count of it expired for sure. So servers that count in fixed or in sliding
windows send no 429, and the whole quota is used.

The quota belongs to the API key, and other programs may use the same key. Only a 429 shows that they exist. After one,
the limiter uses a fraction of the window: somewhat less than the window held when the request was refused, spaced
evenly, so that the others find room too. Each request that succeeds gives back part of the rest, at first slowly.

Servers of different ages have different rates and do not report them. The limiter starts with today's rates, and 429s
lower them. A 429 that asks for more than a minute shows a window of an hour, as servers of 2025 have for persons.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Literal, Protocol

__all__ = [
    "BUCKETS",
    "HOURLY",
    "LONGEST_NAP",
    "MINUTE",
    "RATES",
    "Bucket",
    "Pacer",
    "Rate",
    "RateLimiter",
]

# Persons and insights share one. Source: posthog/rate_limit.py in PostHog/posthog, late 2026.
Bucket = Literal["persons", "deletes", "query", "general"]
BUCKETS: tuple[Bucket, ...] = ("persons", "deletes", "query", "general")
Rate = tuple[int, float]

# The most seconds between two attempts of a waiting caller to acquire permission.
LONGEST_NAP = 15.0

# Requests and seconds, the shortest window first. Source: as above. For queries, some teams have 1,200 an hour and
# some 2,400. A client cannot know which, so that window is learned from 429s.
RATES: Mapping[Bucket, tuple[Rate, ...]] = {
    "persons": ((240, 60.0),),
    "deletes": ((480, 60.0), (4800, 3600.0)),
    "query": ((240, 60.0),),
    "general": ((480, 60.0), (4800, 3600.0)),
}
# The window that a 429 for more than a minute teaches if no window of an hour is known yet.
HOURLY: Rate = (1200, 3600.0)
MINUTE = 60.0


class Pacer(Protocol):
    """Decides when requests may be sent: for one client, or shared with other workers by a store. Thread-safe.

    No method raises because of a store. A ticket identifies one request, or its queue position.
    """

    @property
    def in_store(self) -> bool:
        """Whether `acquire` and `flush` access a store, which takes a moment: at most `patience` seconds."""
        ...

    @property
    def pending(self) -> bool:
        """Whether there are recorded changes that `flush` can write now."""
        ...

    @property
    def trouble(self) -> str:
        """A sentence for error messages about a problem of the store; empty if there is none."""
        ...

    def ticket(self) -> str:
        """Return a unique name for a call."""
        ...

    def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:
        """Acquire permission for a request that takes at most `seconds`.

        Return 0.0 if it may be sent now, else the seconds until the next try. The ticket keeps its queue position until
        `leave`.
        """
        ...

    def leave(self, bucket: Bucket, ticket: str) -> None:
        """Give up a queue position, or permission for a request that was not sent."""
        ...

    def settle(self, bucket: Bucket, ticket: str) -> None:
        """Record that a permitted request has ended, in any way."""
        ...

    def refuse(self, bucket: Bucket, wait: float, *, teaches: bool = True) -> None:
        """Record a 429, and send nothing for `wait` seconds.

        Pass `teaches=False` if the server did not count requests. Then the 429 does not change the rates.
        """
        ...

    def flush(self, patience: float) -> None:
        """Write the recorded changes to the store."""
        ...

    def after_fork(self) -> None:
        """Start over in a forked child. Requests in flight belong to the parent."""
        ...


class RateLimiter:
    """Limits the requests of one client; see `Pacer`."""

    in_store = pending = False
    trouble = ""

    def __init__(
        self, rates: Mapping[Bucket, tuple[Rate, ...]] = RATES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logs = {bucket: SlidingLog(windows) for bucket, windows in rates.items()}
        self._clock = clock
        self._tickets = count()
        self._lock = threading.Lock()

    def ticket(self) -> str:
        """Return a unique name for a call."""
        return str(next(self._tickets))

    def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:  # noqa: ARG002 - of a store
        """Acquire permission for a request; see `Pacer.acquire`."""
        with self._lock:
            return self._logs[bucket].acquire(self._clock(), ticket)

    def leave(self, bucket: Bucket, ticket: str) -> None:
        """Give up a queue position."""
        with self._lock:
            self._logs[bucket].leave(ticket)

    def settle(self, bucket: Bucket, ticket: str) -> None:  # noqa: ARG002 - of a store
        """Record that a permitted request has ended, in any way."""
        with self._lock:
            self._logs[bucket].settle(self._clock())

    def refuse(self, bucket: Bucket, wait: float, *, teaches: bool = True) -> None:
        """Record a 429; see `Pacer.refuse`."""
        with self._lock:
            self._logs[bucket].refuse(self._clock(), wait, teaches=teaches)

    def flush(self, patience: float) -> None:
        """Do nothing: there is no store."""

    def after_fork(self) -> None:
        """Forget requests in flight and waiting callers."""
        self._lock = threading.Lock()
        for log in self._logs.values():
            log.forget_flights()

    def in_flight(self, bucket: Bucket) -> int:
        """Count the permitted requests that have not ended."""
        return self._logs[bucket].flying


class RateWindow:
    """One rate, and the fraction of it that the client uses: all of it until the server refuses a request."""

    # After a 429 the fraction is what the window held, times this; and never less than the least.
    DECREASE = 0.7
    LEAST = 0.25
    # The fraction that is given back doubles with each so many requests, and with each two windows of time.
    DOUBLING = 100

    def __init__(self, rate: Rate) -> None:
        self.limit, self.seconds = rate
        self._fraction = 1.0
        self._let_through = 0
        self._refused_at = 0.0

    def refuse(self, held: int, now: float) -> None:
        """Lower the fraction: the window had no room for more than `held` requests of this client."""
        fraction = min(self.fraction(now), held / self.limit)
        self._fraction = max(self.LEAST, self.DECREASE * fraction)
        self._let_through, self._refused_at = 0, now

    def let_through(self) -> None:
        """Record that the server accepted a request."""
        self._let_through += 1

    def dump(self) -> tuple[float, int, float]:
        """Return all that was learned, for `load`."""
        return self._fraction, self._let_through, self._refused_at

    def load(self, learned: tuple[float, int, float]) -> None:
        """Take over what `dump` returned."""
        self._fraction, self._let_through, self._refused_at = learned

    def fraction(self, now: float) -> float:
        """Return the fraction of the rate that the client may use."""
        if self._fraction >= 1:
            return 1.0
        doublings = self._let_through / self.DOUBLING + max(0.0, now - self._refused_at) / (2 * self.seconds)
        fraction = self._fraction + 0.01 * (2 ** min(doublings, 7) - 1)
        if fraction >= 1:
            self._fraction = 1.0
        return min(1.0, fraction)


class SlidingLog:
    """The state of one bucket: the times of responses, oldest first, the requests in flight, and the queue."""

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self._windows = [RateWindow(rate) for rate in rates]
        # Long enough for a window of an hour that may be learned later.
        self._stamps: deque[float] = deque(maxlen=max(limit for limit, _ in (*rates, HOURLY)))
        self.flying = 0
        self._waiting: dict[str, float] = {}
        self._started = float("-inf")
        self._blocked_until = float("-inf")

    def acquire(self, now: float, waiter: str) -> float:
        """Acquire permission for a request; see `Pacer.acquire`."""
        ahead = self._ahead(waiter)
        wait = max([self._blocked_until - now, *(self._wait(window, now, ahead) for window in self._windows)])
        if wait > 0:
            self._waiting[waiter] = now + wait
            return wait
        self.leave(waiter)
        self.flying += 1
        self._started = now
        return 0.0

    def leave(self, waiter: str) -> None:
        """Give up a queue position."""
        self._waiting.pop(waiter, None)

    def _ahead(self, waiter: str) -> int:
        """Count the waiters that are ahead in the queue."""
        if waiter not in self._waiting:
            return len(self._waiting)
        return next(place for place, other in enumerate(self._waiting) if other == waiter)

    def _wait(self, window: RateWindow, now: float, ahead: int) -> float:
        fraction = window.fraction(now)
        room = max(1, int(window.limit * fraction))
        free = room - self.flying - ahead
        if free <= 0:
            # A request that is in flight, or still waiting, must end first. Then a window must pass.
            return window.seconds
        wait = self._stamps[-free] + window.seconds - now if len(self._stamps) >= free else 0.0
        if fraction < 1:
            wait = max(wait, self._started + (ahead + 1) * window.seconds / room - now)
        return wait

    def settle(self, now: float) -> None:
        """Record that a permitted request has ended."""
        self.flying -= 1
        self._stamps.append(now)
        for window in self._windows:
            window.let_through()

    def refuse(self, now: float, wait: float, *, teaches: bool = True) -> None:
        """Record a 429; see `Pacer.refuse`."""
        if teaches and wait > MINUTE and self._windows[-1].seconds <= MINUTE:
            self._windows.append(RateWindow(HOURLY))
        # A 429 of a request that was already in flight at an earlier 429 teaches nothing new.
        if teaches and now >= self._blocked_until:
            window, held = self._full(now, wait)
            window.refuse(held, now)
        # A server that asks for an absurd wait stops the client for one window at most.
        longest = max(self._windows[-1].seconds, MINUTE)
        self._blocked_until = max(self._blocked_until, now + min(wait, longest if teaches else HOURLY[1]))

    def _full(self, now: float, wait: float) -> tuple[RateWindow, int]:
        """Guess which window was full: of those as long as the wait, the one that is filled the most."""
        windows = [window for window in self._windows if window.seconds >= wait] or self._windows[-1:]
        held = [self.flying + sum(stamp > now - window.seconds for stamp in self._stamps) for window in windows]
        return max(zip(windows, held, strict=True), key=lambda each: each[1] / each[0].limit)

    def forget_flights(self) -> None:
        """Forget requests in flight and waiting callers."""
        self.flying = 0
        self._waiting.clear()

"""When the next request may go, by the rates that PostHog documents. Pure: the time is passed in.

A sliding log for each bucket: a request counts from when it starts, for it is then in flight, until a window after its
answer came, for only then is it sure that the server's own count of it has expired. So there is no 429 on servers that
count in fixed windows or in sliding ones, and no request of the quota is left unused.

The quota belongs to the key, and others may use the same key. Only a 429 tells of them. From then on a window is ours
in part: a little less than what it held of ours when it was refused to us, spread evenly, so that those others find
room as well. Each request that is let through gives some of the rest back, slowly at first, then faster.

Servers differ by age, and none says how old it is: so pacing begins with the rates of today, and goes down by what 429s
say. One that asks for more than a minute tells of a window of an hour, as servers of 2025 have for persons.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
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
    "SharedPacer",
]

# Persons and insights share one. Source: posthog/rate_limit.py in PostHog/posthog, late 2026.
Bucket = Literal["persons", "deletes", "query", "general"]
BUCKETS: tuple[Bucket, ...] = ("persons", "deletes", "query", "general")
Rate = tuple[int, float]

# Seconds after which somebody who waits for the quota asks for it anew.
LONGEST_NAP = 15.0

# Requests and seconds. Source: as above. Of queries some teams have 1,200 an hour and some 2,400, and nobody can tell
# from outside, so that their hour is learnt as well.
RATES: Mapping[Bucket, tuple[Rate, ...]] = {
    "persons": ((240, 60.0),),
    "deletes": ((480, 60.0), (4800, 3600.0)),
    "query": ((240, 60.0),),
    "general": ((480, 60.0), (4800, 3600.0)),
}
# What a 429 that asks for more than a minute teaches, where no window of an hour is known yet.
HOURLY: Rate = (1200, 3600.0)
MINUTE = 60.0


class Pacer(Protocol):
    """What an exchange asks of a quota that is its own; it answers at once."""

    def acquire(self, bucket: Bucket, now: float, waiter: Hashable = None) -> float:
        """Take leave for a request: 0.0 if it may go now, else the seconds after which to ask again.

        Who must wait, and says who he is, keeps his place among those who wait, until `leave`.
        """
        ...

    def leave(self, bucket: Bucket, waiter: Hashable) -> None:
        """Give up a place among those who wait; whoever has none may say so too."""
        ...

    def settle(self, bucket: Bucket, now: float) -> None:
        """Note that a request that had leave is over, however it ended."""
        ...

    def refuse(self, bucket: Bucket, now: float, wait: float, *, teaches: bool = True) -> None:
        """Note that the server said 429, and that nothing may go for so many seconds.

        It teaches nothing about rates where it was not requests that were counted.
        """
        ...

    def forget_flights(self) -> None:
        """Note that nothing is in flight and nobody waits: this is another process now."""
        ...


class SharedPacer(Protocol):
    """What an exchange asks of a quota that others use too, and that is kept where asking may take a moment.

    `acquire` and `tell` go to the store, for `patience` seconds at most, and never raise because of it; all else is
    noted, and told with the next of these. Safe for threads. A ticket names one request, or its place.
    """

    @property
    def untold(self) -> bool:
        """Whether something is noted that the store could be told."""
        ...

    @property
    def trouble(self) -> str:
        """What to say to somebody who waits, while the store is away; else nothing."""
        ...

    def ticket(self) -> str:
        """Return a name for a call, which no other has."""
        ...

    def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:
        """Take leave for a request that is over after so many seconds at most; see `Pacer.acquire`."""
        ...

    def tell(self, patience: float) -> float:
        """Tell the store what is noted; return 0.0."""
        ...

    def settle(self, bucket: Bucket, ticket: str) -> None:
        """Note that a request that had leave is over, however it ended."""
        ...

    def leave(self, bucket: Bucket, ticket: str) -> None:
        """Note that a place, or leave for a request that was not sent, is given up."""
        ...

    def refuse(self, bucket: Bucket, wait: float, *, teaches: bool = True) -> None:
        """Note that the server said 429, and that nothing may go for so many seconds; see `Pacer.refuse`."""
        ...

    def after_fork(self) -> None:
        """Begin anew in a child: what is in flight is the parent's."""
        ...


class RateLimiter:
    """The requests of one key on one host; not safe for threads, its owner holds a lock."""

    def __init__(self, rates: Mapping[Bucket, tuple[Rate, ...]] = RATES) -> None:
        self._logs = {bucket: SlidingLog(windows) for bucket, windows in rates.items()}

    def acquire(self, bucket: Bucket, now: float, waiter: Hashable = None) -> float:
        """Take leave for a request; see `Pacer.acquire`."""
        return self._logs[bucket].acquire(now, waiter)

    def leave(self, bucket: Bucket, waiter: Hashable) -> None:
        """Give up a place among those who wait."""
        self._logs[bucket].leave(waiter)

    def settle(self, bucket: Bucket, now: float) -> None:
        """Note that a request that had leave is over, however it ended."""
        self._logs[bucket].settle(now)

    def refuse(self, bucket: Bucket, now: float, wait: float, *, teaches: bool = True) -> None:
        """Note that the server said 429, and that nothing may go for so many seconds; see `Pacer.refuse`."""
        self._logs[bucket].refuse(now, wait, teaches=teaches)

    def forget_flights(self) -> None:
        """Note that nothing is in flight and nobody waits: this is another process now."""
        for log in self._logs.values():
            log.forget_flights()

    def in_flight(self, bucket: Bucket) -> int:
        """Return how many requests have leave and are not over."""
        return self._logs[bucket].flying


class RateWindow:
    """One rate, and which part of it is ours: all, until the server refuses what the log would have let go."""

    # What is left to us of what the window held, and the least part of the whole.
    DECREASE = 0.7
    LEAST = 0.25
    # What is given back doubles with each so many requests; and, for a client at rest, with each two windows.
    DOUBLING = 100

    def __init__(self, rate: Rate) -> None:
        self.limit, self.seconds = rate
        self._share = 1.0
        self._let_through = 0
        self._refused_at = 0.0

    def refuse(self, held: int, now: float) -> None:
        """Learn that no more than `held` requests of ours had room here."""
        share = min(self.share(now), held / self.limit)
        self._share = max(self.LEAST, self.DECREASE * share)
        self._let_through, self._refused_at = 0, now

    def let_through(self) -> None:
        """Note that the server took a request."""
        self._let_through += 1

    def remember(self) -> tuple[float, int, float]:
        """Return all that was learnt, for `recall`."""
        return self._share, self._let_through, self._refused_at

    def recall(self, learnt: tuple[float, int, float]) -> None:
        """Know what another one has learnt."""
        self._share, self._let_through, self._refused_at = learnt

    def share(self, now: float) -> float:
        """Return which part of the rate is ours."""
        if self._share >= 1:
            return 1.0
        doublings = self._let_through / self.DOUBLING + max(0.0, now - self._refused_at) / (2 * self.seconds)
        share = self._share + 0.01 * (2 ** min(doublings, 7) - 1)
        if share >= 1:
            self._share = 1.0
        return min(1.0, share)


class SlidingLog:
    """Stamps of answers in one bucket, oldest first; how many requests are in flight; and who waits, in turn."""

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self._windows = [RateWindow(rate) for rate in rates]
        # As many as an hour holds that may yet be learnt.
        self._stamps: deque[float] = deque(maxlen=max(limit for limit, _ in (*rates, HOURLY)))
        self.flying = 0
        self._waiting: dict[Hashable, float] = {}
        self._started = float("-inf")
        self._blocked_until = float("-inf")

    def acquire(self, now: float, waiter: Hashable) -> float:
        ahead = self._ahead(waiter)
        wait = max([self._blocked_until - now, *(self._wait(window, now, ahead) for window in self._windows)])
        if wait > 0:
            if waiter is not None:
                self._waiting[waiter] = now + wait
            return wait
        self.leave(waiter)
        self.flying += 1
        self._started = now
        return 0.0

    def leave(self, waiter: Hashable) -> None:
        self._waiting.pop(waiter, None)

    def _ahead(self, waiter: Hashable) -> int:
        """Count those whose turn comes before."""
        if waiter not in self._waiting:
            return len(self._waiting)
        return next(place for place, other in enumerate(self._waiting) if other == waiter)

    def _wait(self, window: RateWindow, now: float, ahead: int) -> float:
        share = window.share(now)
        room = max(1, int(window.limit * share))
        free = room - self.flying - ahead
        if free <= 0:
            # One that is in flight, or not even that, must be over first, and then a window must pass.
            return window.seconds
        wait = self._stamps[-free] + window.seconds - now if len(self._stamps) >= free else 0.0
        if share < 1:
            wait = max(wait, self._started + (ahead + 1) * window.seconds / room - now)
        return wait

    def settle(self, now: float) -> None:
        self.flying -= 1
        self._stamps.append(now)
        for window in self._windows:
            window.let_through()

    def refuse(self, now: float, wait: float, *, teaches: bool = True) -> None:
        # Those that were under way when the first of them was refused teach nothing new. And a server that has lost
        # its senses does not stop us for longer than its longest window.
        if teaches and wait > MINUTE and self._windows[-1].seconds <= MINUTE:
            self._windows.append(RateWindow(HOURLY))
        if teaches and now >= self._blocked_until:
            window, held = self._full(now, wait)
            window.refuse(held, now)
        longest = max(self._windows[-1].seconds, MINUTE)
        self._blocked_until = max(self._blocked_until, now + min(wait, longest if teaches else HOURLY[1]))

    def _full(self, now: float, wait: float) -> tuple[RateWindow, int]:
        """Guess which window was full: long enough for what the server asks for, and of these filled the most."""
        windows = [window for window in self._windows if window.seconds >= wait] or self._windows[-1:]
        held = [self.flying + sum(stamp > now - window.seconds for stamp in self._stamps) for window in windows]
        return max(zip(windows, held, strict=True), key=lambda each: each[1] / each[0].limit)

    def forget_flights(self) -> None:
        self.flying = 0
        self._waiting.clear()

"""When the next request may go, by the rates that PostHog documents. Pure: the time is passed in.

A sliding log for each bucket: a request counts from when it starts, for it is then in flight, until a window after its
answer came, for only then is it sure that the server's own count of it has expired. So there is no 429 on servers that
count in fixed windows or in sliding ones, and no request of the quota is left unused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal

__all__ = ["RATES", "Bucket", "Quota", "Rate"]

Bucket = Literal["persons", "deletes", "insights"]
Rate = tuple[int, float]

# Requests and seconds. Source: the rate limits in PostHog/posthog. Persons have more since 2026, but nobody can tell
# the version of a server from outside, so the client keeps to the lower figures of 2025. Deletes have a bucket of
# their own there; its figure is not known, hence the same.
RATES: Mapping[Bucket, tuple[Rate, ...]] = {
    "persons": ((180, 60.0), (1200, 3600.0)),
    "deletes": ((180, 60.0), (1200, 3600.0)),
    "insights": ((240, 60.0), (1200, 3600.0)),
}


class Quota:
    """The requests of one key on one host; not safe for threads, its owner holds a lock."""

    def __init__(self, rates: Mapping[Bucket, tuple[Rate, ...]] = RATES) -> None:
        self._logs = {bucket: _Log(windows) for bucket, windows in rates.items()}

    def acquire(self, bucket: Bucket, now: float) -> float:
        """Take leave for a request: 0.0 if it may go now, else the seconds after which to ask again."""
        return self._logs[bucket].acquire(now)

    def settle(self, bucket: Bucket, now: float) -> None:
        """Note that a request that had leave is over, however it ended."""
        self._logs[bucket].settle(now)

    def block(self, bucket: Bucket, until: float) -> None:
        """Give no leave before `until`: the server has said so."""
        self._logs[bucket].block(until)


class _Log:
    """Stamps of answers in one bucket, oldest first, and how many requests are in flight."""

    # How long to wait when all of a window is in flight, and nobody knows when the first will be over.
    POLL = 0.05

    def __init__(self, windows: tuple[Rate, ...]) -> None:
        self._windows = windows
        self._stamps: deque[float] = deque(maxlen=max(limit for limit, _ in windows))
        self._flying = 0
        self._blocked_until = float("-inf")

    def acquire(self, now: float) -> float:
        wait = max([self._blocked_until - now, *(self._wait(rate, now) for rate in self._windows)])
        if wait > 0:
            return wait
        self._flying += 1
        return 0.0

    def _wait(self, rate: Rate, now: float) -> float:
        limit, seconds = rate
        free = limit - self._flying
        if free <= 0:
            return self.POLL
        if len(self._stamps) < free:
            return 0.0
        return self._stamps[-free] + seconds - now

    def settle(self, now: float) -> None:
        self._flying -= 1
        self._stamps.append(now)

    def block(self, until: float) -> None:
        self._blocked_until = max(self._blocked_until, until)

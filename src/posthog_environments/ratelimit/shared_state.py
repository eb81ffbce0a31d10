"""The state of a quota that several workers share, as a store keeps it, and the decisions on it. No I/O.

The decisions are those of `limiter`, on a log that is read before each of them and written after it. In addition the
state holds leases: which request has permission, and until when. A worker that dies returns nothing, so a lease ends by
itself when its request must have ended. The state also lists the active workers, so that each can keep to a fair part
while the store is away.

Every worker caches the state that it saw last. A store that comes back empty, or with an older state, is noticed by
comparing both. Then no request is sent for one window, the shortest of the bucket, and each worker adds the requests
that it knows when it next accesses the store.
"""

# SharedState extends SlidingLog, and shares its protected attributes.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from secrets import token_hex
from typing import Literal

import msgspec

from posthog_environments.ratelimit.limiter import HOURLY, LONGEST_NAP, Rate, RateWindow, SlidingLog

__all__ = ["CachedSnapshot", "FallbackLimiter", "SharedState", "Snapshot", "StateChange", "StoreTime"]

NEVER = float("-inf")
# Seconds that a waiting worker may be late before it loses its queue position.
LATE = 5.0
# Seconds after its last access for which a worker counts as active.
ACTIVE = 60.0
# Seconds after which every waiting worker has noticed that the store is away.
NOTICED = LONGEST_NAP + 1.0
# How many workers to assume if the store was never reached.
ASSUMED_WORKERS = 10
# How many former generations a state remembers.
FORMER = 8

Learned = tuple[float, int, float]


@dataclass(frozen=True, slots=True)
class StoreTime:
    """A time on the clock of a store.

    Attributes:
        now: Seconds on its clock, which may begin anew when the machine starts.
        calendar: Seconds of the calendar, which go on.
        boot: Identifies this run of the machine; empty if unknown.
        run: Identifies this run of the server; empty if unknown. A server that was restarted may have lost changes.
    """

    now: float
    calendar: float
    boot: str = ""
    run: str = ""


class Snapshot(msgspec.Struct):
    """The stored state of one bucket of one key. Times are on the clock of the store."""

    generation: str
    former: list[str] = msgspec.field(default_factory=list[str])
    """Earlier generations whose loss this state has already waited for."""
    writes: int = 0
    at: float = 0.0
    calendar: float = 0.0
    boot: str = ""
    run: str = ""
    stamps: list[float] = msgspec.field(default_factory=list[float])
    leases: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    places: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    users: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    learned: list[Learned] = msgspec.field(default_factory=list[Learned])
    started: float = NEVER
    blocked_until: float = NEVER
    held_until: float = NEVER
    """No request is sent before this time, because the state may be incomplete."""

    def encode(self) -> bytes:
        """Write it as bytes."""
        return _ENCODE(self)

    @staticmethod
    def decode(data: bytes) -> Snapshot:
        """Read it from bytes.

        Raises:
            ValueError: The bytes are no snapshot.
        """
        try:
            return _DECODE(data)
        except msgspec.DecodeError as error:  # not a ValueError in older versions of msgspec
            raise ValueError(str(error)) from None

    def arrive(self, moment: StoreTime) -> None:
        """Move to the current time. Shift all times if the clock began anew or was set back."""
        shift = 0.0
        if self.boot != moment.boot:
            shift = moment.now - max(0.0, moment.calendar - self.calendar) - self.at
        elif self.at > moment.now:
            shift = moment.now - self.at
        if shift:
            self.shift(shift)
        self.at, self.calendar, self.boot, self.run = moment.now, moment.calendar, moment.boot, moment.run

    def shift(self, by: float) -> None:
        """Move all times."""
        self.stamps = [stamp + by for stamp in self.stamps]
        self.leases, self.places, self.users = (
            {name: when + by for name, when in each.items()} for each in (self.leases, self.places, self.users)
        )
        self.learned = [(fraction, passed, refused + by) for fraction, passed, refused in self.learned]
        self.started += by
        self.blocked_until += by
        self.held_until += by

    def behind(self, other: Snapshot) -> bool:
        """Return whether this state lacks changes of another one, and has not been held for that yet."""
        if self.generation == other.generation:
            return self.writes < other.writes
        return other.generation not in self.former

    def merge(self, other: Snapshot) -> None:
        """Add the requests that another state knows. Those that are in both count once."""
        self.former = list(dict.fromkeys([*self.former, *other.former]))[:FORMER]
        self.stamps = sorted((Counter(self.stamps) | Counter(other.stamps)).elements())
        self.leases = {**other.leases, **self.leases}
        self.places = {**other.places, **self.places}
        self.users = {**other.users, **self.users}
        pairs = zip_longest(self.learned, other.learned)
        self.learned = [min(each for each in pair if each is not None) for pair in pairs]
        self.started = max(self.started, other.started)
        self.blocked_until = max(self.blocked_until, other.blocked_until)
        self.held_until = max(self.held_until, other.held_until)

    def hold(self, seconds: float, *lost: str) -> None:
        """Send no request for so many seconds, and begin a generation, so that every worker adds what it knows."""
        self.former = list(dict.fromkeys([self.generation, *lost, *self.former]))[:FORMER]
        self.generation = token_hex(8)
        self.held_until = max(self.held_until, self.at + seconds)


_ENCODE: Callable[[Snapshot], bytes] = msgspec.msgpack.Encoder().encode
_DECODE: Callable[[bytes], Snapshot] = msgspec.msgpack.Decoder(Snapshot).decode


@dataclass(frozen=True, slots=True)
class CachedSnapshot:
    """The state that a worker saw last, and when, on its own clock."""

    snapshot: Snapshot
    here: float

    def on(self, moment: StoreTime, here: float) -> Snapshot:
        """Return a copy with its times on the clock of the store, which may be another store by now."""
        snapshot = msgspec.structs.replace(self.snapshot)
        jump = moment.now - (snapshot.at + here - self.here)
        if abs(jump) > LATE:
            snapshot.shift(jump)
        return snapshot


@dataclass(frozen=True, slots=True)
class StateChange:
    """A change that a worker has recorded: what happened to a ticket, when on its own clock, and for how long."""

    kind: Literal["settle", "leave", "refuse", "pause", "lease"]
    at: float
    ticket: str = ""
    seconds: float = 0.0


class SharedState(SlidingLog):
    """The log of a snapshot, during one access to the store."""

    def __init__(self, rates: tuple[Rate, ...], snapshot: Snapshot) -> None:
        super().__init__(rates)
        self._snapshot = snapshot
        self._stamps.extend(snapshot.stamps)
        self._leases = dict(snapshot.leases)
        self._waiting.update(snapshot.places)
        self._started, self._blocked_until = snapshot.started, snapshot.blocked_until
        # A window of an hour was learned.
        if len(snapshot.learned) > len(self._windows):
            self._windows.append(RateWindow(HOURLY))
        for window, learned in zip(self._windows, snapshot.learned, strict=False):
            window.load(learned)
        self._expire(snapshot.at)

    @classmethod
    def open(
        cls,
        rates: tuple[Rate, ...],
        data: bytes | None,
        moment: StoreTime,
        user: str,
        cached: CachedSnapshot | None = None,
        here: float = 0.0,
        *,
        cut_off: bool = False,
    ) -> SharedState:
        """Read the stored state. Hold it for one window if it has lost changes, or may have.

        Args:
            rates: The rates of the bucket.
            data: The stored bytes; None if there are none.
            moment: The time of the store.
            user: The name of the worker.
            cached: The state that the worker saw last.
            here: The time on the worker's clock.
            cut_off: Whether the worker could not access the store until now.
        """
        snapshot = None
        if data is not None:
            with suppress(ValueError):
                snapshot = Snapshot.decode(data)
        if snapshot is None:
            snapshot = Snapshot(token_hex(8), at=moment.now, calendar=moment.calendar, boot=moment.boot, run=moment.run)
        restarted = snapshot.run != moment.run
        # All workers were cut off for so long that each may have sent requests on its own.
        outage = cut_off and moment.now - snapshot.at >= NOTICED
        snapshot.arrive(moment)
        longest = max(rates[-1][1], HOURLY[1] if len(snapshot.learned) > len(rates) else 0.0)
        known = cached.on(moment, here) if cached is not None and here - cached.here <= longest else None
        lost = known is not None and snapshot.behind(known)
        if known is not None and (lost or known.generation != snapshot.generation):
            snapshot.merge(known)
        if lost or restarted or outage:
            snapshot.hold(rates[0][1], *([known.generation] if known is not None else []))
        snapshot.users[user] = moment.now
        return cls(rates, snapshot)

    def close(self) -> Snapshot:
        """Return the state as it is now."""
        snapshot = self._snapshot
        snapshot.writes += 1
        snapshot.stamps = list(self._stamps)
        snapshot.leases = self._leases
        snapshot.places = {str(name): until for name, until in self._waiting.items()}
        snapshot.users = {user: when for user, when in snapshot.users.items() if when > snapshot.at - ACTIVE}
        snapshot.learned = [window.dump() for window in self._windows]
        snapshot.started, snapshot.blocked_until = self._started, self._blocked_until
        return snapshot

    def take(self, now: float, ticket: str, seconds: float) -> float:
        """Acquire permission for a request that takes at most `seconds`; see `Pacer.acquire`."""
        wait = self._snapshot.held_until - now
        if wait <= 0:
            wait = self.acquire(now, ticket)
        if wait > 0:
            self._waiting[ticket] = now + min(wait, LONGEST_NAP) + LATE
        else:
            self._grant(ticket, now + seconds)
        return wait

    def apply(self, changes: Sequence[StateChange], now: float, here: float) -> None:
        """Apply the changes that a worker has recorded; `here` is the time on its clock."""
        for change in changes:
            at = now - (here - change.at)
            if change.kind == "settle":
                self._settle(change.ticket, at)
            elif change.kind == "leave":
                self.leave(change.ticket)
                self._leases.pop(change.ticket, None)
            elif change.kind in ("refuse", "pause"):
                self.refuse(at, change.seconds, teaches=change.kind == "refuse")
            else:
                self._grant(change.ticket, at + change.seconds)
                self._started = max(self._started, at)
            self._count()
        self._expire(now)

    def _grant(self, ticket: str, until: float) -> None:
        """Give a lease."""
        self._leases[ticket] = until
        self._count()

    def _settle(self, ticket: str, at: float) -> None:
        """End a lease, and stamp its request."""
        if self._leases.pop(ticket, None) is None:
            return  # it has expired, and was stamped then
        self.settle(at)
        if len(self._stamps) > 1 and self._stamps[-2] > at:
            self._stamps = deque(sorted(self._stamps), maxlen=self._stamps.maxlen)

    def _expire(self, now: float) -> None:
        """End leases and queue positions whose time is over."""
        for ticket, until in list(self._leases.items()):
            if until <= now:
                self._settle(ticket, until)
        for waiter, until in list(self._waiting.items()):
            if until < now:
                self.leave(waiter)
        self._count()

    def _count(self) -> None:
        self.flying = len(self._leases)


class FallbackLimiter(SharedState):
    """Limits one worker to a fair part of the quota while the store is away.

    It assumes that every recently active worker goes on, and that one more joins. So it counts each of its requests
    once for each of them. What was free when the store was last seen counts as used by the others since.
    """

    def __init__(self, rates: tuple[Rate, ...], cached: CachedSnapshot | None, here: float) -> None:
        self._own: set[str] = set()
        self.workers = ASSUMED_WORKERS if cached is None else len(cached.snapshot.users) + 1
        self._offset = 0.0 if cached is None else cached.snapshot.at - cached.here
        snapshot = Snapshot("", at=here) if cached is None else msgspec.structs.replace(cached.snapshot, places={})
        super().__init__(rates, snapshot)
        if cached is not None:
            now = here + self._offset
            self._expire(now)
            # Nothing is sent before all workers have noticed. If the store is back by then, it misses no request.
            # Requests of others that this worker does not know of may still be in flight.
            begin = now + NOTICED
            self._stamps.extend([begin] * self._unseen(now, here - cached.here))
            self._blocked_until = max(self._blocked_until, begin)

    def _unseen(self, now: float, elapsed: float) -> int:
        """Count how many requests the others can have sent in so many seconds."""
        return min(
            max(0, window.limit - self.flying - sum(stamp > now - window.seconds for stamp in self._stamps))
            + window.limit * int(elapsed // window.seconds)
            for window in self._windows
        )

    def ask(self, here: float, ticket: str, seconds: float) -> float:
        """Acquire permission by the worker's own clock; see `SharedState.take`."""
        now = here + self._offset
        self._expire(now)
        self._own.add(ticket)
        return self.take(now, ticket, seconds)

    def note(self, change: StateChange) -> None:
        """Apply a change that has just happened."""
        self.apply([change], change.at + self._offset, change.at)

    def _wait(self, window: RateWindow, now: float, ahead: int) -> float:
        weight = min(self.workers, max(1, int(window.limit * window.fraction(now))))
        wait = super()._wait(window, now, (ahead + 1) * weight - 1)
        if window is self._windows[0] or weight < self.workers:
            # Spaced evenly, as all workers would begin at once. If there is less than one request for each, in turn.
            wait = max(wait, self._started + (ahead + 1) * self.workers * window.seconds / window.limit - now)
        return wait

    def _settle(self, ticket: str, at: float) -> None:
        own = ticket in self._leases and ticket in self._own
        super()._settle(ticket, at)
        if own:
            self._own.discard(ticket)
            self._stamps.extend([at] * (self.workers - 1))

    def _count(self) -> None:
        self.flying = sum(self.workers if ticket in self._own else 1 for ticket in self._leases)

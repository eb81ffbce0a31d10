"""A quota that several workers share, as it is kept in a store: what stands there, and what it lets go. Pure.

The decisions are those of `quota`, on a log that is read before and written after each of them. Besides, it knows who
has leave for which request, and until when: a worker that dies gives nothing back, so leave ends by itself when the
request must be over; and it knows who uses it, so that each can keep to a fair part when the store is away.

Everybody keeps a copy of what he read last. A store that has lost everything, or has an older state than before, is
filled from these copies: who notices first begins anew, and nobody goes until all who were there have been heard.
"""

# One mechanism with `quota`.
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
# Seconds that somebody who naps may be late before his place is given to the next.
LATE = 5.0
# Seconds for which one who was here counts as one who may come again.
ACTIVE = 60.0
# Seconds in which those who nap will have come again.
HEARING = LONGEST_NAP + 1.0
# Seconds between questions while the others are heard.
MOMENT = 0.5
# As many workers somebody assumes who never could ask.
STRANGERS = 10

Learnt = tuple[float, int, float]


@dataclass(frozen=True, slots=True)
class StoreTime:
    """A time on the clock of a store; the clock begins anew with each boot, the calendar goes on.

    A server that was started again, which `run` tells, may have an older state than before.
    """

    now: float
    calendar: float
    boot: str = ""
    run: str = ""


class Snapshot(msgspec.Struct):
    """What a store keeps of one bucket of one key: times on the store's clock, and names that tell nothing."""

    generation: str
    writes: int = 0
    at: float = 0.0
    calendar: float = 0.0
    boot: str = ""
    run: str = ""
    stamps: list[float] = msgspec.field(default_factory=list[float])
    leases: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    places: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    users: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    awaited: list[str] = msgspec.field(default_factory=list[str])
    hearing_until: float = NEVER
    learnt: list[Learnt] = msgspec.field(default_factory=list[Learnt])
    started: float = NEVER
    blocked_until: float = NEVER

    def encode(self) -> bytes:
        """Return it as bytes."""
        return _ENCODE(self)

    @staticmethod
    def decode(data: bytes) -> Snapshot:
        """Read it from bytes.

        Raises:
            ValueError: They are no page.
        """
        try:
            return _DECODE(data)
        except msgspec.DecodeError as error:  # no ValueError in older versions of msgspec
            raise ValueError(str(error)) from None

    def arrive(self, moment: StoreTime) -> None:
        """Make the times fit the clock of today: it may have begun anew, or been set back."""
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
        self.learnt = [(share, passed, refused + by) for share, passed, refused in self.learnt]
        self.hearing_until += by
        self.started += by
        self.blocked_until += by

    def missed(self, now: float) -> bool:
        """Tell whether somebody should have come by now and has not: he could not use the store, or he is dead."""
        return any(until < now for until in (*self.places.values(), *self.leases.values()))

    def merge(self, other: Snapshot) -> None:
        """Add what another copy knows. What stands in both is the same."""
        self.stamps = sorted((Counter(self.stamps) | Counter(other.stamps)).elements())
        self.leases = {**other.leases, **self.leases}
        self.places = {**other.places, **self.places}
        pairs = zip_longest(self.learnt, other.learnt)
        self.learnt = [min(each for each in pair if each is not None) for pair in pairs]
        self.started = max(self.started, other.started)
        self.blocked_until = max(self.blocked_until, other.blocked_until)


_ENCODE: Callable[[Snapshot], bytes] = msgspec.msgpack.Encoder().encode
_DECODE: Callable[[bytes], Snapshot] = msgspec.msgpack.Decoder(Snapshot).decode


@dataclass(frozen=True, slots=True)
class CachedSnapshot:
    """The copy that a worker keeps, and when he read it on his own clock."""

    page: Snapshot
    here: float

    def on(self, moment: StoreTime, here: float) -> Snapshot:
        """Return the page with its times on the clock of a store that may be another one by now."""
        page = msgspec.structs.replace(self.page)
        jump = moment.now - (page.at + here - self.here)
        if abs(jump) > LATE:
            page.shift(jump)
        return page


@dataclass(frozen=True, slots=True)
class StateChange:
    """What a worker has to tell: what happened to a ticket, when on his own clock, and for how long."""

    kind: Literal["settle", "leave", "refuse", "pause", "lease"]
    at: float
    ticket: str = ""
    seconds: float = 0.0


class SharedState(SlidingLog):
    """The log of a page, while somebody decides on it."""

    def __init__(self, rates: tuple[Rate, ...], page: Snapshot) -> None:
        super().__init__(rates)
        self._page = page
        self._stamps.extend(page.stamps)
        self._leases = dict(page.leases)
        self._waiting.update(page.places)
        self._started, self._blocked_until = page.started, page.blocked_until
        # One more than there are rates has been learnt.
        if len(page.learnt) > len(self._windows):
            self._windows.append(RateWindow(HOURLY))
        for window, learnt in zip(self._windows, page.learnt, strict=False):
            window.recall(learnt)
        self._tidy(page.at)

    @classmethod
    def open(
        cls,
        rates: tuple[Rate, ...],
        data: bytes | None,
        moment: StoreTime,
        user: str,
        seen: CachedSnapshot | None = None,
        here: float = 0.0,
        *,
        alone: bool = False,
    ) -> SharedState:
        """Read what a store keeps, and mend it from what was seen before if it has lost something.

        `here` is now on the clock of the worker, and `alone` whether he could not use the store until now.
        """
        page = None
        if data is not None:
            with suppress(ValueError):
                page = Snapshot.decode(data)
        new = page is None
        if page is None:
            page = Snapshot(token_hex(8), 0, moment.now, moment.calendar, moment.boot, moment.run)
        restarted = page.run != moment.run
        silence = moment.now - page.at
        # After the longest window, whoever waited and did not come was most likely ended by his user.
        longest = max(rates[-1][1], HOURLY[1] if len(page.learnt) > len(rates) else 0.0)
        missed = silence <= longest and page.missed(moment.now)
        silent = silence >= HEARING and (alone or missed)
        page.arrive(moment)
        known = None
        if seen is not None and here - seen.here <= longest:
            known = seen.on(moment, here)
        _mend(page, known, new=new, doubtful=restarted or silent)
        page.users[user] = moment.now
        page.awaited = [each for each in page.awaited if each != user and moment.now < page.hearing_until]
        return cls(rates, page)

    def close(self) -> Snapshot:
        """Return the page as it stands now."""
        page = self._page
        page.writes += 1
        page.stamps = list(self._stamps)
        page.leases = self._leases
        page.places = {str(name): until for name, until in self._waiting.items()}
        page.users = {user: when for user, when in page.users.items() if when > page.at - ACTIVE}
        page.learnt = [window.remember() for window in self._windows]
        page.started, page.blocked_until = self._started, self._blocked_until
        return page

    def take(self, now: float, ticket: str, seconds: float) -> float:
        """Take leave for a request that is over after so many seconds at most; see `quota.Pacer.acquire`."""
        wait = MOMENT if self._page.awaited else self.acquire(now, ticket)
        if wait > 0:
            self._waiting[ticket] = now + min(wait, LONGEST_NAP) + LATE
        else:
            self._lend(ticket, now + seconds)
        return wait

    def hear(self, notes: Sequence[StateChange], now: float, here: float) -> None:
        """Learn what a worker has noted; `here` is now on his clock."""
        for note in notes:
            at = now - (here - note.at)
            if note.kind == "settle":
                self._settle(note.ticket, at)
            elif note.kind == "leave":
                self.leave(note.ticket)
                self._leases.pop(note.ticket, None)
            elif note.kind in ("refuse", "pause"):
                self.refuse(at, note.seconds, teaches=note.kind == "refuse")
            else:
                self._lend(note.ticket, at + note.seconds)
                self._started = max(self._started, at)
            self._count()
        self._tidy(now)

    def _lend(self, ticket: str, until: float) -> None:
        self._leases[ticket] = until
        self._count()

    def _settle(self, ticket: str, at: float) -> None:
        if self._leases.pop(ticket, None) is None:
            return  # its time was over, and it has its stamp
        self.settle(at)
        if len(self._stamps) > 1 and self._stamps[-2] > at:
            self._stamps = deque(sorted(self._stamps), maxlen=self._stamps.maxlen)

    def _tidy(self, now: float) -> None:
        """End what has come to its time: leave that nobody gave back, and the places of those who are gone."""
        for ticket, until in list(self._leases.items()):
            if until <= now:
                self._settle(ticket, until)
        for waiter, until in list(self._waiting.items()):
            if until < now:
                self.leave(waiter)
        self._count()

    def _count(self) -> None:
        self.flying = len(self._leases)


def _mend(page: Snapshot, known: Snapshot | None, *, new: bool, doubtful: bool) -> None:
    """Give a page back what it has lost, or may have, from the copies of all who were there.

    It has lost something if it is another one than that of which somebody has a copy, or an earlier one. It may have
    if its server was started again, or if nobody could use it for a while, and all went on alone. However long that
    was, those who were there when it was last written are waited for: `close` keeps no others.
    """
    if known is not None and page.generation == known.generation:
        doubtful = doubtful or page.writes < known.writes
        if not doubtful:
            return
    elif known is None and not doubtful:
        return
    users = {user for each in (page, known) if each is not None for user in each.users}
    if doubtful:
        page.generation, page.users, page.awaited = token_hex(8), {}, []
    if new or doubtful or page.hearing_until == NEVER:
        page.hearing_until = page.at + HEARING
    if known is not None:
        page.merge(known)
    page.awaited = sorted({*page.awaited, *users} - page.users.keys())


class FallbackLimiter(SharedState):
    """The part of a quota to which a worker keeps while the store is away.

    As many as were there lately are thought to go on, and one more to come: so each request counts as all of theirs.
    What was free when the store was last seen, the others are thought to have used since.
    """

    def __init__(self, rates: tuple[Rate, ...], seen: CachedSnapshot | None, here: float) -> None:
        self._heavy: set[str] = set()
        self.workers = STRANGERS if seen is None else len(seen.page.users) + 1
        self._offset = 0.0 if seen is None else seen.page.at - seen.here
        page = Snapshot("", at=here) if seen is None else msgspec.structs.replace(seen.page, places={}, awaited=[])
        super().__init__(rates, page)
        if seen is not None:
            now = here + self._offset
            self._tidy(now)
            # Nobody begins before all have noticed: a store that is back soon then knows of everything. And what is
            # not known may still be under way.
            begin = now + HEARING
            self._stamps.extend([begin] * self._unseen(now, here - seen.here))
            self._blocked_until = max(self._blocked_until, begin)

    def _unseen(self, now: float, elapsed: float) -> int:
        """Count how many requests the others can have made in so many seconds."""
        return min(
            max(0, window.limit - self.flying - sum(stamp > now - window.seconds for stamp in self._stamps))
            + window.limit * int(elapsed // window.seconds)
            for window in self._windows
        )

    def ask(self, here: float, ticket: str, seconds: float) -> float:
        """Take leave by the worker's own clock; see `SharedState.take`."""
        now = here + self._offset
        self._tidy(now)
        self._heavy.add(ticket)
        return self.take(now, ticket, seconds)

    def note(self, note: StateChange) -> None:
        """Learn what has just happened."""
        self.hear([note], note.at + self._offset, note.at)

    def _wait(self, window: RateWindow, now: float, ahead: int) -> float:
        weight = min(self.workers, max(1, int(window.limit * window.share(now))))
        wait = super()._wait(window, now, (ahead + 1) * weight - 1)
        if window is self._windows[0] or weight < self.workers:
            # Evenly, for all of them would begin at once; and where there is less than one for each, in turn.
            wait = max(wait, self._started + (ahead + 1) * self.workers * window.seconds / window.limit - now)
        return wait

    def _settle(self, ticket: str, at: float) -> None:
        heavy = ticket in self._leases and ticket in self._heavy
        super()._settle(ticket, at)
        if heavy:
            self._heavy.discard(ticket)
            self._stamps.extend([at] * (self.workers - 1))

    def _count(self) -> None:
        self.flying = sum(self.workers if ticket in self._heavy else 1 for ticket in self._leases)

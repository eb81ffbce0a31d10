"""A quota in a store, as an exchange sees it: what happens is noted at once, and told when the store is asked.

When the store is away, or does not answer, this worker paces itself, with a fair part of what all have; what it does
is told when the store is back. Nothing that a store does ends a call in an error of its own.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex
from typing import Any

from posthog_environments.config.settings import Settings
from posthog_environments.ratelimit.limiter import HOURLY, RATES, Bucket, Rate
from posthog_environments.ratelimit.shared_state import (
    CachedSnapshot,
    FallbackLimiter,
    SharedState,
    Snapshot,
    StateChange,
    StoreTime,
)
from posthog_environments.ratelimit.stores import Store, StoreAway, StoreBusy

__all__ = ["SharedRateLimiter", "name_of"]

# Seconds that an answer may be late besides: the driver's own time.
MARGIN = 1.0
# Seconds until one asks again who found the store in use by others.
MOMENT = 0.05


def name_of(settings: Settings) -> str:
    """Return the name under which the quota of a key is kept, from which nobody can tell the key.

    Raises:
        ConfigurationError: A function gives the key, and it failed.
    """
    scheme, host, port = settings.origin
    text = f"{scheme}://{host}:{port}\0{settings.key.current().reveal()}"
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"posthog-env-quot").hexdigest()


def _nothing(ledger: SharedState, now: float) -> float:  # noqa: ARG001 - stands where somebody decides
    return 0.0


@dataclass(slots=True)
class _BucketState:
    """One bucket of the budget: what is to be told of it, and what is known of it."""

    rates: tuple[Rate, ...]
    notes: list[StateChange] = field(default_factory=list[StateChange])
    seen: CachedSnapshot | None = None
    alone: FallbackLimiter | None = None


class SharedRateLimiter:
    """The quota of one key that is kept in a store; see `quota.SharedPacer`.

    Args:
        store: Where it is kept.
        name: Gives the name of the key as of now, for a key may change.
        rates: Of each bucket.
        clock: That of the client.
    """

    def __init__(
        self,
        store: Store,
        name: Callable[[], str],
        rates: Mapping[Bucket, tuple[Rate, ...]] = RATES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._name = name
        self._rates = rates
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._user = token_hex(6)
        self._tickets = count()
        self._known_as = ""
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._parts = {bucket: _BucketState(rates) for bucket, rates in self._rates.items()}

    def after_fork(self) -> None:
        """Begin anew in a child: what is in flight is the parent's."""
        self._begin()

    def ticket(self) -> str:
        """Return a name for a call."""
        return f"{self._user}.{next(self._tickets)}"

    @property
    def untold(self) -> bool:
        """Whether something is noted that the store could be told."""
        return any(part.notes for part in self._parts.values()) and not self._store.away

    @property
    def trouble(self) -> str:
        """What to say to somebody who waits, while the store is away."""
        if not any(part.alone for part in self._parts.values()):
            return ""
        return f"The quota at {self._store.shown} cannot be used, so that only a small part of it is ours."

    def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:
        """Take leave for a request that is over after so many seconds at most; see `quota.Pacer.acquire`."""
        name = self._name()
        part = self._parts[bucket]
        # While the store is away one asks, and the others need not wait for what he hears.
        if not self._asking.acquire(timeout=0 if part.alone else patience):
            return self._ask_alone(part, ticket, seconds) if part.alone else MOMENT
        try:
            self._be(name)
            part = self._parts[bucket]
            return self._change(bucket, part, patience, lambda ledger, now: ledger.take(now, ticket, seconds + MARGIN))
        except StoreBusy:
            return MOMENT
        except StoreAway:
            return self._ask_alone(part, ticket, seconds)
        finally:
            self._asking.release()

    def tell(self, patience: float) -> float:
        """Tell the store what is noted; return 0.0."""
        if self._asking.acquire(timeout=patience):
            try:
                for bucket, part in self._parts.items():
                    if part.notes:
                        self._change(bucket, part, patience, _nothing)
            except (StoreAway, StoreBusy):
                pass  # it stays noted
            finally:
                self._asking.release()
        return 0.0

    def settle(self, bucket: Bucket, ticket: str) -> None:
        """Note that a request that had leave is over, however it ended."""
        self._note(bucket, StateChange("settle", self._clock(), ticket))

    def leave(self, bucket: Bucket, ticket: str) -> None:
        """Note that a place, or leave for a request that was not sent, is given up."""
        self._note(bucket, StateChange("leave", self._clock(), ticket))

    def refuse(self, bucket: Bucket, wait: float, *, teaches: bool = True) -> None:
        """Note that the server said 429, and that nothing may go for so many seconds; see `quota.Pacer.refuse`."""
        self._note(bucket, StateChange("refuse" if teaches else "pause", self._clock(), seconds=wait))

    def _note(self, bucket: Bucket, note: StateChange) -> None:
        with self._lock:
            part = self._parts[bucket]
            # A window of an hour may be learnt, or have been.
            longest = max(part.rates[-1][1], HOURLY[1])
            if part.notes and part.notes[0].at < note.at - 2 * longest:
                part.notes = [each for each in part.notes if each.at > note.at - longest]
            part.notes.append(note)
            if part.alone is not None:
                part.alone.note(note)

    def _be(self, name: str) -> None:
        """Go over to the quota of another key if the key has changed: what was in flight ends there by itself."""
        if self._known_as != name:
            with self._lock:
                self._known_as = name
                self._parts = {bucket: _BucketState(rates) for bucket, rates in self._rates.items()}

    def _change(
        self, bucket: str, part: _BucketState, patience: float, do: Callable[[SharedState, float], float]
    ) -> float:
        with self._lock:
            notes, alone = list(part.notes), part.alone is not None
        page: Any = None
        # Before the store looks at its clock: then what is told stands a little late there, and never too early.
        here = self._clock()

        def decide(data: bytes | None, moment: StoreTime) -> tuple[bytes, float]:
            nonlocal page
            ledger = SharedState.open(part.rates, data, moment, self._user, part.seen, here, alone=alone)
            ledger.hear(notes, moment.now, here)
            result = do(ledger, moment.now)
            page = ledger.close()
            return page.encode(), result

        result = self._store.change(f"{self._known_as}:{bucket}", decide, patience)
        assert isinstance(page, Snapshot)
        with self._lock:
            told = set(map(id, notes))
            part.notes = [note for note in part.notes if id(note) not in told]
            part.seen, part.alone = CachedSnapshot(page, self._clock()), None
        return result

    def _ask_alone(self, part: _BucketState, ticket: str, seconds: float) -> float:
        with self._lock:
            here = self._clock()
            if part.alone is None:
                part.alone = FallbackLimiter(part.rates, part.seen, here)
                for note in part.notes:
                    part.alone.note(note)
            wait = part.alone.ask(here, ticket, seconds + MARGIN)
            if wait <= 0:
                part.notes.append(StateChange("lease", here, ticket, seconds + MARGIN))
        # The store may be back before.
        return wait if wait <= 0 else min(wait, max(MOMENT, self._store.away))

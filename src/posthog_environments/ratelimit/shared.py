"""The rate limiter of a quota in a store. It records changes at once, and writes them when it accesses the store.

While the store is away, or does not answer, the worker keeps to a fair part of the quota. It writes what it did once
the store is back. No failure of a store makes a call fail with an error of its own.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex

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

log = logging.getLogger("posthog_environments")

# Seconds that a lease lasts longer than its request may take, for the client's own work.
MARGIN = 1.0
# Seconds until the next try if other threads or processes were using the store.
MOMENT = 0.05


def name_of(settings: Settings) -> str:
    """Return the name of the quota of a key in a store. It is a hash, which does not reveal the key.

    Raises:
        ConfigurationError: The key comes from a function, which failed.
    """
    scheme, host, port = settings.origin
    text = f"{scheme}://{host}:{port}\0{settings.key.current().reveal()}"
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"posthog-env-quot").hexdigest()


def _do_nothing(state: SharedState, now: float) -> float:  # noqa: ARG001 - has the signature of a decision
    return 0.0


@dataclass(slots=True)
class _BucketState:
    """What this worker knows of one bucket, and has not written yet."""

    rates: tuple[Rate, ...]
    pending: list[StateChange] = field(default_factory=list[StateChange])
    cached: CachedSnapshot | None = None
    fallback: FallbackLimiter | None = None

    def held(self, here: float) -> float:
        """Return for how many more seconds requests are held back; `here` is the time on the worker's clock."""
        if self.cached is None:
            return 0.0
        snapshot = self.cached.snapshot
        return max(0.0, snapshot.held_until - snapshot.at - (here - self.cached.here))


class SharedRateLimiter:
    """Limits the requests of one key together with other workers; see `Pacer`. It needs no lock of the caller.

    Args:
        store: Where the state is kept.
        name: Returns the name of the current key; the key may change.
        rates: The rates of each bucket, the shortest window first.
        clock: The clock of the client.
    """

    in_store = True

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
        self._access = threading.Lock()
        self._buckets = {bucket: _BucketState(rates) for bucket, rates in self._rates.items()}

    def after_fork(self) -> None:
        """Start as a new worker in a forked child. Requests in flight belong to the parent."""
        self._begin()

    def ticket(self) -> str:
        """Return a unique name for a call."""
        return f"{self._user}.{next(self._tickets)}"

    @property
    def pending(self) -> bool:
        """Whether there are recorded changes that `flush` can write now."""
        return any(state.pending for state in self._buckets.values()) and not self._store.away

    @property
    def trouble(self) -> str:
        """A sentence for error messages about a problem of the store; empty if there is none."""
        if any(state.fallback for state in self._buckets.values()):
            return f"The quota at {self._store.shown} cannot be used, so this worker keeps to a small part of it."
        if self._held():
            return f"The quota at {self._store.shown} may be incomplete, so all workers wait until a window has passed."
        return ""

    def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:
        """Acquire permission for a request that takes at most `seconds`; see `Pacer.acquire`."""
        name = self._name()
        state = self._buckets[bucket]
        # While the store is away, one thread tries it. The others need not wait for the result.
        if not self._access.acquire(timeout=0 if state.fallback else patience):
            return self._acquire_alone(state, ticket, seconds) if state.fallback else MOMENT
        try:
            self._use_name(name)
            state = self._buckets[bucket]
            return self._change(bucket, state, patience, lambda each, now: each.take(now, ticket, seconds + MARGIN))
        except StoreBusy:
            return MOMENT
        except StoreAway:
            return self._acquire_alone(state, ticket, seconds)
        finally:
            self._access.release()

    def flush(self, patience: float) -> None:
        """Write the recorded changes to the store."""
        if self._access.acquire(timeout=patience):
            try:
                for bucket, state in self._buckets.items():
                    if state.pending:
                        self._change(bucket, state, patience, _do_nothing)
            except (StoreAway, StoreBusy):
                pass  # the changes stay recorded
            finally:
                self._access.release()

    def settle(self, bucket: Bucket, ticket: str) -> None:
        """Record that a permitted request has ended, in any way."""
        self._record(bucket, StateChange("settle", self._clock(), ticket))

    def leave(self, bucket: Bucket, ticket: str) -> None:
        """Record that a queue position, or permission for a request that was not sent, is given up."""
        self._record(bucket, StateChange("leave", self._clock(), ticket))

    def refuse(self, bucket: Bucket, wait: float, *, teaches: bool = True) -> None:
        """Record a 429, and send nothing for `wait` seconds; see `Pacer.refuse`."""
        self._record(bucket, StateChange("refuse" if teaches else "pause", self._clock(), seconds=wait))

    def _record(self, bucket: Bucket, change: StateChange) -> None:
        with self._lock:
            state = self._buckets[bucket]
            # A window of an hour may have been learned.
            longest = max(state.rates[-1][1], HOURLY[1])
            if state.pending and state.pending[0].at < change.at - 2 * longest:
                state.pending = [each for each in state.pending if each.at > change.at - longest]
            state.pending.append(change)
            if state.fallback is not None:
                state.fallback.note(change)

    def _use_name(self, name: str) -> None:
        """Switch to the quota of another key if the key has changed. Leases of the old key expire."""
        if self._known_as != name:
            with self._lock:
                self._known_as = name
                self._buckets = {bucket: _BucketState(rates) for bucket, rates in self._rates.items()}

    def _change(
        self, bucket: str, state: _BucketState, patience: float, do: Callable[[SharedState, float], float]
    ) -> float:
        """Write the recorded changes of a bucket, and decide on its state."""
        with self._lock:
            changes, cut_off = list(state.pending), state.fallback is not None
        # Read before the clock of the store, so that changes are dated a little late, and never too early.
        here = self._clock()
        written: list[Snapshot] = []

        def decide(data: bytes | None, moment: StoreTime) -> tuple[bytes, float]:
            shared = SharedState.open(state.rates, data, moment, self._user, state.cached, here, cut_off=cut_off)
            shared.apply(changes, moment.now, here)
            result = do(shared, moment.now)
            written[:] = [shared.close()]
            return written[0].encode(), result

        result = self._store.change(f"{self._known_as}:{bucket}", decide, patience)
        held = self._held()
        with self._lock:
            done = set(map(id, changes))
            state.pending = [change for change in state.pending if id(change) not in done]
            state.cached, state.fallback = CachedSnapshot(written[0], self._clock()), None
        if not held and (seconds := self._held()):
            log.warning(
                "The quota at %s may be incomplete: its store lost data, was restarted or could not be reached. "
                "No request is sent for %.0f s.",
                self._store.shown,
                seconds,
            )
        return result

    def _held(self) -> float:
        here = self._clock()
        return max(state.held(here) for state in self._buckets.values())

    def _acquire_alone(self, state: _BucketState, ticket: str, seconds: float) -> float:
        """Acquire permission for a request by the fair part of this worker."""
        with self._lock:
            here = self._clock()
            if state.fallback is None:
                state.fallback = FallbackLimiter(state.rates, state.cached, here)
                for change in state.pending:
                    state.fallback.note(change)
            wait = state.fallback.ask(here, ticket, seconds + MARGIN)
            if wait <= 0:
                state.pending.append(StateChange("lease", here, ticket, seconds + MARGIN))
        # The store may be back before.
        return wait if wait <= 0 else min(wait, max(MOMENT, self._store.away))

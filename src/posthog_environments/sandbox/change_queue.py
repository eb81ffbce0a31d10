"""Queue of changes that the server has accepted and not yet applied.

Like real servers, the sandbox accepts a change, logs it as activity, and applies it a moment later. The queue is also
stored in the database, so that a database file loses no accepted change.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from posthog_environments.sandbox import bodies, writes
from posthog_environments.sandbox.sql import Sql

if TYPE_CHECKING:
    import duckdb

    from posthog_environments.sandbox.clock import Clock
    from posthog_environments.sandbox.store import Database


@dataclass(frozen=True, slots=True)
class Deletion:
    """What to delete: the events of a person, and unless `keep` is set the person."""

    events: bool
    keep: bool


@dataclass(frozen=True, slots=True)
class PendingChange:
    """Properties to set, names of those to remove, or the deletion of the person."""

    seq: int
    person_id: int
    set: Mapping[str, Any] = field(default_factory=dict[str, Any])
    removed: tuple[str, ...] = ()
    deletion: Deletion | None = None


class Changes:
    """The queue of accepted changes."""

    def __init__(self, store: Database, clock: Clock, lag: float) -> None:
        self._store = store
        self._clock = clock
        self._lag = lag
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, PendingChange]] = deque()
        self._numbers = 0
        self._settled_at: datetime | None = None

    @property
    def lag(self) -> float:
        """Seconds between a change and its effect."""
        return self._lag

    def recover(self) -> None:
        """Apply the changes that an earlier run with this database file accepted but did not apply."""
        rows = self._store.rows(Sql("SELECT seq, person_id, changes, removed, deletes FROM pending ORDER BY seq"))
        for seq, person_id, changes, removed, deletes in rows:
            deletion = Deletion(**bodies.parse(deletes)) if deletes else None
            names = tuple(bodies.parse(removed))
            self._waiting.append((0.0, PendingChange(seq, person_id, bodies.parse(changes), names, deletion)))
        # The log has all changes, so its largest id is the last number.
        (last,) = self._store.row(Sql("SELECT coalesce(max(id), 0) FROM activity")) or (0,)
        self._numbers = last
        self.settle(at_once=True)

    def number(self) -> int:
        """Return a new number for a change or a log entry."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def accept(self, cursor: duckdb.DuckDBPyConnection, change: PendingChange) -> None:
        """Store an accepted change."""
        cursor.execute(
            "INSERT INTO pending VALUES (?, ?, ?, ?, ?)",
            [
                change.seq,
                change.person_id,
                bodies.write(change.set),
                bodies.write(change.removed),
                bodies.write(asdict(change.deletion)) if change.deletion else None,
            ],
        )

    def queue(self, change: PendingChange) -> None:
        """Schedule an accepted change after the lag."""
        with self._lock:
            self._waiting.append((time.monotonic() + self._lag, change))

    def settled_until(self) -> datetime:
        """Return the time up to which all accepted changes have passed the lag."""
        before = self._clock.now() - timedelta(seconds=self._lag)
        return max(before, self._settled_at or before)

    def settle(self, *, at_once: bool = False) -> None:
        """Apply the changes that are due, or all."""
        if at_once:
            self._settled_at = self._clock.now()
        self._store.order.settle(at_once=at_once)
        if not self._waiting:
            return
        with self._store.writing() as cursor:
            now = time.monotonic()
            with self._lock:
                due: list[PendingChange] = []
                while self._waiting and (at_once or self._waiting[0][0] <= now):
                    due.append(self._waiting.popleft()[1])
            for change in due:
                self._apply(cursor, change)

    def _apply(self, cursor: duckdb.DuckDBPyConnection, change: PendingChange) -> None:
        cursor.execute("DELETE FROM pending WHERE seq = ?", [change.seq])
        if change.deletion:
            what = asdict(change.deletion)
            place = writes.remove(cursor, self._clock.now(), change.seq, change.person_id, **what)
            if place is not None:
                self._store.order.remove(place, 0.0)
            return
        row = cursor.execute("SELECT properties, distinct_ids FROM persons WHERE id = ?", [change.person_id]).fetchone()
        if row is None:
            return
        properties: dict[str, Any] = {**bodies.parse(row[0]), **change.set}
        properties = {name: value for name, value in properties.items() if name not in change.removed}
        distinct_ids = bodies.parse(row[1])
        email = properties.get("email")
        cursor.execute(
            "UPDATE persons SET properties = ?, email = ? WHERE id = ?",
            [
                bodies.write(properties),
                email if isinstance(email, str) or email is None else bodies.write(email),
                change.person_id,
            ],
        )
        # As on real servers, a change is also an event, which trends and timelines see.
        cursor.execute(
            "INSERT INTO events SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, NULL, '{}', ?, ? FROM events",
            [
                self._clock.now(),
                "$delete_person_property" if change.removed else "$set",
                change.person_id,
                distinct_ids[0] if distinct_ids else "",
                bodies.write(change.set) if change.set else None,
                bodies.write(change.removed) if change.removed else None,
            ],
        )

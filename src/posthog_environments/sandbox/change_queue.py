"""The queue of changes that the server has taken and not yet carried out.

Like the real servers the sandbox takes a change, writes it into the activity log, and carries it out a moment later.
What waits is kept in the database too, so that a database file loses nothing that was accepted.
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
    """What of a person is to be deleted."""

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
        self._settled: datetime | None = None

    @property
    def lag(self) -> float:
        """Seconds between a change and its effect."""
        return self._lag

    def recover(self) -> None:
        """Carry out what an earlier run of this database file accepted and could not finish."""
        rows = self._store.rows(Sql("SELECT seq, person_id, changes, removed, deletes FROM pending ORDER BY seq"))
        for seq, person_id, changes, removed, deletes in rows:
            deletion = Deletion(**bodies.parse(deletes)) if deletes else None
            names = tuple(bodies.parse(removed))
            self._waiting.append((0.0, PendingChange(seq, person_id, bodies.parse(changes), names, deletion)))
        # Every change is in the log too.
        (last,) = self._store.row(Sql("SELECT coalesce(max(id), 0) FROM activity")) or (0,)
        self._numbers = last
        self.settle(at_once=True)

    def number(self) -> int:
        """Give each change and log entry a number of its own."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def accept(self, cursor: duckdb.DuckDBPyConnection, change: PendingChange) -> None:
        """Take a change into the queue."""
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
        """Let an accepted change wait for its time."""
        with self._lock:
            self._waiting.append((time.monotonic() + self._lag, change))

    def over(self) -> datetime:
        """Tell up to which moment all that was taken is over, as far as it waits for the lag alone."""
        before = self._clock.now() - timedelta(seconds=self._lag)
        return max(before, self._settled or before)

    def settle(self, *, at_once: bool = False) -> None:
        """Carry out the changes whose time has come."""
        if at_once:
            self._settled = self._clock.now()
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
        # As on the real servers a change is an event like any other: trends and timelines see it.
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

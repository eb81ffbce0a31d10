"""Changes and deletions of persons: how they are accepted, logged and applied.

Like real servers, the sandbox accepts a change, logs it as activity, and applies it a moment later. The queue is also
stored in the database, so that a database file loses no accepted change.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.sandbox import bodies
from posthog_environments.sandbox.sql import Sql

if TYPE_CHECKING:
    import duckdb

    from posthog_environments.sandbox.clock import Clock
    from posthog_environments.sandbox.store import Database

_LOGGED: Final[Mapping[str, list[dict[str, Any]]]] = {
    "updated": [{"type": "Person", "action": "changed", "field": "properties", "before": None, "after": None}],
    "delete_property": [{"type": "Person", "action": "changed", "field": None, "before": None, "after": None}],
    "deleted": [],
}
"""What the log says of each kind of change."""


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


class ChangeQueue:
    """The queue of accepted changes; `lag` is the time in seconds between a change and its effect."""

    def __init__(self, store: Database, clock: Clock, lag: float) -> None:
        self._store = store
        self._clock = clock
        self._lag = lag
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, PendingChange]] = deque()
        self._numbers = 0
        self._settled_at: datetime | None = None

    def recover(self) -> None:
        """Apply the changes that an earlier run with this database file accepted but did not apply."""
        rows = self._store.rows(Sql("SELECT seq, person_id, changes, removed, deletes FROM pending ORDER BY seq"))
        for seq, person_id, changes, removed, deletes in rows:
            deletion = Deletion(**bodies.parse(deletes)) if deletes else None
            names = tuple(bodies.parse(removed))
            self._waiting.append((0.0, PendingChange(seq, person_id, bodies.parse(changes), names, deletion)))
        # The log has all changes, so its largest id is the last number.
        (self._numbers,) = self._store.row(Sql("SELECT coalesce(max(id), 0) FROM activity")) or (0,)
        self.settle(at_once=True)

    def update(self, person_id: int, properties: Mapping[str, Any]) -> None:
        """Accept properties to set."""
        self._accept([PendingChange(self._number(), person_id, properties)], "updated")

    def remove_properties(self, person_id: int, names: tuple[str, ...]) -> None:
        """Accept names of properties to remove."""
        self._accept([PendingChange(self._number(), person_id, removed=names)], "delete_property")

    def queue_deletions(self, keys: Iterable[int], deletion: Deletion) -> None:
        """Accept deletions, to be carried out after the lag."""
        self._accept([PendingChange(self._number(), key, deletion=deletion) for key in keys])

    def delete(self, keys: Iterable[int], deletion: Deletion) -> int:
        """Delete persons at once, and return how many there were; their places leave the list after the lag."""
        with self._store.writing() as cursor:
            found = [self._delete(cursor, self._number(), key, deletion) for key in keys]
        places = [place for place in found if place is not None]
        if not deletion.keep:
            for place in places:
                self._store.order.remove(place, self._lag)
        return len(places)

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

    def _number(self) -> int:
        """Return a new number for a change or a log entry."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def _accept(self, changes: list[PendingChange], action: str | None = None) -> None:
        with self._store.writing() as cursor:
            for one in changes:
                deletion = bodies.write(asdict(one.deletion)) if one.deletion else None
                row = [one.seq, one.person_id, bodies.write(one.set), bodies.write(one.removed), deletion]
                cursor.execute("INSERT INTO pending VALUES (?, ?, ?, ?, ?)", row)
                if action is not None:
                    self._log(cursor, one.seq, one.person_id, action)
        with self._lock:
            self._waiting.extend((time.monotonic() + self._lag, one) for one in changes)

    def _log(self, cursor: duckdb.DuckDBPyConnection, number: int, person_id: int, action: str) -> None:
        """Add an entry to the activity log; entries of updates have no name."""
        name = "NULL" if action == "updated" else "uuid::VARCHAR"
        cursor.execute(
            f"INSERT INTO activity SELECT ?, ?, id, uuid, ?, {name}, ? FROM persons WHERE id = ?",  # noqa: S608 - the name is a constant
            [number, self._clock.now(), action, bodies.write(_LOGGED[action]), person_id],
        )

    def _delete(self, cursor: duckdb.DuckDBPyConnection, number: int, person_id: int, deletion: Deletion) -> int | None:
        """Delete a person, or only the events; return the place of the person in the list, None if there is none."""
        row = cursor.execute("SELECT pos FROM persons WHERE id = ?", [person_id]).fetchone()
        if deletion.events:
            query = "INSERT INTO deletions SELECT uuid, ?, NULL FROM persons WHERE id = ?"
            cursor.execute(query, [self._clock.now(), person_id])
            cursor.execute("DELETE FROM events WHERE person_id = ?", [person_id])
        if row is not None and not deletion.keep:
            self._log(cursor, number, person_id, "deleted")
            cursor.execute("INSERT INTO gone VALUES (?)", row)
            cursor.execute("DELETE FROM persons WHERE id = ?", [person_id])
            cursor.execute("DELETE FROM distinct_ids WHERE person_id = ?", [person_id])
        return None if row is None else int(row[0])

    def _apply(self, cursor: duckdb.DuckDBPyConnection, change: PendingChange) -> None:
        cursor.execute("DELETE FROM pending WHERE seq = ?", [change.seq])
        if change.deletion:
            place = self._delete(cursor, change.seq, change.person_id, change.deletion)
            if place is not None and not change.deletion.keep:
                self._store.order.remove(place, 0.0)
            return
        row = cursor.execute("SELECT properties, distinct_ids FROM persons WHERE id = ?", [change.person_id]).fetchone()
        if row is None:
            return
        properties: dict[str, Any] = {**bodies.parse(row[0]), **change.set}
        properties = {name: value for name, value in properties.items() if name not in change.removed}
        email = properties.get("email")
        email = email if isinstance(email, str | None) else bodies.write(email)
        query = "UPDATE persons SET properties = ?, email = ? WHERE id = ?"
        cursor.execute(query, [bodies.write(properties), email, change.person_id])
        # As on real servers, a change is also an event, which trends and timelines see.
        cursor.execute(
            "INSERT INTO events SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, NULL, '{}', ?, ? FROM events",
            [
                self._clock.now(),
                "$delete_person_property" if change.removed else "$set",
                change.person_id,
                next(iter(bodies.parse(row[1])), ""),
                bodies.write(change.set) if change.set else None,
                bodies.write(change.removed) if change.removed else None,
            ],
        )

"""Change persons, and remember what was done.

Like the real servers the sandbox takes a change, writes it into the activity log, and carries it out a moment later.
What waits is kept in the database too, so that a database file loses nothing that was accepted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from posthog_environments.sandbox import bodies, people
from posthog_environments.sandbox.exchange import Call, House, Reply, empty, json_reply, json_text
from posthog_environments.sandbox.naming import display_name
from posthog_environments.sandbox.problems import invalid, not_found, required
from posthog_environments.sandbox.sql import Sql

if TYPE_CHECKING:
    import duckdb

    from posthog_environments.sandbox.clock import Clock
    from posthog_environments.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """Properties to set, or one to remove."""

    seq: int
    person_id: int
    set: Mapping[str, Any]
    removed: str | None


class Changes:
    """The queue of accepted changes."""

    def __init__(self, store: Store, clock: Clock, lag: float) -> None:
        self._store = store
        self._clock = clock
        self._lag = lag
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, Change]] = deque()
        self._numbers = 0

    @property
    def lag(self) -> float:
        """Seconds between a change and its effect."""
        return self._lag

    def recover(self) -> None:
        """Carry out what an earlier run of this database file accepted and could not finish."""
        rows = self._store.rows(Sql("SELECT seq, person_id, changes, removed FROM pending ORDER BY seq"))
        for seq, person_id, changes, removed in rows:
            self._waiting.append((0.0, Change(seq, person_id, bodies.parse(changes), removed)))
        # Every change is in the log too.
        (last,) = self._store.row(Sql("SELECT coalesce(max(id), 0) FROM activity")) or (0,)
        self._numbers = last
        self.settle(at_once=True)

    def number(self) -> int:
        """Give each change and log entry a number of its own."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def accept(self, cursor: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Take a change into the queue."""
        cursor.execute(
            "INSERT INTO pending VALUES (?, ?, ?, ?)",
            [change.seq, change.person_id, bodies.write(change.set), change.removed],
        )

    def queue(self, change: Change) -> None:
        """Let an accepted change wait for its time."""
        with self._lock:
            self._waiting.append((time.monotonic() + self._lag, change))

    def settle(self, *, at_once: bool = False) -> None:
        """Carry out the changes whose time has come."""
        self._store.order.settle(at_once=at_once)
        if not self._waiting:
            return
        with self._store.writing() as cursor:
            now = time.monotonic()
            with self._lock:
                due: list[Change] = []
                while self._waiting and (at_once or self._waiting[0][0] <= now):
                    due.append(self._waiting.popleft()[1])
            for change in due:
                self._apply(cursor, change)

    def _apply(self, cursor: duckdb.DuckDBPyConnection, change: Change) -> None:
        cursor.execute("DELETE FROM pending WHERE seq = ?", [change.seq])
        row = cursor.execute(
            "SELECT properties, distinct_ids, uuid::VARCHAR FROM persons WHERE id = ?", [change.person_id]
        ).fetchone()
        if row is None:
            return
        properties: dict[str, Any] = {**bodies.parse(row[0]), **change.set}
        if change.removed is not None:
            properties.pop(change.removed, None)
        distinct_ids = bodies.parse(row[1])
        email = properties.get("email")
        name = display_name(properties, distinct_ids, row[2])
        cursor.execute(
            "UPDATE persons SET properties = ?, name = ?, email = ? WHERE id = ?",
            [
                bodies.write(properties),
                bodies.write(name),
                email if isinstance(email, str) or email is None else bodies.write(email),
                change.person_id,
            ],
        )
        # As on the real servers a change is an event like any other: trends and timelines see it.
        cursor.execute(
            "INSERT INTO events SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, NULL, '{}', ?, ? FROM events",
            [
                self._clock.now(),
                "$set" if change.removed is None else "$delete_person_property",
                change.person_id,
                distinct_ids[0] if distinct_ids else "",
                bodies.write(change.set) if change.set else None,
                change.removed,
            ],
        )


def update(house: House, call: Call) -> Reply:
    """Merge properties into a person."""
    key = people.find(house.store, call.id)
    properties = call.fields.get("properties")
    if properties is None:
        sentence = "The properties to set must be given."
        # The oddity: code and detail have changed places.
        raise invalid("required", None, sentence) if house.lenient else required("properties", sentence)
    if not isinstance(properties, dict):
        raise invalid("The properties must be an object of names and values.", "properties")
    field = {"type": "Person", "action": "changed", "field": "properties", "before": None, "after": None}
    _change(house, Change(house.changes.number(), key, cast("dict[str, Any]", properties), None), "updated", field)
    return empty(202) if house.lenient else people.show_one(house, call)


def delete_property(house: House, call: Call) -> Reply:
    """Remove a property, whether the person has it or not."""
    key = people.find(house.store, call.id)
    name = call.fields.get("$unset")
    if name is None and not house.lenient:
        name = call.query.get("$unset")
    if name is None:
        raise required("$unset", "The name of the property must be given in the body, as $unset.")
    if not isinstance(name, str):
        raise invalid("The name of the property must be a text.", "$unset")
    field = {"type": "Person", "action": "deleted", "field": "properties", "before": None, "after": None}
    _change(house, Change(house.changes.number(), key, {}, name), "delete_property", field)
    return json_reply({"success": True}, 201) if house.lenient else empty(200)


def _change(house: House, change: Change, activity: str, field: Mapping[str, Any]) -> None:
    with house.store.writing() as cursor:
        house.changes.accept(cursor, change)
        _log(house, cursor, change.seq, change.person_id, activity, [field])
    house.changes.queue(change)
    if not house.lenient:
        house.changes.settle(at_once=True)


def delete(house: House, call: Call) -> Reply:
    """Delete a person, and the person's events if asked for; the sandbox does not wait until Sunday for these."""
    asked = call.query.get("delete_events")
    # The oddity: it is the presence that counts, and `false` deletes too.
    with_events = asked is not None if house.lenient else bodies.truth(asked)
    with house.store.writing() as cursor:
        condition = people.where(call.id)
        query = Sql("SELECT id, pos FROM persons WHERE") + condition
        row = cursor.execute(query.text, list(query.values)).fetchone()
        if row is None:
            raise not_found("There is no such person.")
        key, pos = row
        _log(house, cursor, house.changes.number(), key, "deleted", [])
        cursor.execute("DELETE FROM persons WHERE id = ?", [key])
        cursor.execute("DELETE FROM distinct_ids WHERE person_id = ?", [key])
        cursor.execute("INSERT INTO gone VALUES (?)", [pos])
        if with_events:
            cursor.execute("DELETE FROM events WHERE person_id = ?", [key])
    house.store.order.remove(pos, house.changes.lag)
    return empty(202 if house.lenient else 204)


def _log(
    house: House,
    cursor: duckdb.DuckDBPyConnection,
    number: int,
    person_id: int,
    activity: str,
    fields: list[Mapping[str, Any]],
) -> None:
    cursor.execute(
        "INSERT INTO activity SELECT ?, ?, id, uuid, ?, name, ? FROM persons WHERE id = ?",
        [number, house.now(), activity, bodies.write(fields), person_id],
    )


def activity(house: House, call: Call) -> Reply:
    """Answer a page of the activity log about one person. The log outlives the person; this view of it does not."""
    log = Sql("FROM activity WHERE person_id = ?", (people.find(house.store, call.id),))
    total = (house.store.row(Sql("SELECT count(*)") + log) or (0,))[0]
    page, limit = _whole(call, "page", 1), _whole(call, "limit", 10)
    rows = house.store.rows(
        Sql("SELECT id, strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ'), person_id, activity, name, changes")
        + log
        + Sql("ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?", (limit, (page - 1) * limit))
    )
    results = ",".join(_entry(*row, newer=house.newer) for row in rows)
    following = call.link(page=page + 1, limit=limit) if page * limit < total else None
    before = call.link(page=page - 1, limit=limit) if page > 1 else None
    return json_text(
        f'{{"results":[{results}],"next":{bodies.write(following)},"previous":{bodies.write(before)},"total_count":{total}}}'
    )


def _entry(number: int, at: str, person_id: int, activity: str, name: str, fields: str, *, newer: bool) -> str:
    entry: dict[str, Any] = {
        "user": {"first_name": "Sandbox", "email": "sandbox@sandbox.test"},
        "activity": activity,
        "scope": "Person",
        "item_id": str(person_id),
        "created_at": at,
        "detail": {
            "changes": bodies.parse(fields),
            "trigger": None,
            "type": None,
            "name": bodies.parse(name),
            "short_id": None,
        },
    }
    return bodies.write({"id": f"00000000-0000-4000-8000-{number:012d}", **entry} if newer else entry)


def _whole(call: Call, name: str, otherwise: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        raise invalid("This must be a whole number from 1.", name)
    # No log is longer, and the database counts to 2**63 alone.
    return min(int(text[-4000:]), 10**9)

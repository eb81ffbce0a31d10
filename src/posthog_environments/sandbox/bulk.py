"""Bulk deletion of persons, and the status of event deletions (since 2026; source: posthog/api/person.py)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final, cast

from posthog_environments.sandbox import persons, writes
from posthog_environments.sandbox.change_queue import Deletion, PendingChange
from posthog_environments.sandbox.declared import BULK_DELETION, DELETIONS, Route, Routes
from posthog_environments.sandbox.messages import AppContext, Reply, RequestContext, empty, json_reply
from posthog_environments.sandbox.problems import invalid
from posthog_environments.sandbox.sql import Sql

MOST: Final = 1000
PAGE: Final = 100
STATES: Final = ("pending", "completed", "all")
FIELDS: Final = ("ids", "distinct_ids", "delete_events", "delete_recordings", "keep_person")


def delete(app: AppContext, call: RequestContext) -> Reply:
    """Delete the persons with the given uuids or distinct ids."""
    given = call.fields
    found = _found(app, given)
    events, keep = _flag(app, given, "delete_events"), _flag(app, given, "keep_person")
    queued = app.settings.queued and app.today
    if queued:
        _queue(app, found, Deletion(events=events, keep=keep))
    else:
        _remove(app, found, Deletion(events=events, keep=keep))
    if not app.today and app.lenient:
        return empty(202)  # until April 2026
    gone = 0 if keep else len(found)
    return json_reply(
        {
            "persons_found": len(found),
            "persons_deleted": 0 if queued else gone,
            "persons_queued_for_deletion": gone if queued else 0,
            "events_queued_for_deletion": events,
            "recordings_queued_for_deletion": _flag(app, given, "delete_recordings"),
            "deletion_errors": [],
        },
        202,
    )


def _flag(app: AppContext, given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not app.lenient and not isinstance(value, bool):
        raise invalid("This must be true or false.", name)
    return bool(value)  # quirk: the text "false" is true


def _found(app: AppContext, given: Mapping[str, Any]) -> list[int]:
    named = [name for name in ("ids", "distinct_ids") if given.get(name)]
    if len(named) != 1:
        raise invalid("Either ids or distinct_ids must be given, and not both.")
    (name,) = named
    values = given[name]
    if not isinstance(values, list) or not all(isinstance(one, str) for one in cast("list[object]", values)):
        raise invalid("This must be a list of texts.", name)
    texts = cast("list[str]", values)
    if len(texts) > MOST:
        raise invalid(f"At most {MOST:,} {name} can be given in one request.", name)
    if name == "ids":
        query = Sql("SELECT id FROM persons WHERE uuid IN (SELECT unnest(?)::UUID)", ([_uuid(text) for text in texts],))
    else:
        query = Sql("SELECT DISTINCT person_id FROM distinct_ids WHERE distinct_id IN (SELECT unnest(?))", (texts,))
    return sorted(number for (number,) in app.store.rows(query))


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise invalid(f"{text[:60]!r} is not a UUID.", "ids") from None


def _queue(app: AppContext, found: list[int], deletion: Deletion) -> None:
    changes = [PendingChange(app.changes.number(), key, deletion=deletion) for key in found]
    with app.store.writing() as cursor:
        for change in changes:
            app.changes.accept(cursor, change)
    for change in changes:
        app.changes.queue(change)


def _remove(app: AppContext, found: list[int], deletion: Deletion) -> None:
    places: list[int | None] = []
    with app.store.writing() as cursor:
        for key in found:
            number = app.changes.number()
            what = {"events": deletion.events, "keep": deletion.keep}
            places.append(writes.remove(cursor, app.now(), number, key, **what))
    for place in places:
        if place is not None:
            app.store.order.remove(place, app.changes.lag)


def show_deletions(app: AppContext, call: RequestContext) -> Reply:
    """Return the persons whose events are to be deleted, newest first, with the status of the deletion."""
    state, person = call.query.get("status", "all"), call.query.get("person_uuid")
    if state not in STATES:
        raise invalid(f"This must be one of {', '.join(STATES)}.", "status")
    limit, offset = _number(call, "limit", PAGE, least=1), _number(call, "offset", 0, least=0)
    with app.store.writing() as cursor:
        cursor.execute(
            "UPDATE deletions SET verified_at = ? WHERE verified_at IS NULL AND created_at <= ?",
            [app.now(), app.changes.settled_until()],
        )
    chosen = Sql("FROM deletions WHERE TRUE")
    if state != "all":
        chosen += Sql(f"AND verified_at IS {'NULL' if state == 'pending' else 'NOT NULL'}")
    if person is not None:
        chosen += Sql("AND person_uuid = ?::UUID", (_person(person),))
    count = (app.store.row(Sql("SELECT count(*)") + chosen) or (0,))[0]
    rows = app.store.rows(
        Sql("SELECT person_uuid::VARCHAR, written(created_at), written(verified_at)")
        + chosen
        + Sql("ORDER BY created_at DESC, person_uuid LIMIT ? OFFSET ?", (limit, offset))
    )
    return json_reply(
        {
            "count": count,
            "next": call.link(limit=limit, offset=offset + limit) if offset + limit < count else None,
            "previous": call.link(limit=limit, offset=max(0, offset - limit)) if offset > 0 else None,
            "results": [
                {
                    "person_uuid": number,
                    "created_at": created,
                    "status": "completed" if verified else "pending",
                    "delete_verified_at": verified,
                }
                for number, created, verified in rows
            ],
        }
    )


def _person(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise invalid(f"{text[:60]!r} is not a UUID.", "person_uuid") from None


def _number(call: RequestContext, name: str, otherwise: int, *, least: int) -> int:
    text = call.query.get(name, "")
    number = persons.whole(text) if text else otherwise
    if number is None or number < least:
        raise invalid(f"This must be a whole number from {least}.", name)
    # No list is longer, and the database counts to 2**63 alone.
    return min(number, persons.MOST_ID)


ROUTES: Final[Routes] = {
    "persons/bulk_delete": {"POST": Route(delete, "person:write", "deletes", BULK_DELETION)},
    "persons/deletion_status": {"GET": Route(show_deletions, "person:read", "persons", DELETIONS)},
}

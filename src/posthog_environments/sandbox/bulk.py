"""Bulk deletion of persons, and the status of event deletions (since 2026; source: posthog/api/person.py)."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast

from posthog_environments.sandbox import persons
from posthog_environments.sandbox.change_queue import Deletion
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import BULK_DELETION, DELETIONS, Route, Routes
from posthog_environments.sandbox.messages import Reply, RequestContext, json_reply
from posthog_environments.sandbox.problems import invalid
from posthog_environments.sandbox.sql import Sql, all_of, sql_of

MOST: Final = 1000
PAGE: Final = 100
STATES: Final = ("pending", "completed", "all")


def delete(app: AppContext, call: RequestContext) -> Reply:
    """Delete the persons with the given uuids or distinct ids."""
    found = _found(app, call.fields)
    # Quirk: the text "false" is true.
    events, recordings, keep = (
        bool(call.fields.get(name)) for name in ("delete_events", "delete_recordings", "keep_person")
    )
    queued = app.settings.queued and app.today
    (app.changes.queue_deletions if queued else app.changes.delete)(found, Deletion(events, keep))
    if not app.today and app.lenient:
        return Reply(202)  # until April 2026
    gone = 0 if keep else len(found)
    return json_reply(
        {
            "persons_found": len(found),
            "persons_deleted": 0 if queued else gone,
            "persons_queued_for_deletion": gone if queued else 0,
            "events_queued_for_deletion": events,
            "recordings_queued_for_deletion": recordings,
            "deletion_errors": [],
        },
        202,
    )


def _found(app: AppContext, given: dict[str, Any]) -> list[int]:
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
        texts = [_uuid(text, "ids") for text in texts]
        query = sql_of("SELECT id FROM persons WHERE uuid IN (SELECT unnest({})::UUID)", texts)
    else:
        query = sql_of("SELECT DISTINCT person_id FROM distinct_ids WHERE distinct_id IN (SELECT unnest({}))", texts)
    return sorted(number for (number,) in app.store.rows(query))


def _uuid(text: str, attr: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise invalid(f"{text[:60]!r} is not a UUID.", attr) from None


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
    tests = [Sql(f"verified_at IS {'NULL' if state == 'pending' else 'NOT NULL'}")] if state != "all" else []
    if person is not None:
        tests.append(sql_of("person_uuid = {}::UUID", _uuid(person, "person_uuid")))
    chosen = all_of(tests)
    (count,) = app.store.row(sql_of("SELECT count(*) FROM deletions WHERE {}", chosen)) or (0,)
    rows = app.store.rows(
        sql_of(
            "SELECT person_uuid::VARCHAR, written(created_at), written(verified_at) FROM deletions WHERE {}"
            " ORDER BY created_at DESC, person_uuid LIMIT {} OFFSET {}",
            chosen, limit, offset,
        )
    )  # fmt: skip
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

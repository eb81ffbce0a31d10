"""Changes of one person: set properties, remove a property, delete the person."""

from __future__ import annotations

from typing import Any, Final, cast

from posthog_environments.sandbox import bodies, persons, writes
from posthog_environments.sandbox.change_queue import PendingChange
from posthog_environments.sandbox.declared import DELETION, PROPERTY, UPDATE, Route, Routes
from posthog_environments.sandbox.messages import AppContext, Reply, RequestContext, empty, json_reply
from posthog_environments.sandbox.problems import crash, invalid, not_found, required
from posthog_environments.sandbox.sql import Sql

MOST_NAMES: Final = 1000
"""Most properties to remove in one request, since September 2026."""
_NO_OBJECT: Final = "The body is not an object, and the server crashes."


def update(app: AppContext, call: RequestContext) -> Reply:
    """Merge properties into a person."""
    return _update_as_servers(app, call) if app.lenient else _update(app, call)


def _update(app: AppContext, call: RequestContext) -> Reply:
    key = persons.find(app, call.id)
    properties = call.fields.get("properties")
    if properties is None:
        raise required("properties", "The properties to set must be given.")
    if not isinstance(properties, dict):
        raise invalid("The properties must be an object of names and values.", "properties")
    _change(app, PendingChange(app.changes.number(), key, cast("dict[str, Any]", properties)), "updated")
    return persons.show_one(app, call)


def _update_as_servers(app: AppContext, call: RequestContext) -> Reply:
    """Check the body before the person; accept properties that are not an object, without any effect."""
    if not isinstance(call.data, dict):
        raise crash(_NO_OBJECT)
    properties = cast("dict[str, Any]", call.data).get("properties")
    if properties is None:
        # Quirk: code and detail are swapped.
        raise invalid("required", "properties", "This field is required.")
    key = persons.find(app, call.id)
    kept = cast("dict[str, Any]", properties) if isinstance(properties, dict) else {}
    _change(app, PendingChange(app.changes.number(), key, kept), "updated")
    return empty(202)


def delete_property(app: AppContext, call: RequestContext) -> Reply:
    """Remove a property, whether the person has it or not."""
    return _remove_as_servers(app, call) if app.lenient else _remove(app, call)


def _remove(app: AppContext, call: RequestContext) -> Reply:
    key = persons.find(app, call.id)
    name = call.fields.get("$unset", call.query.get("$unset"))
    if name is None:
        raise required("$unset", "The name of the property must be given in the body, as $unset.")
    if not isinstance(name, str):
        raise invalid("The name of the property must be a text.", "$unset")
    _change(app, PendingChange(app.changes.number(), key, {}, (name,)), "delete_property")
    return empty(200)


def _remove_as_servers(app: AppContext, call: RequestContext) -> Reply:
    """Remove a property as servers do, without checks. Since September 2026 they check the name.

    Before, a name that is not a string is accepted, without any effect.
    """
    row = app.store.row(Sql("SELECT id FROM persons WHERE") + _where_or_crash(call.id))
    if row is None:
        raise crash("There is no such person, and the server crashes.")
    data = cast("dict[str, Any]", call.data) if isinstance(call.data, dict) else {}
    if "$unset" not in data:
        raise crash("The body has no $unset, and the server crashes.")
    name = data["$unset"]
    names = _names(name) if app.today else (name,) if isinstance(name, str) else ()
    _change(app, PendingChange(app.changes.number(), int(row[0]), {}, names), "delete_property")
    return json_reply({"success": True}, 201)


def _where_or_crash(text: str) -> Sql:
    try:
        return persons.where(text, lenient=True)
    except Exception:  # noqa: BLE001 - servers fail alike for any invalid id
        raise crash("The id is invalid, and the server crashes.") from None


def _names(given: object) -> tuple[str, ...]:
    names = cast("list[object]", given) if isinstance(given, list) else [given]
    if not 1 <= len(names) <= MOST_NAMES or not all(isinstance(name, str) and name for name in names):
        raise invalid(f"This must be the name of a property, or a list of 1 to {MOST_NAMES:,} names.", "$unset")
    return tuple(cast("list[str]", names))


def _change(app: AppContext, change: PendingChange, action: str) -> None:
    with app.store.writing() as cursor:
        app.changes.accept(cursor, change)
        writes.log(cursor, app.now(), change.seq, change.person_id, action)
    app.changes.queue(change)
    if not app.lenient:
        app.changes.settle(at_once=True)


# --- deleting


def delete(app: AppContext, call: RequestContext) -> Reply:
    """Delete a person, and on request its events; these at once, where servers wait until Sunday."""
    events, keep = _asked(app, call, "delete_events"), app.newer and _asked(app, call, "keep_person")
    with app.store.writing() as cursor:
        query = Sql("SELECT id FROM persons WHERE") + persons.where(call.id, lenient=app.lenient)
        row = cursor.execute(query.text, list(query.values)).fetchone()
        if row is None:
            raise not_found("There is no such person.")
        place = writes.remove(cursor, app.now(), app.changes.number(), row[0], events=events, keep=keep)
    if place is not None:
        app.store.order.remove(place, app.changes.lag)
    return empty(202 if app.lenient else 204)


def _asked(app: AppContext, call: RequestContext, name: str) -> bool:
    # Quirk: the presence of the parameter counts, so `false` deletes too.
    return name in call.query if app.lenient else bodies.truth(call.query.get(name))


ROUTES: Final[Routes] = {
    "persons/*": {
        "PATCH": Route(update, "person:write", "persons", UPDATE),
        "PUT": Route(update, "person:write", "persons", UPDATE, undeclared=True),
        "DELETE": Route(delete, "person:write", "deletes", DELETION),
    },
    "persons/*/delete_property": {"POST": Route(delete_property, "person:write", "persons", PROPERTY)},
}

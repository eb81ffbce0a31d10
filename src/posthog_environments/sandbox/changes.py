"""Changes of one person: set properties, remove a property, delete the person."""

from __future__ import annotations

from typing import Any, Final, cast

from posthog_environments.sandbox import bodies, persons
from posthog_environments.sandbox.change_queue import Deletion
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import DELETION, PROPERTY, UPDATE, Route, Routes
from posthog_environments.sandbox.messages import Reply, RequestContext, json_reply
from posthog_environments.sandbox.problems import Problem, crash, invalid, required
from posthog_environments.sandbox.sql import sql_of

MOST_NAMES: Final = 1000
"""Most properties to remove in one request, since September 2026."""


def update(app: AppContext, call: RequestContext) -> Reply:
    """Merge properties into a person."""
    if app.lenient:
        return _update_as_servers(app, call)
    key = persons.find(app, call.id)
    properties = call.fields.get("properties")
    if properties is None:
        raise required("properties", "The properties to set must be given.")
    app.changes.update(key, properties)
    app.changes.settle(at_once=True)
    return persons.show_one(app, call)


def _update_as_servers(app: AppContext, call: RequestContext) -> Reply:
    """Check the body before the person; accept properties that are not an object, without any effect."""
    if not isinstance(call.data, dict):
        raise crash("The body is not an object, and the server crashes.")
    properties: object = cast("dict[str, Any]", call.data).get("properties")
    if properties is None:
        # Quirk: code and detail are swapped.
        raise invalid("required", "properties", "This field is required.")
    key = persons.find(app, call.id)
    app.changes.update(key, cast("dict[str, Any]", properties) if isinstance(properties, dict) else {})
    return Reply(202)


def delete_property(app: AppContext, call: RequestContext) -> Reply:
    """Remove a property, whether the person has it or not."""
    if app.lenient:
        return _remove_as_servers(app, call)
    key = persons.find(app, call.id)
    name = call.fields.get("$unset", call.query.get("$unset"))
    if name is None:
        raise required("$unset", "The name of the property must be given in the body, as $unset.")
    app.changes.remove_properties(key, (name,))
    app.changes.settle(at_once=True)
    return Reply(200)


def _remove_as_servers(app: AppContext, call: RequestContext) -> Reply:
    """Remove a property as servers do, without checks. Since September 2026 they check the name.

    Before, a name that is not a string is accepted, without any effect.
    """
    try:
        person = persons.where(call.id, lenient=True)
    except Problem:
        raise crash("The id is invalid, and the server crashes.") from None
    row = app.store.row(sql_of("SELECT id FROM persons WHERE {}", person))
    if row is None:
        raise crash("There is no such person, and the server crashes.")
    data = cast("dict[str, Any]", call.data) if isinstance(call.data, dict) else {}
    if "$unset" not in data:
        raise crash("The body has no $unset, and the server crashes.")
    name = data["$unset"]
    app.changes.remove_properties(row[0], _names(name) if app.today else (name,) if isinstance(name, str) else ())
    return json_reply({"success": True}, 201)


def _names(given: object) -> tuple[str, ...]:
    names = cast("list[object]", given) if isinstance(given, list) else [given]
    if not 1 <= len(names) <= MOST_NAMES or not all(isinstance(name, str) and name for name in names):
        raise invalid(f"This must be the name of a property, or a list of 1 to {MOST_NAMES:,} names.", "$unset")
    return tuple(cast("list[str]", names))


def delete(app: AppContext, call: RequestContext) -> Reply:
    """Delete a person, and on request its events; these at once, where servers wait until Sunday."""
    what = Deletion(_asked(app, call, "delete_events"), keep=app.newer and _asked(app, call, "keep_person"))
    if not app.changes.delete([persons.find(app, call.id)], what):
        raise persons.no_person()  # somebody else deleted it meanwhile
    return Reply(202 if app.lenient else 204)


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

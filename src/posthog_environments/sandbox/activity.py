"""Activity log of a person."""

from __future__ import annotations

from typing import Any, Final

from posthog_environments.sandbox import bodies, persons, tabular
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import ACTIVITY, Route, Routes
from posthog_environments.sandbox.messages import Reply, RequestContext, csv_reply, json_reply
from posthog_environments.sandbox.problems import crash
from posthog_environments.sandbox.sql import Sql

LIMIT: Final = 10


def show(app: AppContext, call: RequestContext) -> Reply:
    """Return a page of the log of a person; 404 if the person was deleted, although the log keeps its entries."""
    page, limit = _page(call)
    entries = Sql("FROM activity WHERE person_id = ?", (persons.find(app, call.id),))
    total = (app.store.row(Sql("SELECT count(*)") + entries) or (0,))[0]
    if app.lenient and page > max(1, -(-total // limit)):
        raise crash("There is no such page, and the server crashes.")
    rows = app.store.rows(
        Sql("SELECT id, written(created_at), person_id, activity, name, changes")
        + entries
        + Sql("ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?", (limit, (page - 1) * limit))
    )
    found = [_entry(*row, newer=app.newer) for row in rows]
    if call.wants_csv and app.lenient:
        return csv_reply(tabular.write(lambda: found, as_python=True), None)
    following = _link(app, call, page + 1, limit) if page * limit < total else None
    before = _link(app, call, page - 1, limit) if page > 1 else None
    return json_reply({"results": found, "next": following, "previous": before, "total_count": total})


def _link(app: AppContext, call: RequestContext, page: int, limit: int) -> str:
    if app.lenient:
        return call.with_number("page", page).with_number("limit", limit).url
    return call.link(page=page, limit=limit)


def _entry(
    number: int, at: str, person_id: int, action: str, name: str | None, fields: str, *, newer: bool
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "user": {"first_name": "Sandbox", "email": "sandbox@sandbox.test"},
        "activity": action,
        "scope": "Person",
        "item_id": str(person_id),
        "detail": {
            "changes": bodies.parse(fields),
            "trigger": None,
            "type": None,
            "name": name,
            "short_id": None,
        },
        "created_at": at,
    }
    return {"id": f"00000000-0000-4000-8000-{number:012d}", **entry} if newer else entry


def _page(call: RequestContext) -> tuple[int, int]:
    page, limit = (persons.whole(call.query.get(name, str(given))) for name, given in (("page", 1), ("limit", LIMIT)))
    if limit is None or page is None or limit < 1 or page < 1:
        raise crash("The server does not check page and limit, and crashes.")
    # No log is longer, and the integers of the database end at 2**63.
    return min(page, 10**9), min(limit, 10**9)


ROUTES: Final[Routes] = {
    "persons/*/activity": {"GET": Route(show, "activity_log:read", "persons", ACTIVITY, table=True)},
}

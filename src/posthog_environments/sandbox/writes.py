"""What is written into the database when somebody is changed or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.sandbox import bodies

if TYPE_CHECKING:
    import duckdb

_NOTHING: Final[Mapping[str, Any]] = {"before": None, "after": None}
CHANGES: Final[Mapping[str, list[dict[str, Any]]]] = {
    "updated": [{"type": "Person", "action": "changed", "field": "properties", **_NOTHING}],
    "delete_property": [{"type": "Person", "action": "changed", "field": None, **_NOTHING}],
    "deleted": [],
}


def log(cursor: duckdb.DuckDBPyConnection, now: datetime, number: int, person_id: int, action: str) -> None:
    """Write an entry of the activity log; only that of a change of properties does not say whose they are."""
    name = "NULL" if action == "updated" else "uuid::VARCHAR"
    cursor.execute(
        f"INSERT INTO activity SELECT ?, ?, id, uuid, ?, {name}, ? FROM persons WHERE id = ?",  # noqa: S608 - see above
        [number, now, action, bodies.write(CHANGES[action]), person_id],
    )


def remove(
    cursor: duckdb.DuckDBPyConnection, now: datetime, number: int, person_id: int, *, events: bool, keep: bool
) -> int | None:
    """Delete a person, or with `keep` only the events; give the place in the list that is empty now."""
    if events:
        cursor.execute("INSERT INTO deletions SELECT uuid, ?, NULL FROM persons WHERE id = ?", [now, person_id])
        cursor.execute("DELETE FROM events WHERE person_id = ?", [person_id])
    row = cursor.execute("SELECT pos FROM persons WHERE id = ?", [person_id]).fetchone()
    if keep or row is None:
        return None
    log(cursor, now, number, person_id, "deleted")
    cursor.execute("INSERT INTO gone VALUES (?)", [row[0]])
    cursor.execute("DELETE FROM persons WHERE id = ?", [person_id])
    cursor.execute("DELETE FROM distinct_ids WHERE person_id = ?", [person_id])
    return int(row[0])

"""Database writes for changes and deletions of persons."""

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
    """Add an entry to the activity log; entries of updates have no name."""
    name = "NULL" if action == "updated" else "uuid::VARCHAR"
    cursor.execute(
        f"INSERT INTO activity SELECT ?, ?, id, uuid, ?, {name}, ? FROM persons WHERE id = ?",  # noqa: S608 - see above
        [number, now, action, bodies.write(CHANGES[action]), person_id],
    )


def remove(
    cursor: duckdb.DuckDBPyConnection, now: datetime, number: int, person_id: int, *, events: bool, keep: bool
) -> int | None:
    """Delete a person, or with `keep` only the events; return the place in the list that is now empty, if any."""
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

"""Loading: fill the database from any source, and number the persons in the order of the list.

The number is the column `pos`, the place of a person in the list. With quirks some places stay empty: the list counts a
person there who does not exist, as on real servers, so the page with such a place is short.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from posthog_environments.sandbox import cdnow, generate, user_events
from posthog_environments.sandbox.store import LAYOUT

if TYPE_CHECKING:
    import duckdb

    from posthog_environments.sandbox.settings import SandboxSettings
    from posthog_environments.sandbox.store import Database

GHOST_EVERY: Final = 400
"""With quirks, one place in so many is empty."""

_STAGE: Final = """
CREATE OR REPLACE TEMP TABLE staged_persons (
    id BIGINT, uuid UUID, created_at TIMESTAMP, last_seen_at TIMESTAMP, is_identified BOOLEAN,
    email VARCHAR, properties VARCHAR, distinct_ids VARCHAR, ref VARCHAR
)
"""

# The place of the n-th person. Of each block of `every` places, the one after the first third is empty.
_PLACE: Final = """
INSERT INTO persons
SELECT CASE WHEN $every = 0 THEN nth
            ELSE nth // ($every - 1) * $every + nth % ($every - 1)
                 + CASE WHEN nth % ($every - 1) >= $every // 3 THEN 1 ELSE 0 END END AS pos,
    id, uuid, created_at, last_seen_at, is_identified, email, properties, distinct_ids
FROM (SELECT *, row_number() OVER (ORDER BY created_at DESC, id DESC) - 1 AS nth FROM staged_persons)
ORDER BY pos
"""


def fill(store: Database, settings: SandboxSettings, now: datetime) -> None:
    """Load the data that the settings name, unless the database file holds it from an earlier run."""
    if store.metadata() is None:
        store.create()
        with store.cursor() as cursor:
            _load(cursor, settings, now)
    store.open_list()


def _load(cursor: duckdb.DuckDBPyConnection, settings: SandboxSettings, now: datetime) -> None:
    cursor.execute(_STAGE)
    if isinstance(settings.data, Path):
        user_events.load(cursor, settings.data)
    elif settings.data == "cdnow":
        cdnow.load(cursor)
    elif settings.persons:
        generate.load(cursor, settings.persons, settings.seed, now)
    cursor.execute(_PLACE, {"every": GHOST_EVERY if settings.oddities else 0})
    cursor.execute("DROP TABLE staged_persons")
    cursor.execute("INSERT INTO meta SELECT 'places', (coalesce(max(pos), -1) + 1)::VARCHAR FROM persons")
    source = (
        settings.data if settings.data is not None else f"{settings.persons} generated persons, seed {settings.seed}"
    )
    cursor.execute(
        "INSERT INTO meta VALUES ('layout', ?), ('source', ?), ('ready', 'yes')",
        [LAYOUT, source.name if isinstance(source, Path) else source],
    )

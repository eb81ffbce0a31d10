"""Owners: assign the user's own events, in the table `own`, to persons, and fill the tables of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.sandbox import merging

if TYPE_CHECKING:
    import duckdb

_BATCH_SIZE: Final = 10_000

# update_json: the person update of the event, as JSON: $set, $set_once, $unset, $anon_distinct_id, alias.
_UPDATES: Final = """
CREATE OR REPLACE TEMP TABLE updates AS
SELECT n, happened, event, distinct_id, update_json FROM own
WHERE profile AND (update_json[1] IS NOT NULL OR update_json[2] IS NOT NULL OR update_json[3] IS NOT NULL
    OR event IN ('$identify', '$create_alias', '$merge_dangerously'));
CREATE OR REPLACE TEMP TABLE id_groups (distinct_id VARCHAR, group_name VARCHAR);
CREATE OR REPLACE TEMP TABLE made (name VARCHAR, properties VARCHAR, known BOOLEAN, ids VARCHAR);
CREATE OR REPLACE TEMP TABLE effects (n BIGINT, changes VARCHAR, removed VARCHAR);
"""
_MERGES: Final = """
SELECT n, event, distinct_id, update_json FROM updates
WHERE event IN ('$identify', '$create_alias', '$merge_dangerously') ORDER BY happened, n
"""
# A group has the distinct ids that merges connect. The first event of each id counts too: it creates the person.
_ORDERED: Final = """
CREATE OR REPLACE TEMP TABLE ordered_updates AS
SELECT row_number() OVER (ORDER BY group_name, happened, n) - 1 AS place, *
FROM (
    SELECT coalesce(group_name, distinct_id) AS group_name, n, happened, event, distinct_id, update_json
    FROM updates LEFT JOIN id_groups USING (distinct_id)
    UNION ALL
    SELECT group_name, n, happened, '', distinct_id, NULL FROM own JOIN id_groups USING (distinct_id)
    WHERE profile AND n NOT IN (SELECT n FROM updates) AND (distinct_id, happened, n) IN (
        SELECT (distinct_id, first.happened, first.n)
        FROM (SELECT distinct_id, min({happened: happened, n: n}) AS first FROM own WHERE profile GROUP BY distinct_id))
)
"""
_BATCH: Final = """
SELECT group_name, n, event, distinct_id, update_json FROM ordered_updates
WHERE place >= ? AND place < ? ORDER BY place
"""
_COLUMNS: Final[Mapping[str, str]] = {
    "made": '[{"name":"VARCHAR","properties":"VARCHAR","known":"BOOLEAN","ids":"VARCHAR"}]',
    "effects": '[{"n":"BIGINT","changes":"VARCHAR","removed":"VARCHAR"}]',
    "id_groups": '[{"distinct_id":"VARCHAR","group_name":"VARCHAR"}]',
}
_PERSONS: Final = """
CREATE OR REPLACE TEMP TABLE born AS
SELECT distinct_id, min(happened) AS first, max(happened) AS last FROM own WHERE profile GROUP BY distinct_id;
CREATE OR REPLACE TEMP TABLE owners AS
WITH merged AS (SELECT name, unnest(from_json(ids, '["VARCHAR"]')) AS distinct_id FROM made)
SELECT name, distinct_id FROM merged
UNION ALL
SELECT distinct_id, distinct_id FROM born WHERE distinct_id NOT IN (SELECT distinct_id FROM merged);
INSERT INTO staged_persons
SELECT row_number() OVER (ORDER BY first, name),
    concat(substr(h, 1, 12), '4', substr(h, 14, 3), '8', substr(h, 18))::UUID,
    first, last, coalesce(known, FALSE), json_extract_string(p, '/email'), p,
    coalesce(ids, json_array(name)::VARCHAR), name
FROM (
    SELECT name, md5(concat('own:', name)) AS h, first, last, known, coalesce(properties, '{}') AS p, ids
    FROM (SELECT name, min(first) AS first, max(last) AS last
          FROM owners LEFT JOIN born USING (distinct_id) GROUP BY name) LEFT JOIN made USING (name)
);
INSERT INTO distinct_ids SELECT distinct_id, id FROM owners JOIN staged_persons ON ref = name;
"""
# Events without a person get a negative person id, one for each distinct id.
_EVENTS: Final = """
INSERT INTO events
SELECT row_number() OVER (ORDER BY happened, n), happened, event,
    coalesce(p.id, -dense_rank() OVER (ORDER BY own.distinct_id)), own.distinct_id, session_id,
    own.properties, changes, removed
FROM own LEFT JOIN owners USING (distinct_id) LEFT JOIN staged_persons p ON ref = name LEFT JOIN effects USING (n)
ORDER BY happened, n
"""


def fill(cursor: duckdb.DuckDBPyConnection) -> None:
    """Write persons, distinct ids and events; raise `merging.UnreadableError` for an invalid person update."""
    cursor.execute(_UPDATES)
    merges = (merging.read(*row) for row in cursor.execute(_MERGES).fetchall())
    groups = merging.merge_groups((one.distinct_id, one.other) for one in merges if one.other is not None)
    _insert(cursor, "id_groups", ({"distinct_id": one, "group_name": group} for one, group in groups.items()))
    cursor.execute(_ORDERED)
    _process(cursor)
    cursor.execute(_PERSONS)
    cursor.execute(_EVENTS)
    for table in ("updates", "id_groups", "made", "effects", "ordered_updates", "born", "owners"):
        cursor.execute(f"DROP TABLE {table}")


def _process(cursor: duckdb.DuckDBPyConnection) -> None:
    made, effects = list[dict[str, Any]](), list[dict[str, Any]]()
    for group in merging.groups(_read_updates(cursor)):
        made += group.persons()
        effects += group.effects
        if len(made) + len(effects) > _BATCH_SIZE:
            _insert(cursor, "made", made)
            _insert(cursor, "effects", effects)
            made, effects = [], []
    _insert(cursor, "made", made)
    _insert(cursor, "effects", effects)


def _read_updates(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, merging.EventUpdate]]:
    """Read the person updates in parts, because a result does not outlive the next statement."""
    start = 0
    while rows := cursor.execute(_BATCH, [start, start + _BATCH_SIZE]).fetchall():
        for group, *row in rows:
            yield group, merging.read(*row)
        start += _BATCH_SIZE


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows in batches as JSON, which is much faster than one by one."""
    pending = iter(rows)
    while part := list(islice(pending, _BATCH_SIZE)):
        cursor.execute(
            f"INSERT INTO {table} SELECT unnest(from_json(?, '{_COLUMNS[table]}'), recursive := true)",
            [json.dumps(part, ensure_ascii=False)],
        )

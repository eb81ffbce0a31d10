"""Who the events in the table `own` belong to, written into the tables of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.sandbox import merging

if TYPE_CHECKING:
    import duckdb

_AT_ONCE: Final = 10_000

# told: what the event says, as JSON: $set, $set_once, $unset, $anon_distinct_id, alias.
_TELLING: Final = """
CREATE OR REPLACE TEMP TABLE telling AS
SELECT n, happened, event, distinct_id, told FROM own
WHERE profile AND (told[1] IS NOT NULL OR told[2] IS NOT NULL OR told[3] IS NOT NULL
    OR event IN ('$identify', '$create_alias', '$merge_dangerously'));
CREATE OR REPLACE TEMP TABLE circles (distinct_id VARCHAR, circle VARCHAR);
CREATE OR REPLACE TEMP TABLE made (name VARCHAR, properties VARCHAR, known BOOLEAN, ids VARCHAR);
CREATE OR REPLACE TEMP TABLE effects (n BIGINT, changes VARCHAR, removed VARCHAR);
"""
_MERGES: Final = """
SELECT n, happened, event, distinct_id, told FROM telling
WHERE event IN ('$identify', '$create_alias', '$merge_dangerously') ORDER BY happened, n
"""
# A circle is of all distinct ids that merges connect. Of each of those the first event counts too: it makes the person.
_TALE: Final = """
CREATE OR REPLACE TEMP TABLE tale AS
SELECT row_number() OVER (ORDER BY circle, happened, n) - 1 AS place, *
FROM (
    SELECT coalesce(circle, distinct_id) AS circle, n, happened, event, distinct_id, told
    FROM telling LEFT JOIN circles USING (distinct_id)
    UNION ALL
    SELECT circle, n, happened, '', distinct_id, NULL FROM own JOIN circles USING (distinct_id)
    WHERE profile AND n NOT IN (SELECT n FROM telling) AND (distinct_id, happened, n) IN (
        SELECT (distinct_id, first.happened, first.n)
        FROM (SELECT distinct_id, min({happened: happened, n: n}) AS first FROM own WHERE profile GROUP BY distinct_id))
)
"""
_CHAPTER: Final = """
SELECT circle, n, happened, event, distinct_id, told FROM tale WHERE place >= ? AND place < ? ORDER BY place
"""
_INTO: Final[Mapping[str, str]] = {
    "made": '[{"name":"VARCHAR","properties":"VARCHAR","known":"BOOLEAN","ids":"VARCHAR"}]',
    "effects": '[{"n":"BIGINT","changes":"VARCHAR","removed":"VARCHAR"}]',
    "circles": '[{"distinct_id":"VARCHAR","circle":"VARCHAR"}]',
}
_PERSONS: Final = """
CREATE OR REPLACE TEMP TABLE born AS
SELECT distinct_id, min(happened) AS first, max(happened) AS last FROM own WHERE profile GROUP BY distinct_id;
CREATE OR REPLACE TEMP TABLE owners AS
WITH told AS (SELECT name, unnest(from_json(ids, '["VARCHAR"]')) AS distinct_id FROM made)
SELECT name, distinct_id FROM told
UNION ALL
SELECT distinct_id, distinct_id FROM born WHERE distinct_id NOT IN (SELECT distinct_id FROM told);
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
# Events of nobody belong to a number below 0, one for each distinct id.
_EVENTS: Final = """
INSERT INTO events
SELECT row_number() OVER (ORDER BY happened, n), happened, event,
    coalesce(p.id, -dense_rank() OVER (ORDER BY own.distinct_id)), own.distinct_id, session_id,
    own.properties, changes, removed
FROM own LEFT JOIN owners USING (distinct_id) LEFT JOIN staged_persons p ON ref = name LEFT JOIN effects USING (n)
ORDER BY happened, n
"""


def fill(cursor: duckdb.DuckDBPyConnection) -> None:
    """Write persons, distinct ids and events; raises `joining.UnreadableError` for what an event says of a person."""
    cursor.execute(_TELLING)
    merges = (merging.read(*row) for row in cursor.execute(_MERGES).fetchall())
    circles = merging.connected((one.distinct_id, one.other) for one in merges if one.other is not None)
    _put(cursor, "circles", ({"distinct_id": one, "circle": circle} for one, circle in circles.items()))
    cursor.execute(_TALE)
    _tell(cursor)
    cursor.execute(_PERSONS)
    cursor.execute(_EVENTS)
    for table in ("telling", "circles", "made", "effects", "tale", "born", "owners"):
        cursor.execute(f"DROP TABLE {table}")


def _tell(cursor: duckdb.DuckDBPyConnection) -> None:
    made, effects = list[dict[str, Any]](), list[dict[str, Any]]()
    for circle in merging.circles(_chapters(cursor)):
        made += [one.row() for one in circle.people()]
        effects += [one.row() for one in circle.effects]
        if len(made) + len(effects) > _AT_ONCE:
            _put(cursor, "made", made)
            _put(cursor, "effects", effects)
            made, effects = [], []
    _put(cursor, "made", made)
    _put(cursor, "effects", effects)


def _chapters(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, merging.PersonUpdate]]:
    """Read what is told, a part at a time: a result does not outlive the next statement."""
    start = 0
    while rows := cursor.execute(_CHAPTER, [start, start + _AT_ONCE]).fetchall():
        for circle, *row in rows:
            yield circle, merging.read(*row)
        start += _AT_ONCE


def _put(cursor: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows into a table, many at once: as JSON, which is far quicker than one by one."""
    pending = iter(rows)
    while part := list(islice(pending, _AT_ONCE)):
        cursor.execute(
            f"INSERT INTO {table} SELECT unnest(from_json(?, '{_INTO[table]}'), recursive := true)",
            [json.dumps(part, ensure_ascii=False)],
        )

"""CDNOW data set: all purchases until June 1998 of the customers who first bought at CDNOW in early 1997.

Published by Peter S. Fader and Bruce G. S. Hardie for research and teaching; the NOTICE has source and terms.
`cdnow.parquet` holds the 69,659 lines of their `CDNOW_master.txt` in their order. This DuckDB statement made it:

    COPY (
        SELECT f[1]::INTEGER AS customer, strptime(f[2], '%Y%m%d')::DATE AS day,
               f[3]::SMALLINT AS cds, (f[4]::DECIMAL(9, 2) * 100)::INTEGER AS cents
        FROM (SELECT row_number() OVER () AS n, regexp_split_to_array(trim(line, E' \\r'), '\\s+') AS f
              FROM read_csv('CDNOW_master.txt', delim = '\\n', header = false, columns = {'line': 'VARCHAR'}))
        ORDER BY n
    ) TO 'cdnow.parquet' (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 22,
                          ROW_GROUP_SIZE 200000)

The source has dates without times. To fix the order, the n-th purchase of a day is n seconds after midnight. A person
is created at the first purchase. The segments are this package's own: one purchase is "one-time", two to four are
"repeat", five and more "loyal".
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

END: Final = datetime(1998, 7, 1)  # noqa: DTZ001 - UTC without an offset, as everywhere in the sandbox
"""The day after the last purchase; the clock of a sandbox with this data starts here."""

_PURCHASES: Final = """
CREATE OR REPLACE TEMP TABLE purchases AS
WITH numbered AS (
    SELECT row_number() OVER () AS n, customer, day, cds, cents
    FROM read_parquet(?)
), timed AS (
    SELECT *,
        day::TIMESTAMP + to_seconds(row_number() OVER (PARTITION BY day ORDER BY n) - 1) AS happened_at,
        row_number() OVER so_far AS nth, sum(cds) OVER so_far AS all_cds, sum(cents) OVER so_far AS all_cents
    FROM numbered
    WINDOW so_far AS (PARTITION BY customer ORDER BY n ROWS UNBOUNDED PRECEDING)
)
SELECT *, CASE WHEN nth = 1 THEN 'one-time' WHEN nth < 5 THEN 'repeat' ELSE 'loyal' END AS segment,
    concat('{"segment":"', segment, '","purchases":', nth, ',"cds":', all_cds,
           ',"dollars":', (all_cents / 100.0)::DECIMAL(12, 2),
           ',"first_purchase":"', min(day) OVER (PARTITION BY customer), '","last_purchase":"', day, '"}') AS state
FROM timed
"""

_PERSONS: Final = """
INSERT INTO staged_persons
SELECT row_number() OVER (ORDER BY min(happened_at)),
    concat(substr(h, 1, 12), '4', substr(h, 14, 3), '8', substr(h, 18))::UUID,
    min(happened_at), max(happened_at), TRUE, NULL, arg_max(state, n),
    concat('["', who, '"]'), who
FROM (SELECT *, printf('cdnow-%05d', customer) AS who, md5(concat('cdnow:', customer)) AS h FROM purchases)
GROUP BY customer, who, h
"""

_DISTINCT_IDS: Final = """
INSERT INTO distinct_ids SELECT ref, id FROM staged_persons
"""

_EVENTS: Final = """
INSERT INTO events
SELECT row_number() OVER (ORDER BY n), happened_at, 'purchase', p.id, p.ref, NULL,
    concat('{"cds":', cds, ',"dollars":', (cents / 100.0)::DECIMAL(12, 2), '}'), state, NULL
FROM purchases JOIN staged_persons p ON p.ref = printf('cdnow-%05d', customer)
ORDER BY n
"""


def load(cursor: duckdb.DuckDBPyConnection) -> None:
    """Load customers as persons and purchases as events."""
    with as_file(files("posthog_environments.sandbox") / "cdnow.parquet") as path:
        cursor.execute(_PURCHASES, [str(path)])
    cursor.execute(_PERSONS)
    cursor.execute(_DISTINCT_IDS)
    cursor.execute(_EVENTS)
    cursor.execute("DROP TABLE purchases")

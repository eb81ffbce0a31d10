"""User events: load the user's own events from Parquet, CSV or JSON Lines, one event per row.

A row has `event`, `timestamp` (ISO, UTC unless it has an offset), `distinct_id`, and optionally `properties` as an
object or JSON text. Every other column becomes a property. As in the capture API, the properties `$set`, `$set_once`
and `$unset` change the person, and the events `$identify`, `$create_alias` and `$merge_dangerously` merge distinct ids.
Each distinct id, or group of merged ones, becomes a person, created at the first event. Events with
`$process_person_profile` false create no person.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from posthog_environments.sandbox import merging, owners
from posthog_environments.sandbox.errors import SandboxDataError

if TYPE_CHECKING:
    import duckdb

REQUIRED: Final = ("event", "timestamp", "distinct_id")
_WANTED: Final = f"Each row must be an event with {', '.join(REQUIRED)}."
_DELIMITERS: Final = ",;\t|"

_READ: Final = {
    "parquet": "SELECT to_json(source) FROM read_parquet(?) source",
    # Only numbers and booleans are detected, because dates other than ISO would be misread. Ids stay text.
    "csv": """SELECT to_json(source) FROM read_csv(?, header = true, delim = $delim$, quote = '"', escape = '"',
        comment = '', skip = 0, sample_size = -1, types = $types$,
        auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']) source""",
    "json": "SELECT json FROM read_ndjson_objects(?)",
}
_RAW: Final = "CREATE OR REPLACE TEMP TABLE raw AS SELECT row_number() OVER () AS n, line FROM ({}) AS rows(line)"

# In error messages the header of a CSV is row 1.
_PARTS: Final = """
CREATE OR REPLACE TEMP TABLE parts AS
SELECT n, line,
    json_extract_string(line, '/event') AS event, json_extract_string(line, '/distinct_id') AS distinct_id,
    json_extract_string(line, '/timestamp') AS given_time, TRY_CAST(given_time AS TIMESTAMPTZ)::TIMESTAMP AS happened,
    CASE WHEN json_type(line, '/properties') = 'VARCHAR' THEN json_extract_string(line, '/properties')
         WHEN json_type(line, '/properties') = 'NULL' THEN '{}'
         ELSE coalesce(json_extract(line, '/properties')::VARCHAR, '{}') END AS given_properties
FROM raw
"""
_BAD: Final = """
SELECT n, CASE
    WHEN json_type(line) <> 'OBJECT' THEN 'is not an object'
    WHEN coalesce(event, '') = '' THEN 'has no event'
    WHEN coalesce(distinct_id, '') = '' THEN 'has no distinct_id'
    WHEN given_time IS NULL THEN 'has no timestamp'
    WHEN happened IS NULL THEN concat('has the timestamp ''', left(given_time, 40), ''', which is not an ISO date')
    ELSE 'has properties that are not a JSON object' END
FROM parts
WHERE json_type(line) <> 'OBJECT' OR coalesce(event, '') = '' OR coalesce(distinct_id, '') = '' OR happened IS NULL
   OR coalesce(json_type(CASE WHEN json_valid(given_properties) THEN given_properties END), '') <> 'OBJECT'
ORDER BY n LIMIT 1
"""
# A JSON merge patch drops nulls: here the required columns, and cells without a value.
_CLEAN: Final = """
CREATE OR REPLACE TEMP TABLE own AS
SELECT n, event, distinct_id, happened, merged::VARCHAR AS properties,
    json_extract(merged, ['/$set', '/$set_once', '/$unset', '/$anon_distinct_id', '/alias']) AS update_json,
    coalesce(json_extract_string(merged, '/$process_person_profile'), 'true') <> 'false' AS profile,
    json_extract_string(merged, '/$session_id') AS session_id
FROM (
    SELECT *, json_merge_patch(given_properties::JSON, json_merge_patch(json_merge_patch('{}', line),
        '{"event":null,"distinct_id":null,"timestamp":null,"properties":null}')) AS merged
    FROM parts
)
"""


def load(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Load a file of events; raise `SandboxDataError`, which names the row."""
    import duckdb

    kind = "parquet" if path.name.lower().endswith(".parquet") else "csv" if ".csv" in path.name.lower() else "json"
    try:
        read = _READ[kind] if kind != "csv" else _read_csv(path)
        cursor.execute(_RAW.format(read), [str(path)])
        cursor.execute(_PARTS)
        bad = cursor.execute(_BAD).fetchone()
        rows = cursor.execute("SELECT count(*) FROM raw").fetchone()
    except (duckdb.Error, OSError, EOFError, csv.Error) as error:
        reason = _BROKEN[kind](path) if kind in _BROKEN else None
        raise SandboxDataError(
            f"data={str(path)!r} cannot be read as {kind}: "
            f"{reason or f'{str(error).strip().splitlines()[0][:300]}.'} {_WANTED}"
        ) from None
    if bad is not None:
        raise SandboxDataError(f"data={str(path)!r}: row {bad[0] + (kind == 'csv')} {bad[1]}. {_WANTED}")
    if rows == (0,):
        raise SandboxDataError(f"data={str(path)!r} has no rows. {_WANTED}")
    cursor.execute(_CLEAN)
    try:
        owners.fill(cursor)
    except merging.UnreadableError as error:
        raise SandboxDataError(f"data={str(path)!r}: row {error.n + (kind == 'csv')} {error}. {_WANTED}") from None
    for table in ("raw", "parts", "own"):
        cursor.execute(f"DROP TABLE {table}")


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb"))


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows of a CSV file with the delimiter, which is the most frequent one of the header."""
    with io.TextIOWrapper(_opened(path), "utf-8-sig", errors="surrogateescape", newline="") as lines:
        delimiter = max(_DELIMITERS, key=lines.readline().count)
        lines.seek(0)
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            yield delimiter, row


def _read_csv(path: Path) -> str:
    """Return the SQL for a CSV file, from its header; the database's own detection would skip rows."""
    delimiter, header = next(_rows(path), (",", list[str]()))
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in (*REQUIRED, "properties") if name in header)
    if not types:
        raise csv.Error("the first row is not a header")
    return _READ["csv"].replace("$delim$", f"'{delimiter}'").replace("$types$", f"{{{types}}}")


def _broken_row(path: Path) -> str | None:
    """Describe the first CSV row that does not match its header."""
    columns = number = 0
    try:
        for number, (_, row) in enumerate(_rows(path), 1):
            columns = columns or len(row)
            if row and len(row) != columns:
                return f"row {number} has {len(row)} cells, the header {columns}."
            "".join(row).encode()
    except UnicodeEncodeError:
        return f"row {number} is not UTF-8."
    except csv.Error as error:
        return f"row {number + 1}: {error}."
    except (OSError, EOFError):
        pass
    return None


def _broken_line(path: Path) -> str | None:
    """Describe the first line that is not JSON; the line numbers of the database are not reliable."""
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, 1):
                try:
                    json.loads(line.strip() or b"{}")
                except ValueError:
                    return f"row {number} is not JSON."
    except (OSError, EOFError):
        return None
    return None


_BROKEN: Final[Mapping[str, Callable[[Path], str | None]]] = {"csv": _broken_row, "json": _broken_line}

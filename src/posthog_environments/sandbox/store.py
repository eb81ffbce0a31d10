"""Database of the sandbox: tables, connections, and the order of the list of persons."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.sandbox.errors import SandboxDataError
from posthog_environments.sandbox.macros import MACROS

if TYPE_CHECKING:
    import duckdb

    from posthog_environments.sandbox.sql import Sql

LAYOUT: Final = "2"
"""Version of the tables; a database file with another version is refused."""

_TABLES: Final = """
CREATE OR REPLACE TABLE persons (
    pos BIGINT, id BIGINT, uuid UUID, created_at TIMESTAMP, last_seen_at TIMESTAMP, is_identified BOOLEAN,
    email VARCHAR, properties VARCHAR, distinct_ids VARCHAR
);
CREATE OR REPLACE TABLE distinct_ids (distinct_id VARCHAR, person_id BIGINT);
CREATE OR REPLACE TABLE events (
    id BIGINT, timestamp TIMESTAMP, event VARCHAR, person_id BIGINT, distinct_id VARCHAR, session_id VARCHAR,
    properties VARCHAR, changes VARCHAR, removed VARCHAR
);
CREATE OR REPLACE TABLE activity (
    id BIGINT, created_at TIMESTAMP, person_id BIGINT, person_uuid UUID, activity VARCHAR, name VARCHAR, changes VARCHAR
);
CREATE OR REPLACE TABLE pending (seq BIGINT, person_id BIGINT, changes VARCHAR, removed VARCHAR, deletes VARCHAR);
CREATE OR REPLACE TABLE gone (pos BIGINT);
CREATE OR REPLACE TABLE deletions (person_uuid UUID, created_at TIMESTAMP, verified_at TIMESTAMP);
CREATE OR REPLACE TABLE meta (key VARCHAR, value VARCHAR);
"""
# pos        place in the list, newest first. Rows are stored in this order, so that each page is one short scan. Places
#            without a row imitate ids that the list finds although the person no longer exists.
# changes    properties that the event sets; removed: names that it unsets. Timelines are built from both.
# gone       places of deleted persons, which no longer count.
# deletions  persons whose events were deleted, and when.


class ListOrder:
    """Maps offsets in the list to places; places stay the same when persons are deleted."""

    def __init__(self, places: int, gone: list[int]) -> None:
        self._places = places
        self._gone = sorted(gone)
        self._fresh: deque[tuple[float, int]] = deque()
        self._lock = threading.Lock()

    def remove(self, pos: int, lag: float) -> None:
        """Remove a place from the list after the lag; until then its page is short."""
        with self._lock:
            self._fresh.append((time.monotonic() + lag, pos))

    def settle(self, *, at_once: bool = False) -> None:
        """Remove the places whose lag is over, or all."""
        with self._lock:
            now = time.monotonic()
            while self._fresh and (at_once or self._fresh[0][0] <= now):
                insort(self._gone, self._fresh.popleft()[1])

    def __len__(self) -> int:
        with self._lock:
            return self._places - len(self._gone)

    def place(self, offset: int) -> int:
        """Return the place with `offset` existing places before it."""
        with self._lock:
            low, high = offset, min(offset + len(self._gone), self._places)
            while low < high:
                middle = (low + high) // 2
                if middle + 1 - bisect_right(self._gone, middle) > offset:
                    high = middle
                else:
                    low = middle + 1
            return low


class Database:
    """A DuckDB database, with a separate cursor for each use."""

    def __init__(self, path: Path | None) -> None:
        import duckdb

        self._path = path
        self._cursors = threading.Lock()
        self._writes = threading.RLock()
        self.order = ListOrder(0, [])
        self.version = 0
        """Increases with each change, to invalidate caches."""
        try:
            self._base = duckdb.connect(
                str(path) if path else ":memory:",
                config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
            )
        except duckdb.Error as error:
            raise SandboxDataError(
                f"path={str(path)!r} cannot be opened as a DuckDB database: {_first_line(error)} "
                "Give another path, or remove the file to start afresh."
            ) from None
        self._base.execute("SET GLOBAL TimeZone = 'UTC'")

    def close(self) -> None:
        """Close the database and complete its file."""
        with self._writes:
            self._base.close()

    @contextmanager
    def cursor(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a cursor for one thread."""
        with self._cursors:
            cursor = self._base.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def writing(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Yield a cursor for a transaction; there is one writer at a time."""
        with self._writes, self.cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()
            self.version += 1

    def rows(self, query: Sql) -> list[tuple[Any, ...]]:
        """Run a query and return all rows."""
        with self.cursor() as cursor:
            return cursor.execute(query.text, list(query.values)).fetchall()

    def row(self, query: Sql) -> tuple[Any, ...] | None:
        """Run a query and return the first row, or None."""
        with self.cursor() as cursor:
            return cursor.execute(query.text, list(query.values)).fetchone()

    def check_pattern(self, pattern: str) -> None:
        """Raise ValueError for a regular expression that the database cannot compile."""
        import duckdb

        with self.cursor() as cursor:
            try:
                cursor.execute("SELECT regexp_matches('', ?)", [pattern])
            except duckdb.Error as error:
                raise ValueError(_first_line(error)) from None

    def metadata(self) -> dict[str, str] | None:
        """Return the metadata of the database; None if it is empty or incomplete."""
        import duckdb

        with self.cursor() as cursor:
            names = {name for (name,) in cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            if not names:
                return None
            if not {"meta", "persons", "events"} <= names:
                raise SandboxDataError(
                    f"path={str(self._path)!r} is a database of something else. Give the path of a new file."
                )
            try:
                meta = dict(cursor.execute("SELECT key, value FROM meta").fetchall())
            except duckdb.Error:
                meta = {}
        if not meta.get("ready"):
            return None
        if meta.get("layout") != LAYOUT:
            raise SandboxDataError(
                f"path={str(self._path)!r} was made by another version of the sandbox. Remove it, or give a new path."
            )
        return meta

    def create(self) -> None:
        """Create the tables in one transaction, because a file with only some of them would be refused."""
        with self.writing() as cursor:
            cursor.execute(_TABLES)

    def open_list(self) -> None:
        """Create the macros, and read the order of the list."""
        with self.cursor() as cursor:
            for macro in MACROS:
                cursor.execute(macro)
            found = cursor.execute("SELECT value FROM meta WHERE key = 'places'").fetchone()
            gone = [pos for (pos,) in cursor.execute("SELECT pos FROM gone").fetchall()]
        self.order = ListOrder(int(found[0]) if found else 0, gone)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]

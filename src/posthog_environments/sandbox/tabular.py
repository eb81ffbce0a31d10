"""CSV as servers write it: nested values are flattened into columns, and columns are sorted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

from posthog_environments.sandbox import bodies

ROWS_AT_ONCE: Final = 2000


def flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield each leaf of a value with its path: `distinct_ids.0`, `properties.$os`."""
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, Any]", value).items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(cast("list[object]", value)):
            yield from flat(inner, f"{name}.{number}")
    else:
        yield name, value


def _cell(value: object) -> object:
    if value is None or value in ({}, []):
        return ""
    return bodies.write(value) if isinstance(value, bool) else value


def _as_python(name: str, value: object) -> object:
    """Format a value as real servers do: True, and timestamps with a blank and an offset."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return value + 0.0  # PostgreSQL has no negative zero
    if name == "created_at" and isinstance(value, str):
        return value.replace("T", " ").replace("Z", "+00:00")
    return value


def write(read: Callable[[], Iterable[object]], *, as_python: bool = False) -> Iterator[str]:
    """Return rows as CSV; `read` is called twice, first for the columns, so that rows need not fit into memory.

    `as_python` formats values as real servers do: it drops empty lists and objects, and returns nothing for no rows.
    """

    def pairs(row: object) -> Iterator[tuple[str, object]]:
        if not as_python:
            return flat(row)
        return ((name, _as_python(name, value)) for name, value in flat(row) if value != [] and value != {})

    columns = sorted({name for row in read() for name, _ in pairs(row)})
    if as_python and not columns:
        return iter(())

    def cells() -> Iterator[list[Any]]:
        for row in read():
            found = dict(pairs(row))
            yield [found.get(name) for name in columns]

    return lines(columns, cells())


def lines(columns: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    """Yield a header and rows, in chunks of lines."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in row])
        if number % ROWS_AT_ONCE == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text

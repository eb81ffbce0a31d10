"""CSV as the servers write it: nested values flattened into columns, and the columns sorted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

from posthog_environments.sandbox import bodies

ROWS_AT_ONCE: Final = 2000


def flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Name each leaf of a value by the way to it: `distinct_ids.0`, `properties.$os`."""
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


def write(read: Callable[[], Iterable[object]]) -> Iterator[str]:
    """Write rows as CSV; they are read twice, first for the columns, so that they need not fit into memory."""
    columns = sorted({name for row in read() for name, _ in flat(row)})

    def cells() -> Iterator[list[Any]]:
        for row in read():
            found = dict(flat(row))
            yield [found.get(name) for name in columns]

    return lines(columns, cells())


def lines(columns: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    """Write a header and rows, a chunk of lines at a time."""
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

"""Cells of CSV: what is written for a value, and what keeps a spreadsheet from running it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from posthog_environments.tables.columns import Cell

__all__ = ["first_cell", "harmless", "header", "line", "records"]

# With these a spreadsheet takes a text for a formula, the wide ones included; a tab or line break before one is
# passed over. A number may have a sign.
_RUNS: Final = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_QUOTED: Final = re.compile('[",\r\n;\t]')


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run; it shows the text, then, and runs nothing."""
    return f"'{text}" if _RUNS.match(text) and not _NUMBER.fullmatch(text) else text


def line(cells: Iterable[Cell], *, raw: bool) -> str:
    """Write a record, with the line feed that ends it.

    Null is nothing, and an empty text is `""`, so that they can be told apart; a list is JSON. Quoted is what has a
    character that some reader takes for the end of a cell.
    """
    return ",".join([_cell(cell, raw=raw) for cell in cells]) + "\n"


def _cell(cell: Cell, *, raw: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = cell if raw else harmless(cell)
        return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, list):
        return _cell(msgspec.json.encode(cell).decode(), raw=True)
    return repr(cell)


def records(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Put the lines of a file together to records, for a cell may hold line breaks."""
    held: list[bytes] = []
    quotes = 0
    for each in lines:
        quotes += each.count(b'"')
        if quotes % 2:
            held.append(each)
            continue
        if held:
            held.append(each)
            yield b"".join(held)
            held.clear()
        else:
            yield each
        quotes = 0
    if held:
        yield b"".join(held)


def first_cell(record: bytes) -> str:
    """Read the first cell of a record."""
    if not record.startswith(b'"'):
        return record.partition(b",")[0].rstrip(b"\r\n").decode()
    import csv

    return next(csv.reader([record.decode()]))[0]


def header(names: Sequence[str], *, raw: bool) -> str:
    """Write the record of the names of columns, which come from the data as well."""
    return line(names, raw=raw)

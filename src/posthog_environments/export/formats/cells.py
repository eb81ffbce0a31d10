"""Cells of CSV: how values are written, and how formulas are escaped. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from posthog_environments.tables.columns import Cell

__all__ = ["first_cell", "harmless", "line", "records"]

# A spreadsheet takes a text that begins with one of these for a formula. It skips a tab or line break before it. A
# number may have a sign.
_RUNS: Final = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_QUOTED: Final = re.compile('[",\r\n;\t]')


def harmless(text: str) -> str:
    """Escape a text that a spreadsheet would run as a formula, with an apostrophe before it."""
    return f"'{text}" if _RUNS.match(text) and not _NUMBER.fullmatch(text) else text


def line(cells: Iterable[Cell], *, raw: bool) -> str:
    """Write a record and its line feed.

    Null is an empty cell, an empty text is `""`, a list is JSON. A cell is quoted if it contains a character that some
    reader takes for a delimiter.
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
    """Join the lines of a file to records: a cell may contain line breaks."""
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

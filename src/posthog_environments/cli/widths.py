"""How wide things are on a terminal: columns of a table by what they hold, and messages that break at words."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from typing import Protocol

__all__ = ["at_words", "fitted"]

_GAP = 3
"""Cells between two columns, at most."""
_LEAST = 12
"""Cells that a column keeps beside one that comes first."""


class Fitting(Protocol):
    """What decides the width of a column."""

    @property
    def heading(self) -> str:
        """What stands above it."""
        ...

    @property
    def width(self) -> int | None:
        """Cells that it takes; None lets it take what is left."""
        ...

    @property
    def least(self) -> int | None:
        """Cells that it may be cut down to for the sake of others; None for never."""
        ...

    @property
    def first(self) -> bool:
        """Whether it gets what it needs before others do."""
        ...


def fitted(columns: Sequence[Fitting], rows: Sequence[Sequence[str]], width: int) -> list[int | None]:
    """Give each column its cells, None for what is left; those that come first get what their texts need.

    Args:
        columns: The columns.
        rows: Their texts, as far as they are known.
        width: Cells of the terminal.
    """
    widths = [column.width for column in columns]
    room = width - _GAP * (len(columns) - 1)
    others = [column for column in columns if column.width is None and not column.first]
    for place, column in enumerate(columns):
        if not column.first:
            continue
        need = max([len(column.heading), *(_cells(row[place]) for row in rows)])
        fixed = sum(each or 0 for each in widths)
        least = sum(
            (column.width or 0) - (column.width or 0 if column.least is None else column.least) for column in columns
        )
        widths[place] = max(min(need, room - fixed + least - _LEAST * len(others)), _LEAST)
    over = sum(each or 0 for each in widths) + _LEAST * len(others) - room
    for place, column in enumerate(columns):
        if column.least is not None and over > 0:
            cut = min(over, (widths[place] or 0) - column.least)
            widths[place], over = (widths[place] or 0) - cut, over - cut
    return widths


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def at_words(text: str) -> str:
    """Break lines at words where standard error is a terminal; elsewhere they stay as they are."""
    if not sys.stderr.isatty():
        return text
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return text
    lines = text.split("\n")
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False, drop_whitespace=True)
        if width and len(line) > width
        else line
        for line in lines
    )

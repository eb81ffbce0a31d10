"""Widths on a terminal: fit the columns of a table, and wrap messages at words."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from typing import Protocol

__all__ = ["at_words", "fitted"]

_GAP = 3
"""Most cells between two columns."""
_LEAST = 12
"""Least width of a column beside one with `first`."""


class Fitting(Protocol):
    """The properties that decide the width of a column."""

    @property
    def heading(self) -> str:
        """The heading."""
        ...

    @property
    def width(self) -> int | None:
        """Width in cells; None for a part of the remaining width."""
        ...

    @property
    def least(self) -> int | None:
        """Width that it may be cut to for other columns; None for no cut."""
        ...

    @property
    def first(self) -> bool:
        """Whether it gets the width of its texts before other columns."""
        ...


def fitted(columns: Sequence[Fitting], rows: Sequence[Sequence[str]], width: int) -> list[int | None]:
    """Return the width of each column, None for a part of the rest; columns with `first` get the width of their texts.

    Args:
        columns: The columns.
        rows: Their known texts.
        width: Width of the terminal in cells.
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
    """Wrap lines at words if standard error is a terminal."""
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

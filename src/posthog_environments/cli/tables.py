"""Tables, fields and listings: in columns that fit a terminal, or separated by tabs for programs."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import click

from posthog_environments.cli.output import colored, has_rich, json_text, note, on_terminal, print_json_line, progress
from posthog_environments.errors import printable

if TYPE_CHECKING:
    from posthog_environments_api.records import Record

    from posthog_environments.client.pager import Pager

__all__ = ["TextColumn", "TextTable", "fitted", "print_fields", "print_listing", "shown"]

_INSTALL: Final = "Install tables and progress with: pip install 'posthog-environments[cli]'"
_GAP: Final = 2
"""Cells between two columns."""
_EDGE: Final = 1
"""Cells that rich before 15 sets aside behind a table, although it leaves them empty."""
_LEAST: Final = 12
"""Least width of a column beside one with `first`."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of a table.

    Attributes:
        heading: The heading.
        width: Width on a terminal in cells; None for a part of the remaining width.
        share: Its part of the remaining width, relative to other columns without a width.
        right: Whether to align right, for numbers.
        needs: Least width of a terminal that shows it.
        least: Width that it may be cut to if another column needs more; None for no cut.
        first: Whether it gets the width of its texts before other columns.
    """

    heading: str
    width: int | None = None
    share: int = 1
    right: bool = False
    needs: int = 0
    least: int | None = None
    first: bool = False


class TextTable:
    """Prints rows as they come: on a terminal in columns that fit, otherwise separated by tabs."""

    def __init__(self, *columns: TextColumn) -> None:
        self._columns = columns
        self._started = False
        self._places: list[int] = []
        self._widths: list[int | None] = []
        self.cut = False
        """Whether a column was cut to make room for another."""

    def show(self, rows: Iterable[Sequence[object]]) -> None:
        """Print more rows; the first time with the headings."""
        first, self._started = not self._started, True
        if on_terminal() and has_rich():
            self._draw(list(rows), first=first)
            return
        if first:
            if on_terminal():
                note(_INSTALL)
            click.echo("\t".join(column.heading for column in self._columns))
        for row in list(rows):
            click.echo("\t".join(printable(piped(cell), sys.maxsize - 1) for cell in row))

    def _draw(self, rows: list[Sequence[object]], *, first: bool) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        console = Console(highlight=False, color_system="auto" if colored() else None)
        if first:
            self._places = [place for place, column in enumerate(self._columns) if column.needs <= console.width]
        columns = [self._columns[place] for place in self._places]
        texts = [[printable(shown(row[place]), 1000) for place in self._places] for row in rows]
        if first:
            # The first rows decide the widths, because rows are printed as they come.
            self._widths = fitted(columns, texts, console.width)
        table = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_header=first, show_edge=False)
        table.expand = None in self._widths
        for column, width in zip(columns, self._widths, strict=True):
            self.cut = self.cut or (width is not None and width < (column.width or 0))
            table.add_column(
                Text(column.heading),
                width=width,
                ratio=None if width else column.share,
                justify="right" if column.right else "left",
                no_wrap=True,
                overflow="ellipsis",
            )
        for row in texts:
            table.add_row(*map(Text, row))
        if rows or first:
            console.print(table)


def fitted(columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], width: int) -> list[int | None]:
    """Return the width of each column, None for a part of the rest; columns with `first` get the width of their texts.

    Args:
        columns: The columns.
        rows: Their known texts.
        width: Width of the terminal in cells.
    """
    from rich.cells import cell_len

    widths = [column.width for column in columns]
    others = sum(column.width is None and not column.first for column in columns)
    room = width - _GAP * (len(columns) - 1) - _EDGE - _LEAST * others
    for place, column in enumerate(columns):
        if column.first:
            need = max([len(column.heading), *(cell_len(row[place]) for row in rows)])
            least = sum(
                (each or 0) if column.least is None else column.least
                for column, each in zip(columns, widths, strict=True)
            )
            widths[place] = max(min(need, room - least), _LEAST)
    over = sum(each or 0 for each in widths) - room
    for place, column in enumerate(columns):
        if column.least is not None and over > 0:
            cut = min(over, (widths[place] or 0) - column.least)
            widths[place], over = (widths[place] or 0) - cut, over - cut
    return widths


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one per line; long values are wrapped."""
    shows = shown if on_terminal() else piped
    pairs = [(printable(name, 200), printable(shows(value), 100_000)) for name, value in fields]
    if not on_terminal():
        for name, value in pairs:
            click.echo(f"{name}\t{value}")
        return
    columns = shutil.get_terminal_size().columns
    indent = min(max((len(name) for name, _ in pairs), default=0) + 2, columns // 2)
    for name, value in pairs:
        lines = textwrap.wrap(value, max(columns - indent, 8), break_on_hyphens=False) or [""]
        if len(name) + 2 > indent:  # a long name gets its own line
            lines.insert(0, "")
        head = textwrap.shorten(name, columns, placeholder="…") if len(name) > columns else name
        for line in lines:
            padded = f"{head:<{indent if line else 0}}"
            click.echo((click.style(padded, dim=True) if colored() else padded) + line)
            head = ""


def shown(value: object) -> str:
    """Format a value for people."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}" + (f" {value.tzname()}" if value.tzinfo else "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    return json_text(value)


def piped(value: object) -> str:
    """Format a value for programs: times in ISO 8601, true and false as in JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else shown(value)


# ---------------------------------------------------------------------------------------------------------- listings

_CUT: Final = " What ends in … was cut: a wider terminal, a pipe or --json shows all of it."
T = TypeVar("T", bound="Record")


def print_listing(
    pager: Pager[T],
    table: TextTable,
    row: Callable[[T], Sequence[object]],
    *,
    names: tuple[str, str],
    limit: int | None,
    as_json: bool,
) -> None:
    """Print the pages of a listing as they come, to its end or its limit.

    Raises:
        click.ClickException: The listing reached its end, and some items may be missing.
    """
    left = limit
    with progress(names[1].capitalize(), total=limit) as advance:
        for page in pager.pages():
            found = page.results if left is None else page.results[:left]
            if as_json:
                for item in found:
                    print_json_line(item.to_dict())
            else:
                table.show(map(row, found))
            advance(len(found), total=limit or page.count)
            if left is not None:
                left -= len(found)
                if left <= 0:
                    break
    report = pager.report
    if not report.complete and left != 0:
        raise click.ClickException(printable(f"Some {names[1]} may be missing: {report.reason}", 1000))
    if on_terminal() and not as_json:
        rows = report.rows if limit is None else min(report.rows, limit)
        note(f"{rows:,} {names[rows != 1]}." + (_CUT if table.cut else ""))

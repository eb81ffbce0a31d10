"""Output: JSON, tables for a terminal, tab-separated lines otherwise, and progress.

A server's text is never printed as it is: characters that could repaint a terminal or forge a line are escaped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import click

from posthog_environments.cli.widths import at_words, fitted
from posthog_environments.errors import printable

__all__ = [
    "TextColumn",
    "TextTable",
    "colored",
    "note",
    "on_terminal",
    "print_body",
    "print_csv",
    "print_fields",
    "print_json",
    "print_json_line",
    "progress",
    "show_wait",
    "shown",
    "shows_progress",
]

_INSTALL: Final = "Install tables and progress with: pip install 'posthog-environments[cli]'"
# Characters that JSON allows, but that are not safe on a terminal. Surrogates have no UTF-8.
_DANGEROUS: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def on_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def note(text: str) -> None:
    """Print a message to standard error."""
    click.echo(at_words(printable(text, 2000)), err=True)


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON that is safe on a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _DANGEROUS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def print_json(value: object) -> None:
    """Print one document."""
    _write(json_text(value, indent=2) + "\n")


def print_json_line(value: object) -> None:
    """Print one line of JSON Lines."""
    _write(json_text(value) + "\n")


def _write(text: str) -> None:
    """Write UTF-8 in any locale, because JSON has no other encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())


def print_csv(chunks: Iterable[str]) -> None:
    """Print CSV as it comes; on a terminal control characters are escaped."""
    visible = on_terminal()
    with progress("CSV", unit="bytes") as advance:
        for chunk in chunks:
            _write(_visible(chunk) if visible else chunk)
            advance(len(chunk))


def print_body(content: bytes) -> None:
    """Print a body that is not JSON; on a terminal as text with control characters escaped."""
    if on_terminal():
        _write(_visible(content.decode("utf-8", "backslashreplace")) + "\n")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def _visible(text: str) -> str:
    text = text.replace("\r\n", "\n")
    return _CONTROLS.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


# ---------------------------------------------------------------------------------------------------------- tables


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
        self._printer: Callable[[list[Sequence[object]]], None] | None = None
        self.cut = False
        """Whether a column was cut to make room for another."""

    def show(self, rows: Iterable[Sequence[object]]) -> None:
        """Print more rows; the first time with the headings."""
        if self._printer is None:
            self._printer = self._choose()
        self._printer(list(rows))

    def _choose(self) -> Callable[[list[Sequence[object]]], None]:
        if on_terminal():
            if _has_rich():
                return self._in_columns()
            note(_INSTALL)
        click.echo("\t".join(column.heading for column in self._columns))
        return self._with_tabs

    def _with_tabs(self, rows: list[Sequence[object]]) -> None:
        for row in rows:
            click.echo("\t".join(printable(piped(cell), sys.maxsize - 1) for cell in row))

    def _in_columns(self) -> Callable[[list[Sequence[object]]], None]:
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        console = Console(highlight=False, color_system="auto" if colored() else None)
        shows = [column.needs <= console.width for column in self._columns]
        columns = [column for column, show in zip(self._columns, shows, strict=True) if show]
        widths: list[int | None] = []
        first = True

        def draw(rows: list[Sequence[object]]) -> None:
            nonlocal first, widths
            texts = [
                [printable(shown(cell), 1000) for cell, show in zip(row, shows, strict=True) if show] for row in rows
            ]
            # The first rows decide the widths, because rows are printed as they come.
            widths = widths or fitted(columns, texts, console.width)
            self.cut = any(
                width is not None and width < (c.width or 0) for c, width in zip(columns, widths, strict=True)
            )
            table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_header=first, show_edge=False)
            table.expand = any(width is None for width in widths)
            for column, width in zip(columns, widths, strict=True):
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
            first = False

        return draw


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one per line; long values are wrapped."""
    shows = shown if on_terminal() else piped
    pairs = [(printable(name, 200), printable(shows(value), 100_000)) for name, value in fields]
    if not on_terminal():
        for name, value in pairs:
            click.echo(f"{name}\t{value}")
        return
    import textwrap

    columns = shutil.get_terminal_size().columns
    indent = min(max((len(name) for name, _ in pairs), default=0) + 2, columns // 2)
    for name, value in pairs:
        lines = textwrap.wrap(value, max(columns - indent, 8), break_on_hyphens=False) or [""]
        if len(name) + 2 > indent:  # a long name gets its own line
            lines.insert(0, "")
        heads = [name] + [""] * (len(lines) - 1)
        for head, line in zip(heads, lines, strict=True):
            shown_head = textwrap.shorten(head, columns, placeholder="…") if len(head) > columns else head
            padded = f"{shown_head:<{indent if line else 0}}"
            click.echo((click.style(padded, dim=True) if colored() else padded) + line)


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


def colored() -> bool:
    """Return whether to use colours."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _has_rich() -> bool:
    from importlib.util import find_spec

    return find_spec("rich") is not None


# -------------------------------------------------------------------------------------------------------- progress


def shows_progress() -> bool:
    """Return whether to show progress: standard error is a terminal, and standard output is not."""
    return sys.stderr.isatty() and not on_terminal() and _has_rich()


@contextmanager
def progress(what: str, *, total: int | None = None, unit: Literal["", "bytes"] = "") -> Generator[Callable[..., None]]:
    """Show the progress of a long job on standard error, with its speed and remaining time.

    Yields a function to call with the amount of new progress, and with `total=` when that is known.
    """
    if not shows_progress():
        yield lambda *_args, **_kwargs: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    amount = DownloadColumn() if unit else MofNCompleteColumn()
    rate = TransferSpeedColumn() if unit else TextColumn("{task.fields[rate]}")
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), amount, rate]
    columns += [TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, rate="")
        _waits.append(lambda text: bar.update(task, description=text or what))

        def advance(more: int, *, total: int | None = None) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, advance=more, rate=f"{speed:,.0f}/s" if speed else "")
            if total is not None:
                bar.update(task, total=total)

        try:
            yield advance
        finally:
            _waits.pop()


# Functions that show a wait in the current progress bar, instead of on a separate line.
_waits: list[Callable[[str], None]] = []


def show_wait(text: str) -> None:
    """Show on the terminal what the command waits for, in place of the previous text; empty to clear it."""
    if _waits:
        _waits[-1](text)
    else:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

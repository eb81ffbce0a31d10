"""Output: messages, JSON, bytes, and progress.

A server's text is never printed as it is: characters that could repaint a terminal or forge a line are escaped.
"""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Final, Literal

import click

from posthog_environments.errors import escaped, printable

__all__ = [
    "at_words",
    "colored",
    "counted",
    "has_rich",
    "json_text",
    "note",
    "on_terminal",
    "print_body",
    "print_csv",
    "print_json",
    "print_json_line",
    "progress",
    "say_done",
    "show_wait",
    "shows_progress",
]

# Characters that JSON allows, but that are not safe on a terminal. Surrogates have no UTF-8.
_DANGEROUS: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def on_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def note(text: str) -> None:
    """Print a message to standard error."""
    click.echo(at_words(printable(text, 2000)), err=True)


def counted(number: int, what: str) -> str:
    """Return a number and its noun, such as "1 person" or "1,200 persons"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


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


def say_done(text: str, *, as_json: bool) -> None:
    """Say that it is done; in JSON that is null."""
    if as_json:
        print_json(None)
    else:
        note(text)


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


def _visible(text: str) -> str:
    return re.sub(r"[^\t\n]+", lambda match: escaped(match.group()), text.replace("\r\n", "\n"))


def colored() -> bool:
    """Return whether to use colours."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def has_rich() -> bool:
    """Return whether tables and progress can be drawn."""
    from importlib.util import find_spec

    return find_spec("rich") is not None


# -------------------------------------------------------------------------------------------------------- progress


def shows_progress() -> bool:
    """Return whether to show progress: standard error is a terminal, and standard output is not."""
    return sys.stderr.isatty() and not on_terminal() and has_rich()


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

"""Lists of persons (`--from-file`): read plain text, or a column of a CSV, in the encodings of spreadsheets."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from posthog_environments.bulk.inputs import NumberedInput
from posthog_environments.errors import printable

__all__ = ["MOST_SHOWN", "Rows", "column_of", "heading_hint", "lines_of", "read_text", "unusable"]

# Most invalid lines to name in an error.
MOST_SHOWN: Final = 20
_DELIMITERS: Final = (",", ";", "\t")
# The longest first: the byte order mark of UTF-16 is a prefix of that of UTF-32.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list.

    Attributes:
        named: The rows with a value, each with its line number.
        total: Number of rows, including blank ones and comments, without the heading.
        empty: Line numbers of table rows that are not blank, but have no value in the column.
    """

    named: list[NumberedInput]
    total: int
    empty: tuple[int, ...] = ()

    @property
    def blank(self) -> int:
        """Number of rows without a value."""
        return self.total - len(self.named)


def unusable(source: Path, problems: Sequence[str], hint: str = "") -> click.UsageError:
    """Return the error for an invalid list; nothing was sent."""
    more = len(problems) - MOST_SHOWN
    shown = [printable(problem, 300) for problem in problems[:MOST_SHOWN]]
    shown += [f"… and {more:,} more"] if more > 0 else []
    text = "\n".join(f"  {line}" for line in shown)
    text = f"{source} cannot be used; nothing was sent:\n{text}" + (f"\n{printable(hint, 500)}" if hint else "")
    return click.UsageError(text)


def read_text(source: Path) -> str:
    """Read a list in UTF-8, or in the encoding of its byte order mark.

    Raises:
        click.UsageError: The file cannot be read.
    """
    try:
        data: bytes = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{source} cannot be read: {error.strerror}.") from None
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _unmarked(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding.startswith("utf-8"):
            line = data[: error.start].count(b"\n") + 1
            problem = f"line {line}: it is not UTF-8. Save it as UTF-8; spreadsheets offer that for CSV"
        else:
            problem = f"it starts like {encoding.upper()}, but is not valid"
        raise unusable(source, [problem]) from None
    if "\0" in text:
        raise unusable(source, [f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: there is a NUL in it"])
    return text


def _unmarked(data: bytes) -> str:
    """Detect UTF-16 without a byte order mark, as PowerShell and some databases write it, by its zero bytes."""
    start = data[:200]
    if len(start) >= 4 and len(data) % 2 == 0:
        even, odd = start[::2].count(0), start[1::2].count(0)
        if odd and not even:
            return "utf-16-le"
        if even and not odd:
            return "utf-16-be"
    return "utf-8"


def lines_of(source: Path, text: str) -> Rows:
    """Return each line as a person; ignore blank lines, and comments that start with # and a blank.

    Raises:
        click.UsageError: The list has no persons.
    """
    # Other Unicode line ends may occur within a line.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    named = [
        NumberedInput(number, stripped, plain=True)
        for number, line in enumerate(lines, 1)
        if (stripped := line.strip()) and not _is_comment(stripped)
    ]
    if not named:
        raise unusable(source, ["it holds nothing but blank lines and comments"])
    return Rows(named, len(lines))


def _is_comment(line: str) -> bool:
    return line.startswith("#") and (not line.strip("#") or line.lstrip("#")[0].isspace())


def column_of(source: Path, text: str, name: str) -> Rows:
    """Read one column of a table with commas, semicolons or tabs.

    Raises:
        click.UsageError: There is no such column, or a row does not match the heading.
    """
    start = 1
    if text[:4].casefold() == "sep=":
        # A line that tells spreadsheets the delimiter.
        _, _, text = text.partition("\n")
        start = 2
    delimiter, headings, place = _column(source, text, name)
    named: list[NumberedInput] = []
    empty: list[int] = []
    problems: list[str] = []
    number, total = start, 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        next(reader)  # the heading
        number = start + reader.line_num
        for row in reader:
            total += 1
            cells = [cell.strip() for cell in row]
            if any(cells[len(headings) :]) or (any(cells) and len(cells) < len(headings)):
                problems.append(f"line {number}: it has {len(cells)} cells, and the heading {len(headings)}")
            elif any(cells) and not cells[place]:
                empty.append(number)
            elif any(cells):
                named.append(NumberedInput(number, cells[place]))
            number = start + reader.line_num
    except csv.Error as error:
        problems.append(f"line {number}: its quotes do not match ({error})")
    if problems:
        raise unusable(source, problems)
    if not named:
        raise unusable(source, [f"there is nothing in the column {name!r}"])
    return Rows(named, total, tuple(empty))


def _column(source: Path, text: str, name: str) -> tuple[str, list[str], int]:
    """Return the delimiter, the headings and the place of a column, by the delimiter that fits best."""
    found = [(delimiter, headings) for delimiter in _DELIMITERS if (headings := _headings(text, delimiter))]
    if not found:
        raise unusable(source, ["line 1: it is not a heading of a table"])
    delimiter, headings = max(found, key=lambda each: (bool(_places(each[1], name)), len(each[1])))
    places = _places(headings, name)
    if len(places) > 1:
        raise unusable(source, [f"line 1: {len(places)} columns are called {name!r}"])
    if not places:
        raise unusable(source, [f"line 1: there is no column {name!r}; there are: {', '.join(headings)}"])
    return delimiter, headings, places[0]


def _headings(text: str, delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), list[str]())
        return [cell.strip() for cell in first]
    except csv.Error:
        return []


def _places(headings: Sequence[str], name: str) -> list[int]:
    wanted = name.strip()
    exact = [place for place, heading in enumerate(headings) if heading == wanted]
    return exact or [place for place, heading in enumerate(headings) if heading.casefold() == wanted.casefold()]


def heading_hint(text: str) -> str:
    """Return a hint for a file that looks like a table; empty for others."""
    first = text.partition("\n")[0].strip()
    headings = max((_headings(first, delimiter) for delimiter in _DELIMITERS), key=len)
    if len(headings) > 1:
        return f"If it is a table, say with --column which column names them. Its first line: {', '.join(headings)}"
    if headings and "@" not in first:
        return f"If its first line is a heading, give --column {headings[0]!r}."
    return ""

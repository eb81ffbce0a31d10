"""Workbooks of Excel with persons, row by row: memory does not grow with the file.

Needs the extra `excel`, that is XlsxWriter, which is imported on use. What it keeps until the end lies in a folder of
its own among the temporary files of the machine.

A text is a text, with digits and with a formula in it, too. Limits of Excel are in
https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from posthog_environments.export.cells import harmless
from posthog_environments.tables.columns import Cell, Layout, Row

__all__ = ["MOST_PERSONS", "too_many", "write_excel"]

MOST_PERSONS: Final = 2**20 - 1
"""Rows of a sheet, but for the one with the names of the columns."""
_MOST_COLUMNS: Final = 2**14
_MOST_TEXT: Final = 32_767
"""Characters of a cell, as UTF-16 counts them."""
_MOST_DIGITS: Final = 10**15
"""Excel keeps fifteen digits of a number."""
_FIRST_YEAR: Final = 1900
_OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "use_zip64": True}
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""What every workbook says of its making, so that the same persons give the same bytes."""


def too_many(rows: int) -> ValueError:
    """Make the error for more persons than a sheet has room for."""
    return ValueError(
        f"A sheet of Excel holds {MOST_PERSONS:,} persons, and here are {rows:,}. Export to .csv or .parquet, or "
        "choose whom to export with a filter."
    )


class _Gate:
    """A file that can be shut, for a workbook that was broken off is ended all the same."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0
        self.shut = False
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        if not self.shut:
            try:
                self._file.write(data)
            except OSError as error:
                # XlsxWriter would leave its archive open, which is written to once more when it is let go of.
                self.shut, self.error = True, error
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: what is written waits nowhere."""


def write_excel(file: IO[bytes], layout: Layout, rows: Iterable[Row]) -> int:
    """Write persons as one workbook with one sheet; the same persons give the same bytes.

    Times are in UTC. A number with more digits than Excel keeps is a text, and so is a time before 1900.

    Args:
        file: Where to write, open and binary; it need not be seekable, and is not closed.
        layout: The columns.
        rows: The persons, taken one at a time.

    Returns:
        How many persons there are.

    Raises:
        ImportError: The extra is not installed; the message says how to get it.
        ValueError: There are more persons or columns than a sheet holds, or a text is longer than a cell.
        OSError: The file cannot be written.
    """
    if len(layout.columns) > _MOST_COLUMNS:
        raise ValueError(f"A sheet of Excel holds {_MOST_COLUMNS:,} columns, and here are {len(layout.columns):,}.")
    xlsx = _xlsxwriter()
    gate = _Gate(file)
    with TemporaryDirectory(prefix="phenv-") as folder:
        book = xlsx.Workbook(gate, {**_OPTIONS, "tmpdir": folder})
        try:
            book.set_properties({"created": _MADE})
            count = _Sheet(book, layout).fill(rows)
        except BaseException:
            gate.shut = True
            book.close()
            raise
        book.close()
    if gate.error is not None:
        raise gate.error
    return count


class _Sheet:
    def __init__(self, book: Any, layout: Layout) -> None:
        self._layout = layout
        self._sheet = book.add_worksheet("persons")
        self._head = book.add_format({"bold": True})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # Whoever edits such a cell still has a text, as if an apostrophe had been typed before it.
        self._quoted = book.add_format({"quote_prefix": True})
        self._bold = book.add_format()
        self._writes: dict[type, Callable[[int, int, Any], None]] = {
            str: self._text,
            bool: self._sheet.write_boolean,
            int: self._number,
            float: self._number,
            datetime: self._moment,
            list: lambda row, place, value: self._text(row, place, json.dumps(value, ensure_ascii=False)),
        }

    def fill(self, rows: Iterable[Row]) -> int:
        sheet, columns = self._sheet, self._layout.columns
        sheet.freeze_panes(1, 0)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        for place, column in enumerate(columns):
            sheet.set_column(place, place, 38 if column.name == "uuid" else 20)
        for place, column in enumerate(columns):
            self._text(0, place, column.name, self._head)
        count = 0
        for count, person in enumerate(rows, 1):
            if count > MOST_PERSONS:
                raise too_many(count)
            for place, cell in enumerate(self._layout.cells(person)):
                if cell is not None:
                    self._cell(count, place, cell)
        return count

    def _cell(self, row: int, place: int, cell: Cell) -> None:
        self._writes[cell.__class__](row, place, cell)

    def _text(self, row: int, place: int, text: str, style: Any = None) -> None:
        if len(text) > _MOST_TEXT // 2 and len(text.encode("utf-16-le")) // 2 > _MOST_TEXT:
            raise ValueError(
                f"Row {row + 1} has {len(text):,} characters in the column {self._layout.columns[place].name!r}, and a "
                f"cell of Excel holds {_MOST_TEXT:,}. Leave the column out with only, or export to .csv or .parquet."
            )
        if style is None and harmless(text) is not text:
            style = self._quoted
        if text.startswith("<r>") and text.endswith("</r>"):
            # XlsxWriter takes such a text for markup of its own, unless it is given in pieces.
            self._sheet.write_rich_string(row, place, text[:1], self._bold, text[1:])
        else:
            self._sheet.write_string(row, place, text, style)

    def _number(self, row: int, place: int, value: float) -> None:
        if isinstance(value, int) and abs(value) >= _MOST_DIGITS:
            self._text(row, place, str(value))
        else:
            self._sheet.write_number(row, place, value)

    def _moment(self, row: int, place: int, value: datetime) -> None:
        if value.year < _FIRST_YEAR:
            self._text(row, place, value.isoformat())
        else:
            self._sheet.write_datetime(row, place, value.replace(tzinfo=None), self._time)


def _xlsxwriter() -> Any:
    """Import XlsxWriter. It comes as Any, as pyarrow does."""
    try:
        return import_module("xlsxwriter")
    except ModuleNotFoundError as error:
        if error.name != "xlsxwriter":
            raise
        message = "Workbooks of Excel need XlsxWriter: pip install 'posthog-environments[excel]'"
        raise ModuleNotFoundError(message, name="xlsxwriter") from None
